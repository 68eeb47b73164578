#!/bin/bash
# aa.sh R RUNS SEED BLOCKS [locked]: runs both arms, which are the same code, in BLOCKS blocks of RUNS + RUNS in random
# order, all of them, whatever they show. Runs are kept as those of an experiment, and an interrupted series goes on.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
# shellcheck source=mk/steps/protected.sh
. mk/steps/protected.sh
# shellcheck source=mk/steps/blocks.sh
. mk/steps/blocks.sh
R=$1 count=$2 seed=$3 blocks=$4 locked=${5:-}
runs=$(runs_folder "$count" "$seed")
attempt=$(attempt_at "$runs" "$([ -n "$locked" ] || echo afresh)")
# The first blocks of a longer plan are those of a shorter one: what was run for another number of blocks counts.
if [ "$(head -n 1 "$runs/stop-rule" 2>/dev/null)" != "$blocks" ]; then
  series_plan "$runs" "$count" "$blocks" "$seed aa $attempt"
  series_rule "$runs" "$blocks" 0 -
fi
complete() {
  local run
  while read -r run; do
    [ -e "$(printf '%s/%03d.tsv' "$runs" "$run")" ] || return 1
  done < <(column "$runs/plan.tsv" run)
}
# Arm B is the baseline too: a run of it that fails is no result, and is made again.
drop_failed() {
  local failure
  failed=
  for failure in "$runs"/*.stop; do
    [ -e "$failure" ] || continue
    failed=$(cut -d ' ' -f 3- "$failure")
    rm -f "${failure%.stop}.tsv" "$failure"
  done
}
drop_failed
if ! complete; then
  if [ -z "$locked" ]; then
    heavy 'measuring the noise floor'
    exec guard --machine exclusive --for "measuring the noise floor of ${ASSAY_RUN##*/results/}" -- \
      "$0" "$R" "$count" "$seed" "$blocks" locked
  fi
  link_builds
  series_run "$runs" workload measure
  drop_failed
  [ -z "$failed" ] || stop "the unchanged target fails: $failed; see $X/logs"
fi

replace "$X/environment.json" <"$runs/environment.json"
replace "$X/plan-seed" <"$runs/seed"
series_samples "$runs" | awk -F '\t' -v blocks="$blocks" 'NR == 1 || $1 <= blocks' | replace "$X/samples.tsv"
artifact samples.tsv
artifact plan-seed
