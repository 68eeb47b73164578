#!/bin/bash
# status.sh R: status.json on stdout: the records of all experiments, and counts.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
R=$1
frontier=$(mk/steps/frontier.sh "$R")
jq -n -R --arg frontier "$frontier" '
  (input | split("\t")) as $names
  | [inputs | split("\t") | [$names, .] | transpose | map({key: .[0], value: (if .[1] == "" then null else .[1] end)}) | from_entries
     | with_entries(if (.key | IN("metric_value", "baseline_value", "delta_vs_baseline", "delta_vs_parent", "cpu_pct", "latency_p99_ms", "error_rate", "pod_restarts", "n", "ci_low", "ci_high", "p_value")) and .value != null then .value = (.value as $v | ($v | tonumber?) // $v) else . end)]
  | {version: 1, counts: (group_by(.status) | map({key: .[0].status, value: length}) | from_entries), frontier: ($frontier | split("\n")), experiments: .}' "$R/results.tsv"
