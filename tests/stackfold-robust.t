#!/bin/bash
# stackfold under hostile and extreme input: a right answer or a clear error, in bounded time and memory.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"

# Limits of CPU time and memory around a command: what hangs or grows fails. Sanitizers take memory of their own.
limited() { # SECONDS KILOBYTES COMMAND...
  local seconds=$1 kilobytes=$2
  shift 2
  (
    ulimit -t "$seconds"
    [[ $BUILD == *asan* ]] || ulimit -v "$kilobytes"
    exec "$@"
  )
}
export -f limited

# --- sums past 64 bits

test_that 'a sum that fits 64 bits is right, one past that is an error, in every format with counts' '
  printf "@[\n    a+1\n]: 18446744073709551614\n@[\n    a+1\n]: 1\n" >in
  test "$(stackfold -q in)" = "a+1 18446744073709551615"
  printf "@[\n    b+1\n]: 1\n" >>in
  says 1 "more than 64 bits" stackfold in
  printf "trace\tcount()\n[2]\t18446744073709551615\n" >in
  test "$(stackfold -q in)" = "[0x1] 18446744073709551615"
  printf "[]\t1\n" >>in
  says 1 "more than 64 bits" stackfold in
  printf "tracemalloc_bytes\ttracemalloc_blocks\tdepth\tstack\n18446744073709551615\t1\t1\ta.py:1\n1\t1\t1\tb.py:1\n" >in
  says 1 "more than 64 bits" stackfold in
  test "$(stackfold -q -v blocks in | wc -l)" = 2
  printf "a 18446744073709551615\n" >in
  says 1 "more than 64 bits" stackfold in in
  test ! -s says.out
'

# --- lines of 100 MB

test_that 'a folded line of 100 MB is read within its size, and comes out whole' '
  { printf "a;"; head -c 100000000 /dev/zero | tr "\0" x; printf ";z 7\n"; printf "a;b 1\n"; } >in
  limited 20 700000 stackfold -q in >out
  test "$(wc -c <out)" = "$(wc -c <in)"
  sort in | cmp - out
'
test_that 'a line of 100 MB in other formats is an error or a frame, and no hang' '
  head -c 100000000 /dev/zero | tr "\0" "(" >long
  { printf "{\"trace\":"; cat long; echo; } >in
  limited 20 900000 stackfold -f trace-log in >out 2>err && status=0 || status=$?
  test "$status" = 1; grep -q "^stackfold: in:1: trace is no array" err
  { printf "trace\tsymbols\n[1]\t["; cat long; printf "]\n"; } >in
  limited 20 900000 stackfold -q in >out
  test "$(wc -c <out)" = 100000003
  { printf "@[\n    a+1\n    "; cat long; printf "\n]: 3\n"; } >in
  limited 20 1200000 stackfold -q in >out
  test "$(wc -c <out)" = 100000007
  limited 20 900000 stackfold long >out 2>err && status=0 || status=$?
  test "$status" = 1; test "$(wc -c <err)" -lt 1000
  for format in $(stackfold --help | sed "1,/^Formats:/d" | sed -nE "s/^  ([a-z-]+) .*/\1/p"); do
    limited 20 1200000 stackfold -f "$format" long >out 2>err && status=0 || status=$?
    test "$status" = 1; grep -Eq "^stackfold: (long|holds no stacks)" err; test "$(wc -c <err)" -lt 2000
  done
'

# --- deep stacks

test_that 'stacks of 100,000 frames, and a million in all, are read in every format' '
  frames() { perl -e "print map { \"$1\" } 1 .. 100000"; }
  perl -e "print join(\";\", map { \"f\$_\" } reverse 1 .. 100000)" >want
  { echo "@["; perl -e "print map { \"    f\$_\n\" } 1 .. 100000"; echo "]: 9"; } >in
  limited 10 300000 stackfold -q in >out
  sed "s/ 9$//" out | tr -d "\n" | cmp - want
  { printf "symbols\n["; perl -e "print join \",\", map { \"\x27f\$_\x27\" } 1 .. 100000"; printf "]\n"; } >in
  limited 10 300000 stackfold -q in >out
  sed "s/ 1$//" out | tr -d "\n" | cmp - want
  { printf "{\"symbols\":["; perl -e "print join \",\", map { \"\\\"f\$_\\\"\" } 1 .. 100000"; printf "]}\n"; } >in
  limited 10 300000 stackfold -q in >out
  sed "s/ 1$//" out | tr -d "\n" | cmp - want
  { echo "Stack (most recent call first):"; perl -e "print map { qq(  File \"a.py\", line \$_ in f\n) } 1 .. 100000"; echo; } >in
  limited 10 300000 stackfold -q in >out
  test "$(tr ";" "\n" <out | wc -l)" = 100000
  for i in 1 2 3 4 5 6 7 8 9 10; do sed "s/^/$i;/; s/$/ 1/" want; echo; done >in
  limited 20 300000 stackfold -q in >out
  test "$(wc -l <out)" = 10
'

# --- NUL bytes and other binaries

test_that 'NUL bytes in frames become ?, in the structure of a format an error' '
  printf "a\0;b\0 1\n\0\0 2\n" | stackfold -q >out
  printf "?? 2\na?;b? 1\n" >want
  same want out
  printf "@[\n    a\0b+1\n]: 3\n" >in
  test "$(stackfold -q in)" = "a?b+1 3"
  printf "@[\n    a+1\n]: 3\0\n" >in
  says 1 "^stackfold: in:3: " stackfold in || says 1 "in:3: ends in the middle" stackfold in
  printf "a 1\0\n" >in; says 1 "^stackfold: in: |^stackfold: in:1: the value" stackfold in
  head -c 100000 /dev/zero >in; says 1 "^stackfold: in: is in no format that is known: it begins with .(.x00)+" stackfold in
