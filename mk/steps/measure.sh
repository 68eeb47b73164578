#!/bin/bash
# measure.sh R EXP RUNS SEED [locked]: runs both arms in one block of RUNS + RUNS in random order, and prints the gates that
# every run must pass. Each run is a file of its own, runs/KEY/NNN.tsv, renamed into place; KEY is the digest of what was
# run (arms, scripts, plan, machine), so that an interrupted measurement goes on, and one put back is found again.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
R=$1 exp=$2 count=$3 seed=$4 locked=${5:-}
primary=$(column "$X/metrics.tsv" metric role primary)
export BUILD_DIR=$R/.builds

fingerprint=$(mk/steps/environment.sh fingerprint)
key=$({ cat "$X"/{deploy,workload,collect,validate,teardown}.sh "$X"/source-{A,B}.tar
  cut -f 1,3,4 "$X/metrics.tsv"; echo "$count $seed $fingerprint"; } | sha256sum)
runs=$X/runs/${key:0:16}
attempt=1
while [ -e "$runs.attempt-$attempt" ]; do attempt=$((attempt + 1)); done
if [ -n "${ASSAY_FRESH:-}" ] && [ -z "$locked" ] && [ -d "$runs" ]; then
  mv "$runs" "$runs.attempt-$attempt"
  attempt=$((attempt + 1))
fi
mkdir -p "$runs"
if [ ! -e "$runs/plan.tsv" ]; then
  # Every experiment and attempt has an order of its own, drawn from SEED.
  plan_seed=$(printf '%s %s %s' "$seed" "$exp" "$attempt" | cksum)
  printf '%s\n' "${plan_seed%% *}" | replace "$runs/seed"
  abplan --blocks 1 --runs "$count" --arms A,B --seed "${plan_seed%% *}" | replace "$runs/plan.tsv"
fi
total=$((2 * count))

pending() { # is there a run to be made?
  local n file
  # A run that ended the measurement counts once both of its files are there.
  for file in "$runs"/*.stop; do
    [ -e "$file" ] || continue
    if [ -e "${file%.stop}.tsv" ]; then return 1; else rm -f "$file"; fi
  done
  for ((n = 1; n <= total; n++)); do [ -e "$(printf '%s/%03d.tsv' "$runs" "$n")" ] || return 0; done
  return 1
}
if [ -z "$locked" ] && pending; then
  heavy "measuring: $total runs"
  # One guard around each run ends what it leaves behind; the machine is this measurement's alone until all are made.
  exec guard --machine exclusive --for "measuring $exp" -- "$0" "$@" locked
fi

one_run() { # BLOCK ORDER RUN ARM
  local file scratch=$R/.run/measure started=$EPOCHREALTIME status stage message word=ok
  file=$(printf '%s/%03d' "$runs" "$3")
  mkdir -p "$scratch"
  guard -- mk/steps/run.sh "$X" "$4" "$scratch" "$X/logs/run-$3-$4.log" || stop "run $3 of $total (arm $4) could not be made"
  read -r status stage message <"$scratch/outcome"
  case $status in failed | timeout) word=$status ;; esac
  if [ "$status" != ok ] && [ "$4" = A ]; then
    stop "the baseline arm fails in run $3: $stage: $message; see $X/logs/run-$3-A.log"
  fi
  [ -e "$scratch/metrics" ] || : >"$scratch/metrics"
  # Of a run that failed, only that it failed is recorded.
  [ "$word" = ok ] || : >"$scratch/metrics"
  readmetrics --block "$1" --order "$2" --run "$3" --arm "$4" --status "$word" --spec "$X/metrics.tsv" "$scratch/metrics" >"$scratch/rows" ||
    stop "run $3 (arm $4): its metrics are not what target.mk names; see $X/logs/run-$3-$4.log"
  [ "$status" = ok ] || printf '%s %s run %s (arm %s): %s: %s\n' "$status" "$3" "$3" "$4" "$stage" "$message" | replace "$file.stop"
  mv -f "$scratch/rows" "$file.tsv"
  say "measure: run $3 of $total, arm $4: $([ "$status" = ok ] && printf '%s %s' "$primary" "$(column "$file.tsv" value metric "$primary")" || echo "$status in $stage") ($(elapsed "$started") s)"
}
if pending; then
  ! compgen -G "$runs/[0-9]*.tsv" >/dev/null || say "measure: going on; some of the $total runs are there already"
  mk/steps/environment.sh full >"$runs/environment.json"
  : >"$X/logs/measure.log"
  while IFS=$'\t' read -r block order run arm <&3; do
    [ "$block" != block ] || continue
    [ ! -e "$(printf '%s/%03d.tsv' "$runs" "$run")" ] || continue
    one_run "$block" "$order" "$run" "$arm"
    compgen -G "$runs/*.stop" >/dev/null && break
  done 3<"$runs/plan.tsv"
fi

[ ! -e "$runs/environment.json" ] || replace "$X/environment.json" <"$runs/environment.json"
replace "$X/plan-seed" <"$runs/seed"
awk 'FNR > 1 || NR == 1' "$runs"/[0-9]*.tsv | replace "$X/samples.tsv"

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
  bad=$(awk -F '\t' '
    NR == FNR { if (FNR == 1) for (i = 1; i <= NF; i++) at[$i] = i; else if ($at["guard"] ~ /^max=/) limit[$at["metric"]] = substr($at["guard"], 5); next }
    FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    ($at["metric"] in limit) && $at["value"] + 0 > limit[$at["metric"]] + 0 {
      printf "%s %s=%s in run %s, at most %s\n", $at["arm"], $at["metric"], $at["value"], $at["run"], limit[$at["metric"]]; exit }' \
    "$X/metrics.tsv" "$X/samples.tsv")
  case $bad in
  'A '*) stop "the baseline arm is not stable: ${bad#A }" ;;
  'B '*) row stable fail crash 'no restart, no failed request' "${bad#B }" ;;
  *) row stable pass "$(wc -l < <(compgen -G "$runs/[0-9]*.tsv")) runs" 'no restart, no failed request' 'samples.tsv' ;;
  esac
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
row protected n/a - - 'changes of protected files are not watched yet'
stable_row
valid_row
deterministic_row
artifact samples.tsv
artifact plan-seed
