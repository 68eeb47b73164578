#!/bin/bash
# measure.sh R EXP RUNS SEED [more] [locked]: runs both arms in blocks of RUNS + RUNS in random order until abstat can
# decide, and prints the gates that every run must pass. Each run is a file of its own, runs/KEY/NNN.tsv, renamed into
# place; KEY is the digest of what was run (arms, scripts, plan, machine), so that an interrupted measurement goes on, and
# one put back is found again. What ends the measuring is frozen when it starts: RULE, MEI, MAX_BLOCKS, MAX_TIME, by
# environment; with `more` they are frozen anew, and the measuring goes on by them.
# shellcheck source=mk/steps/lib.sh disable=SC2153 # RULE, MEI and the like come by environment
. mk/steps/lib.sh
# shellcheck source=mk/steps/abstat.sh
. mk/steps/abstat.sh
# shellcheck source=mk/steps/protected.sh
. mk/steps/protected.sh
# shellcheck source=mk/steps/blocks.sh
. mk/steps/blocks.sh
R=$1 exp=$2 count=$3 seed=$4
shift 4
more='' locked=''
for word; do case $word in more) more=yes ;; locked) locked=yes ;; esac; done
runs=$(runs_folder "$count" "$seed")
attempt=$(attempt_at "$runs" "$([ -n "$locked" ] || echo afresh)")
if [ ! -e "$runs/stop-rule" ] || { [ -n "$more" ] && [ -z "$locked" ]; }; then
  mapfile -t options < <(questions "$X/metrics.tsv")
  # Every experiment and attempt has an order of its own, drawn from SEED.
  series_plan "$runs" "$count" "$MAX_BLOCKS" "$seed $exp $attempt"
  series_rule "$runs" "$MAX_BLOCKS" "$MAX_TIME" --rule "$RULE" --mei "$MEI" --runs "$count" --max-blocks "$MAX_BLOCKS" "${options[@]}"
  rm -f "$runs/ended"
fi
if ! series_is_complete "$runs"; then
  if [ -z "$locked" ]; then
    heavy 'measuring'
    # One guard around each run ends what it leaves behind; the machine is this measurement's alone until all are made.
    exec guard --machine exclusive --for "measuring $exp" -- "$0" "$R" "$exp" "$count" "$seed" locked
  fi
  link_builds
  series_run "$runs" workload measure
fi

[ ! -e "$runs/environment.json" ] || replace "$X/environment.json" <"$runs/environment.json"
replace "$X/plan-seed" <"$runs/seed"
series_samples "$runs" | replace "$X/samples.tsv"

# The gates. A run of the baseline arm that breaks one of them is no fault of the change.
stable_row() {
  local stop_file=() bad
  mapfile -t stop_file < <(compgen -G "$runs/*.stop" || true)
  if [ ${#stop_file[@]} != 0 ]; then
    read -r status _ message <"${stop_file[0]}"
    case $status in
    failed) row stable fail crash 'every run starts, serves and stays up' "$message" && return ;;
    timeout) row stable fail timeout 'every run ends within its limits' "$message" && return ;;
    esac
  fi
  bad=$(beyond_limits "$X/samples.tsv")
  case $bad in
  'A '*) stop "the baseline arm is not stable: ${bad#A }" ;;
  'B '*) row stable fail crash 'no restart, no failed request' "${bad#B }" ;;
  *) row stable pass "$(wc -l < <(compgen -G "$runs/[0-9]*.tsv")) runs" 'no restart, no failed request' 'samples.tsv' ;;
  esac
}
protected_row() {
  local changed
  changed=$(cat "$runs"/*.stop 2>/dev/null | sed -n 's/^tampered [0-9]* //p' | head -n 1 || true)
  if [ -n "$changed" ]; then row protected fail changed 'the same before and after every run' "$changed"
  else row protected pass "$(wc -l < <(compgen -G "$runs/[0-9]*.tsv")) runs" 'the same before and after every run' 'scripts, filters, sources and recorded runs by SHA-256'; fi
}
valid_row() {
  local wrong
  wrong=$(cat "$runs"/*.stop 2>/dev/null | sed -n 's/^wrong [0-9]* //p' | head -n 1 || true)
  if grep -qsE '^(failed|timeout) ' "$runs"/*.stop; then row valid n/a - 'validate.sh passes in every run' 'not every run came to it'
  elif [ -n "$wrong" ]; then row valid fail 'wrong answer' 'validate.sh passes in every run' "$wrong"
  else row valid pass "$(wc -l < <(compgen -G "$runs/[0-9]*.tsv")) runs" 'validate.sh passes in every run' 'logs/'; fi
}
deterministic_row() {
  local differing
  differing=$(awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $at["role"] == "equal" && $at["value"] != "NA" { m = $at["metric"]; seen[m] = 1
      if (!(m in first)) first[m] = $at["value"]; else if ($at["value"] != first[m]) { print m " is " first[m] " and " $at["value"] " (run " $at["run"] ", arm " $at["arm"] ")"; exit } }
    END { for (m in seen) n++; if (!n) print "none" }' "$X/samples.tsv")
  case $differing in
  '') row deterministic pass equal 'the same in every run' 'the digest of the data is the same in every run' ;;
  none) row deterministic n/a - 'the same in every run' 'the target names no metric that must be equal' ;;
  *) row deterministic fail differs 'the same in every run' "$differing" ;;
  esac
}
protected_row
stable_row
valid_row
deterministic_row
artifact samples.tsv
artifact plan-seed
