#!/bin/bash
# stackfold: profiles of pprof, against what go tool pprof prints of the same files, and by hand-made examples.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
export D=$DATA/stackfold-pprof

encode() { perl "$D/encode.pl"; }
unpacked() { case $1 in *.zst) zstd -dc "$1" ;; *) cat "$1" ;; esac; }
names_of_values() { grep -A1 '^Samples' "$1" | tail -n 1 | grep -oE '(^| )[^ /]+/' | tr -d ' /'; }
# The account of the last run, in says.err, says that as much came out as is in the file $1.
conserved() {
  sed -nE 's/.*value in [0-9]+, out ([0-9]+).*/\1/p' says.err >kept
  perl -ne '/ (\d+)$/ and $sum += $1; END { printf "%d\n", $sum }' "$1" | same kept -
}
# A profile whose parts stand in the usual order: samples, then what they refer to, then the strings.
example() {
  cat <<END
type objects count
type space bytes
sample 1,2,3 1,100
sample 2,3 2,50 thread=7
sample 1,2,3 3,7 thread=8
sample 4,5 0,0
sample - 1,1
mapping 1 400000 500000 1000 /usr/bin/the;prog AB12cd
mapping 2 7f0000 800000 0 [vdso] -
location 1 1 400010 1:10 2:20
location 2 1 400020 3:30
location 3 1 400030
location 4 2 7f0100
location 5 0 123
function 1 inner - a.c
function 2 outer;one - a.c
function 3 - _Zmangled b.c
END
}
export -f encode unpacked names_of_values conserved example

# --- the reference

test_that 'stacks and values are those of go tool pprof -raw' '
  for f in "$D"/*.gz; do
    stackfold -q "$f" >out
    same "${f%.pb.gz}.folded" out
  done
'
if [ -d "${CORPUS_DIR:-}" ]; then
  test_that 'every value of every real profile is that of go tool pprof -raw, and its sum is what the account says' '
    files=0
    for f in "$CORPUS_DIR"/pprof/*.gz; do
      case $f in *mutex*) continue ;; esac # no samples
      for e in "$CORPUS_DIR/pprof/expected/${f##*/}.gopprof-raw.txt"*; do unpacked "$e" >raw; done
      for value in "" $(names_of_values raw); do
        perl "$D/fold-raw.pl" "$value" raw >want
        says 0 "" stackfold ${value:+--value "$value"} "$f"
        same want says.out
        conserved says.out
      done
      files=$((files + 1))
    done
    test "$files" -ge 16
    says 1 "holds no stacks" stackfold "$CORPUS_DIR"/pprof/local-go-regexp.mutex.pb.gz
  '
  test_that 'the names of every real stack are those of go tool pprof -traces, in their order' '
    for e in "$CORPUS_DIR"/pprof/expected/*traces.txt*; do
      f=${e##*/}; f=${f%.gopprof*}
      case $f in *mutex*) continue ;; esac
      unpacked "$e" | perl "$D/traces.pl" >want
      stackfold -q "$CORPUS_DIR/pprof/$f" |
        sed -E "s/ [0-9]+$//; s/\[([^];+]*)\+0x[0-9a-f]+\]/[\1]/g; s/\[0x[0-9a-f]+\]/<unknown>/g" | sort -u >out
      same want out
    done
  '
  test_that 'own and cumulative values of every function are those of go tool pprof -top' '
    for e in "$CORPUS_DIR"/pprof/expected/*top.txt*; do
      f=${e##*/}; f=${f%.gopprof*}
      case $f in *mutex*) continue ;; esac
      unpacked "$e" >top
      stackfold -q "$CORPUS_DIR/pprof/$f" | perl "$D/top.pl" top >differences
      same /dev/null differences
    done
  '
else
  skip 'CORPUS_DIR is not set' 'every value of every real profile is that of go tool pprof -raw'
  skip 'CORPUS_DIR is not set' 'the names of every real stack are those of go tool pprof -traces'
  skip 'CORPUS_DIR is not set' 'own and cumulative values are those of go tool pprof -top'
fi

# --- stacks

