#!/bin/bash
# The parts of the Python profilers that run in Python: the two captures loaded into a service, and pynames.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
PROGRAMS=$DATA/python-capture
PYNAMES=$ROOT/pipelines/pynames.py
export PROGRAMS PYNAMES

load() { # load MODULE FOLDER: makes the folders that a capture needs
  mkdir -p "$2/load" && cp "$ROOT/pipelines/$1.py" "$2/load/sitecustomize.py"
}
capture() { # capture MODULE FOLDER [NAME=VALUE...] COMMAND...: runs a command, what it starts in Python under capture
  load "$1" "$2"
  env PYTHONPATH="$2/load" PYTHONDONTWRITEBYTECODE=1 ASSAY_CAPTURE="$2" "${@:3}"
}
value() { # value NAME FILE...
  sed -n "s/^$1=//p" "${@:2}"
}
check() { # check EXPRESSION: arithmetic with fractions; prints it where it does not hold
  awk "BEGIN { exit !($1) }" || { echo "does not hold: $1"; return 1; }
}
fails() { ! "$@"; } # as a command of its own: errexit does not look at "! command"
# innermost FUNCTION FILE...: in how many stacks of faulthandler the function is the innermost
innermost() {
  awk -v name="$1" '/^Stack/ { getline; count += $NF == name } END { print count + 0 }' "${@:2}"
}
# whole FOLDER: waits until the readers of python-cpu have written the last
whole() {
  local file
  for file in "$1"/cpu.*.1.txt; do flock -w 10 "$file" true; done
}
facts_of() { find "$1" -name 'cpu.*.txt' ! -name 'cpu.*.1.txt' | sort | head -n 1; }
# end_by SIGNAL,... COMMAND...: starts a command, waits for its line `settled`, sends the signals, prints how it ended
end_by() {
  /usr/bin/python3 -c '
import signal, subprocess, sys, time
service = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
assert service.stdout.readline() == b"settled\n"
for name in sys.argv[1].split(","):
    service.send_signal(getattr(signal, name))
    looks = 0
    end = time.monotonic() + 5
    while name == "SIGSTOP" and looks < 5:  # stopped, and still so
        assert time.monotonic() < end, "not stopped"
        time.sleep(0.01)
        with open(f"/proc/{service.pid}/stat") as stat:
            looks = looks + 1 if stat.read().rpartition(")")[2].split()[0] in "tT" else 0
print(service.wait(20))' "$@"
}
export -f load capture value check fails innermost whole facts_of end_by

test_that 'the capture modules can stand between single quotes' '
  fails grep -n "[^ -~]\|'\''" "$ROOT"/pipelines/{tracemalloc,python-cpu}.py
'

# CPU time. What the program measures by its own clock, and where the samples fall, must agree.
test_that 'python-cpu shares the samples of a thread as its CPU time is shared, C code that holds the lock included' '
  capture python-cpu cpu /usr/bin/python3 "$PROGRAMS/cpu-split.py" >split
  whole cpu
  search=$(innermost search cpu/cpu.*.1.txt) add=$(innermost add cpu/cpu.*.1.txt)
  check "$search > 100 && $add > 50"
  check "($search / ($search + $add) - $(value search split) / ($(value search split) + $(value add split))) ^ 2 < 0.08 ^ 2"
'
test_that 'python-cpu takes nearly no sample of a thread that sleeps' '
  check "$(grep -c " in sleep$" cpu/cpu.*.1.txt) < 0.05 * $(grep -c "^Stack" cpu/cpu.*.1.txt)"
'
test_that 'python-cpu says how many samples it took, which are as many as there were ticks of CPU time' '
  facts=$(facts_of cpu)
  [ "$(value samples "$facts")" = "$(grep -c "^Stack" cpu/cpu.*.1.txt)" ]
  [ "$(value unreadable_samples "$facts")" = 0 ]
  [ "$(value threads "$facts")" = 3 ]
  check "($(value samples "$facts") * $(value interval_ms "$facts") / 1000 / $(value cpu_seconds "$facts") - 1) ^ 2 < 0.4 ^ 2"
