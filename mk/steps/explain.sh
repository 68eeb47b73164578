#!/bin/bash
# explain.sh: did the targeted function shrink? The profile of B, by the same profiler under the same profile
# workload, beside the one that was the evidence.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
# shellcheck source=mk/steps/evidence.sh
. mk/steps/evidence.sh
function=$(value "$X/evidence.tsv" function)
profiler=$(value "$X/evidence.tsv" profiler)
mode=$(value "$X/evidence.tsv" mode)
unit=$(value "$X/evidence.tsv" unit)
before=$(value "$X/evidence.tsv" amount)
mk/steps/profile.sh "$X" "$profiler" B "$X/profiles/B" >/dev/null
read -r _ after < <(share_in "$function" "$X/profiles/B/$profiler-$mode.folded")
limit=$(awk -v b="$before" 'BEGIN { printf "%.0f", b * 0.95 }')
status=fail
awk -v a="$after" -v l="$limit" 'BEGIN { exit !(a + 0 <= l + 0) }' && status=pass
row explained $status "$after $unit" "at most $limit $unit" "$function held $before $unit of the $profiler profile ($mode), and holds $after after the change"
X=$X artifact "profiles/B/$profiler-$mode.folded"
