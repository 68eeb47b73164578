#!/bin/bash
# stacks.sh R PROFILER...: profiles/baseline-stacks.txt on stdout: of every profile of the baseline the top 10 paths, with
# the function that each is of, its share, objects and their mean size where they are counted, and the data structure that
# its frames name; and the top functions.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
R=$1
shift
profiles=$R/profiles
for profiler; do
  unit=$(sed -n 's/^unit //p' "$profiles/$profiler.facts")
  for mode in alone concurrent; do
    objects=()
    [ ! -e "$profiles/$profiler-$mode-objects.folded" ] || objects=(--objects "$profiles/$profiler-$mode-objects.folded")
    if [ -s "$profiles/$profiler-$mode.folded" ]; then
      rankalloc --report -n 10 --unit "$unit" --title "$profiler, profile workload $mode" \
        ${objects[@]+"${objects[@]}"} "$profiles/$profiler-$mode.folded"
    else printf '%s, profile workload %s

' "$profiler" "$mode"; fi
    awk -v mode="$mode" '$1 == mode { print "  " $2 }' "$profiles/$profiler.facts"
    echo
    end=$profiles/$profiler-$mode-end.folded
    if [ -s "$end" ]; then
      rankalloc --report -n 10 --unit "$unit" --title "$profiler, profile workload $mode, what is left at its end" "$end"
      echo
    fi
  done
done