'
test_that 'python-cpu reads each kind of frame as Python itself would name it' '
  capture python-cpu kinds /usr/bin/python3 "$PROGRAMS/stacks.py"
  whole kinds
  stack=$(echo kinds/cpu.*.1.txt)
  called() { # called LINE NAME LINE NAME: a frame, and the one that it was called from
    grep -A1 -F "/stacks.py\", line $1 in $2" "$stack" | grep -F "/stacks.py\", line $3 in $4" >/dev/null || { echo "missing: $*"; false; }
  }
  called 15 hold 19 generator
  called 19 generator 40 "<module>"
  called 27 deep 25 deep
  called 15 hold 42 "<listcomp>"
  called 42 "<listcomp>" 42 "<module>"
  called 32 __getattr__ 43 "<module>"
  called 36 "<lambda>" 36 "na\\xefve"
  fails grep "sitecustomize.py\", line [0-9]* in [a-z]" "$stack"
  grep -qFx "  File \"made up;\\x0a.py\", line 1 in <module>" "$stack"
  grep -qFx "  ..." "$stack"
'
test_that 'python-cpu adds no child, no descriptor and no handler to the service, and one timer a thread, while it lives' '
  capture python-cpu crowd /usr/bin/python3 "$PROGRAMS/crowd.py" >with
  /usr/bin/python3 "$PROGRAMS/crowd.py" >without
  [ "$(value timers with)" = 1 ]
  [ "$(value timers without)" = 0 ]
  same <(grep -v "^timers\|^seconds" with) <(grep -v "^timers\|^seconds" without)
'
test_that 'python-cpu samples threads that live shorter than a tick as often as others' '
  whole crowd
  facts=$(facts_of crowd)
  [ "$(value threads "$facts")" = 1501 ]
  in_burn=$(innermost burn crowd/cpu.*.1.txt)
  check "$in_burn > 20 && ($in_burn * 0.004 / $(value seconds_in_burn with) - 1) ^ 2 < 0.5 ^ 2"
'
test_that 'python-cpu samples a child made by fork, in files of its own' '
  read -r parent child < <(capture python-cpu forks /usr/bin/python3 "$PROGRAMS/forks.py")
  whole forks
  [ "$(innermost burn_in_child forks/cpu."$child".1.txt)" -ge 10 ]
  [ "$(innermost burn_in_child forks/cpu."$parent".1.txt)" = 0 ]
  [ "$(innermost burn_in_parent forks/cpu."$parent".1.txt)" -ge 10 ]
'
test_that 'python-cpu lets signals through: a service that is stopped, goes on, and dies of one' '
  [ "$(capture python-cpu stopped bash -c "end_by SIGSTOP,SIGCONT,SIGTERM /usr/bin/python3 $PROGRAMS/memory.py 3 wait")" = -15 ]
'
test_that 'python-cpu follows a process into another program' '
  capture python-cpu exec /usr/bin/python3 -c "
