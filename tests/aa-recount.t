#!/usr/bin/env bash
# The series of experiments of a program against itself: every verdict again from its samples, and how many were false.
. "${0%/*}/harness.sh"
. "$ROOT/tests/samples.sh"
mkdir series
tar -xf "$DATA/aa-series/series.tar.gz" -C series

# recount METRIC: its experiments one by one: number, recorded verdict, verdict now, how the order is recognized.
recount() {
  awk -F '\t' -v metric="$1" '$1 == metric { print $2, $3, $6, $7 }' series/series.tsv | while read -r number seed verdict reason; do
    echo "$number $verdict $reason $(abstat --primary "$1:lower" --seed "$seed" "series/samples-$1-$number.tsv" | field verdict reason design)"
  done
}
export -f recount
for metric in latency_p99_ms peak_rss_mb; do
  test_that "40 experiments on $metric: each verdict comes out again, and each order is that of its seed" "
    recount $metric >rows; is \"\$(wc -l <rows)\" 40
    awk '\$2 != \$4 || \$3 != \$5 || \$6 != \"planned\" { print; bad = 1 } END { exit bad }' rows"
done
test_that 'at most 2 of the 80 were kept, although nothing differed' '
  kept=$(for metric in latency_p99_ms peak_rss_mb; do recount $metric; done | awk "\$4 == \"KEEP\"" | wc -l)
  echo "kept: $kept of 80"; is "$kept" "$(awk -F "\t" "\$6 == \"KEEP\"" series/series.tsv | wc -l)"; [ "$kept" -le 2 ]'
test_that 'the experiments were run one after the other, none twice' '
  tail -n +2 series/series.tsv | sort -n -t "$(printf "\t")" -k 4 | awk -F "\t" "\$4 < last || \$5 < \$4 { exit 1 } { last = \$5 }"
  is "$(tail -n +2 series/series.tsv | cut -f 3 | sort -u | wc -l)" 80'
finish
