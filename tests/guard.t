#!/bin/bash
# guard: a command under guard leaves no process behind, whatever ends it; the machine's lock; a lock held for make.
# shellcheck disable=SC2016,SC2317 # a test's own shell expands its commands, and calls the functions here
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
export ASSAY_MACHINE_LOCK=$WORK/machine.lock

# A process that writes its id to the file $1 and then lives on.
cat >daemon <<'END'
#!/bin/bash
echo $$ >"$1.new"
mv "$1.new" "$1"
exec sleep 1000 </dev/null >/dev/null 2>&1
END
# The same, as a daemon: its parents are gone, and it is in a session of its own.
cat >daemonize <<'END'
#!/bin/bash
exec setsid -f setsid -f ./daemon "$1"
END
# Starts such a daemon and a child, and stays.
cat >server <<'END'
#!/bin/bash
./daemonize "$1.daemon"
./daemon "$1.child" &
wait
END
chmod +x daemon daemonize server

eventually() { # eventually SECONDS COMMAND...: waits until the command succeeds
  local end=$((SECONDS + $1 + 1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || { echo "never: $*"; return 1; }
    sleep 0.01
  done
}
runs() { # runs FILE...: each file holds the id of a process that runs
  local file id state
  for file; do
    id=$(cat "$file" 2>/dev/null) && [ -n "$id" ] || return
    state=$(sed 's/.*) \(.\).*/\1/' "/proc/$id/stat" 2>/dev/null) || return
    [ "$state" != Z ] || return
  done
}
gone() { # gone FILE...: each file holds the id of a process that ran and does no more
  local file
  for file; do
    [ -s "$file" ] || return
    ! runs "$file" || return
  done
}
has_line() { grep -Eqs -- "$1" "$2"; }
ended() { ! [ -e "/proc/$1/stat" ] || grep -q ") Z " "/proc/$1/stat"; }
ends_with() { # ends_with STATUS ID: waits for a background job
  local got=0
  eventually 10 ended "$2"
  wait "$2" || got=$?
  [ "$got" = "$1" ] || { echo "exit $got, expected $1"; return 1; }
}
quietly() { # quietly STATUS COMMAND...: exact exit status, nothing on stderr
  local got=0
  "${@:2}" 2>quietly.err || got=$?
  if [ "$got" != "$1" ]; then echo "exit $got, expected $1: ${*:2}"; cat quietly.err; return 1; fi
  same /dev/null quietly.err
}
export -f eventually runs gone has_line ended ends_with quietly

test_that 'the exit status, output and errors of the command pass' '
  quietly 0 guard true
  quietly 7 guard -- bash -c "exit 7"
  [ "$(guard -- printf "%s|" "a b" "\$x" -h)" = "a b|\$x|-h|" ]
  says 3 "^to stderr$" guard bash -c "echo to stderr >&2; exit 3"'

test_that 'a command that a signal ended gives 128 + its number' '
  quietly 143 guard -- bash -c "kill -TERM \$\$"
  quietly 137 guard -- bash -c "kill -KILL \$\$"'

test_that 'a command that cannot be run gives 127 or 126 and says why' '
  says 127 "^guard: no-such-command: cannot be run: No such file" guard no-such-command
  echo text >plain-file
  says 126 "^guard: ./plain-file: cannot be run: Permission denied" guard ./plain-file'

test_that 'bad usage gives 2' '
  says 2 "a command is expected" guard
  says 2 "there is no option .--nonsense" guard --nonsense true
  says 2 "needs a value" guard --limit
  says 2 "shared or exclusive is expected" guard --machine mine true
  says 2 "seconds above 0" guard --limit 0 true
  says 2 "seconds above 0" guard --limit 5x true
  says 2 "seconds above 0" guard --limit nan true
  says 2 "for goes with --machine" guard --for this true
  says 2 "sweep goes with --hold" guard --sweep A=b true
  says 2 "needs the id of a process" guard --hold lock
  says 2 "is no process id" guard --hold lock 12x
  says 2 "NAME=VALUE is expected" guard --hold lock $$ --sweep NAME
  says 2 "takes no command" guard --hold lock $$ true
  guard --help >help; grep -q "^usage: guard" help
  guard -V | grep -q "^guard (Assay) "'

test_that 'the command has no terminal, no input, no ignored or blocked signal' '
  guard bash -c "cat; ps -o sid= -p \$\$; echo \$\$" >ids
  [ "$(sed -n 1p ids | tr -d " ")" = "$(sed -n 2p ids)" ]
  (trap "" INT PIPE USR1; guard grep -E "^Sig(Blk|Ign)" /proc/self/status) >signals
  # 32 and 33 belong to the C library; make starts what it starts with them ignored.
  [ "$(grep -cE "(Blk.*0000000000000000|Ign.*0000000180000000|Ign.*0000000000000000)$" signals)" = 2 ]'

test_that 'a daemon in a session of its own is gone when the command has ended' '
  guard bash -c "./daemonize own.pid; until [ -e own.pid ]; do sleep 0.01; done; exit 5" || [ $? = 5 ]
  gone own.pid'

for signal in TERM:143 INT:130 HUP:129 QUIT:131; do
  test_that "${signal%:*} ends everything, with exit status ${signal#*:}" "
    env --default-signal=INT,HUP,QUIT guard ./server ${signal%:*} & id=\$!
    eventually 5 runs ${signal%:*}.daemon ${signal%:*}.child
    kill -${signal%:*} \$id
    ends_with ${signal#*:} \$id
    gone ${signal%:*}.daemon ${signal%:*}.child"
done

test_that 'what guard was started to ignore it ignores, as a job in the background does INT; not TERM' '
  env --ignore-signal=INT,HUP,TERM guard ./server ignoring & id=$!
  eventually 5 runs ignoring.daemon ignoring.child
  kill -INT $id
  kill -HUP $id
  kill -TERM $id
  ends_with 143 $id
  gone ignoring.daemon ignoring.child'

test_that 'kill -9 of its parent leaves nothing' '
  bash -c "guard ./server orphan & echo \$! >orphan.guard; wait" & id=$!
  eventually 5 runs orphan.guard orphan.daemon orphan.child
  kill -9 $id
  eventually 2 gone orphan.guard orphan.daemon orphan.child'

test_that 'kill -9 of guard ends the command itself' '
  guard ./daemon direct & id=$!
  eventually 5 runs direct
  kill -9 $id
  eventually 2 gone direct'

test_that 'guards in guards end from the outermost' '
  guard guard guard ./server nested & id=$!
  eventually 5 runs nested.daemon nested.child
  kill $id
  ends_with 143 $id
  gone nested.daemon nested.child'

test_that 'a command that ignores TERM and forks on is ended' '
  MARK=$WORK guard bash -c "trap \"\" TERM
    for ((n = 1; ; n++)); do (./daemonize many.\$n & sleep 0.01 & wait) & wait; done" & id=$!
  eventually 5 runs many.1
  kill $id
  ends_with 143 $id
  gone many.*[0-9]
  ! grep -lsz "^MARK=$WORK\$" /proc/[0-9]*/environ'

test_that 'a limit ends the command and its daemons with 124 and a line' '
  says 124 "^guard: ./server: ran longer than its limit of 0.4 s and was ended$" guard --limit 0.4 ./server limited
  gone limited.daemon limited.child
  quietly 6 guard -l 1000 -- bash -c "exit 6"'

test_that 'a message that nobody reads leaves no process behind' '
  mkfifo unread
  cat unread >cat.out & reader=$!
  exec 9>unread
  kill $reader
  ends_with 143 $reader
  got=0; guard --limit 0.2 ./server unread.by 2>&9 || got=$?
  [ $got = 124 ]
  gone unread.by.daemon unread.by.child'

# The machine's lock.

test_that 'who waits for the machine says who holds it and what for, and when it was got' '
  guard --machine exclusive --for "measuring a/b" -- ./daemon exclusive & holder=$!
  eventually 5 runs exclusive
  guard --machine shared -- touch second 2>second.err & waiter=$!
  eventually 5 has_line "^guard: waiting for the machine: PID $holder \(measuring a/b\) holds it$" second.err
  [ ! -e second ]
  kill $holder
  ends_with 0 $waiter
  [ -e second ]
  has_line "^guard: got the machine after [0-9.]+ s$" second.err'

test_that 'without --for the command line of the holder is shown, cut to 80 printable characters' '
  guard -m exclusive -- bash -c "./daemon \$2" $'\''a\tb\e[1m'\'' - line.pid "$(printf "x%.0s" {1..100})" & holder=$!
  eventually 5 runs line.pid
  guard --machine exclusive true 2>line.err & waiter=$!
  eventually 5 has_line "waiting" line.err
  kill $holder
  ends_with 0 $waiter
  name=$(sed -n "s/^guard: waiting for the machine: PID $holder (\(.*\)) holds it$/\1/p" line.err)
  [ ${#name} = 80 ]
  [[ $name == "guard -m exclusive -- bash -c ./daemon \$2 a?b?[1m - line.pid xx"*x... ]]'

test_that 'the machine is shared by those who share it, and not by one who wants it alone' '
  guard --machine shared --for one ./daemon one.pid & one=$!
  guard --for=two -mshared ./daemon two.pid & two=$!
  eventually 5 runs one.pid two.pid
  quietly 0 timeout 5 guard --machine shared true
  guard --machine exclusive touch alone 2>alone.err & waiter=$!
  eventually 5 has_line "PID ($one \(one\), PID $two \(two\)|$two \(two\), PID $one \(one\)) hold it" alone.err
  kill $one
  ends_with 143 $one
  [ ! -e alone ]
  kill $two
  ends_with 0 $waiter
  [ -e alone ]'

test_that 'a signal and the death of its parent end the waiting' '
  guard --machine exclusive ./daemon busy & holder=$!
  eventually 5 runs busy
  guard --machine shared true 2>impatient.err & waiter=$!
  eventually 5 has_line waiting impatient.err
  kill $waiter
  ends_with 143 $waiter
  bash -c "guard --machine shared touch never 2>child.err & echo \$! >waiter.pid; wait" & parent=$!
  eventually 5 has_line waiting child.err
  kill -9 $parent
  eventually 2 gone waiter.pid
  kill $holder
  ends_with 143 $holder
  [ ! -e never ]'

test_that 'no child inherits the lock: after kill -9 of guard it is free, even while a daemon lives' '
  guard --machine exclusive ./server heir & id=$!
  eventually 5 runs heir.daemon
  kill -9 $id
  quietly 0 timeout 5 guard --machine exclusive true
  runs heir.daemon
  kill "$(cat heir.daemon)" "$(cat heir.child)"'

test_that 'a lock whose file was removed while waiting is worth nothing: the new file is waited for' '
  guard --machine exclusive ./daemon old.pid & old=$!
  eventually 5 runs old.pid
  guard --machine exclusive touch after 2>after.err & waiter=$!
  eventually 5 has_line waiting after.err
  rm "$ASSAY_MACHINE_LOCK"
  guard --machine exclusive ./daemon new.pid & new=$!
  eventually 5 runs new.pid
  kill $old
  eventually 5 has_line "-> FLOCK .* $waiter .*:$(stat -c %i "$ASSAY_MACHINE_LOCK") " /proc/locks
  [ ! -e after ]
  kill $new
  ends_with 0 $waiter
  [ "$(grep -c waiting after.err)" = 1 ]'

test_that 'the file of the lock is open to all users; one in place is taken as it is; a link is refused' '
  mkdir -m 1777 sticky
  export ASSAY_MACHINE_LOCK=$PWD/sticky/lock
  (umask 077; guard --machine shared true)
  [ "$(stat -c %a sticky/lock)" = 666 ]
  ln -s lock sticky/link
  ASSAY_MACHINE_LOCK=sticky/link says 1 "sticky/link: .*symbolic link" guard --machine shared true
  mkfifo sticky/fifo
  ASSAY_MACHINE_LOCK=sticky/fifo says 1 "sticky/fifo: is not a regular file" guard --machine shared true
  ASSAY_MACHINE_LOCK=no/such/folder says 1 "no/such/folder: .*No such file" guard --machine shared true'

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
  test_that 'another user takes the lock, too' '
    chmod 755 .
    cp "$(command -v guard)" sticky/guard
    chmod 755 sticky/guard
    ASSAY_MACHINE_LOCK=$PWD/sticky/lock setpriv --reuid=65534 --clear-groups sticky/guard --machine exclusive true'
else
  skip 'needs root and setpriv' 'another user takes the lock, too'
fi

test_that 'a guard below the one that holds the machine fails instead of waiting for ever' '
  says 1 "PID [0-9]+ \(outer\), which started this guard, holds the machine" \
    timeout 5 guard --machine exclusive --for outer guard --machine shared true
  quietly 0 timeout 5 guard --machine shared guard --machine shared true'

# A lock for a make, and what a killed one left.

test_that 'a lock is held until its process ends, and refused to another, who hears whose it is' '
  ./daemon first.make & first=$!
  eventually 5 runs first.make
  timeout 5 bash -c "[ -z \"\$(guard --hold \"new folder/deep/lock\" $first 2>&1)\" ]"
  says 1 "^guard: another make holds new folder/deep/lock: PID $first \(sleep 1000\); wait for it or end it$" \
    guard --hold "new folder/deep/lock" $$
  quietly 0 guard --hold "new folder/deep/lock" $first
  ! flock -n "new folder/deep/lock" true
  kill -9 $first
  eventually 2 gone first.make
  quietly 0 guard --hold "new folder/deep/lock" $$
  says 1 "PID $$ \(" guard --hold "new folder/deep/lock" $PPID'

test_that 'the lock ends with the process that it was held for' '
  eventually 2 flock -n "new folder/deep/lock" true'

test_that 'a lock whose process was killed but which is not let go yet is waited for' '
  ./daemon slow.make & id=$!
  eventually 5 runs slow.make
  guard --hold slow.lock $id
  holder=$(pgrep -f "^guard --hold slow.lock $id")
  kill -STOP $holder
  kill -9 $id
  eventually 2 gone slow.make
  guard --hold slow.lock $$ & waiter=$!
  eventually 2 grep -q " (guard) S " /proc/$waiter/stat
  kill -CONT $holder
  ends_with 0 $waiter'

test_that 'no process to hold it for is an error' '
  bash -c "./daemon zombie.make & exec sleep 1000" & parent=$!
  eventually 5 runs zombie.make
  id=$(cat zombie.make)
  kill -9 $id
  eventually 5 gone zombie.make
  [ -e /proc/$id ]
  says 1 "there is no process $id to hold lock for" guard --hold lock $id
  kill $parent
  true & id=$!
  wait $id
  says 1 "there is no process $id to hold lock for" guard --hold lock $id
  flock -n lock true || [ ! -e lock ]'

test_that 'a lock whose file was removed is taken anew' '
  guard --hold removed.lock $$
  rm removed.lock
  guard --hold removed.lock $PPID
  [ "$(cat removed.lock)" = $PPID ]'

test_that 'leftovers of an earlier run are ended by id and named, even one that ignores TERM' '
  RUN="a b" ./daemonize left.daemon
  RUN="a b" setsid -f bash -c "trap \"\" TERM; echo \$\$ >left.deaf; while :; do sleep 0.1; done"
  RUN="a b" guard ./server left.guarded &
  ./daemon left.make & id=$!
  RUN="a b c" ./daemonize left.other
  XRUN="a b" ./daemonize left.prefix
  eventually 5 runs left.daemon left.deaf left.guarded.daemon left.guarded.child left.other left.prefix left.make
  says 0 "^guard: ended PID $(cat left.daemon) \(sleep 1000\), left over from an earlier run$" \
    guard --hold sweep.lock $id --sweep "RUN=a b"
  has_line "^guard: ended PID $(cat left.deaf) \(bash -c trap .*\), left over" says.err
  [ "$(grep -c "$(cat left.daemon)" says.err)" = 1 ]
  gone left.daemon left.deaf left.guarded.daemon left.guarded.child
  runs left.other left.prefix left.make
  kill "$(cat left.other)" "$(cat left.prefix)" $id'

test_that 'what belongs to the present make and to who asks is not swept' '
  export RUN=own
  bash -c "bash -c \"./daemon kin.child & echo \\\$\\\$ >kin.make; wait\"; exit" & parent=$!
  ./daemon kin.brother & brother=$!
  eventually 5 runs kin.child kin.brother kin.make
  id=$(cat kin.make)
  [ $id != $parent ]
  says 0 "ended PID $brother " guard --hold kin.lock $id --sweep RUN=own
  [ "$(wc -l <says.err)" = 1 ]
  runs kin.child kin.make
  kill -0 $parent
  quietly 0 guard --hold kin.lock $id --sweep RUN=own
  kill "$(cat kin.child)" $id $parent'

cat >GNUmakefile <<'END'
MAKEFLAGS += -rR
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
export ASSAY_RUN := $(CURDIR)
result: | lock
	@guard --machine exclusive -- ./server make
lock:
	@guard --hold .run/lock $$PPID --sweep 'ASSAY_RUN=$(CURDIR)'
.PHONY: lock
END

test_that 'guard is the direct child of make, and kill -9 of make leaves no process and no lock' '
  make >make.out 2>&1 & id=$!
  eventually 5 runs make.daemon make.child
  guard_id=$(pgrep -P $id -x guard)
  says 2 "another make holds .run/lock: PID $id \(make\); wait" make
  kill -9 $id
  eventually 2 gone make.daemon make.child
  echo $guard_id >make.guard
  eventually 2 gone make.guard
  rm make.daemon make.child
  make >make.out 2>&1 & id=$!
  eventually 5 runs make.daemon make.child
  kill $id
  eventually 2 gone make.daemon make.child'

test_that 'after kill -9 of make and of its guard the next make ends what is left' '
  rm make.daemon make.child
  make >make.out 2>&1 & id=$!
  eventually 5 runs make.daemon make.child
  guard_id=$(pgrep -P $id -x guard)
  kill -9 $guard_id $id
  runs make.daemon
  cp make.daemon old.daemon
  rm make.daemon
  make >make.out 2>&1 & id=$!
  eventually 5 runs make.daemon
  gone old.daemon
  has_line "ended PID $(cat old.daemon) \(sleep 1000\), left over" make.out
  kill $id
  eventually 2 gone make.daemon make.child'

# A test that failed may have left some of them.
for file in *.pid *.daemon *.child *.make left.* kin.* make.* busy exclusive direct; do
  [ -f "$file" ] && runs "$file" && kill -9 "$(cat "$file")"
done
finish