import os, time
os.nice(0) if os.environ.get(\"AGAIN\") else os.execve(\"/usr/bin/python3\", [\"python3\", \"$PROGRAMS/forks.py\"], dict(os.environ, AGAIN=\"1\"))" >ids
  whole exec
  read -r parent child <ids
  [ "$(innermost burn_in_parent exec/cpu."$parent".1.txt)" -ge 10 ]
'
test_that 'the reader of python-cpu ends with the service' '
  whole stopped
  (cat /proc/[0-9]*/cmdline 2>/dev/null || true) | tr "\0\n" "\n " >commands
  fails grep "^$WORK/.*sitecustomize" commands
'
test_that 'python-cpu refuses an interval that is none, and the service runs all the same' '
  [ "$(capture python-cpu refused ASSAY_INTERVAL_MS=0 /usr/bin/python3 -c "print(5)" 2>err)" = 5 ]
  grep "^assay: python-cpu: no capture: .*ASSAY_INTERVAL_MS" err
'

# Memory: 20 MB at the peak, of which spike() holds 18; 4 MB are left at the end.
test_that 'tracemalloc learns the traced peak' '
  capture tracemalloc peak ASSAY_PASS=peak /usr/bin/python3 "$PROGRAMS/memory.py" 20 end
  check "$(value traced_peak_bytes peak/peak.*.txt) >= 20e6 && $(value traced_peak_bytes peak/peak.*.txt) < 20.5e6"
'
test_that 'tracemalloc takes its snapshot near the peak, and not at the end' '
  capture tracemalloc snapshot ASSAY_PASS=snapshot ASSAY_PEAK="$(value traced_peak_bytes peak/peak.*.txt)" \
    /usr/bin/python3 "$PROGRAMS/memory.py" 20 end
  facts=$(echo snapshot/snapshot.*.txt)
  peak=$(value traced_peak_bytes "$facts") taken=$(value snapshot_bytes "$facts") target=$(value snapshot_target_bytes "$facts")
  check "$target >= 0.96 * $peak && $taken >= $target && $taken <= $peak + 1000"
  awk -F"\t" "/memory.py:12\t|memory.py:12;/ { spike += \$1 } END { exit !(spike > 17e6) }" snapshot/snapshot.*.tsv
'
test_that 'the rows of a snapshot add up to what was traced' '
  facts=$(echo snapshot/snapshot.*.txt)
  [ "$(head -n 1 snapshot/snapshot.*.tsv)" = "$(printf "tracemalloc_bytes\ttracemalloc_blocks\tdepth\tstack")" ]
  sum=$(awk -F"\t" "NR > 1 { sum += \$1 } END { print sum }" snapshot/snapshot.*.tsv)
  check "$sum <= $(value snapshot_bytes "$facts") && $sum > 0.99 * $(value snapshot_bytes "$facts")"
  fails grep "<assay>" snapshot/snapshot.*.tsv
'
test_that 'a stack of a snapshot has its 25 innermost frames, outermost first, and says how deep it really was' '
  awk -F"\t" "NR == 2 { frames = split(\$4, frame, \";\")
    print frames, \$3, frame[24], frame[25]; exit !(frames == 25 && \$3 > 41 && frame[25] ~ /memory.py:12\$/) }" snapshot/*.tsv
'
test_that 'a run that stays below the peak of the first pass has its snapshot at the highest threshold that it reached' '
  capture tracemalloc below ASSAY_PASS=snapshot ASSAY_PEAK=23500000 /usr/bin/python3 "$PROGRAMS/memory.py" 20 end
  [ "$(value snapshot_target_bytes below/snapshot.*.txt)" = 18800000 ]
  check "$(value snapshot_bytes below/snapshot.*.txt) >= 18800000"
'
test_that 'the copy of the service lets go of what the service has open' '
  capture tracemalloc copy ASSAY_PASS=snapshot ASSAY_PEAK=20000000 /usr/bin/python3 "$PROGRAMS/copy-lets-go.py" | tee copy.out
  [ "$(cat copy.out)" = "let go" ]
'
test_that 'the snapshot pass goes through a service that forks' '
  capture tracemalloc forked ASSAY_PASS=snapshot ASSAY_PEAK=20100000 /usr/bin/python3 "$PROGRAMS/memory.py" 20 fork
  compgen -G "forked/snapshot.*.tsv"
'
test_that 'a service that dies of SIGTERM still does, and leaves its output' '
  [ "$(load tracemalloc term; export ASSAY_PASS=peak; capture tracemalloc term bash -c "end_by SIGTERM /usr/bin/python3 $PROGRAMS/memory.py 3 wait")" = -15 ]
  check "$(value traced_peak_bytes term/peak.*.txt | sort -n | tail -n 1) >= 3e6"
'
test_that 'a service that is killed leaves the peak that was known by then' '
  [ "$(capture tracemalloc kill ASSAY_PASS=peak bash -c "end_by SIGKILL /usr/bin/python3 $PROGRAMS/memory.py 3 wait")" = -9 ]
  check "$(value traced_peak_bytes kill/peak.*.txt | wc -l) == 2"
