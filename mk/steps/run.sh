#!/bin/bash
# run.sh X ARM FOLDER LOG: one whole run of an arm: deploy, workload, collect, validate, teardown, by the scripts in X. Leaves
# in FOLDER: metrics (name=value) and outcome, one line `STATUS STAGE MESSAGE`, STATUS one of
#   ok        every step passed
#   failed    the service did not start, serve or stay up
#   timeout   a step passed its limit
#   wrong     validate found a wrong answer (the metrics are whole)
# ASSAY_WORKLOAD (environment) names the workload's script: workload or holdout.
set -euo pipefail
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
X=$1 arm=$2 folder=$3 log=$4
here=$(cd "$X" && pwd)
state=$here/.state/$arm
target=${X%/*}/target.tsv
environment=("ARM=$arm" "STATE=$state" VARIANT=release)
rm -f "$folder/metrics" "$folder/outcome"

ended() { # STATUS STAGE MESSAGE
  printf '%s %s %s\n' "$1" "$2" "$3" >"$folder/outcome"
  "$here/teardown.sh" 2>>"$log" <<<'' || true
  exit 0
}
step() { # NAME LIMIT: runs NAME.sh; what it prints is appended to the metrics where that is its job
  local name=$1 limit=$2 output=/dev/null code=0 message
  case $name in workload | holdout | collect) output=$folder/metrics ;; esac
  printf -- '--- %s (arm %s)\n' "$name" "$arm" >>"$log"
  limited "$limit" "$here/$name.sh" "$log" "${environment[@]}" >>"$output" </dev/null || code=$?
  [ "$code" != 0 ] || return 0
  message=$(tail -n 1 "$log" | tr -d '\000-\010\013-\037' | cut -c 1-200)
  if [ "$code" = 124 ]; then ended timeout "$name" "took more than $limit s"; fi
  if [ "$name" = validate ] && "$here/collect.sh" >/dev/null 2>&1; then ended wrong "$name" "$message"; fi
  ended failed "$name" "exit status $code: $message"
}
export STATE=$state ARM=$arm
"$here/teardown.sh" 2>>"$log" || stop "what an earlier run left in $state cannot be removed; see $log"
step deploy "$(value "$target" limit_deploy)"
step "${ASSAY_WORKLOAD:-workload}" "$(value "$target" limit_workload)"
step collect 30
step validate "$(value "$target" limit_validate)"
# Whatever the answers were, a service that was started again while it ran was not stable: collect once more.
"$here/collect.sh" 2>>"$log" >"$folder/after" || ended failed validate 'the service ended while its answers were checked'
restarts=$(sed -n 's/^restarts=//p' "$folder/after")
sed -i "s/^restarts=.*/restarts=${restarts:-0}/" "$folder/metrics"
rm -f "$folder/after"
"$here/teardown.sh" 2>>"$log" || stop "teardown.sh failed; see $log"
printf 'ok - -\n' >"$folder/outcome"