test_that 'an inlined function stands below the one that it was inlined into; what has no name is MODULE+OFFSET' '
  example | encode >in
  printf "%s\n" "[the_prog+0x1030];_Zmangled 50" "[the_prog+0x1030];_Zmangled;outer:one;inner 107" >want
  says 0 "read 5 records, kept 3 in 2 stacks, dropped 2 .1 without a frame, 1 without this value.; value in 158, out 157" \
    stackfold --modules modules in
  same want says.out
  printf "module\tpath\tbuild_id\nthe_prog\t/usr/bin/the;prog\tab12cd\nvdso\t[vdso]\t\n" | same - modules
'
test_that 'a compressed profile is the same' '
  example | encode | tee in | gzip >in.gz
  stackfold -q in >want
  stackfold -q in.gz >out
  same want out
  stackfold -q <in.gz >out
  same want out
'
test_that '--context adds file and line' '
  example | encode | stackfold -q --context >out
  printf "%s\n" "[the_prog+0x1030];_Zmangled (b.c:30) 50" \
    "[the_prog+0x1030];_Zmangled (b.c:30);outer:one (a.c:20);inner (a.c:10) 107" | same - out
'
test_that 'without a mapping, or before it, a frame is its address' '
  { echo "type n count"; echo "sample 1,2,3 5"; echo "location 1 0 ffff800000000010"; echo "location 2 1 10"
    echo "location 3 2 10"; echo "mapping 1 20 30 0 /bin/x -"; echo "mapping 2 0 0 0 - -"; } | encode | stackfold -q >out
  echo "[0x10];[0x10];[0xffff800000000010] 5" | same - out
'

# --- values

test_that 'the value is the profile'"'"'s own default, and else its last one; --value names any' '
  example | encode >in
  for value in objects:6 space:157; do
    says 0 "value in [0-9]+, out ${value#*:};" stackfold -v "${value%:*}" in
  done
  { example; echo "default objects"; } | encode >in
  says 0 "out 6;" stackfold in
  { example; echo "default nothing"; } | encode >in
  says 0 "out 157;" stackfold in
'
test_that 'a value that is not there is an error that lists those that are' '
  example | encode >in
  says 1 "^stackfold: in: has no value .cpu.; its values are objects, space$" stackfold -v cpu in
'
test_that 'values of different names or units are not added' '
  example | encode >a
  { example; echo "default objects"; } | encode >b
  says 1 "b: gives objects, and a file before it gave space; they cannot be added" stackfold a b
  stackfold -q -v objects a b >out
  stackfold -q -v objects a | sed "s/ 2$/ 4/; s/ 4$/ 8/" >want
  test "$(stackfold -v objects a b 2>&1 >/dev/null | sed -E "s/.*out ([0-9]+).*/\1/")" = 12
  example | sed "s/bytes/megabytes/" | encode >c
  says 1 "c: gives space in megabytes, and a file before it gave space" stackfold a c
  says 1 "gives space in megabytes" stackfold -v space a c
'
test_that 'a negative value is an error, and so is a sum past 64 bits' '
  { echo "type n count"; echo "sample 1 -5"; echo "location 1 0 1"; } | encode >in
  says 1 "in: byte [0-9]+: the value -5 is negative, as in a difference of profiles" stackfold in
  { echo "type n count"; for _ in 1 2 3; do echo "sample 1 9223372036854775807"; done; echo "location 1 0 1"; } | encode >in
  says 1 "more than 64 bits" stackfold in
'

# --- malformed

test_that 'what refers to nothing, or to two things, is an error' '
  check() { { echo "type n count"; echo "sample 1 5"; printf "%s\n" "${@:2}"; } | encode >in; says 1 "^stackfold: in: $1" stackfold -f pprof in; }
  check "refers to location 1, which it does not have" "location 2 0 1"
  check "refers to function 9, which it does not have" "location 1 0 1 9:1"
  check "refers to mapping 9, which it does not have" "location 1 9 1"
  check "two locations have the id 1" "location 1 0 1" "location 2 0 2" "location 1 0 3"
  check "two functions have the id 7" "location 1 0 1 7:1" "function 7 a - -" "function 7 b - -"
  check "two mappings have the id 3" "mapping 3 1 2 0 a -" "mapping 3 1 2 0 a -"
  check "a location has the id 0" "location 0 0 1"
  check "byte [0-9]+: a sample has 2 values; 1 are expected" "location 1 0 1" "sample 1 5,6"
  check "refers to string 90; it has 3" "location 1 0 1 1:1" "raw 2a040801105a"
  check "refers to string -1; it has 3" "location 1 0 1 1:1" "raw 2a0d080110ffffffffffffffffff01"
  check "byte [0-9]+: is no message Location of pprof" "raw 22020a05"
  check "byte [0-9]+: no field of a message begins here" "location 1 0 1" "raw 07"
