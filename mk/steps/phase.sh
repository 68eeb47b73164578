#!/bin/bash
# phase.sh X NAME AFTER... -- CMD...: the gate file of a phase, on stdout. CMD prints gate rows; a gate of an earlier phase
# (AFTER.gate in X) that failed means that CMD does not run and this phase's gates are n/a. CMD that fails, or that prints
# no or malformed rows, is an error of the tool or of the baseline, never a verdict.
set -euo pipefail
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
X=$1 phase=$2
shift 2
after=()
while [ "$1" != -- ]; do after+=("$1"); shift; done
shift

declare -A gates=([parent]='parent' [lint]='message scope structural' [source]='same-version'
  [verify]='evidence impact exercised' [build]='' [measure]='protected stable valid deterministic'
  [decide]='significant constraints' [explain]='explained' [confirm]='holdout confirmed')

mkdir -p "$X/logs"
printf 'gate\tstatus\tvalue\tlimit\tevidence\n'
failed=
for earlier in "${after[@]}"; do
  [ -e "$X/$earlier.gate" ] || continue
  failed=$(awk -F '\t' '$2 == "fail" || ($1 == "artifact" && $2 == "n/a") { print $2 == "fail" ? $1 : $5; exit }' "$X/$earlier.gate")
  [ -z "$failed" ] || break
done
if [ -n "$failed" ]; then
  failed=${failed#not run: }
  for gate in ${gates[$phase]}; do row "$gate" n/a - - "not run: $failed"; done
  row artifact n/a - - "not run: $failed"
  exit 0
fi

started=$EPOCHREALTIME
rows=$(X=$X "$@") || exit
awk -F '\t' 'NF != 5 || $1 == "" || $2 !~ /^(pass|fail|waived|n\/a|made)$/ { exit 1 } END { exit NR == 0 }' <<<"$rows" ||
  stop "$phase: the rows of its gates are malformed: $(head -n 3 <<<"$rows")"
printf '%s\n' "$rows"
printf '%s %s\n' "${X##*/}" "$phase" >>"$ASSAY_RUN/.run/ran"
summary=$(awk -F '\t' '$1 != "artifact" && $2 != "n/a" { printf "%s%s %s", sep, $1, $2 == "fail" ? "FAILED: " $3 " (" $5 ")" : $2; sep = ", " }' <<<"$rows")
say "$phase: ${summary:-done} ($(elapsed "$started") s)"
