#!/bin/bash
# lint.sh T X: the patch's message, scope and structure, before anything runs.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
T=$1 X=$2
patch=$T/experiments/${X##*/}.patch
editable=$(value "${X%/*}/target.tsv" editable)
if ! { rows=$(patchlint --editable "$editable" "$patch" 2>"$X/logs/lint.log") && patchlint --fields "$patch" >/dev/null 2>"$X/logs/lint.log"; }; then
  row message fail 'cannot be read' 'a patch in git format-patch form' "$(head -n 1 "$X/logs/lint.log")"
  exit 0
fi
metric=$(value "$X/fields.tsv" metric)
workload=$(value "$X/fields.tsv" workload)
if [ -n "$metric" ] && ! targetspec --metrics --primary "$metric" "$T" >/dev/null 2>"$X/logs/lint.log"; then
  row message fail "Metric: $metric" 'a metric of the target' "$(head -n 1 "$X/logs/lint.log")"
  tail -n +3 <<<"$rows"
elif [ -n "$workload" ] && [ ! -f "$T/experiments/$workload" ]; then
  row message fail "Workload: $workload" 'a file beside the patch' "there is no $T/experiments/$workload"
  tail -n +3 <<<"$rows"
else
  tail -n +2 <<<"$rows"
fi
