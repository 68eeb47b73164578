#!/bin/bash
# record.sh T R EXP PARENT: the experiment's row of results.tsv, with its header, on stdout. What was not measured is empty.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
R=$2 exp=$3 parent=$4 X=$2/$3
status=$(column "$X/verdict.tsv" value gate verdict)
primary=$(column "$X/metrics.tsv" metric role primary)
measured=
[ "$(column "$X/decide.gate" status gate significant)" = n/a ] || measured=yes

# Of a change that was confirmed, only the estimate of the fresh runs is published: that of the runs that decided was
# chosen for being large.
samples=$X/samples.tsv stats=$X/stats.tsv
if [ "$(column "$X/confirm.gate" status gate confirmed)" = pass ]; then samples=$X/confirm-samples.tsv stats=$X/confirm-stats.tsv; fi

stat() { # METRIC FIELD: of abstat's rows, empty where there is none
  local text
  [ -n "$measured" ] || return 0
  text=$(column "$stats" "$2" metric "$1" | head -n 1)
  [ "$text" = NA ] || printf '%s' "$text"
}
mean() { # METRIC ARM: of the ok runs
  [ -e "$samples" ] && [ -n "$measured" ] || return 0
  awk -F '\t' -v metric="$1" -v arm="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $at["metric"] == metric && $at["arm"] == arm && $at["status"] == "ok" { sum += $at["value"]; n++ }
    END { if (n) printf "%.6g", sum / n }' "$samples"
}
difference() { # B A
  [ -n "$1" ] && [ -n "$2" ] || return 0
  awk -v b="$1" -v a="$2" 'BEGIN { printf "%.6g", b - a }'
}
a=$(stat "$primary" mean_a) b=$(stat "$primary" mean_b)
base=$a parent_branch=base
if [ "$parent" != - ]; then
  parent_branch=exp/$parent
  # The base's value as the first ancestor measured it, where that ancestor has the same primary metric.
  base=$(column "$R/${parent#!}/record.tsv" baseline_value metric_name "$primary" 2>/dev/null | head -n 1 || true)
fi
cpu=
if [ -n "$measured" ]; then
  cpu_a=$(mean cpu_seconds A) cpu_b=$(mean cpu_seconds B)
  [ -z "$cpu_a" ] || [ -z "$cpu_b" ] || cpu=$(awk -v a="$cpu_a" -v b="$cpu_b" 'BEGIN { if (a > 0) printf "%+.1f", 100 * (b - a) / a }')
fi
names=(exp_id branch parent_branch commit metric_name metric_value baseline_value delta_vs_baseline delta_vs_parent cpu_pct
  latency_p99_ms error_rate pod_restarts status description n ci_low ci_high p_value seed_verdict decided_by reason)
values=("$exp" "exp/$exp" "$parent_branch" "$(cat "$X/commit-B" 2>/dev/null || true)" "$primary" "$b" "$base"
  "$(difference "$b" "$base")" "$(difference "$b" "$a")" "$cpu" "$(mean latency_p99_ms B)" "$(mean error_rate B)"
  "$(mean restarts B)" "$status" "$(value "$X/fields.tsv" subject)" "$(stat "$primary" n)" "$(stat "$primary" ci_low)"
  "$(stat "$primary" ci_high)" "$(stat "$primary" p)" "$(column "$X/stats.tsv" seed_verdict metric "$primary" 2>/dev/null | head -n 1 || true)"
  "$(column "$X/verdict.tsv" limit gate significant | sed 's/^-$//')"
  "$(unescaped "$(column "$X/verdict.tsv" evidence gate verdict)")")
(IFS=$'\t'; printf '%s\n' "${names[*]}")
separator=''
for text in "${values[@]}"; do
  printf '%s%s' "$separator" "$(escaped "$text")"
  separator=$'\t'
done
echo
