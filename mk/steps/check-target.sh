#!/bin/bash
# check-target.sh T R RUNS MAX_BLOCKS EXP=PARENT...: does the target do what it must? One line a contract, in the order
# in which they can be looked at: what stands in its files, a build, two whole runs of the unchanged target on fresh
# state, its profile workload. Then how long experiments will take. Nothing is stored but R/.check: logs, and times.tsv
# for predict.sh.
# Exit status 0: every contract holds, 2: some do not.
# check-target.sh --run FOLDER LOG: one run, and what it left behind, in FOLDER.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
# shellcheck source=mk/steps/findings.sh
. mk/steps/findings.sh

# --- one run, inside the guard that ends whatever it leaves -----------------------------------------------------------

# Below 32768, where the kernel takes no ports for outgoing connections.
free_port() {
  /usr/bin/python3 -I - <<'PYTHON'
import random
import socket

while True:
    port = random.randrange(20000, 32768)
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            continue
    print(port)
    break
PYTHON
}
answers() { (exec 3<>"/dev/tcp/$HOST/$PORT") 2>/dev/null; }
# What descends from the guard, which adopts all that lose their parents, and not from this script: PID and command, one
# a line.
left_over() {
  cat /proc/[0-9]*/stat 2>/dev/null | sed -nE 's/^([0-9]+) \((.*)\) (.) ([0-9]+) .*$/\1\t\4\t\3\t\2/p' |
    awk -F '\t' -v guard="$PPID" -v self="$$" '
      { parent[$1] = $2; state[$1] = $3; name[$1] = $4 }
      END {
        for (pid in parent) {
          for (up = pid; up in parent && up != guard && up != self; up = parent[up]) continue
          if (up == guard && pid != guard && state[pid] != "Z") print pid, name[pid]
        }
      }' || true
}
one_run() { # FOLDER LOG
  local folder=$1 log=$2 try left
  PORT=$(free_port) HOST=127.0.0.1
  export PORT HOST
  mk/steps/run.sh "$X" A "$folder" "$log"
  # What was told to end may take a moment to be gone.
  for ((try = 0; try < 40; try++)); do
    left=$(left_over)
    if [ -z "$left" ] && ! answers; then break; fi
    sleep 0.05
  done
  printf '%s' "$left" >"$folder/processes"
  if answers; then echo "$PORT"; fi >"$folder/port"
}
if [ "$1" = --run ]; then
  one_run "$2" "$3"
  exit 0
fi

# --- what stands in the files -----------------------------------------------------------------------------------------

T=$1 R=$2 runs=$3 max_blocks=$4
shift 4
experiments=("$@")
export X=$R/.check
name=$(value "$R/target.tsv" name)
limit_of() { value "$R/target.tsv" "limit_$1"; }