'
test_that 'ids need not be small or in order' '
  { echo "type n count"; echo "sample 18446744073709551615,5 5"; echo "location 18446744073709551615 0 1 900:1"
    echo "location 5 0 2 3:1"; echo "function 900 a - -"; echo "function 3 b - -"; } | encode | stackfold -q >out
  echo "b;a 5" | same - out
'
test_that 'a profile cut off anywhere gives its whole samples, if their names are there, and exit 1' '
  { echo "type n count"; echo "location 1 0 1 1:1"; echo "function 1 a - -"; echo strings
    for i in 1 2 3 4; do echo "sample 1 $i"; done; } | encode >whole
  size=$(stat -c %s whole)
  for cut in $(seq 10 $((size - 1))); do
    head -c "$cut" whole >in
    got=0; stackfold -f pprof in >out 2>err || got=$?
    test "$got" = 1 || [ $(((size - cut) % 7)) = 0 ] # whole samples, of 7 bytes each
    [ "$cut" -lt $((size - 21)) ] || grep "^a [0-9]*$" out
  done
  head -c $((size - 1)) whole >in
  says 1 "ends in the middle of a message, at byte $((size - 7)); the file was cut off" stackfold in
  echo "a 6" | same - says.out
  says 0 "dropped 1 .1 cut off." stackfold --lenient in
  example | encode >whole
  head -c 90 whole >in
  says 1 "cut off before the names of its values" stackfold in
'
test_that 'no flipped byte makes it crash or hang' '
  example | encode >whole
  for seed in $(seq 60); do
    perl -e "srand $seed; local \$/; \$_ = <STDIN>; substr(\$_, rand length, 1) = chr rand 256 for 1 .. 2; print" <whole >in
    got=0; timeout 10 stackfold -f pprof in >out 2>err || got=$?
    test "$got" -le 1
  done
'
test_that 'tens of thousands of modules of one name, or of one path with other build ids, are told apart in no time' '
  for mapping in "/\$_/lib.so -" "/lib.so \$id"; do
    perl -e "print qq(type n count\n); for (1 .. 50000) { my \$id = sprintf q(%08x), \$_;
      print qq(sample \$_ 1\nlocation \$_ \$_ 10\nmapping \$_ 0 20 0 $mapping\n) }" | encode >in
    timeout 20 stackfold -q --modules modules in >out
    test "$(wc -l <out)" = 50000
    grep -E "^lib.so#50000	/(50000/)?lib.so	(0000c350)?$" modules
  done
  { echo "type n count"; echo "sample 1,2,3 1"; for i in 1 2 3; do echo "location $i $i 10"; done
    echo "mapping 1 0 20 0 /a -"; echo "mapping 2 0 20 0 /a ab"; echo "mapping 3 0 20 0 /a cd"; } | encode >in
  test "$(stackfold -q --modules modules in)" = "[a#2+0x10];[a+0x10];[a+0x10] 1"
  printf "module\tpath\tbuild_id\na\t/a\tab\na#2\t/a\tcd\n" | same - modules
'
test_that 'a deep stack of many inlined functions is read in no more time than it takes to write it' '
  { echo "type n count"; printf "sample 1"; printf ",1%.0s" $(seq 99999); echo " 5"; echo "location 1 0 1 1:1 1:2"
    echo "function 1 f - -"; } | encode >in
  timeout 20 stackfold -q in >out
  test "$(tr -cd ";" <out | wc -c)" = 199999
'
finish
