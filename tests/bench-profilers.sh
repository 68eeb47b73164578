#!/bin/bash
# bench-profilers.sh BIN PROFILER...: what each profiler costs the service that it watches: a service that allocates much, in C,
# Python or Go as the profiler needs it, is captured by the scripts that are generated for a target. Three rounds, in each the
# service without a profiler, then with each of them; medians, and the median of the rounds' ratios. CPU time and memory are the
# service's own; what another process of the profiler takes (perf record) is in the wall time alone.
set -euo pipefail
export LC_ALL=C
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES
bin=$1
shift
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
project=${here%/*}
folder=$(dirname "$bin")/bench/profilers
rounds=3
export PATH="$bin:$PATH"
rm -rf "$folder"
mkdir -p "$folder/targets" "$folder/rows"
cd "$folder"
folder=$PWD

language_of() {
  case $1 in
    python* | tracemalloc*) echo python ;;
    pprof*) echo go ;;
    *) echo c ;;
  esac
}

# The first explains what the target is about; one that gives no stacks cannot.
profilers_of() { # PROFILER...
  local profiler default='' also=''
  for profiler; do
    if [ -z "$default" ] && [ "$profiler" != counters ]; then default=$profiler
    else also+=", also=$profiler"; fi
  done
  echo "default=${default:-gperftools-cpu}$also"
}

make_target() { # LANGUAGE PROFILER...: targets/LANGUAGE and its scripts
  local language=$1 build=none start=./service symbols=same target=targets/$1 settings='' profiler
  shift
  mkdir -p "$target/src"
  case $language in
    c)
      cp "$here/bench/allocate.c" "$target/src/service.c"
      build='cc -O2 -o service service.c' symbols='cc -O2 -g -fno-omit-frame-pointer -o service service.c'
      ;;
    python)
      cp "$here/bench/allocate.py" "$target/src/service.py"
      start='/usr/bin/python3 service.py'
      ;;
    go)
      cp "$here/bench/allocate.go" "$target/src/service.go"
      build="env GOCACHE=$folder/go GO111MODULE=off go build -o service service.go"
      ;;
  esac
  # What it is to count calls of.
  [[ " $* " != *' probe '* ]] || settings='profiler_settings := probe.function=make'
  cat >"$target/target.mk" <<END
name          := $language
description   := a service that allocates much
source        := folder:src
build         := $build
build_symbols := $symbols
start         := $start
primary       := peak_rss_mb lower MiB
$settings
editable      := service.c service.py service.go
profilers     := $(profilers_of "$@")
limit_profile := 3600
END
  # shellcheck disable=SC2016 # for the script
  printf '%s\n' 'started=$EPOCHREALTIME' 'exec 3<>"/dev/tcp/$HOST/$PORT"' "printf 'GET /work HTTP/1.0\\r\\n\\r\\n' >&3" \
    '[[ $(cat <&3) == *done ]]' 'echo "wall_seconds=$(awk -v a="$started" -v b="$EPOCHREALTIME" "BEGIN { print b - a }")"' \
    'ARM=A "${WORKLOAD%/*}/collect.sh"' >"$target/workload.sh"
  # shellcheck disable=SC2016
  echo 'bash "$WORKLOAD"' >"$target/profile_workload.sh"
  echo true >"$target/validate.sh"
  echo 'For measuring profilers.' >"$target/hints.md"
  local scripts=() script
  for script in build deploy workload collect profile teardown; do scripts+=("$folder/results/$language/local/baseline/$script.sh"); done
  make -C "$project" TARGET="$folder/$target" RESULTS="$folder/results" "${scripts[@]}" >"$language.log" 2>&1 || return 1
  (cd "results/$language/local/baseline" && ARM=A VARIANT=symbols BUILD_DIR="$folder/built" ./build.sh) >>"$language.log" 2>&1
}

value() { sed -n "s/^$1=//p" "$2" | head -n 1; }
# note LANGUAGE PROFILER FILE: a row of the round
note() {
  printf '%s\t%s\t%s\n' "$(value cpu_seconds "$3")" "$(value wall_seconds "$3")" "$(value peak_rss_mb "$3")" >>"rows/$1-$2"
}
run_alone() { # LANGUAGE
  local state=$folder/state
  (
    cd "results/$1/local/baseline"
    export ARM=A VARIANT=symbols STATE=$state
    trap ./teardown.sh EXIT
    ./deploy.sh >/dev/null
    HOST=127.0.0.1 PORT=$(cat "$state/port") SOURCE=$(cat "$state/source") ./workload.sh
  ) >alone.txt 2>alone.log
  note "$1" none alone.txt
}
run_profiled() { # LANGUAGE PROFILER
  local pass
  rm -rf captured
  if ! (cd "results/$1/local/baseline" && ARM=A PROFILER="$2" OUT="$folder/captured" STATE="$folder/state" MODES=alone ./profile.sh) >"$2.log" 2>&1; then
    tail -n 1 "$2.log" >"rows/$1-$2.failed"
    return
  fi
  # The pass that took the profile is the last one.
  pass=$(find captured -name 'workload-*.txt' -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d ' ' -f 2)
  note "$1" "$2" "$pass"
}
# median_of FILE COLUMN [OTHER-FILE]: the median of a column, or of its ratios to the other file's.
median_of() {
  paste "$1" "${3:-$1}" | awk -v column="$2" -v ratio="${3:+1}" -F '\t' '{ print ratio ? $column / $(column + NF / 2) : $column }' |
    sort -g | awk '{ value[NR] = $1 } END { print value[int((NR + 1) / 2)] }'
}

for language in c python go; do
  wanted=()
  for profiler; do [ "$(language_of "$profiler")" != $language ] || wanted+=("$profiler"); done
  [ ${#wanted[@]} -gt 0 ] || continue
  if [ $language = go ] && ! command -v go >/dev/null; then
    for profiler in "${wanted[@]}"; do echo 'needs a program of Go; the package golang-go is not installed' >"rows/go-$profiler.failed"; done
    continue
  fi
  if ! make_target $language "${wanted[@]}"; then
    for profiler in "${wanted[@]}"; do echo "the service does not build: $(tail -n 1 $language.log)" >"rows/$language-$profiler.failed"; done
    continue
  fi
  for ((round = 1; round <= rounds; round++)); do
    echo "round $round of $rounds, service in $language" >&2
    run_alone $language
    for profiler in "${wanted[@]}"; do
      [ -e "rows/$language-$profiler.failed" ] || run_profiled $language "$profiler"
    done
  done
done

printf '%-18s %-7s %8s %9s %10s %10s %11s\n' profiler service 'CPU s' 'times CPU' 'times wall' 'peak MiB' 'extra MiB'
for language in c python go; do
  for profiler in none "$@"; do
    rows=rows/$language-$profiler
    if [ -e "$rows.failed" ]; then printf '%-18s %-7s %s\n' "$profiler" $language "$(cat "$rows.failed")"; continue; fi
    [ -e "$rows" ] || continue
    printf '%-18s %-7s %8.2f %9.2f %10.2f %10.1f %11.1f\n' "$profiler" $language "$(median_of "$rows" 1)" \
      "$(median_of "$rows" 1 "rows/$language-none")" "$(median_of "$rows" 2 "rows/$language-none")" \
      "$(median_of "$rows" 3)" "$(awk -v a="$(median_of "$rows" 3)" -v b="$(median_of "rows/$language-none" 3)" 'BEGIN { print a - b }')"
  done
done