# Git as the other steps use it, for one command.
in_repository() (
  # shellcheck source=mk/steps/git.sh
  . mk/steps/git.sh
  git_start "$R"
  "$@"
)
check_editable() {
  local path missing='' files
  local -a paths
  read -ra paths <<<"$(value "$R/target.tsv" editable)"
  files=$(in_repository git ls-tree -r --name-only base)
  for path in "${paths[@]}"; do
    awk -v path="$path" 'path ~ /\/$/ ? index($0, path) == 1 : $0 == path { found = 1 }
      END { exit !found }' <<<"$files" || missing="$missing $path"
  done
  if [ -n "$missing" ]; then
    finding FAIL editable "not in the source:$missing; paths are relative to it, a folder's ends with /"
  else finding ok editable "in the source: ${paths[*]}"; fi
}
check_hints() {
  if [ -s "$T/hints.md" ]; then finding ok hints hints.md
  else finding warn hints 'no hints.md: write what one must know before changing the code'; fi
}
named_profilers() { targetspec --list-profilers "$T" | tail -n +2 | cut -f 2 | sort -u; }
profilers_of_the_target() { # without the one that looks at an experiment's function
  targetspec --list-profilers "$T" | awk -F '\t' 'NR > 1 && $1 != "exercised" { print $2 }' | sort -u
}
known_profilers() {
  local profiler
  for profiler in $(named_profilers); do [ ! -e "pipelines/$profiler.mk" ] || echo "$profiler"; done
}
check_profilers() {
  local profiler unknown='' known
  known=$(basename -a -s .mk pipelines/*.mk | paste -s -d ' ')
  for profiler in $(named_profilers); do [ -e "pipelines/$profiler.mk" ] || unknown="$unknown $profiler"; done
  if [ -n "$unknown" ]; then
    finding FAIL profilers "no pipeline called$unknown; there are: $known"
  else finding ok profilers "$(known_profilers | paste -s -d ' ')"; fi
}
# Prints why the patch cannot be tried on the base; nothing where it can.
why_not_applied() {
  local index
  index=$(cd "$X" && pwd)/index
  in_repository applies "$(realpath "$1")" "$index" 2>"$X/apply.log" || head -n 1 "$X/apply.log"
  rm -f "$index"
}
applies() { # PATCH INDEX
  export GIT_INDEX_FILE=$2
  git read-tree base
  git apply --cached --check --whitespace=nowarn "$1"
}
measurable=()
check_experiment() { # NAME PARENT
  local patch=$T/experiments/$1.patch from=$2 rows failed reason
  case $from in
  !unknown)
    finding FAIL experiment "$1: Parent: names no experiment of this target; correct it, or add that patch"
    return
    ;;
  !cycle)
    finding FAIL experiment "$1: its parents lead back to it; one of them must have the base as parent"
    return
    ;;
  esac
  if ! patchlint --fields "$patch" >"$X/fields" 2>"$X/lint.log" ||
    ! rows=$(patchlint --editable "$(value "$R/target.tsv" editable)" "$patch" 2>"$X/lint.log"); then
    finding FAIL experiment "$1: cannot be read; use git format-patch; $(sed 's/^patchlint: //; q' "$X/lint.log")"
    return
  fi
  failed=$(awk -F '\t' '$2 == "fail" { print $1 ": " $5; exit }' <<<"$rows")
  if [ -n "$failed" ]; then finding warn experiment "$1: will be rejected: $failed"; return; fi
  if [ "$from" = - ] && reason=$(why_not_applied "$patch") && [ -n "$reason" ]; then
    finding warn experiment "$1: will be rejected: it does not apply to the base: $reason"
    return
  fi
  measurable+=("$1")
  finding ok experiment "$1: a patch of ${from/#-/the base}"
}
check_experiments() {
  local experiment
  for experiment in "${experiments[@]}"; do check_experiment "${experiment%%=*}" "${experiment#*=}"; done
  [ ${#experiments[@]} != 0 ] || finding note experiments "none yet; program.md says what a patch must hold"
}

# --- build, and two runs ----------------------------------------------------------------------------------------------

timed() { # WHAT COMMAND...: its seconds go into times.tsv
  local what=$1 started=$EPOCHREALTIME
  shift
  "$@" || return
  printf '%s\t%s\n' "$what" "$(elapsed "$started")" >>"$X/times"
}
last_words() { tail -n 1 "$1" | tr -d '\000-\010\013-\037'; }

build_it() {
  guard --machine shared --for "building $name for its check" -- \
    mk/steps/logged.sh "$X/logs/build.log" env ARM=A timeout "$(limit_of build)" "$X/build.sh"
}
check_build() {
  local code=0 watcher
  # What measures the service is no part of the target's build.
  mkdir -p "$X/built"
  for watcher in "$R/.builds"/watcher-*; do [ ! -d "$watcher" ] || cp -a "$watcher" "$X/built/"; done
  timed build build_it || code=$?
  case $code in
  0) finding ok build "$(last_time build) s, limit_build is $(limit_of build) s" ;;
  124) finding FAIL build "takes more than limit_build = $(limit_of build) s; raise it, or build less" ;;
  *) finding FAIL build "fails; see $X/logs/build.log: $(last_words "$X/logs/build.log")" ;;
  esac
  return $code
}
last_time() { awk -F '\t' -v what="$1" '$1 == what { seconds = $2 } END { print seconds }' "$X/times"; }

run_it() { # NUMBER
  mkdir -p "$X/run-$1"
  guard --machine exclusive --for "checking $name, run $1 of 2" -- "$0" --run "$X/run-$1" "$X/logs/run-$1.log"
}
# What a step's failure means to whoever writes the target.
failure_of() { # STATUS STAGE MESSAGE LOG
  case $1-$2 in
  timeout-deploy) echo "not within limit_deploy = $(limit_of deploy) s; fix start or ready, or raise it; see $4" ;;
  failed-deploy) echo "does not start: $3; see $4" ;;
  timeout-holdout) echo "takes more than limit_workload = $(limit_of workload) s; raise it, or do less; see $4" ;;
  timeout-*) echo "takes more than its limit; raise limit_$2, or do less; see $4" ;;
  wrong-*) echo "says that an answer of the unchanged target is wrong: $3" ;;
  *) echo "$3; see $4" ;;
  esac
}
passed() { # STAGE: the contract's line for a step that went well
  case $1 in
  deploy) finding ok deploy "serves at the HOST and PORT given to it, within limit_deploy = $(limit_of deploy) s" ;;
  workload) finding ok workload "exit status 0 within limit_workload = $(limit_of workload) s" ;;
  collect) finding ok collect 'the figures of the service were read' ;;
  validate) finding ok validate 'the answers of the unchanged target are right' ;;
  esac
}
check_steps() { # NUMBER STATUS STAGE MESSAGE: all steps of a run
  local number=$1 status=$2 stage=$3 message=$4 step failed=''
  for step in deploy workload collect validate; do
    if [ -n "$failed" ]; then finding skip "$step" "$failed failed"
    elif [ "$step" = "$stage" ]; then
      failed=$step
      finding FAIL "$step" "$(failure_of "$status" "$stage" "$message" "$X/logs/run-$number.log")"
    elif [ "$number" = 1 ]; then passed "$step"; fi
  done
}
check_teardown() { # NUMBER
  local folder=$X/run-$1 left
  left=$(paste -s -d , "$folder/processes" | sed 's/,/, /g')
  if [ -n "$left" ]; then
    finding FAIL teardown "leaves processes: $left; end them on SIGTERM, and start no others elsewhere"
  elif [ -s "$folder/port" ]; then finding FAIL teardown "something still listens on port $(cat "$folder/port")"
  elif [ -e "$X/.state/A" ]; then finding FAIL teardown "leaves $X/.state/A"
  elif [ "$1" = 1 ]; then finding ok teardown 'no process, no listening port and no state is left'; fi
}
check_run() { # NUMBER: fails where nothing else can be said of the target
  local status stage message
  say "run $1 of 2 of the unchanged target"
  timed run run_it "$1" || { finding FAIL "run $1" "could not be made; see $X/logs/run-$1.log"; return 1; }
  read -r status stage message <"$X/run-$1/outcome"
  check_steps "$1" "$status" "$stage" "$message"
  check_teardown "$1"
  [ "$status" = ok ]
}

# --- what the runs printed --------------------------------------------------------------------------------------------

figure() { sed -nE "s/^(METRIC )?$1=//p" "$X/run-$2/metrics" | head -n 1; } # METRIC NUMBER

check_metrics() { # each metric that target.mk names, once, a finite number
  local metric times broken=0
  local -a metrics
  mapfile -t metrics < <(column "$X/metrics.tsv" metric)
  for metric in "${metrics[@]}"; do
    times=$(sed -nE 's/^(METRIC )?([^=]*)=.*/\2/p' "$X/run-1/metrics" | grep -cxF -- "$metric" || true)
    if [ "$times" = 0 ]; then finding FAIL metrics "$metric is not printed; workload.sh must print $metric=NUMBER"
    elif [ "$times" != 1 ]; then finding FAIL metrics "$metric is printed $times times; once is right"
    elif ! readmetrics --block 1 --order 1 --run 1 --arm A <<<"$metric=$(figure "$metric" 1)" >/dev/null 2>&1; then
      finding FAIL metrics "$metric is '$(figure "$metric" 1)'; a finite decimal number is right"
    else continue; fi
    broken=$((broken + 1))
  done
  [ $broken = 0 ] || return 0
  if readmetrics --block 1 --order 1 --run 1 --arm A --spec "$X/metrics.tsv" "$X/run-1/metrics" \
    >/dev/null 2>"$X/metrics.log"; then
    finding ok metrics "each of the ${#metrics[@]} that target.mk names, once and finite"
  else finding FAIL metrics "$(sed 's/^readmetrics: //; q' "$X/metrics.log")"; fi
}
check_collected() {
  local metric missing=''
  for metric in peak_rss_mb cpu_seconds minor_faults major_faults restarts; do
    [ -n "$(figure "$metric" 1)" ] || missing="$missing $metric"
  done
  if [ -n "$missing" ]; then finding FAIL collect "does not print$missing; see templates/env/ENV/collect.sh.in"
  else finding ok collect 'memory, CPU time, faults and restarts'; fi
}
check_requests() {
  local requests
  requests=$(figure total_requests 1)
  if [ -z "$requests" ]; then
    finding note requests 'no total_requests is printed: whether a percentile means something is not known'
  elif awk -v n="$requests" 'BEGIN { exit !(n < 1000) }'; then
    finding warn requests "$requests a run: too few for a 99th percentile; send 1000 or more"
  else finding ok requests "$requests a run, enough for a 99th percentile"; fi
}
check_limits() { # guards of the form max=N, on the unchanged target
  local metric most got broken=''
  while IFS=$'\t' read -r metric most; do
    got=$(figure "$metric" 1)
    [ -n "$got" ] || continue
    if awk -v a="$got" -v b="$most" 'BEGIN { exit !(a > b) }'; then
      finding FAIL guards "$metric is $got on the unchanged target, its guard allows at most $most"
      broken=yes
    fi
  done < <(targetspec --metrics "$T" | awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $(at["guard"]) ~ /^max=/ { print $(at["metric"]) "\t" substr($(at["guard"]), 5) }')
  [ -n "$broken" ] || finding ok guards 'the unchanged target is within its absolute guards'
}
# Metrics that must be equal in every run, and those that are said to be deterministic.
check_equal() {
  local metric role a b names='' broken='' fix
  while read -r metric role; do
    a=$(figure "$metric" 1) b=$(figure "$metric" 2) names="$names $metric"
    [ "$a" != "$b" ] || continue
    case $role in
    equal) fix='make the workload send the same, without chance or time' ;;
    *) fix='take it out of deterministic' ;;
    esac
    finding FAIL equal "$metric is $a and $b in two runs; $fix"
    broken=yes
  done < <(targetspec --metrics "$T" | awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    $(at["role"]) == "equal" || $(at["deterministic"]) == "yes" { print $(at["metric"]), $(at["role"]) }')
  if [ -z "$names" ]; then finding warn equal 'no metric must be equal; print a digest of the data, name it in equal'
  elif [ -z "$broken" ]; then finding ok equal "the same in two runs:$names"; fi
}
check_difference() {
  local metric a b
  metric=$(column "$X/metrics.tsv" metric role primary)
  a=$(figure "$metric" 1) b=$(figure "$metric" 2)
  finding note noise "$(awk -v m="$metric" -v a="$a" -v b="$b" 'BEGIN {
    printf "%s is %s and %s in two runs", m, a, b
    difference = a > b ? a - b : b - a; mean = (a + b) / 2; if (mean < 0) mean = -mean
    if (mean > 0) printf ", %.1f %% apart", 100 * difference / mean }')"
}
# A check that asks nothing of the service passes whatever a change breaks.
check_deaf() {
  local state=$X/.nothing port code=0
  finding skip validate 'whether it sees a wrong answer: break the service once by hand, and see it fail'
  port=$(free_port)
  mkdir -p "$state"
  state=$(cd "$state" && pwd)
  echo "$port" >"$state/port"
  (cd -P "$X/built/A-release" && pwd) >"$state/source"
  guard -- mk/steps/logged.sh "$X/logs/nothing.log" env ARM=A STATE="$state" HOST=127.0.0.1 PORT="$port" \
    timeout "$(limit_of validate)" "$X/validate.sh" || code=$?
  rm -rf "$state"
  if [ $code = 0 ]; then
    finding FAIL validate 'passes where no service runs; it must ask HOST:PORT, and fail without an answer'
  else finding ok validate 'fails where no service runs'; fi
}
check_holdout() {
  local metric status stage message
  [ -e "$X/holdout.sh" ] || return 0
  metric=$(column "$X/metrics.tsv" metric role primary)
  say 'a run of the holdout workload'
  if ! ASSAY_WORKLOAD=holdout timed holdout run_it 3; then
    finding FAIL holdout "could not be run; see $X/logs/run-3.log"
    return
  fi
  read -r status stage message <"$X/run-3/outcome"
  if [ "$status" != ok ]; then
    finding FAIL holdout "$stage: $(failure_of "$status" "$stage" "$message" "$X/logs/run-3.log")"
  elif [ -z "$(figure "$metric" 3)" ]; then
    finding FAIL holdout "$metric is not printed; holdout_workload.sh must print what workload.sh does"
  else finding ok holdout "holdout_workload.sh: $metric is $(figure "$metric" 3)"; fi
}

