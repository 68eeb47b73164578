#!/usr/bin/env bash
# The series by which abrun is judged, on real commands; not part of `make check`, since it takes minutes and a quiet
# machine. usage: tests/abrun-series.sh [REPETITIONS [FOLDER [PARTS]]]
#
# (a) two commands, of which the second makes 5 % fewer steps of the same loop: how often it is kept, and how often the
#     interval holds 5 %. (b) the same command twice: how often it is kept. (c) 256 and 248 MiB: how far peak RSS differs.
# Prints the counts of PARTS (faster,same,memory). FOLDER gets the samples of each repetition, and series.tsv with what was decided on it.
set -euo pipefail
export LC_ALL=C
root=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
export PATH="${ASSAY_BUILD:-$root/build}/bin:$PATH"
repetitions=${1:-100}
work=$(mktemp -d "${TMPDIR:-/tmp}/assay-series.XXXXXX")
trap 'rm -rf "$work"' EXIT
folder=${2:-$work/samples}
parts=,${3:-faster,same,memory},
mkdir -p "$folder"

steps=90000000 # about 0.25 s on a machine of 2020: what takes 80 ms varies by 3 % on a busy one
fewer=$((steps * 95 / 100))
truth=0.05

cat >"$work/steps.c" <<'C'
#include <stdint.h>
#include <stdlib.h>
int main(int count, char **words) {
  uint64_t x = 88172645463325252u;
  for (uint64_t left = strtoull(words[count - 1], NULL, 10); left; left--) x ^= x << 13, x ^= x >> 7, x ^= x << 17;
  return x == 0;
}
C
cat >"$work/touch.c" <<'C'
#include <stdlib.h>
int main(int count, char **words) {
  size_t size = strtoul(words[count - 1], NULL, 10) << 20;
  volatile char *bytes = malloc(size);
  for (size_t i = 0; i < size; i += 512) bytes[i] = 1;
  return bytes[size / 2] != 1;
}
C
for program in steps touch; do
  "${CC:-cc}" -O2 -static -o "$work/$program" "$work/$program.c" 2>/dev/null ||
    "${CC:-cc}" -O2 -o "$work/$program" "$work/$program.c"
done

# field NAME: of the primary's row that abstat printed, from stdin.
field() { awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } NR == 2 { print $c }'; }

# measure PART REPETITION METRIC RUNS COMMAND-WORDS...: adds a row to series.tsv.
measure() {
  local part=$1 repetition=$2 metric=$3 runs=$4 samples row seed
  shift 4
  case $parts in *,$part,*) ;; *) return 0 ;; esac
  samples=$folder/$part-$repetition.tsv
  abrun --quiet --runs "$runs" --primary "$metric:lower" --samples "$samples" -- "$@"
  seed=$(awk -F '\t' 'NR == 2 { print $NF }' "$samples")
  row=$(abstat --runs "$runs" --primary "$metric:lower" --seed "$seed" "$samples")
  printf '%s\t%s\t%s' "$part" "$repetition" "$seed" >>"$folder/series.tsv"
  for name in verdict reason blocks estimate ci_low ci_high mean_a mean_b; do
    printf '\t%s' "$(field $name <<<"$row")" >>"$folder/series.tsv"
  done
  echo >>"$folder/series.tsv"
}

printf 'part\trepetition\tseed\tverdict\treason\tblocks\testimate\tci_low\tci_high\tmean_a\tmean_b\n' >"$folder/series.tsv"
begin=$SECONDS
for ((i = 1; i <= repetitions; i++)); do
  # Blocks of 5 + 5: a run varies by 1 to 3 %, and 5 % shall be found nearly always.
  measure faster "$i" cpu_s 5 "$work/steps" "$steps" -- "$work/steps" "$fewer"
  measure same "$i" cpu_s 3 "$work/steps" "$((steps / 3))" -- "$work/steps" "$((steps / 3))"
done
for ((i = 1; i <= 5; i++)); do measure memory "$i" peak_rss_mb 3 "$work/touch" 256 -- "$work/touch" 248; done

awk -F '\t' -v truth="$truth" -v seconds=$((SECONDS - begin)) '
  $1 == "faster" {
    n++; kept = $4 == "KEEP"; holds = $8 <= truth && truth <= $9; blocks += $6; sum += $7
    keeps += kept; held += holds; both += kept && holds
  }
  $1 == "same" { same++; same_keeps += $4 == "KEEP"; same_blocks += $6 }
  $1 == "memory" { d = $10 - $11; if (!m++ || d < low) low = d; if (m == 1 || d > high) high = d }
  END {
    if (n) printf "faster by %g %%: kept %d of %d, interval holds the truth %d, both %d; mean estimate %.2f %%, %.2f blocks\n",
      100 * truth, keeps, n, held, both, 100 * sum / n, blocks / n
    if (same) printf "the same: kept %d of %d, %.2f blocks\n", same_keeps, same, same_blocks / same
    if (m) printf "256 and 248 MiB: they differ by %.3f to %.3f MiB in %d measurements\n", low, high, m
    printf "%d s\n", seconds
  }' "$folder/series.tsv"
