#!/usr/bin/env bash
# make aa: the target against itself. All blocks are run whatever they show, runs are kept, and nothing is run twice.
. "${0%/*}/harness.sh"
. "$ROOT/tests/project.sh"
aa=$results/aa
# Where there is a file `broken`, arm B alone gives wrong answers.
sed -i "2i [ \"\$ARM\" != B ] || [ ! -e '$WORK/broken' ] || { echo 'made to fail' >&2; exit 1; }" \
  "$project/targets/mini/validate.sh"
run_numbers() { tail -n +2 "$aa/samples.tsv" | cut -f 3 | sort -un | wc -l; }
of() { # FIELD METRIC: of noise.tsv
  awk -F '\t' -v want="$1" -v metric="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $at["metric"] == metric { print $at[want] }' "$aa/noise.tsv"
}
wait_clean() {
  local deadline=$((SECONDS + 15))
  while [ -n "$(left_over)" ]; do [ $SECONDS -lt $deadline ] || { left_over; return 1; }; sleep 0.05; done
}
export -f run_numbers of wait_clean
export aa

test_that 'killed between two runs, it goes on with the next, to the end of the last block' '
  setsid make -C "$project" TARGET=mini RUNS=3 MAX_BLOCKS=4 aa >out 2>&1 </dev/null & make=$!
  until_seen "measure: run 2," out; kill -9 $make; wait_clean
  before=$(find "$aa/runs" -name "[0-9]*.tsv" | wc -l); [ "$before" -ge 2 ]
  run RUNS=3 MAX_BLOCKS=4 aa; grep -q "going on" log; [ "$(runs_made)" = $((24 - before)) ]
  [ "$(run_numbers)" = 24 ]'
test_that 'both arms are the commit of the base, by the same files' '
  cmp "$aa/commit-A" "$results/baseline/commit-A"; cmp "$aa/commit-A" "$aa/commit-B"
  cmp "$aa/source-A.tar" "$results/baseline/source-A.tar"; cmp "$aa/source-A.tar" "$aa/source-B.tar"'
test_that 'runs are in blocks of 3 + 3, by the order that its seed gives' '
  abplan --blocks 4 --runs 3 --seed "$(cat "$aa/plan-seed")" | tail -n +2 >plan
  awk -F "\t" "\$5 == \"peak_rss_mb\"" "$aa/samples.tsv" | cut -f 1-4 >ran; same plan ran'
test_that 'each metric of the target has a row, of 12 runs an arm' '
  cut -f 1 "$aa/metrics.tsv" | tail -n +2 >named; [ "$(wc -l <named)" -ge 5 ]
  while read -r metric; do [ "$(of n "$metric")" = 12 ] || { echo "$metric"; exit 1; }; done <named
  [ "$(of role peak_rss_mb)" = primary ]; [ "$(of cv data_digest)" = 0 ]; [ "$(of suggested_mei peak_rss_mb)" != NA ]
  of advice latency_p99_ms | grep -q "a p99 of 60 requests"'
test_that 'a second make runs nothing and prints the report' '
  make -C "$project" --no-print-directory TARGET=mini aa >again 2>log
  [ "$(phases_run)" = 0 ]; [ "$(runs_made)" = 0 ]
  same "$aa/report.txt" again; grep -q "12 runs of each in 4 blocks" again; grep -q "^peak_rss_mb .*MEI=" again'
test_that 'another primary metric, threshold or time limit runs nothing either' '
  run METRIC=latency_p99_ms MEI=5% MAX_TIME=1 aa; [ "$(runs_made)" = 0 ]; [ "$(of role peak_rss_mb)" = primary ]'
test_that 'fewer blocks take the first of those that were run; more run only what is missing' '
  run MAX_BLOCKS=2 aa; [ "$(runs_made)" = 0 ]; [ "$(run_numbers)" = 12 ]; [ "$(of n peak_rss_mb)" = 6 ]'
test_that 'a run of arm B that fails is a fault of the target, and is no result' '
  : >broken; ! run MAX_BLOCKS=5 aa >/dev/null; rm broken
  failed=$(sed -n "s/.*error: the unchanged target fails: run \([0-9]*\) (arm B): validate: .*made to fail.*/\1/p" log)
  [ "$failed" -gt 24 ]; [ -z "$(find "$aa/runs" -name "*.stop")" ]
  run MAX_BLOCKS=5 aa; grep -q "measure: run $failed, arm B: peak_rss_mb" log
  [ "$(run_numbers)" = 30 ]; [ "$(of n peak_rss_mb)" = 15 ]; [ "$(runs_made)" = $((31 - failed)) ]'
test_that 'the noise floor of a metric is one line for other reports, and none where nothing is known' '
  cd "$project"; line=$(mk/steps/noise.sh "$results" peak_rss_mb)
  [[ $line == "noise floor of peak_rss_mb (make aa): cv "*" %, smallest effect that 15 runs an arm find "*" %" ]]
  [ -z "$(mk/steps/noise.sh "$results" restarts)" ]; [ -z "$(mk/steps/noise.sh "$results" no_such_metric)" ]
  mkdir -p "$WORK/other/baseline"; [ -z "$(mk/steps/noise.sh "$WORK/other" peak_rss_mb)" ]
  cp -r "$aa" "$WORK/other/aa"; echo other >"$WORK/other/baseline/commit-A"
  [ -z "$(mk/steps/noise.sh "$WORK/other" peak_rss_mb)" ]'
test_that 'another workload is measured anew' '
  edit "$project/targets/mini/workload.sh" sed -i "s/STEPS:-30/STEPS:-20/" "$project/targets/mini/workload.sh"
  run MAX_BLOCKS=1 aa; [ "$(runs_made)" = 6 ]; of advice latency_p99_ms | grep -q "a p99 of 40 requests"'
test_that 'no experiment may be called aa' '
  cd "$project/targets/mini/experiments"; cp trim.patch aa.patch
  says 2 "none of .* aa: .aa." make -C "$project" TARGET=mini experiment; rm aa.patch'
test_that 'it says which target it wants' 'says 2 "make aa: which target" make -C "$project" aa'
finish
