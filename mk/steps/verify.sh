#!/bin/bash
# verify.sh T R PARENT: is the targeted function hot in a profile of arm A? Below the target's least share the
# experiment ends here, before anything is built for B. evidence.tsv records where it was found.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
# shellcheck source=mk/steps/evidence.sh
. mk/steps/evidence.sh
T=$1 R=$2 parent=$3
function=$(value "$X/fields.tsv" function)
metric=$(column "$X/metrics.tsv" metric role primary)
profiler=$(targetspec --profiler "$metric" "$T")
least=$(value "$R/target.tsv" evidence_min)

# The base's profile is made once; another arm A, or another workload, has a profile of its own.
profiles=$R/profiles
if [ "$parent" != - ] || [ -n "$(value "$X/fields.tsv" workload)" ]; then
  profiles=$X/profiles/A
  mk/steps/profile.sh "$X" "$profiler" A "$profiles" >/dev/null
fi
read -r mode percent amount < <(hottest "$function" "$profiles" "$profiler")
unit=$(sed -n 's/^unit //p' "$profiles/$profiler.facts")
printf 'name\tvalue\nprofiler\t%s\nmode\t%s\npercent\t%s\namount\t%s\nunit\t%s\nfunction\t%s\n' \
  "$profiler" "$mode" "$percent" "$amount" "$unit" "$(escaped "$function")" | replace "$X/evidence.tsv"

evidence="$function holds $percent % ($amount $unit) of the $profiler profile, $mode"
[ "$amount" != 0 ] || evidence="$evidence; no function of that name is in it: spell it as profiles/baseline-stacks.txt does"
status=fail
awk -v p="$percent" -v l="${least%\%}" 'BEGIN { exit !(p + 0 >= l + 0) }' && status=pass
row evidence $status "$percent%" "at least $least" "$evidence"
row impact n/a - "$(value "$R/target.tsv" impact_min)" "the saving in the message is the author's; no program checks it yet"
if [ "$amount" = 0 ]; then row exercised fail 0 'more than 0' "the workload never reaches $function"
else row exercised pass "$amount $unit" 'more than 0' "the profile workload reaches $function"; fi
artifact evidence.tsv
