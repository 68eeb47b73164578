#!/bin/bash
# readme.sh T R EXP ENV: the README.md of an experiment on stdout.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
R=$2 exp=$3 X=$2/$3 environment=$4
field() { value "$X/fields.tsv" "$1"; }
primary=$(column "$X/metrics.tsv" metric role primary)
options=(-D EXP="$exp" -D TARGET="$(value "$R/target.tsv" name)" -D ENVIRONMENT="$environment"
  -D SUBJECT="$(field subject)" -D HYPOTHESIS="$(field hypothesis)" -D ROOT_CAUSE="$(field root_cause)"
  -D FUNCTION="$(field function)" -D SAVING="$(field saving)" -D METRIC="$primary"
  -D DIRECTION="$(column "$X/metrics.tsv" direction metric "$primary" | head -n 1)"
  -D UNIT="$(column "$X/metrics.tsv" unit metric "$primary" | head -n 1)"
  -D STATUS="$(column "$X/verdict.tsv" value gate verdict)"
  -D REASON="$(unescaped "$(column "$X/verdict.tsv" evidence gate verdict)")")
parent=$(field parent)
options+=(-D FROM="${parent:-the base}")
if [ "$(column "$X/verdict.tsv" status gate same-version)" = pass ]; then
  options+=(-D COMMIT_A="$(cat "$X/commit-A")" -D COMMIT_B="$(cat "$X/commit-B")")
fi
evidence=$(unescaped "$(column "$X/verdict.tsv" evidence gate evidence)")
case $evidence in 'not run'*) ;; *) options+=(-D PROFILE_EVIDENCE="$evidence") ;; esac
[ "$(column "$X/decide.gate" status gate significant)" = n/a ] || options+=(-F REPORT="$X/report.txt")
[ "$(column "$X/confirm.gate" status gate confirmed)" = n/a ] || [ ! -e "$X/confirm-report.txt" ] || options+=(-F CONFIRMATION="$X/confirm-report.txt")
noise=$(mk/steps/noise.sh "$R" "$primary")
[ -z "$noise" ] || options+=(-D NOISE="$noise")

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mk/steps/table.sh "$X/verdict.tsv" gate status value limit evidence >"$scratch/gates"
scriptgen "${options[@]}" -F GATES="$scratch/gates" templates/experiment.md.in
