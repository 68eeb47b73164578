#!/bin/bash
# baseline.sh R: two whole runs of the unchanged target, so that a fault of the target or of its scripts is found before
# anything is compared with it. baseline/metrics.log holds what the second measured; baseline/times.tsv how long building
# and the faster run took: the first one also warms up.
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
running=
for _ in first second; do
  started=$EPOCHREALTIME
  guard --machine shared --for "running the baseline of ${ASSAY_RUN##*/results/}" -- mk/steps/run.sh "$X" A "$scratch" "$log"
  read -r status stage message <"$scratch/outcome"
  [ "$status" = ok ] || stop "the baseline fails: $stage: $message; see $log"
  seconds=$(elapsed "$started")
  running=$(awk -v a="${running:-$seconds}" -v b="$seconds" 'BEGIN { print a < b ? a : b }')
done
printf 'what\tseconds\nbuild\t%s\nrun\t%s\n' "$building" "$running" | replace "$X/times.tsv"
readmetrics --block 1 --order 1 --run 1 --arm A --status ok --spec "$X/metrics.tsv" "$scratch/metrics" >/dev/null ||
  stop "the baseline's metrics are not what target.mk names; see $X/metrics.tsv"
replace "$X/metrics.log" <"$scratch/metrics"
primary=$(column "$X/metrics.tsv" metric role primary)
say "baseline: $(grep "^$primary=" "$X/metrics.log"); all metrics in $X/metrics.log"
artifact build.sh