profile_it() { mk/steps/profile.sh "$X" "$1" A "$X/profiles" >/dev/null 2>"$X/logs/profile-$1.log"; }
check_profile() { # PROFILER
  local profiler=$1 limit words
  limit=$(limit_of profile)
  say "profile workload under $profiler"
  if timed "profile $profiler" profile_it "$profiler"; then
    finding ok profile "the profile workload under $profiler: $(last_time "profile $profiler") s"
    return
  fi
  words=$(last_words "$X/logs/profile-$profiler.log")
  case $words in
  *'took more than'*)
    finding warn profile "under $profiler more than limit_profile = $limit s; make profile_workload.sh shorter"
    ;;
  *) finding FAIL profile "under $profiler: ${words#*error: }" ;;
  esac
}

# ----------------------------------------------------------------------------------------------------------------------

rm -rf "$X"
mkdir -p "$X/logs"
cp "$R"/baseline/{*.sh,commit-A,source-A.tar,tools.tar,metrics.tsv} "$X"
: >"$X/times"

check_editable
check_hints
check_profilers
check_experiments
if check_build && check_run 1; then
  check_metrics
  check_collected
  check_requests
  check_limits
  check_deaf
  if check_run 2; then
    finding ok 'second run' 'on fresh state, as the first'
    check_equal
    check_difference
    check_holdout
  fi
  for profiler in $(profilers_of_the_target); do
    [ ! -e "pipelines/$profiler.mk" ] || check_profile "$profiler"
  done
  awk -F '\t' 'BEGIN { print "what\tseconds" } { sum[$1] += $2; count[$1]++; if (count[$1] == 1) order[++n] = $1 }
    END { for (i = 1; i <= n; i++) printf "%s\t%.2f\n", order[i], sum[order[i]] / count[order[i]] }' "$X/times" |
    replace "$X/times.tsv"
  echo
  mk/steps/predict.sh "$R" "$runs" "$max_blocks" "${measurable[@]}"
  if [ ${#measurable[@]} != ${#experiments[@]} ]; then
    echo "$((${#experiments[@]} - ${#measurable[@]})) of ${#experiments[@]} experiments end before they are measured"
  fi
fi
rm -rf "$X/built" "$X/.state" "$X/times" "$X/fields"
echo
if [ "$(found FAIL)" != 0 ]; then
  echo "$name: $(counted "$(found FAIL)" 'broken contract'), $(counted "$(found warn)" warning); logs: $X/logs"
  exit 2
fi
echo "$name: every contract holds, $(counted "$(found warn)" warning)"
