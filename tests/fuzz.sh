#!/bin/bash
# fuzz.sh PROGRAM STACKFOLD SECONDS [FORMAT...]: fuzzes the parser of each FORMAT (default: all that PROGRAM lists) for
# so many seconds with afl-fuzz, two at a time. PROGRAM is tests/fuzz/stackfold.c as afl-cc builds it, with sanitizers;
# STACKFOLD is the plain filter, which picks the seeds. Beside PROGRAM a folder for each FORMAT:
#
#   corpus/      what the next run starts from: the seeds, and what earlier runs found to be new
#   findings/    inputs that crash, hang or do not add up; for each a file .txt that says how. They are tried again
#                first by each run, and removed once they do no harm
#
# Seeds are those files of tests/data/stackfold*/, and of CORPUS_DIR where that is set, that STACKFOLD reads as FORMAT:
# of larger ones the beginning, or all where the beginning alone cannot be read. Exit status 1 if there are findings.
set -euo pipefail
export LC_ALL=C
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
seed_bytes=16384
most_bytes=262144
cpu_seconds=10
# One allocation of more than 256 MB for an input of at most 1 MB is a finding too.
sanitizer=abort_on_error=1:detect_leaks=0:max_allocation_size_mb=256:quarantine_size_mb=16:handle_abort=1

# What could be a seed of anything, unpacked: small files, the beginnings of others, and those themselves as NAME.all.
gather_seeds() { # FOLDER
  local file name bytes
  rm -rf "$1" && mkdir -p "$1"
  find "$here"/data/stackfold* "${CORPUS_DIR:-$here/data/stackfold}" -type f -size -20M ! -name SOURCES.tsv \
    ! -path '*/expected/*' ! -path '*/symbolize/*' ! -path '*/benchfmt/*' | while read -r file; do
    name=$(md5sum <"$file"); name=$1/${name%% *}
    case $file in
      *.zst) zstd -dcq "$file" ;;
      *.gz) gzip -dc "$file" ;;
      *) cat "$file" ;;
    esac 2>/dev/null | head -c $((most_bytes + 1)) >"$name.all" || true
    head -c $seed_bytes "$name.all" >"$name"
    if [ ! -s "$name" ]; then rm "$name"; fi
    bytes=$(stat -c %s "$name.all")
    if [ "$bytes" -le $seed_bytes ] || [ "$bytes" -gt $most_bytes ]; then rm "$name.all"; fi
  done
}

# How an input fares: nothing said and status 0 where it is parsed or refused, else what the sanitizers say.
try() { # FORMAT FILE
  local status=0
  { (
    ulimit -t $cpu_seconds
    ASAN_OPTIONS=$sanitizer UBSAN_OPTIONS=print_stacktrace=1 "$program" "$1" "$2"
  ) >try.out 2>&1 </dev/null || status=$?; } 2>/dev/null # bash itself has a word for how it ended
  case $status in
    0 | 1) return 0 ;;
    137 | 152) echo "no end within $cpu_seconds CPU seconds" ;;
  esac
  cat try.out
  return 1
}

keep_if_harmful() { # FORMAT FILE
  local name
  name=$(md5sum <"$2")
  name=findings/${name%% *}
  if try "$1" "$2" >said; then return 0; fi
  [ "$2" = "$name" ] || cp "$2" "$name"
  mv said "$name.txt"
}

try_findings_again() { # FORMAT
  local file
  for file in findings/*; do
    case $file in *.txt | 'findings/*') continue ;; esac
    if try "$1" "$file" >said; then rm -f "$file" "$file.txt"; else mv said "$file.txt"; fi
  done
}

# What the last run found new, and the seeds; a seed that does harm is a finding from the start.
fill_corpus() { # FORMAT
  local seed
  mkdir -p corpus
  for seed in ../seeds/*; do
    if [ ! -e "$seed" ] || [ -e "corpus/${seed##*/}" ] || [ -e "corpus/$(basename "$seed" .all)" ]; then continue; fi
    "$stackfold" -q --lenient -f "$1" "$seed" >/dev/null 2>&1 </dev/null || continue
    keep_if_harmful "$1" "$seed"
    cp "$seed" corpus/
  done
  [ -n "$(ls -A corpus)" ] || echo "no seed of $1" >corpus/none
}

