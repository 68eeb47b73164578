#!/bin/bash
# stacks.sh R PROFILER...: profiles/baseline-stacks.txt on stdout: the top 10 paths of every profile of the baseline.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
R=$1
shift
profiles=$R/profiles
for profiler; do
  unit=$(sed -n 's/^unit //p' "$profiles/$profiler.facts")
  for mode in alone concurrent; do
    rankalloc --report -n 10 --unit "$unit" --title "$profiler, profile workload $mode" "$profiles/$profiler-$mode.folded"
    awk -v mode="$mode" '$1 == mode { print "  " $2 }' "$profiles/$profiler.facts"
    echo
  done
done
