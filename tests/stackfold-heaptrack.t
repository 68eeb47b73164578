#!/bin/bash
# stackfold: recordings of heaptrack, against what heaptrack_print -F prints of the same files, and by hand-made examples.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
export D=$DATA/stackfold-heaptrack

unpacked() { case $1 in *.zst) zstd -dc "$1" ;; *.gz) gzip -dc "$1" ;; *) cat "$1" ;; esac; }
merge_reference() { # what heaptrack_print -F wrote: equal stacks merged, those of 0 left out
  perl -ne '/^(.*?);? (-?\d+)$/ or die; $sum{$1} += $2; END { print sort map { $sum{$_} ? "$_ $sum{$_}\n" : () } keys %sum }'
}
# The account of the last run, in says.err, says that as much came out as is in the file $1.
conserved() {
  sed -nE 's/.*value in [0-9]+, out ([0-9]+).*/\1/p' says.err >kept
  perl -ne '/ (\d+)$/ and $sum += $1; END { printf "%d\n", $sum }' "$1" | same kept -
}
# A recording of format 3 from lines of format 2.
sized() { perl -pe 's/^v 10250 2/v 10400 3/; s/^s (.*)/sprintf "s %x %s", length $1, $1/e'; }
# main calls work, which calls one, into which two is inlined; and operator new.
example() {
  cat <<END
v 10250 2
X ./program with arguments
I 1000 7d554d
s /usr/bin/program
s _start
s main
s src/main;c
s work
s one
s two
s lib/two.cc
s operator new(unsigned long)
i 1000 1 2
i 1010 1 3 4 5
i 1020 1 5
i 1030 1 7 8 1 6 4 2
i 1040 1 9
i 1050 1
t 1 0
t 2 1
t 3 2
t 4 3
t 5 3
t 6 2
END
}
sum() { awk '{ sum += $NF } END { printf "%d\n", sum }'; }
export -f sum unpacked merge_reference conserved sized example

# --- the reference

test_that 'stacks and values are those of heaptrack_print -F but for what is wrong there' '
  for f in "$D"/*.folded; do
    value=${f%.folded}; value=${value##*.}
    stackfold -q -v "$value" "${f%".$value.folded"}" >out
    same "$f" out
  done
'
if [ -d "${CORPUS_DIR:-}" ]; then
  test_that 'so it is for every value of every real recording' '
    checked=0
    for f in "$CORPUS_DIR"/heaptrack/*.{gz,zst}; do
      unpacked "$f" | perl "$D/fold-heaptrack.pl"
      for value in peak leaked allocations temporary; do
        # The other program that the test compares with is right about the reference. (300 MB each of the largest: one.)
        case $f.$value in *_gui.*.peak | *_gui.*.leaked | *_gui.*.allocations) ;; *)
          for e in "$CORPUS_DIR/heaptrack/expected/${f##*/}.$value.folded"*; do unpacked "$e"; done | merge_reference >want
          same want "$value.reference" ;;
        esac
        if [ -s "$value.ours" ]; then
          says 0 "" stackfold -v "$value" "$f"
        else
          says 1 "all [0-9]+ records were dropped" stackfold -v "$value" "$f"
        fi
        same "$value.ours" says.out
        conserved says.out
        checked=$((checked + 1))
      done
    done
    test "$checked" = 24
  '
  test_that 'where the reference is wrong it still is, in the order of inlined functions and with the first kind' '
    e=$CORPUS_DIR/heaptrack/expected
    # i 7f0d51a5926b 9 11 12 7b 13 12 106 14 12 152: 11 pool, inlined into 13 __static_initialization_and_destruction_0,
    # inlined into 14 _GLOBAL__sub_I_eh_alloc.cc; all in 12, eh_alloc.cc
    wrong="call_init;pool (eh_alloc.cc);__static_initialization_and_destruction_0 (eh_alloc.cc);_GLOBAL__sub_I_eh_alloc.cc (eh_alloc.cc)"
    right="call_init;_GLOBAL__sub_I_eh_alloc.cc (eh_alloc.cc);__static_initialization_and_destruction_0 (eh_alloc.cc);pool (eh_alloc.cc)"
    f=upstream-heaptrack.embedded_lsan_suppressions.84207.zst
    grep -F "$wrong" "$e/$f.peak.folded"
    stackfold -q "$CORPUS_DIR/heaptrack/$f" | grep -F "$right"
    # "+ 1d1", "- 28", "- 0": the allocation of kind 0 is among the oldest, and lived long
    f=local-heaptrack.perl.zst
    unpacked "$CORPUS_DIR/heaptrack/$f" | grep -B 1 -x -e "- 0" | grep -x -e "- [1-9a-f][0-9a-f]*"
    theirs=$(merge_reference <"$e/$f.temporary.folded" | sum)
    ours=$(stackfold -q -v temporary "$CORPUS_DIR/heaptrack/$f" | sum)
    test "$theirs" = $((ours + 1))
  '
