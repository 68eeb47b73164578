# Runs arms A and B of an experiment in blocks of random order, until abstat can decide. Sourced, after lib.sh, abstat.sh
# and protected.sh, by scripts that set R and X. One folder holds a series of runs:
#
#   seed, plan.tsv     the order, drawn once
#   stop-rule          what says when it is enough, frozen when measuring starts: MAX_BLOCKS, MAX_TIME (seconds, 0: none),
#                      then the options of abstat, a line each; a single - asks nothing, and all blocks are run
#   NNN.tsv            the rows of a run, renamed into place; NNN.stop, why a run ended the series: a line STATUS RUN TEXT,
#                      STATUS failed, timeout, wrong or tampered
#   seconds            how long each run took
#   ended              the blocks after which it was enough; until then the series goes on where it stopped
# shellcheck shell=bash

# runs_folder RUNS SEED: where the runs of these arms, scripts, metrics, plan and machine are kept.
runs_folder() {
  local key fingerprint
  fingerprint=$(mk/steps/environment.sh fingerprint)
  key=$({ cat "$X"/{deploy,workload,collect,validate,teardown}.sh "$X"/source-{A,B}.tar
    cut -f 1,3,4 "$X/metrics.tsv"; echo "$1 $2 $fingerprint"; } | sha256sum)
  printf '%s' "$X/runs/${key:0:16}"
}

# attempt_at RUNS [afresh]: the number of the present attempt at a folder of runs. With -B the one that is there is put
# aside first, unless this is already the part of a step that measures (afresh is empty then).
attempt_at() {
  local attempt=1
  while [ -e "$1.attempt-$attempt" ]; do attempt=$((attempt + 1)); done
  if [ -n "${ASSAY_FRESH:-}" ] && [ -n "${2:-}" ] && [ -d "$1" ]; then
    mv "$1" "$1.attempt-$attempt"
    attempt=$((attempt + 1))
  fi
  printf '%s' "$attempt"
}

# series_plan FOLDER RUNS BLOCKS SEED-TEXT: the series' own order, drawn from the text, for as many blocks at least.
series_plan() {
  local seed
  mkdir -p "$1"
  if [ ! -e "$1/seed" ]; then
    seed=$(printf '%s' "$4" | cksum)
    printf '%s\n' "$(( ${seed%% *} > 0 ? ${seed%% *} : 1 ))" | replace "$1/seed"
  fi
  abplan --blocks "$3" --runs "$2" --arms A,B --seed "$(cat "$1/seed")" | replace "$1/plan.tsv"
}

# series_rule FOLDER MAX_BLOCKS MAX_TIME OPTION...: freezes the rule by which the series ends.
series_rule() {
  local folder=$1
  shift
  printf '%s\n' "$@" | replace "$folder/stop-rule"
}

