#!/bin/bash
# append.sh R EXP: the verdict as one object at the end of the history, R/results.jsonl; the gate file, on stdout, holds its
# digest.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
R=$1 exp=$2 X=$1/$2
history=$R/results.jsonl
attempt=1
[ ! -e "$history" ] || attempt=$(($(jq -R -r --arg exp "$exp" 'fromjson? | select(.exp_id == $exp) | .exp_id' "$history" | wc -l) + 1))
evidence=$(for file in verdict stats samples evidence fields; do [ ! -e "$X/$file.tsv" ] || cat "$X/$file.tsv"; done | sha256sum)
object=$(jq -c -n -R --arg time "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --argjson attempt "$attempt" --arg evidence "${evidence%% *}" '
  [inputs | split("\t")] | [.[0], .[1]] | transpose | map({key: .[0], value: (.[1] | gsub("\\\\t"; "\t") | gsub("\\\\n"; "\n"))}) | from_entries
  | with_entries(if (.value == "" ) then .value = null
      elif (.key | IN("metric_value", "baseline_value", "delta_vs_baseline", "delta_vs_parent", "cpu_pct", "latency_p99_ms", "error_rate", "pod_restarts", "n", "ci_low", "ci_high", "p_value"))
      then .value = (.value as $v | ($v | tonumber?) // $v) else . end)
  | . + {time: $time, attempt: $attempt, evidence_sha256: $evidence}' "$X/record.tsv")
ledger append --file "$history" <<<"$object"
printf 'gate\tstatus\tvalue\tlimit\tevidence\n'
row artifact made "${evidence%% *}" - "results.jsonl, attempt $attempt"