else
  skip 'CORPUS_DIR is not set' 'so it is for every value of every real recording'
  skip 'CORPUS_DIR is not set' 'where the reference is wrong it still is'
fi

# --- stacks and values

test_that 'the stack begins with main; an inlined function stands below its caller; operator new is its caller' '
  { example; printf "%s\n" "a 10 4" "a 8 5" "a 4 6" "a 2 0" "+ 0" "+ 1" "+ 2" "+ 3"; } >in
  printf "%s\n" "main (main:c);[0x1050] 4" "main (main:c);work 8" "main (main:c);work;one (main:c);two (two.cc) 16" >want
  says 0 "read 4 records, kept 3 in 3 stacks, dropped 1 .1 without a frame.; value in 30, out 28" stackfold in
  same want says.out
  sized <in >in.3
  stackfold -q in.3 | same want -
'
test_that 'with --context frames have their line, where it is known' '
  { example | sed "s/^i 1020 1 5$/i 1020 1 5 4 0/"; printf "%s\n" "a 8 4" "+ 0"; } |
    stackfold -q --context | same <(echo "main (main:c:5);work (main:c);one (main:c:2);two (two.cc:1) 8") -
  { example; printf "%s\n" "a 8 5" "+ 0"; } | sed "s/^i 1030 .*/i 1030 1 7 8 zz/" >in
  says 1 "in:[0-9]+: a hexadecimal number is expected" stackfold --context in
'
test_that 'what is above main is shown where main is not on the stack' '
  { example | sed "s/^s main$/s not_main/"; printf "%s\n" "a 10 4" "+ 0"; } | stackfold -q |
    same <(echo "_start;not_main (main:c);work;one (main:c);two (two.cc) 16") -
'
test_that 'the peak is what was held when most was, for the first time' '
  # 16+8 = 24 held by two call paths, down to 8, up to 24 by the other alone, 20 at the end
  { example; printf "%s\n" "a 10 4" "a 8 5" "a 4 6" "+ 0" "+ 1" "- 0" "+ 1" "+ 1" "- 1" "+ 2"; } >in
  for want in "peak:8 16" "leaked:4 16" "allocations:1 3 1" "temporary:1"; do
    stackfold -q -v "${want%:*}" in | sed "s/.* //" | paste -sd " " | same <(echo "${want#*:}") -
  done
  says 0 "read 5 records, kept 4 in 2 stacks, dropped 1 .1 without this value.; value in 24, out 24" stackfold in
  says 0 "value in 20, out 20" stackfold -v leaked in
'
test_that 'an allocation is temporary when no other came before its end' '
  { example; printf "%s\n" "a 10 4" "a 8 5" "+ 0" "- 0" "+ 0" "+ 1" "- 1" "- 0" "+ 1" "- 0"; } >in
  printf "%s\n" "main (main:c);work 1" "main (main:c);work;one (main:c);two (two.cc) 1" >want
  { grep -v "^- 0$" in; } >/dev/null
  sed "\$d" in >in.2
  stackfold -q -v temporary in.2 | same want -
  { example; printf "%s\n" "a 10 4" "a 8 5" "+ 0" "+ 1" "- 1" "- 0"; } | stackfold -q -v temporary | same <(head -n 1 want) -
