#!/bin/bash
# memo: what is fresh is not made again, what is stale is, and a kill at any point never makes stale seem fresh.
# shellcheck disable=SC2016,SC2317 # a test's own shell expands its commands, and calls the functions here
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"

# A command that notes each run in the file runs, and what it writes.
export NOTED='echo run >>runs; cat input; echo made'

runs() { # runs COUNT COMMAND...: the command succeeds without a message, and NOTED ran so often
  : >runs
  "${@:2}" 2>runs.err
  same /dev/null runs.err
  [ "$(wc -l <runs)" = "$1" ] || { echo "ran $(wc -l <runs) times, expected $1"; return 1; }
}
gives() { # gives STATUS COMMAND...: exact exit status, no message
  local got=0
  "${@:2}" 2>gives.err || got=$?
  [ "$got" = "$1" ] || { echo "exit $got, expected $1"; return 1; }
  same /dev/null gives.err
}
eventually() { # eventually SECONDS COMMAND...: waits until the command succeeds
  local end=$((SECONDS + $1 + 1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || { echo "never: $*"; return 1; }
    sleep 0.01
  done
}
ended() { ! [ -e "/proc/$1/stat" ] || grep -q ") Z " "/proc/$1/stat"; }
age() { touch -d '1 hour ago' "$@"; }
export -f runs gives eventually ended age

echo one >input
test_that 'a file that is not there is made, in a folder that is not there, with its records' '
  runs 1 memo "deep/new folder/out" "$NOTED" input
  printf "one\nmade\n" | same - "deep/new folder/out"
  printf %s "$NOTED" | same - "deep/new folder/.out.cmd"
  grep -Eqx "[0-9a-f]{64}" "deep/new folder/.out.sum"
  [ "$(ls -A "deep/new folder" | wc -l)" = 3 ]'

test_that 'what is fresh is not made again, but touched; prerequisites that were only touched too' '
  runs 1 memo out "$NOTED" input
  age out
  touch input
  runs 0 memo out "$NOTED" input
  [ ! input -nt out ]
  age out .out.sum .out.cmd
  runs 0 memo out "$NOTED" input
  [ -n "$(find out -mmin -1)" ]'

test_that 'a changed command, content, or list of prerequisites makes it anew; put back, too' '
  echo other >input2
  runs 0 memo out "$NOTED" input
  runs 1 memo out "$NOTED #" input
  printf %s "$NOTED #" | same - .out.cmd
  runs 1 memo out "$NOTED" input
  echo two >input
  runs 1 memo out "$NOTED" input
  printf "two\nmade\n" | same - out
  runs 1 memo out "$NOTED" input input2
  runs 0 memo out "$NOTED" input input2
  runs 1 memo out "$NOTED" input ./input2
  runs 1 memo out "$NOTED" input'

test_that 'a content that is equal in length and time is seen all the same' '
  echo aaa >input
  runs 1 memo out "$NOTED" input
  touch -r input stamp
  echo bbb >input
  touch -r stamp input
  runs 1 memo out "$NOTED" input
  head -c 3000000 /dev/zero >big
  runs 1 memo big.out "$NOTED" big
  runs 0 memo big.out "$NOTED" big
  printf x | dd of=big bs=1 seek=2999999 conv=notrunc status=none
  runs 1 memo big.out "$NOTED" big'

test_that 'a removed file or record makes it anew; a removed command record is written again' '
  rm out
  runs 1 memo out "$NOTED" input
  rm .out.sum
  runs 1 memo out "$NOTED" input
  rm .out.cmd
  runs 0 memo out "$NOTED" input
  printf %s "$NOTED" | same - .out.cmd'

test_that 'FORCE is no prerequisite' '
  runs 0 memo out "$NOTED" FORCE input FORCE'

test_that 'parts of paths and contents are not taken for each other' '
  mkdir parts
  echo 1 >parts/a; echo 2 >parts/b; echo 1 >parts/ab
  runs 1 memo parts.out "$NOTED" parts/a parts/b
  runs 1 memo parts.out "$NOTED" parts/ab parts/b
  printf "1\n2\n" >parts/a; : >parts/b
  runs 1 memo parts.out "$NOTED" parts/a parts/b
  printf "1\n" >parts/a; printf "2\n" >parts/b
  runs 1 memo parts.out "$NOTED" parts/a parts/b'

test_that 'a folder counts by the names, contents, links and executable bits below it' '
  mkdir -p "tree/a b/.c" tree/empty
  echo 1 >"tree/a b/.c/d"
  echo 2 >tree/e
  ln -s e tree/link
  tree() { runs "$1" memo tree.out "$NOTED" tree; }
  tree 1; tree 0
  touch "tree/a b/.c/d" tree; tree 0
  mkdir tree/another-empty; mkfifo tree/fifo; tree 0
  echo 3 >"tree/a b/.c/d"; tree 1; tree 0
  echo 4 >tree/new; tree 1; tree 0
  rm tree/new; tree 1; tree 0
  mv tree/e tree/f; tree 1; tree 0
  chmod +x tree/f; tree 1; tree 0
  ln -sfn f tree/link; tree 1; tree 0
  ln -sfn "$(printf "long%.0s" {1..300})" tree/link; tree 1; tree 0
  mv "tree/a b" tree/ab; tree 1; tree 0
  rm tree/link; echo f >tree/link; tree 1; tree 0
  ln -s "$PWD" tree/up; tree 1; tree 0
  mkdir other; ln -s "$PWD/tree" other/to-tree
  runs 1 memo linked.out "$NOTED" other/to-tree
  echo 5 >>tree/f
  runs 1 memo linked.out "$NOTED" other/to-tree
  runs 0 memo linked.out "$NOTED" other/to-tree'

test_that 'the order in which a folder was filled does not count' '
  folder=$(mktemp -d /dev/shm/assay-test.XXXXXX || mktemp -d)
  trap "rm -r $folder" EXIT
  touch "$folder"/{a,b,c}
  memo order.out "$NOTED" "$folder"
  rm "$folder"/*
  touch "$folder"/{c,b,a}
  runs 0 memo order.out "$NOTED" "$folder"'

test_that 'a command that fails leaves the file and its records, and its status passes' '
  cp out out.before; cp .out.sum sum.before
  echo three >input
  says 9 "^on stderr$" memo out "echo half; echo on stderr >&2; exit 9" input
  gives 1 memo out "echo half; false; echo whole" input
  gives 1 memo out "echo half; false | true; echo whole" input
  says 1 "unbound variable" memo out "echo \$unset" input
  says 127 "no-such-command" memo out "echo half; no-such-command" input
  gives 143 memo out "echo half; kill -TERM \$\$" input
  same out.before out; same sum.before .out.sum; printf %s "$NOTED" | same - .out.cmd
  [ ! -e .out.new ]
  runs 1 memo out "$NOTED" input'

test_that 'the command reads nothing, and standard output stays empty' '
  memo in.out "cat; echo end" <input >stdout
  echo end | same - in.out
  same /dev/null stdout'

test_that 'status 75 leaves the file as it is, marked as pending until it is made' '
  cp out out.before
  runs 0 memo out "echo half; exit 75" input
  same out.before out
  [ -e .out.pending ] && [ ! -e .out.new ]
  runs 0 memo out "$NOTED" input
  [ ! -e .out.pending ]
  runs 0 memo out "exit 75" input
  echo four >input
  runs 1 memo out "$NOTED" input
  [ ! -e .out.pending ]
  runs 0 memo never "exit 75" input
  [ ! -e never ] && [ ! -e .never.pending ] && [ ! -e .never.sum ]'

test_that 'a missing prerequisite is an error that names it, or quietly waited for with ASSAY_HEAVY=no' '
  says 1 "^memo: no-such-file: is missing; missing.out cannot be made without it$" \
    memo missing.out "$NOTED" input no-such-file
  says 1 "^memo: input/x: is missing" memo missing.out "$NOTED" input/x
  ln -s nowhere dangling
  says 1 "^memo: dangling: is missing" memo missing.out "$NOTED" dangling
  export ASSAY_HEAVY=no
  runs 0 memo missing.out "$NOTED" input no-such-file
  [ ! -e missing.out ]
  runs 1 memo missing.out "$NOTED" input
  runs 0 memo missing.out "$NOTED" input no-such-file
  [ -e missing.out ]'

test_that 'with ASSAY_HEAVY=no what depends on a pending file waits, along the whole chain' '
  echo side >side
  memo chain.a "cat input" input
  memo chain.b "$NOTED" chain.a side
  memo chain.c "$NOTED" chain.b
  export ASSAY_HEAVY=no
  echo five >input
  echo changed >side
  memo chain.a "exit 75" input
  runs 0 memo chain.b "$NOTED" chain.a side
  runs 0 memo chain.c "$NOTED #" chain.b
  unset ASSAY_HEAVY
  runs 1 memo chain.c "$NOTED #" chain.b
  memo chain.a "cat input" input
  export ASSAY_HEAVY=no
  runs 1 memo chain.b "$NOTED" chain.a side
  runs 0 memo chain.b "$NOTED" chain.a side'

test_that 'ASSAY_FRESH=1 makes it in any case' '
  memo out "$NOTED" input
  runs 0 memo out "$NOTED" input
  ASSAY_FRESH=1 runs 1 memo out "$NOTED" input
  ASSAY_FRESH= runs 0 memo out "$NOTED" input
  runs 0 memo out "$NOTED" input'

test_that 'paths and commands with blanks, quotes, dollars and newlines are taken as they are' '
  name="a '\''b'\'' \"c\" \$(touch pwned) ;rm
x"
  mkdir "in $name"
  echo six >"in $name/file"
  command="cat \"in \"*/file; printf '\''%s\\n'\'' \"it'\''s\""
  memo "out $name/$name" "$command" "in $name" "in $name/file"
  printf "six\nit'\''s\n" | same - "out $name/$name"
  printf %s "$command" | same - "out $name/.$name.cmd"
  echo broken >"out $name/$name"
  memo "out $name/$name" "$command" "in $name" "in $name/file"
  echo broken | same - "out $name/$name"
  [ ! -e pwned ]
  memo ./-out "echo dash" input
  echo dash | same - ./-out'

test_that 'bad usage gives 2, what cannot be read or written 1' '
  says 2 "a file to make and a command are expected" memo out
  says 2 "no option .-x" memo -x out true
  mkdir folder
  says 2 "is not the name of a file to make" memo folder true
  says 2 "is not the name of a file to make" memo folder/ true
  says 1 "^memo: input/x: this folder cannot be created" memo input/x/out true
  mkfifo fifo
  says 1 "^memo: fifo: is neither a file nor a folder" memo fifo.out true fifo
  memo --help | grep -q "^usage: memo"
  memo -V | grep -q "^memo (Assay) "'

test_that 'kill -9 while the command runs leaves the old file, stale, and ends the command' '
  mkfifo gate
  memo killed "echo old" input
  echo seven >input
  memo killed "echo half; echo \$\$ >command.pid; read -r line <gate; echo whole" input & id=$!
  eventually 5 test -s command.pid
  [ "$(cat .killed.new)" = half ]
  kill -9 $id
  eventually 2 ended "$(cat command.pid)"
  echo old | same - killed
  runs 1 memo killed "$NOTED" input
  [ ! -e .killed.new ]
  grep -qx seven killed'

if command -v strace >/dev/null && strace -o strace.out true 2>/dev/null; then
  test_that 'a kill before any change to a file never makes a wrong file seem fresh, whatever comes next' '
    for call in unlink:{1..5} rename:{1..3} fsync:1 utimensat:1 write:{1,2}; do
      for next in old new; do
        rm -f swept .swept.*
        echo old >input
        memo swept "cat input" input
        echo new >input
        kill=${call%:*}:signal=KILL:when=${call#*:}
        gives 137 strace -qq -o strace.out -e inject=$kill memo swept "cat input" input
        grep -Eqx "old|new" swept
        echo $next >input
        memo swept "cat input" input
        echo $next | same - swept
      done
    done'

  test_that 'a full or failing disk is an error, and leaves the old file or a stale record' '
    faults="fsync:error=EIO utimensat:error=EIO rename:error=EROFS:when=1 write:error=ENOSPC:when=1 unlink:error=EIO"
    for fault in $faults; do
      echo old >input
      memo faulty "cat input" input
      echo new >input
      says 1 "^memo: .*cannot be" strace -qq -o strace.out -e inject=$fault memo faulty "cat input" input
      echo old >input
      memo faulty "cat input" input
      echo old | same - faulty
    done'
else
  skip 'needs strace' 'a full or failing disk is an error, and leaves the old file or a stale record'
  skip 'needs strace' 'a kill before any change to a file never makes a wrong file seem fresh, whatever comes next'
fi

test_that 'what was edited while the command ran is newer than the file, and makes it anew' '
  echo before >edited
  edit="cat edited; until [ edited -nt .slow.new ]; do echo after >edited; done"
  wait="until [ probe -nt edited ]; do touch probe; done"
  memo slow "$edit; $wait" edited
  echo before | same - slow
  [ edited -nt slow ]
  memo slow "$edit; $wait" edited
  echo after | same - slow'

test_that 'the output can be made executable through /dev/stdout' '
  memo script "echo \"echo hello\"; chmod +x /dev/stdout"
  [ "$(./script)" = hello ]'

test_that '100 calls that find nothing changed take well under 1 s (or thrice what starting memo takes here)' '
  mkdir hundred
  head -c 100000 /dev/zero >zeros
  TIMEFORMAT="%3U %3S" # what else runs on this machine does not count
  processor_milliseconds() {
    { time "$@"; } 2>&1 | { read -r user system; echo $((10#${user/./} + 10#${system/./})); }
  }
  all() { for n in {1..100}; do memo hundred/$n "echo $n" zeros input; done; }
  none() { for n in {1..100}; do memo -V >/dev/null; done; }
  all
  took=$(processor_milliseconds all)
  least=$(processor_milliseconds none)
  echo "$took ms, starting alone $least ms"
  [ $took -lt 800 ] || [ $took -lt $((least * 3)) ]'

cat >GNUmakefile <<'END'
MAKEFLAGS += -rR
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.SECONDEXPANSION:
q    = '$(subst ','\'',$1)'
same = $(and $(findstring x$1x,x$2x),$(findstring x$2x,x$1x))
new  = $(if $(call same,$($1.cmd),$(file <$(@D)/.$(@F).cmd)),,FORCE)
run  = @memo $(call q,$@) $(call q,$($1.cmd)) $(filter-out FORCE,$^)
made.cmd = echo run >>runs; echo 'it'\''s $(word)'; cat source
made/made: source $$(call new,made) ; $(call run,made)
FORCE:
END
test_that 'make asks nothing when nothing changed, once when all was touched, and sees a changed command' '
  echo eight >source
  age source
  runs 1 make -s made/made word=a
  make made/made word=a | grep -q "up to date"
  until [ source -nt made/made ]; do touch source; done
  ! make -q made/made word=a
  runs 0 make -s made/made word=a
  make -q made/made word=a
  runs 1 make -s made/made word=b
  make -q made/made word=b
  [ "$(head -n 1 made/made)" = "it'\''s b" ]'
finish