take_queue() {
  local file name bytes
  rm -rf corpus && mkdir corpus
  for file in afl/default/queue/id*; do
    [ -e "$file" ] || continue
    name=$(md5sum <"$file")
    cp "$file" "corpus/${name%% *}"
  done
}

stat_of() { sed -n "s/^$1 *: //p" afl/default/fuzzer_stats; }

# fuzz.sh --one FORMAT, by the environment that the whole sets: one row of the table.
fuzz_one() { # FORMAT
  local file found
  mkdir -p "$1/findings"
  cd "$1"
  try_findings_again "$1"
  fill_corpus "$1"
  rm -rf afl
  if ! ASAN_OPTIONS=$sanitizer:symbolize=0 UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:symbolize=0 \
    AFL_NO_UI=1 AFL_NO_COLOR=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_SKIP_CRASHES=1 AFL_IGNORE_PROBLEMS=1 \
    AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_FAST_CAL=1 \
    afl-fuzz -i corpus -o afl -V "$seconds" -t 5000 -m none -x ../dictionary -- "$program" "$1" \
    >afl.log 2>&1 </dev/null || [ ! -e afl/default/fuzzer_stats ]; then
    printf '%s\tafl-fuzz failed: %s\n' "$1" "$(tail -n 5 afl.log | tr '\n' ' ')"
    return 0
  fi
  for file in afl/default/crashes/id* afl/default/hangs/id*; do
    if [ -e "$file" ]; then keep_if_harmful "$1" "$file"; fi
  done
  take_queue
  found=$(find findings -type f ! -name '*.txt' | wc -l)
  printf '%s\t%s\t%s\t%s of %s\t%s\t%s\n' "$1" "$(stat_of execs_done)" "$(stat_of execs_per_sec)" \
    "$(stat_of edges_found)" "$(stat_of total_edges)" "$(stat_of corpus_count)" "$found"
}

if [ "$1" = --one ]; then
  fuzz_one "$2"
  exit
fi
program=$(realpath "$1") stackfold=$(realpath "$2") seconds=$3
shift 3
export program stackfold seconds CORPUS_DIR="${CORPUS_DIR:-}"
folder=${program%/*}
cd "$folder"
if [ $# = 0 ]; then mapfile -t formats < <("$program"); else formats=("$@"); fi
gather_seeds seeds
possible=$(find seeds -type f | wc -l)
echo "fuzz: ${#formats[@]} parsers, $seconds s each, two at a time, from $possible possible seeds" >&2
printf '%s\n' "${formats[@]}" | xargs -P 2 -I '{}' bash "$here/fuzz.sh" --one '{}' >table.tsv
failed=0
grep -q 'afl-fuzz failed' table.tsv && failed=1
{ printf 'parser\texecutions\ta second\tedges\tcorpus\tfindings\n'; sort table.tsv; } | column -t -s $'\t'
# Findings that say the same are shown once.
for format in "${formats[@]}"; do
  for file in "$format"/findings/*.txt; do
    if [ ! -e "$file" ]; then continue; fi
    how=$(grep -m 1 -E 'ERROR|runtime error|unexpected|no end' "$file" || echo 'see the file .txt beside it')
    where=$(sed -n 's/^ *#[0-9]* .* in \([^ ]*\) .*tools\/\(.*\)/\1 \2/p' "$file" | head -n 1)
    how=$(sed -E 's/^==[0-9]+==//; s/0x[0-9a-f]+/0x.../g; s/ \(pc .*//' <<<"$how")
    printf '%s: %s%s\t%s\n' "$format" "$how" "${where:+, in $where}" "$folder/${file%.txt}"
  done
done >findings.tsv
if [ -s findings.tsv ]; then failed=1; fi
awk -F '\t' '{ if (!count[$1]++) first[$1] = $2 }
  END { for (how in count) printf "finding: %s\n  %d inputs, such as %s\n", how, count[how], first[how] }' findings.tsv
exit $failed
