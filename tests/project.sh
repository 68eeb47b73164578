# For tests of the graph: a copy of the project in $WORK/project with the target `mini`, and helpers. Sourced after harness.sh.
# shellcheck shell=bash
project=$WORK/project
mkdir "$project"
(cd "$ROOT" && tar -cf - GNUmakefile mk tools templates pipelines) | tar -C "$project" -xf -
mkdir "$project/targets" "$project/build"
cp -a "$ROOT/tests/targets/mini" "$project/targets/mini"
# The filters as they were built: same content, same times, so that nothing is compiled again.
cp -a "$BUILD/." "$project/build/"
rm -rf "$project/build/fuzz"
results=$project/results/mini/local
# The tests measure beside whatever else this machine does; they have a machine lock of their own.
export ASSAY_MACHINE_LOCK=$WORK/machine.lock
# procwatch is compiled once for all experiments of a test.
export TOOLS_DIR=$WORK/watchers
export project results

# run ARGUMENT...: make in the project, with target mini; its output in $WORK/log as well.
run() { make -C "$project" TARGET=mini "$@" >"$WORK/log" 2>&1 || { local code=$?; cat "$WORK/log"; return $code; }; cat "$WORK/log"; }
runs_made() { grep -c 'measure: run' "$WORK/log" || true; }
confirming_runs_made() { grep -c '\] confirm.*: run' "$WORK/log" || true; }
builds_made() { grep -c '\] build: arm . built' "$WORK/log" || true; }
profiles_made() { grep -c 'profile: captured' "$WORK/log" || true; }
phases_run() { grep -cE '^\[[^]]*\] [a-z-]+: .*\([0-9.]+ s\)$' "$WORK/log" || true; }
verdict_of() { awk -F '\t' '$1 == "verdict" { print $3 }' "$results/$1/verdict.tsv"; }
gate_of() { awk -F '\t' -v gate="$2" '$1 == gate { print $2 }' "$results/$1/verdict.tsv"; }

# edit FILE COMMAND...: changes FILE by COMMAND, and sees to it that its time is newer than that of every result.
edit() {
  local file=$1
  shift
  "$@"
  newer "$file"
}
newer() {
  touch "$1"
  while [ -n "$(find "$project/results" -newer "$1" -type f -print -quit 2>/dev/null)" ] || [ ! "$1" -nt "$results/results.tsv" ]; do touch "$1"; done
}
# until_seen PATTERN FILE: waits until FILE has a line of the pattern, at most 60 s.
until_seen() {
  local deadline=$((SECONDS + 60))
  until grep -Eq -- "$1" "$2" 2>/dev/null; do
    if [ $SECONDS -gt $deadline ]; then echo "never seen in $2: $1"; tail -n 5 "$2"; return 1; fi
    sleep 0.05
  done
}
# gone PID: waits until the process is gone, at most 20 s.
gone() {
  local deadline=$((SECONDS + 20))
  while kill -0 "$1" 2>/dev/null; do
    if [ $SECONDS -gt $deadline ]; then echo "process $1 is still there"; return 1; fi
    sleep 0.02
  done
}
# left_over: processes that carry this project's mark in their environment.
left_over() {
  { grep -lzFx "ASSAY_RUN=$project/results/mini/local" /proc/[0-9]*/environ 2>/dev/null || true; } | cut -d / -f 3
}
export -f run runs_made confirming_runs_made builds_made profiles_made phases_run verdict_of gate_of edit newer until_seen gone left_over
