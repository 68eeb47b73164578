# What abstat is asked, from an experiment's metrics.tsv. Sourced, after lib.sh.
# shellcheck shell=bash

# question METRICS RULE MEI RUNS MAX_BLOCKS: the options of abstat, in the array `question`.
question() {
  local metric direction role guard deterministic
  question=(--rule "$2" --mei "$3" --runs "$4" --max-blocks "$5")
  while IFS=$'\t' read -r metric direction _ role guard deterministic; do
    case $role in
    primary) question+=(--primary "$metric:$direction") ;;
    guard) case $guard in +*) question+=(--guard "$metric:$direction:${guard#+}") ;; esac ;;
    equal) question+=(--equal "$metric") ;;
    control) question+=(--control "$metric") ;;
    esac
    case $role:$guard:$deterministic in primary:*:yes | guard:+*:yes) question+=(--deterministic "$metric") ;; esac
  done < <(tail -n +2 "$1")
}

# cell FILE METRIC FIELD: of abstat's rows.
cell() { column "$1" "$3" metric "$2" | head -n 1; }

# percent FRACTION: signed, with its unit; nothing for NA.
percent() { [ "$1" = NA ] || awk -v f="$1" 'BEGIN { printf "%+.3g %%", 100 * f }'; }

# effect FILE METRIC: "+2.1 % (+1.6 % to +2.6 %), p 0.0025", where those are known.
effect() {
  local estimate low high p
  estimate=$(percent "$(cell "$1" "$2" estimate)") low=$(percent "$(cell "$1" "$2" ci_low)")
  high=$(percent "$(cell "$1" "$2" ci_high)") p=$(cell "$1" "$2" p)
  printf '%s%s%s' "${estimate:-no estimate}" "${low:+ ($low to $high)}" "$([ "$p" = NA ] || printf ', p %.4g' "$p")"
}