'
test_that 'files of another kind are refused by name or by how they begin' '
  says 1 "is a program, library or core file \(ELF\)" stackfold "$(command -v stackfold)"
  head -c 1000000 /dev/urandom >in
  for i in 1 2 3 4 5; do
    tail -c +$((i * 1000)) in >other
    stackfold other >out 2>err && status=0 || status=$?
    test "$status" = 1; test ! -s out; test "$(wc -l <err)" -lt 3; ! grep -qP "[\x00-\x08\x80-\xff]" err
  done
  printf "\x89PNG\r\n\x1a\n\0\0\0\rIHDR" >in; says 1 "in no format that is known: it begins with .*PNG" stackfold in
  tar -cf in.tar "$ROOT/README.md" 2>err; says 1 "in no format that is known" stackfold in.tar
  says 1 "in no format that is known|holds no stacks" stackfold "$ROOT/README.md"
'
test_that 'an empty file, a directory, an unreadable or missing file and one that is empty when unpacked are errors' '
  : >in
  for name in in /dev/null; do says 1 "^stackfold: $name: holds no stacks" stackfold "$name"; done
  says 1 "^stackfold: /: is a directory" stackfold /
  says 1 "^stackfold: <stdin>: is a directory" bash -c "stackfold </"
  says 1 "^stackfold: <stdin>: " bash -c "stackfold <&-"
  says 1 "^stackfold: missing: cannot be opened: No such file" stackfold missing
  if [ "$(id -u)" != 0 ]; then chmod 0 in; says 1 "^stackfold: in: cannot be opened: Permission denied" stackfold in; chmod 644 in; fi
  says 1 "^stackfold: /proc/self/mem: cannot be read: Input/output error" stackfold /proc/self/mem
  gzip -c <in >in.gz; says 1 "^stackfold: in.gz: holds no stacks" stackfold in.gz
  zstd -qc <in >in.zst; says 1 "^stackfold: in.zst: holds no stacks" stackfold in.zst
  for format in $(stackfold --help | sed "1,/^Formats:/d" | sed -nE "s/^  ([a-z-]+) .*/\1/p"); do
    says 1 "^stackfold: in:" stackfold -f "$format" in
  done
'

# --- output that cannot be written

test_that 'a full disk and a closed pipe are failures, also for a short output' '
  echo "a;b 1" >in
  says 1 "cannot write standard output: No space left" bash -c "stackfold -q in >/dev/full"
  says 1 "cannot write standard output" bash -c "stackfold -q in >&-"
  perl -e "print map { \"frame\$_;leaf 1\n\" } 1 .. 100000" >in
  says 1 "cannot write standard output: No space left" bash -c "stackfold -q in >/dev/full"
  { stackfold -q in || echo "$?" >status; } | head -n 1 >out
  test -s status
'
test_that 'a list of modules goes into a pipe or a device, and leaves it what it was' '
  printf "heap profile:  1:  2 [ 3:  4] @ heap_v2/1\n  1:  2 [ 3:  4] @ 0x1001\n\nMAPPED_LIBRARIES:\n1000-2000 r-xp 0 08:01 1 /lib/libx.so\n" >in
  ln -s /dev/stdout link
  stackfold -q --modules link in | tail -n 3 | cut -f 1 >out
  [ -L link ]; grep -qx libx.so out
  mkfifo pipe; cat pipe >listed & stackfold -q --modules pipe in >out; wait; [ -p pipe ]; grep -q "^libx.so	/lib/libx.so	" listed
'
test_that 'a list of modules that cannot be written leaves none, and is a failure' '
  echo "a;b 1" >in
  says 1 "nowhere/list.*cannot be written: No such file" stackfold --modules nowhere/list in
  mkdir list
  says 1 "list.*cannot be written" stackfold --modules list in
  test ! -e list.new
  stackfold -q --modules good in >out
  test "$(cat good)" = "$(printf "module\tpath\tbuild_id")"
'

# --- many distinct stacks, many records

test_that 'a million distinct stacks are folded in memory in proportion to them' '
  perl -e "print map { sprintf \"main;f%d;g%d;leaf%d %d\n\", \$_ % 7, \$_ % 1009, \$_, \$_ } 1 .. 1000000" >in
  limited 20 400000 stackfold -q in >out
  test "$(wc -l <out)" = 1000000
  sort -cu out
  test "$(perl -ne "/ (\d+)\$/ and \$s += \$1; END { print \$s }" out)" = 500000500000
'
test_that 'many values that hash alike in the low digits take no quadratic time' '
  perl -e "print map { sprintf \"%s;%s 1\n\", \"x\" x (\$_ % 50), \"y\" x int(\$_ / 50) } 1 .. 20000" >in
  limited 10 400000 stackfold -q in >out
  test "$(wc -l <out)" = 20000
'
test_that 'a small compressed file that unpacks to much is read in bounded memory' '
  { yes "main;serve;handle;parse 3" || true; } | head -c 520000000 | gzip -1 >in.gz
  limited 30 120000 stackfold in.gz >out
  test "$(cat out)" = "main;serve;handle;parse 60000000"
'
finish
