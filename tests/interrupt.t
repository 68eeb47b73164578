#!/bin/bash
# Interruption in the middle of measuring: nothing is left over, and the same command goes on with the next run.
. "${0%/*}/harness.sh"
. "$ROOT/tests/project.sh"
rm "$project/targets/mini/experiments/"{number,elsewhere,halved,renamed,deeper}.patch

# begin SEED [RUNS]: make in the background, in a session of its own, until a run was made; PID in $!. Each test has a seed, and so
# runs, of its own; there are enough of them not to end before the interruption.
begin() {
  : >out
  seed=$1
  env --default-signal=INT,HUP,QUIT setsid make -C "$project" TARGET=mini RULE=seed RUNS="${2:-30}" SEED="$seed" experiment >out 2>&1 </dev/null &
  until_seen 'measure: run' out
}
# goes_on: the command again ends well, keeps what was there, and nothing of the earlier one remains.
goes_on() {
  [ -z "$(left_over)" ] || { echo "left over:"; ps -o pid,ppid,args -p "$(left_over | paste -sd,)"; return 1; }
}
resumes() {
  local before
  before=$(find "$results/trim/runs" -name '[0-9]*.tsv' | wc -l)
  : >again
  make -C "$project" TARGET=mini RULE=seed RUNS=30 SEED="$seed" EXP=trim measure >again 2>&1 &
  local make=$!
  until_seen 'measure: run' again
  grep -q 'going on' again
  [ "$(find "$results/trim/runs" -name '[0-9]*.tsv' | wc -l)" -gt "$before" ]
  # no server of the earlier attempt: one service at most, that of this attempt
  [ "$(left_over | xargs -r -n 1 -I{} sh -c 'tr "\0" " " </proc/{}/cmdline 2>/dev/null; echo' | grep -c '^.usr.bin.python3 server.py')" -le 1 ]
  kill -TERM $make; wait $make || true
}
wait_clean() {
  local deadline=$((SECONDS + 15))
  while [ -n "$(left_over)" ]; do [ $SECONDS -lt $deadline ] || { goes_on; return 1; }; sleep 0.05; done
}
export -f begin goes_on resumes wait_clean

test_that 'kill -9 of make: all that it started ends by itself, and the next make resumes' '
  begin 1; make=$!; kill -9 $make; wait_clean; resumes; wait_clean'
test_that 'kill -9 of the guard: the next make ends what was left and resumes' '
  begin 2; make=$!
  guard=$(pgrep -P $make -x guard | head -n 1)
  kill -9 "$guard"
  wait $make || true
  resumes; wait_clean'
test_that 'kill -9 of make and guard at once: the next make ends what was left and resumes' '
  begin 3; make=$!
  kill -9 "$(pgrep -P $make -x guard | head -n 1)" $make
  gone $make
  resumes; wait_clean'
for signal in INT HUP TERM; do
  test_that "SIG$signal to the whole foreground group leaves no process and no lock" "
    begin $((4 + $(kill -l $signal))); make=\$!; kill -$signal -- -\$make; wait \$make || true; wait_clean; resumes; wait_clean"
done
test_that 'a second make on the same target and environment fails at once and names the first' '
  begin 5; make=$!
  says 2 "holds .*PID $make" make -C "$project" TARGET=mini EXP=trim experiment
  kill -TERM $make; wait $make || true; wait_clean'
test_that 'it ends in a verdict, by the runs that were made at every attempt' '
  begin 60 8; make=$!; kill -9 $make; wait_clean
  made=$(grep -c "measure: run" out)
  make -C "$project" TARGET=mini RULE=seed RUNS=8 SEED=60 experiment >again 2>&1
  [ "$(verdict_of trim)" = keep ]
  again=$(grep -c "measure: run" again)
  [ "$again" -ge 6 ] && [ $((made + again)) -le 17 ] && [ "$again" -lt 16 ]
  [ "$(tail -n +2 "$results/trim/samples.tsv" | cut -f 3 | sort -un | wc -l)" = 16 ]'
test_that 'an interrupted confirmation goes on with its next run' '
  : >out
  env --default-signal=INT,HUP,QUIT setsid make -C "$project" TARGET=mini RULE=seed RUNS=3 SEED=61 experiment >out 2>&1 </dev/null & make=$!
  until_seen "confirm: run 2" out; kill -9 $make; wait_clean
  make -C "$project" TARGET=mini RULE=seed RUNS=3 SEED=61 experiment >again 2>&1
  [ "$(verdict_of trim)" = keep ]; ! grep -q "measure: run" again
  [ "$(grep -c "confirm: run" again)" -le 10 ]'
test_that 'another measurement of this machine waits, and says for whom' '
  : >waited
  guard --machine exclusive --for "the other measurement" -- sleep 1000 & holder=$!
  until flock --nonblock "$ASSAY_MACHINE_LOCK" true 2>/dev/null && ! sleep 0.02; do [ -e "$ASSAY_MACHINE_LOCK" ] && ! flock --nonblock "$ASSAY_MACHINE_LOCK" true && break; done
  make -C "$project" TARGET=mini RUNS=9 SEED=70 EXP=trim measure >waited 2>&1 & make=$!
  until_seen "waiting for the machine.*the other measurement" waited
  kill -TERM $holder; wait $holder || true
  until_seen "measure: run 1," waited
  kill -TERM $make; wait $make || true; wait_clean'
finish