'
test_that 'leaks that are suppressed are left out, and counted' '
  leak() { { example | sed "s/^s one$/s $1/"; printf "%s\n" "${@:2}" "a 10 4" "a 8 5" "+ 0" "+ 1"; } >in; }
  suppressed() { leak "$@"; says 0 "dropped 1 .1 suppressed as no leaks.; value in 24, out 8" stackfold -v leaked in; }
  leaked() { leak "$@"; says 0 "dropped 0; value in 24, out 24" stackfold -v leaked in; }
  suppressed tzset_internal.part.0
  suppressed someone "S leak:meo"
  suppressed someone "S  leak:^some*ne$ "
  suppressed someone "S leak:someone"
  suppressed someone "S leak:two.cc$"
  leaked someone "S leak:^one"
  leaked someone "S leak:some$"
  leaked someone "S leak:^some*on$"
  leaked someone "S race:someone"
  says 0 "out 24" stackfold in
'

# --- malformed

test_that 'a raw recording is an error that says what puts names in' '
  printf "v 10400 3\nx 1 a\n" >in
  says 1 "in:2: is a raw recording without names; put them in by heaptrack --interpret" stackfold -f heaptrack in
'
test_that 'what is no record, or refers to what is not there, is an error with its line' '
  check() { { example; printf "%s\n" "${@:2}"; } >in; says 1 "^stackfold: in:$1" stackfold in; }
  check "25: refers to call path 7; there are 6 before it" "a 10 7"
  check "25: refers to call path 7; there are 6 before it" "t 1 7"
  check "25: refers to instruction 7; there are 6 before it" "t 7 1"
  check "25: refers to string 10; there are 9 before it" "i 1 a"
  check "25: refers to allocations of kind 0; there are 0 before it" "+ 0"
  check "27: more is deallocated than was allocated" "a 1 1" "a 2 1" "- 1"
  check "25: a hexadecimal number is expected" "a 1G 1"
  check "25: a hexadecimal number is expected" "a  1"
  check "25: a number does not fit 64 bits" "a 10000000000000000 1"
  check "25: a number is missing" "a 1"
  check "25: is no record of heaptrack" "y 1"
  check "25: is no record of heaptrack" "+1"
  check "28: more than 2.64 bytes are allocated" "a ffffffffffffffff 1" "a 1 1" "+ 0" "+ 1"
  check "25: is of version 9 of heaptrack.s format; 1 to 3 are read" "v 10400 9"
  printf "v 10400 3\nX a\ns 5 main\n" >in
  says 1 "in:3: a string of 5 bytes has 4" stackfold in
  example >in
  says 1 "in: holds no stacks" stackfold in
'
test_that 'a recording that is cut off gives its whole records, and exit 1' '
  { example; printf "%s\n" "a 10 4" "+ 0" "a 8 5" "+ 1"; } >whole
  size=$(stat -c %s whole)
  head -c $((size - 1)) whole >in
  says 1 "in:28: ends in the middle of a record; the file was cut off" stackfold in
  echo "main (main:c);work;one (main:c);two (two.cc) 16" | same - says.out
  says 0 "cut off" stackfold --lenient in
  for cut in $(seq 40 7 $((size - 1))); do
    head -c "$cut" whole >in
    got=0; stackfold -f heaptrack in >out 2>err || got=$?
    test "$got" -le 1
  done
'
test_that 'no flipped byte makes it crash or hang' '
  unpacked "$D/local-heaptrack.xz.zst" >whole
  for seed in $(seq 40); do
    perl -e "srand $seed; local \$/; \$_ = <STDIN>; substr(\$_, rand length, 1) = chr rand 256 for 1 .. 4; print" <whole >in
    got=0; timeout 10 stackfold -f heaptrack -v leaked in >out 2>err || got=$?
    test "$got" -le 1
  done
'
test_that 'a call path of 100,000 steps is one stack' '
  { printf "v 1 2\nX a\ns f\ni 1 1 1\n"; perl -e "printf qq(t 1 %x\n), \$_ for 0 .. 99999"; printf "a 5 186a0\n+ 0\n"; } >in
  timeout 20 stackfold -q in >out
  test "$(tr -cd ";" <out | wc -c)" = 99999
'
finish