series_is_complete() { # FOLDER
  local stop
  # A run that ended the series counts once both of its files are there.
  for stop in "$1"/*.stop; do
    [ -e "$stop" ] || continue
    if [ -e "${stop%.stop}.tsv" ]; then return 0; else rm -f "$stop"; fi
  done
  [ -e "$1/ended" ]
}

# link_builds: built/ shows the arms as build.gate has them, whatever was built since.
link_builds() {
  local arm
  for arm in A B; do
    ARM=$arm BUILD_DIR=$R/.builds "$X/build.sh" >"$X/logs/link-$arm.log" 2>&1 || stop "arm $arm is not built any more; see $X/logs/link-$arm.log"
  done
}

# series_samples FOLDER: samples.tsv of its runs, on stdout.
series_samples() { awk 'FNR > 1 || NR == 1' "$1"/[0-9]*.tsv; }

# beyond_limits SAMPLES: the first value beyond an absolute guard (max=N), as "ARM METRIC=VALUE in run N, at most M".
beyond_limits() {
  awk -F '\t' '
    NR == FNR { if (FNR == 1) for (i = 1; i <= NF; i++) at[$i] = i; else if ($at["guard"] ~ /^max=/) limit[$at["metric"]] = substr($at["guard"], 5); next }
    FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    ($at["metric"] in limit) && $at["value"] + 0 > limit[$at["metric"]] + 0 {
      printf "%s %s=%s in run %s, at most %s\n", $at["arm"], $at["metric"], $at["value"], $at["run"], limit[$at["metric"]]; exit }' \
    "$X/metrics.tsv" "$1"
}

seconds_a_run() { awk '{ s += $1; n++ } END { printf "%.1f", n ? s / n : 0 }' "$1/seconds" 2>/dev/null; }

# one_run FOLDER SCRIPT BLOCK ORDER RUN ARM: SCRIPT is workload or holdout; label and primary are those of series_run.
one_run() {
  local folder=$1 script=$2 run=$5 arm=$6 file scratch=$R/.run/measure started=$EPOCHREALTIME status stage message word=ok
  local padding log
  file=$(printf '%s/%03d' "$folder" "$run")
  mkdir -p "$scratch"
  # The size of the environment moves the stack, and so the time of some programs: it is drawn anew for every run.
  padding=$(printf '%s %s' "$(cat "$folder/seed")" "$run" | cksum)
  padding=$(( ${padding%% *} % 4096 ))
  log=$X/logs/run-$script-$run-$arm.log
  ASSAY_PADDING=$(head -c "$padding" /dev/zero | tr '\0' x) ASSAY_WORKLOAD=$script \
    guard -- mk/steps/run.sh "$X" "$arm" "$scratch" "$log" || stop "run $run (arm $arm) could not be made"
  read -r status stage message <"$scratch/outcome"
  case $status in failed | timeout) word=$status ;; esac
  if [ "$status" != ok ] && [ "$arm" = A ]; then
    stop "the baseline arm fails in run $run: $stage: $message; see $log"
  fi
  watch_arm "$arm" "run $run" "$log"
  if [ "$arm" = B ] && [ -n "$tampered" ]; then status=tampered stage=$script message=$tampered; fi
  [ -e "$scratch/metrics" ] || : >"$scratch/metrics"
  # Of a run that failed, only that it failed is recorded.
  [ "$word" = ok ] || : >"$scratch/metrics"
  readmetrics --block "$3" --order "$4" --run "$run" --arm "$arm" --status "$word" --spec "$X/metrics.tsv" "$scratch/metrics" >"$scratch/rows" ||
    stop "run $run (arm $arm): its metrics are not what target.mk names; see $log"
  awk -v bytes="$padding" '{ print $0 "\t" (NR == 1 ? "env_bytes" : bytes) }' "$scratch/rows" >"$scratch/padded"
  [ "$status" = ok ] || printf '%s %s run %s (arm %s): %s: %s\n' "$status" "$run" "$run" "$arm" "$stage" "$message" | replace "$file.stop"
  mv -f "$scratch/padded" "$file.tsv"
  sha256sum -- "$file.tsv" >>"$X/.protected"
  elapsed "$started" >>"$folder/seconds"
  echo >>"$folder/seconds"
  say "$label: run $run, arm $arm: $([ "$status" = ok ] && printf '%s %s' "$primary" "$(column "$file.tsv" value metric "$primary")" || echo "$status in $stage") ($(tail -n 1 "$folder/seconds") s)"
}

# watch_arm ARM WHAT LOG: nothing that is protected may have changed. What arm B changed is in tampered.
watch_arm() {
  local changed
  changed=$(changed_since "$X/.protected")
  [ -n "$changed" ] || return 0
  [ "$1" = B ] || stop "$changed changed during $2 of the baseline arm; leave it alone until measuring ends, or see $3"
  tampered="changed while it ran: $changed"
  protect "$X/.protected" "$folder"
}

# warm_up SCRIPT: one run of each arm that is not recorded.
warm_up() {
  local arm status stage message scratch=$R/.run/measure
  mkdir -p "$scratch"
  for arm in A B; do
    ASSAY_WORKLOAD=$1 guard -- mk/steps/run.sh "$X" $arm "$scratch" "$X/logs/warm-up-$arm.log" || stop "the warm-up of arm $arm could not be made"
    read -r status stage message <"$scratch/outcome"
    if [ "$status" != ok ] && [ $arm = A ]; then
      stop "the baseline arm fails while it warms up: $stage: $message; see $X/logs/warm-up-A.log"
    fi
    [ "$status" = ok ] || say "$label: arm $arm $status while it warmed up: $stage: $message"
    watch_arm $arm 'the warm-up' "$X/logs/warm-up-$arm.log"
  done
}

# series_run FOLDER SCRIPT LABEL [BEFORE-BLOCK]: makes the runs that are missing, block by block, until the rule is
# content. Its lines begin with LABEL. The command BEFORE-BLOCK gets the number of each block before its first run.
series_run() {
  local folder=$1 script=$2 label=$3 before=${4:-} primary warm='' tampered='' block=0 max_blocks max_time rule planned order run arm options spent
  primary=$(column "$X/metrics.tsv" metric role primary)
  mapfile -t rule <"$folder/stop-rule"
  max_blocks=${rule[0]} max_time=${rule[1]} options=("${rule[@]:2}")
  [ -e "$folder/environment.json" ] || mk/steps/environment.sh full >"$folder/environment.json"
  protect "$X/.protected" "$folder"
  ! compgen -G "$folder/[0-9]*.tsv" >/dev/null || say "$label: going on; some of the runs are there already"
  while [ "$block" -lt "$max_blocks" ]; do
    block=$((block + 1))
    planned=
    while IFS=$'\t' read -r _ order run arm <&3; do
      [ ! -e "$(printf '%s/%03d.tsv' "$folder" "$run")" ] || continue
      if [ -z "$planned" ] && [ -n "$before" ]; then "$before" "$block"; fi
      planned=yes
      if [ -z "$warm" ]; then warm_up "$script"; warm=yes; fi
      one_run "$folder" "$script" "$block" "$order" "$run" "$arm"
      ! compgen -G "$folder/*.stop" >/dev/null || return 0
    done 3< <(awk -F '\t' -v block="$block" '$1 == block' "$folder/plan.tsv")
    if [ "${options[*]}" = - ]; then
      [ -z "$planned" ] || say "$label: block $block of $max_blocks; a block takes about $(next_cost "$folder") s"
      continue
    fi
    series_samples "$folder" | abstat "${options[@]}" --seed "$(cat "$folder/seed")" 2>/dev/null >"$folder/look.tsv" ||
      stop "abstat cannot judge the runs in $folder; abstat ${options[*]} says why"
    spent=$(awk '{ s += $1 } END { printf "%.0f", s }' "$folder/seconds")
    tell_look "$folder" "$block" "$max_blocks" "$spent"
    [ -n "$(column "$folder/look.tsv" next | awk '$1 > 0')" ] || break
    if [ "$max_time" != 0 ] && awk -v s="$spent" -v m="$max_time" -v l="$(next_cost "$folder")" 'BEGIN { exit !(s + l > m) }'; then
      say "$label: MAX_TIME of $max_time s allows no further block"
      break
    fi
  done
  printf '%s\n' "$block" | replace "$folder/ended"
}

# What the next block of a series costs, in seconds.
next_cost() { awk -v run="$(seconds_a_run "$1")" -v runs="$(awk -F '\t' '$1 == 1' "$1/plan.tsv" | wc -l)" 'BEGIN { printf "%.0f", run * runs }'; }

# tell_look FOLDER BLOCK MAX_BLOCKS SPENT: what is known after a block, and what the next one costs.
tell_look() {
  local rest='that is enough'
  if [ -n "$(column "$1/look.tsv" next | awk '$1 > 0')" ] && [ "$2" -lt "$3" ]; then
    rest="the next block takes about $(next_cost "$1") s"
  fi
  # One fresh block decides nothing: it is only looked at for its sign.
  local verdict=': only its sign counts'
  [[ $3 == 1 && " ${options[*]} " == *' --confirm '* ]] || verdict=": $(cell "$1/look.tsv" "$primary" verdict) $(cell "$1/look.tsv" "$primary" reason); $rest"
  say "$label: block $2 of at most $3 ($4 s): $primary $(effect "$1/look.tsv" "$primary")$verdict"
}
