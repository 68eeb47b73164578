#!/bin/bash
# baseline.sh R: one whole run of the unchanged target, so that a fault of the target or of its scripts is found before
# anything is compared with it. baseline/metrics.log holds what it measured, baseline/times.tsv how long it took.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
R=$1
heavy 'a run of the baseline'
log=$X/logs/baseline.log
: >"$log"
say 'baseline: building and running the unchanged target once'
started=$EPOCHREALTIME
guard --machine shared --for "building the baseline of ${ASSAY_RUN##*/results/}" -- \
  mk/steps/logged.sh "$log" env ARM=A BUILD_DIR="$R/.builds" timeout "$(value "$R/target.tsv" limit_build)" "$X/build.sh" ||
  stop "the baseline does not build; see $log: $(tail -n 1 "$log")"
building=$(elapsed "$started") started=$EPOCHREALTIME
scratch=$R/.run/baseline
mkdir -p "$scratch"
guard --machine shared --for "running the baseline of ${ASSAY_RUN##*/results/}" -- mk/steps/run.sh "$X" A "$scratch" "$log"
read -r status stage message <"$scratch/outcome"
printf 'what\tseconds\nbuild\t%s\nrun\t%s\n' "$building" "$(elapsed "$started")" | replace "$X/times.tsv"
[ "$status" = ok ] || stop "the baseline fails: $stage: $message; see $log"
readmetrics --block 1 --order 1 --run 1 --arm A --status ok --spec "$X/metrics.tsv" "$scratch/metrics" >/dev/null ||
  stop "the baseline's metrics are not what target.mk names; see $X/metrics.tsv"
replace "$X/metrics.log" <"$scratch/metrics"
primary=$(column "$X/metrics.tsv" metric role primary)
say "baseline: $(grep "^$primary=" "$X/metrics.log"); all metrics in $X/metrics.log"
artifact build.sh
