#!/bin/bash
# decide.sh X RULE MEI: what the samples say. stats.tsv holds abstat's rows, report.txt its report.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
X=$1 rule=$2 mei=$3
options=(--rule "$rule" --mei "$mei" --seed "$(cat "$X/plan-seed")")
while IFS=$'\t' read -r metric direction _ role guard; do
  case $role in
  primary) options+=(--primary "$metric:$direction") ;;
  guard) case $guard in +*) options+=(--guard "$metric:$direction:${guard#+}") ;; esac ;;
  equal) options+=(--equal "$metric") ;;
  esac
done < <(tail -n +2 "$X/metrics.tsv")
abstat "${options[@]}" "$X/samples.tsv" | replace "$X/stats.tsv"
abstat "${options[@]}" --report "$X/samples.tsv" | replace "$X/report.txt"

# fields FIELD: of the row that is being looked at
primary=$(column "$X/metrics.tsv" metric role primary)
cell() { column "$X/stats.tsv" "$2" metric "$1" | head -n 1; }
verdict=$(cell "$primary" verdict)
evidence="$primary: mean $(cell "$primary" mean_a) -> $(cell "$primary" mean_b), rule $rule: $(cell "$primary" reason)"
case $verdict in
KEEP) row significant pass KEEP "$rule, mei $mei" "$evidence" ;;
*) row significant fail "$verdict" "$rule, mei $mei" "$evidence" ;;
esac

failed='' open='' guards=()
while IFS=$'\t' read -r metric _ _ role guard; do
  [ "$role" = guard ] || continue
  [[ $guard == +* ]] || continue
  guards+=("$metric $guard")
  evidence="$metric: mean $(cell "$metric" mean_a) -> $(cell "$metric" mean_b)"
  case $(cell "$metric" verdict) in
  PASS) ;;
  FAIL) failed="${failed:+$failed; }$evidence is beyond $guard" ;;
  *) open="${open:+$open; }$evidence: $(cell "$metric" reason)" ;;
  esac
done < <(tail -n +2 "$X/metrics.tsv")
limits=$(IFS=,; echo "${guards[*]:-none}")
if [ -n "$failed" ]; then row constraints fail FAIL "$limits" "$failed"
elif [ -n "$open" ]; then row constraints fail OPEN "$limits" "$open"
elif [ ${#guards[@]} = 0 ]; then row constraints n/a - - 'the target names no relative guard'
else row constraints pass PASS "$limits" 'stats.tsv'; fi
artifact stats.tsv
