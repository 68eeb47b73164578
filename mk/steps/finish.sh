#!/bin/bash
# finish.sh R EXP...: what a make of verdicts ends with: that nothing had to be done, or the table of outcomes; and what is
# still pending.
set -euo pipefail
R=$1
shift
if [ ! -e "$R/.run/ran" ] && [ ! -e "$R/.run/pending" ]; then
  echo "$R: nothing to do, $# verdict$([ $# = 1 ] || echo s) up to date; make summary shows them"
  exit 0
fi
awk -F '\t' -v wanted=" $* " '
  function short(text, width) { return length(text) > width ? substr(text, 1, width - 3) "..." : text }
  NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i
    printf "\n%-16s %-20s %-15s %10s %10s %8s  %s\n", "experiment", "verdict", "metric", "before", "after", "change", "why"; next }
  index(wanted, " " $at["exp_id"] " ") {
    before = $at["metric_value"] == "" ? "" : $at["metric_value"] - $at["delta_vs_parent"]
    change = before > 0 ? sprintf("%+.1f%%", 100 * $at["delta_vs_parent"] / before) : ""
    printf "%-16s %-20s %-15s %10s %10s %8s  %s\n", $at["exp_id"], $at["status"], $at["metric_name"],
      before == "" ? "-" : sprintf("%.2f", before), before == "" ? "-" : sprintf("%.2f", $at["metric_value"]),
      change == "" ? "-" : change, short($at["reason"], 90)
  }' "$R/results.tsv"
echo
printf 'summary: %s/summary.md; each experiment: %s/EXP/README.md, its scripts beside it\n' "$R" "$R"
if [ -e "$R/.run/pending" ]; then
  sort -u "$R/.run/pending" | while read -r exp what; do
    echo "pending: $exp: $what; make TARGET=$(basename "$(dirname "$R")") EXP=$exp experiment does it"
  done
fi
