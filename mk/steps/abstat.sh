# What abstat is asked about an experiment, and what its rows say. Sourced, after lib.sh.
# shellcheck shell=bash

# questions METRICS: the options of abstat that ask about the metrics of an experiment's metrics.tsv, a line each.
questions() {
  local metric direction role guard deterministic
  while IFS=$'\t' read -r metric direction _ role guard deterministic; do
    case $role in
    primary) printf '%s\n' --primary "$metric:$direction" ;;
    guard) case $guard in +*) printf '%s\n' --guard "$metric:$direction:${guard#+}" ;; esac ;;
    equal) printf '%s\n' --equal "$metric" ;;
    control) printf '%s\n' --control "$metric" ;;
    esac
    case $role:$guard:$deterministic in primary:*:yes | guard:+*:yes) printf '%s\n' --deterministic "$metric" ;; esac
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
