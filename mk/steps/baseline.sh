#!/bin/bash
# baseline.sh R: whole runs of the unchanged target, so that a fault of the target or of its scripts is found before
# anything is compared with it: one of the holdout workload, if there is one, and two of the main one.
# baseline/metrics.log holds what the last measured; baseline/times.tsv how long building, the holdout run and the faster
# main run took: what runs first also warms up.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
R=$1
heavy 'runs of the baseline'
log=$X/logs/baseline.log
: >"$log"
say 'baseline: building and running the unchanged target twice'
started=$EPOCHREALTIME
guard --machine shared --for "building the baseline of ${ASSAY_RUN##*/results/}" -- \
  mk/steps/logged.sh "$log" env ARM=A BUILD_DIR="$R/.builds" timeout "$(value "$R/target.tsv" limit_build)" "$X/build.sh" ||
  stop "the baseline does not build; see $log: $(tail -n 1 "$log")"
building=$(elapsed "$started")
scratch=$R/.run/baseline
mkdir -p "$scratch"
run_whole() { # WORKLOAD: prints the seconds
  local started=$EPOCHREALTIME status stage message
  guard --machine shared --for "running the baseline of ${ASSAY_RUN##*/results/}" -- \
    env ASSAY_WORKLOAD="$1" mk/steps/run.sh "$X" A "$scratch" "$log"
  read -r status stage message <"$scratch/outcome"
  [ "$status" = ok ] || stop "the baseline fails: $stage: $message; see $log"
  elapsed "$started"
}
holdout=$([ ! -e "$X/holdout.sh" ] || run_whole holdout)
first=$(run_whole workload)
second=$(run_whole workload)
{
  printf 'what\tseconds\nbuild\t%s\n' "$building"
  [ -z "$holdout" ] || printf 'holdout\t%s\n' "$holdout"
  printf 'run\t%s\n' "$(printf '%s\n' "$first" "$second" | sort -g | head -n 1)"
} | replace "$X/times.tsv"
readmetrics --block 1 --order 1 --run 1 --arm A --status ok --spec "$X/metrics.tsv" "$scratch/metrics" >/dev/null ||
  stop "the baseline's metrics are not what target.mk names; see $X/metrics.tsv"
replace "$X/metrics.log" <"$scratch/metrics"
primary=$(column "$X/metrics.tsv" metric role primary)
say "baseline: $(grep "^$primary=" "$X/metrics.log"); all metrics in $X/metrics.log"
artifact build.sh