'
for module in tracemalloc python-cpu; do
  export module
  test_that "$module runs the sitecustomize that it hides, and is on no path of the service" '
    mkdir -p other && echo "print(\"hidden one\")" >other/sitecustomize.py
    load $module hiding
    PYTHONPATH=hiding/load:other ASSAY_CAPTURE=hiding ASSAY_PASS=peak PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 -c "
import sys
print(any(entry.endswith(\"hiding/load\") for entry in sys.path))" >out
    [ "$(cat out)" = "$(printf "hidden one\nFalse")" ]
  '
  test_that "$module without a folder for its output says so, and the service runs all the same" '
    load $module nowhere
    PYTHONPATH=nowhere/load ASSAY_PASS=peak ASSAY_CAPTURE=$WORK/none/such /usr/bin/python3 -c "print(5)" >out 2>err || true
    [ "$(cat out)" = 5 ]
    grep "^assay: $module: no capture: .*none/such" err
  '
done

test_that 'pynames names each kind of scope by the syntax tree, and leaves what it does not know' '
  sed "s|@DIR@|$PROGRAMS|g" "$PROGRAMS/names.in" | "$PYNAMES" --root "$PROGRAMS" | sed "s|$PROGRAMS|@DIR@|g" >names
  same "$PROGRAMS/names.expected" names
  LC_ALL=C sort -uc names
'
test_that 'pynames shortens by the first root that holds the file, and by the folder of the library' '
  line=$(grep -n "^def deepcopy" /usr/lib/python3.11/copy.py | cut -d: -f1)
  echo "/usr/lib/python3.11/copy.py:$line;$PROGRAMS/edited.py:2 1" >in
  [ "$("$PYNAMES" --root /none --root "${PROGRAMS%/*}" --root "$PROGRAMS" in)" = \
    "deepcopy (copy.py:$line);renamed_since (python-capture/edited.py:2) 1" ]
  ln -s "$PROGRAMS" linked
  [ "$("$PYNAMES" --root linked in)" = "deepcopy (copy.py:$line);renamed_since (edited.py:2) 1" ]
'
test_that 'pynames undoes the escapes of faulthandler where they mean a file' '
  folder=$(printf "caf\303\251")
  mkdir "$folder" && printf "def na\303\257ve():\n    pass\n" >"$folder/x.py"
  echo "na\\xefve ($PWD/caf\\xe9/x.py:2) 3" | "$PYNAMES" --root . >out
  printf "na\303\257ve (caf\303\251/x.py:2) 3\n" | same - out
'
test_that 'pynames names the file and line of what is no folded stack' '
  printf "a;b 1\na;b\n" >in
  says 1 "^pynames: in:2: " "$PYNAMES" in
  [ ! -s says.out ]
  for line in "" "7" "a 1.5" "a -1" "a 1 "; do
    echo "$line" >in
    says 1 "^pynames: in:1: " "$PYNAMES" in
  done
  says 1 "^pynames: none: No such file" "$PYNAMES" none
  says 2 "usage" "$PYNAMES" --bogus
'
test_that 'pynames fails when its output cannot be written' '
  echo "a 1" >in
  fails "$PYNAMES" in >/dev/full 2>err
  grep "^pynames: standard output: No space left" err
'

if [ -x "$BUILD/bin/stackfold" ]; then
  test_that 'capture, stackfold and pynames in a row name who holds the memory, and who takes the time' '
    stackfold --quiet --format tracemalloc snapshot/snapshot.*.tsv | "$PYNAMES" --root "$PROGRAMS" >memory.folded
    grep -E "^\[truncated\];spike \(memory.py:11\);.*;spike \(memory.py:12\).* 1[78][0-9]{6}$" memory.folded
    stackfold --quiet --lenient --format faulthandler cpu/cpu.*.1.txt | "$PYNAMES" --root "$PROGRAMS" >cpu.folded
    awk "/;work \(cpu-split.py:33\);search \(cpu-split.py:12\) / { count = \$NF } END { exit !(count > 100) }" cpu.folded
    fails grep -F "<assay>" cpu.folded
  '
else
  skip 'stackfold is not built' 'capture, stackfold and pynames in a row'
fi
finish
