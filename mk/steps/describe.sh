#!/bin/bash
# describe.sh T EXP...: what the target is, for a person.
set -euo pipefail
T=$1
shift
targetspec "$T" | awk -F '\t' 'NR > 1 { printf "%-14s %s\n", $1, $2 }'
printf '\nmetrics:\n'
targetspec --metrics "$T" | awk -F '\t' '{ printf "  %-18s %-10s %-8s %-10s %s\n", $1, $2, $3, $4, $5 }'
printf '\nexperiments:\n'
for exp; do
  patchlint --fields "$T/experiments/$exp.patch" | awk -F '\t' -v name="$exp" '
    { v[$1] = $2 } END { printf "  %-16s %s%s\n", name, v["subject"], v["parent"] == "" ? "" : " (parent: " v["parent"] ")" }'
done
if [ -e "$T/hints.md" ]; then printf '\n%s/hints.md:\n\n' "$T"; cat "$T/hints.md"; fi
