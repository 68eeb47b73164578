#!/bin/bash
# decide.sh X RULE MEI RUNS MAX_BLOCKS: what the samples say. stats.tsv holds abstat's rows, report.txt its report.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
# shellcheck source=mk/steps/abstat.sh
. mk/steps/abstat.sh
X=$1 rule=$2 mei=$3
mapfile -t options < <(questions "$X/metrics.tsv")
options+=(--rule "$rule" --mei "$mei" --runs "$4" --max-blocks "$5" --seed "$(cat "$X/plan-seed")")
abstat "${options[@]}" "$X/samples.tsv" | replace "$X/stats.tsv"
abstat "${options[@]}" --report "$X/samples.tsv" 2>/dev/null | replace "$X/report.txt"

stats=$X/stats.tsv
primary=$(column "$X/metrics.tsv" metric role primary)
verdict=$(cell "$stats" "$primary" verdict)
evidence="$primary: mean $(cell "$stats" "$primary" mean_a) -> $(cell "$stats" "$primary" mean_b), $(effect "$stats" "$primary"), rule $rule: $(cell "$stats" "$primary" reason)"
limit="$rule, mei $mei"

failed='' open='' guards=()
while IFS=$'\t' read -r metric _ _ role guard _; do
  [ "$role" = guard ] || continue
  [[ $guard == +* ]] || continue
  guards+=("$metric $guard")
  fact="$metric: mean $(cell "$stats" "$metric" mean_a) -> $(cell "$stats" "$metric" mean_b)"
  case $(cell "$stats" "$metric" verdict) in
  PASS) ;;
  FAIL) failed="${failed:+$failed; }$fact is beyond $guard" ;;
  *)
    needed=$(cell "$stats" "$metric" runs_needed)
    open="${open:+$open; }$fact is not shown to be within $guard$([ "$needed" = NA ] || echo " (about $needed runs of each arm would show it)")"
    ;;
  esac
done < <(tail -n +2 "$X/metrics.tsv")

# The runs were made by the rule that was frozen when measuring started; another one may need more of them.
more=
if [ -n "$(column "$stats" next | awk '$1 > 0')" ]; then
  more="; more runs: make TARGET=$(basename "$(dirname "$(dirname "$X")")") EXP=${X##*/} MEI=$mei MAX_BLOCKS=$5 MORE=1 experiment"
else
  needed=$(cell "$stats" "$primary" runs_needed)
  [ "$needed" = NA ] || [ "$verdict" != INCONCLUSIVE ] || more="; about $needed runs of each arm would tell"
fi
# A guard that got worse ends the measuring early; whether the primary improved must then be told from what is there.
if [ "$verdict" = INCONCLUSIVE ] && [ -n "$failed" ] &&
  awk -v e="$(cell "$stats" "$primary" estimate)" -v p="$(cell "$stats" "$primary" p)" 'BEGIN { exit !(e > 0 && p <= 0.05) }'; then
  verdict=IMPROVED
fi
case $verdict in
KEEP) row significant pass KEEP "$limit" "$evidence" ;;
*) row significant fail "$verdict" "$limit" "$evidence$more" ;;
esac
limits=$(IFS=,; echo "${guards[*]:-none}")
if [ -n "$failed" ]; then row constraints fail FAIL "$limits" "$failed"
elif [ -n "$open" ] && [ "$verdict" = KEEP ]; then row constraints fail OPEN "$limits" "$open$more"
elif [ -n "$open" ]; then row constraints n/a OPEN "$limits" "the primary was decided before it could be told: $open"
elif [ ${#guards[@]} = 0 ]; then row constraints n/a - - 'the target names no relative guard'
else row constraints pass PASS "$limits" 'stats.tsv'; fi
artifact stats.tsv
