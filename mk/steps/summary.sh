#!/bin/bash
# summary.sh R TOTAL: summary.md on stdout, from results.tsv, results.jsonl and the verdicts.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
R=$1 total=$2
export X=$R # whom the messages of lib.sh speak of
mapfile -t experiments < <(column "$R/results.tsv" exp_id)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# change: adds `change` (percent of the parent's value, signed) to the ledger's rows.
awk -F '\t' -v OFS='\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print $0, "before", "after", "change"; next }
  { before = after = change = "-"
    if ($at["metric_value"] != "") { b = $at["metric_value"] - $at["delta_vs_parent"]; before = sprintf("%.2f", b); after = sprintf("%.2f", $at["metric_value"])
      if (b > 0) change = sprintf("%+.1f %%", 100 * $at["delta_vs_parent"] / b) }
    print $0, before, after, change }' "$R/results.tsv" >"$scratch/rows"

selected() { # STATUS-PATTERN: the rows whose status matches
  awk -F '\t' -v pattern="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print; next } $at["status"] ~ pattern' "$scratch/rows" >"$scratch/selected"
  if [ "$(wc -l <"$scratch/selected")" = 1 ]; then echo 'None.'
  else mk/steps/table.sh "$scratch/selected" "${@:2}"; fi
}
best() {
  awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $at["status"] == "keep" { change = $at["change"]; sub(/ %/, "", change); size = change < 0 ? -change : change + 0
      if (size > most) { most = size; line = $at["exp_id"] ": " $at["metric_name"] " " $at["before"] " -> " $at["after"] " (" $at["change"] ")" } }
    END { print line == "" ? "No change was kept." : line }' "$scratch/rows" | sed 's/_/\\_/g'
}
lineage() {
  local exp parent line any=''
  while read -r exp; do
    any=yes
    line=$exp
    parent=$(column "$R/results.tsv" parent_branch exp_id "$exp")
    while [ "$parent" != base ]; do
      line="${parent#exp/} -> $line"
      parent=$(column "$R/results.tsv" parent_branch exp_id "${parent#exp/}")
    done
    echo "- base -> $line"
  done < <(mk/steps/frontier.sh "$R")
  [ -n "$any" ] || echo 'No experiment was kept: the frontier is the base.'
}
timeline() {
  local number=0
  printf '| attempt | time | experiment | verdict | change |\n| --- | --- | --- | --- | --- |\n'
  [ -e "$R/results.jsonl" ] || return 0
  jq -R -r 'fromjson? | [.time, .exp_id, .status,
      (if .metric_value != null and .delta_vs_parent != null and (.metric_value - .delta_vs_parent) > 0
       then (100 * .delta_vs_parent / (.metric_value - .delta_vs_parent) * 10 | round / 10 | tostring) + " % " + .metric_name else "-" end)] | @tsv' "$R/results.jsonl" |
    while IFS=$'\t' read -r time exp status change; do
      number=$((number + 1))
      printf '| %s | %s | %s | %s | %s |\n' "$number" "$time" "$exp" "${status//_/\\_}" "${change//_/\\_}"
    done
}
guards() {
  local exp
  printf 'experiment\tconstraints\tlimits\twhat\n'
  for exp; do
    awk -F '\t' -v OFS='\t' -v name="$exp" '$1 == "constraints" { print name, $2, $4, $5 }' "$R/$exp/verdict.tsv"
  done
}
best >"$scratch/best"
lineage >"$scratch/lineage"
timeline >"$scratch/timeline"
selected '^keep$' exp_id description metric_name before after change >"$scratch/worked"
selected '^(discard|inconclusive|constraint_violation|rejected|invalid|tampered|crash|timeout)$' exp_id status change reason >"$scratch/failed"
guards "${experiments[@]}" >"$scratch/guards.tsv"
mk/steps/table.sh "$scratch/guards.tsv" experiment constraints limits what >"$scratch/guards"
counts=$(column "$R/results.tsv" status | sort | uniq -c | awk '{ printf "%s%s %s", sep, $1, $2; sep = ", " }')
scriptgen -D TARGET="$(value "$R/target.tsv" name)" -D COUNTS="Experiments with a verdict: ${#experiments[@]} of $total; $counts." -F BEST="$scratch/best" \
  -F TIMELINE="$scratch/timeline" -F LINEAGE="$scratch/lineage" -F WORKED="$scratch/worked" -F FAILED="$scratch/failed" \
  -F GUARDS="$scratch/guards" templates/summary.md.in
