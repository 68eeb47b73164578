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

# calls_row PROFILER: is the function called while the profile workload runs? Counted in this experiment's own arm A.
calls_row() {
  local facts=$X/profiles/A/$1.facts alone concurrent missing hint=
  mk/steps/profile.sh "$X" "$1" A "$X/profiles/A" >/dev/null
  alone=$(sed -n 's/^alone calls=//p' "$facts") concurrent=$(sed -n 's/^concurrent calls=//p' "$facts")
  missing=$(sed -n 's/^alone no_such_function_in=//p' "$facts")
  if [ -n "$missing" ]; then
    row exercised fail 0 'more than 0' "no function $function is in $missing: spell it as profiles/baseline-stacks.txt does"
  elif [ $((alone + concurrent)) = 0 ]; then
    # A loop that the service never leaves is in every stack.
    [ "$amount" = 0 ] || hint="; one that was entered before the workload began is not counted: name what it calls for each request"
    row exercised fail 'calls=0' 'more than 0' "the profile workload never calls $function: 0 calls, counted by $1$hint"
  else row exercised pass "calls=$((alone + concurrent))" 'more than 0' "$function is called $alone times by the profile workload alone, $concurrent concurrent, counted by $1"; fi
  X=$X artifact "profiles/A/$1.facts"
}

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
counter=$(targetspec --list-profilers "$T" | awk -F '\t' '$1 == "exercised" { print $2 }')
if [ -n "$counter" ]; then calls_row "$counter"
elif [ "$amount" = 0 ]; then row exercised fail 0 'more than 0' "the workload never reaches $function"
else row exercised pass "$amount $unit" 'more than 0' "the profile workload reaches $function"; fi
artifact evidence.tsv
