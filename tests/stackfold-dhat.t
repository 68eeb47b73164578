#!/bin/bash
# stackfold: profiles of DHAT, against what jq makes of the same files, and by hand-made examples.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"

# The stacks of KEY by another program, for frames 0xADDRESS: NAME (PLACE) where NAME holds no " (" but as its own first.
fold_by_jq() {
  jq -r --arg key "$1" '.ftbl as $names | .pps[] | select(.[$key] > 0) |
    ([.fs | reverse[] | $names[.] | capture("^(0x(?<address>[0-9A-F]+): )?(?<name>.+?)( \\((in )?[^()]*\\))?$") |
      if .name == "???" then "[0x" + (.address | ascii_downcase) + "]" else .name | gsub(";"; ":") end] | join(";")) +
    " " + (.[$key] | tostring)' "$2" |
    perl -ne '/^(.*) (\d+)$/ and $sum{$1} += $2; END { print sort map { "$_ $sum{$_}\n" } keys %sum }'
}
# A heap profile; arguments are more members.
example() {
  cat <<END
{"dhatFileVersion":2,"mode":"heap","verb":"Allocated","bklt":true,"bkacc":true
,"tu":"instrs","Mtu":"Minstr","tuth":500,"cmd":"./a \"b\"","pid":1,"te":9,"tg":5
,"pps":
 [{"tb":100,"tbk":3,"tl":1,"mb":50,"mbk":1,"gb":40,"gbk":1,"eb":0,"ebk":0,"rb":7,"wb":8,"acc":[-4,3],"fs":[1,2,3]}
 ,{"tb":20,"tbk":1,"tl":1,"mb":20,"mbk":1,"gb":20,"gbk":1,"eb":20,"ebk":1,"rb":0,"wb":2,"fs":[1,4,3]}
 ,{"tb":5,"tbk":1,"tl":1,"mb":20,"mbk":1,"gb":0,"gbk":1,"eb":0,"ebk":1,"rb":0,"wb":0,"fs":[1,2,3]}
 ]
,"ftbl":
 ["[root]","0x48417B4: malloc (in /usr/libexec/valgrind/vgpreload_dhat-amd64-linux.so)"
 ,"0x1091AB: f(int (*)(char), void;) (a (b).cc:12)","0x4A5A249: (below main) (libc_start_call_main.h:58)"
 ,"0xFFF00AbC: ??? (in /opt/a (x86)/lib.so)"$*]
}
END
}
sum() { awk '{ sum += $NF } END { printf "%d\n", sum }'; }
export -f sum fold_by_jq example

if [ -d "${CORPUS_DIR:-}" ]; then
  test_that 'stacks and sums of every value of a real profile are those that jq finds' '
    f=$CORPUS_DIR/dhat/local-dhat.sqlite.json
    for value in total_bytes:tb total_blocks:tbk at_peak:gb reads:rb writes:wb; do
      fold_by_jq "${value#*:}" "$f" >want
      sum=$(jq "[.pps[].${value#*:}] | add" "$f")
      says 0 "value in $sum, out $sum;" stackfold --value "${value%:*}" "$f"
      same want says.out
      test "$(sum <says.out)" = "$sum"
    done
    says 1 "all 456 records were dropped" stackfold -v at_end "$f"
  '
else
  skip 'CORPUS_DIR is not set' 'stacks and sums of every value of a real profile are those that jq finds'
fi
test_that 'the leaf is the allocating function; a frame is its name, and its address where it has none' '
  example >in
  printf "%s\n" "(below main);[0xfff00abc];malloc 20" "(below main);f(int (*)(char), void:);malloc 105" >want
  says 0 "read 3 records, kept 3 in 2 stacks, dropped 0; value in 125, out 125" stackfold in
  same want says.out
  example | jq . | stackfold -q >out # other blanks
  same want out
'
test_that 'each value' '
  example >in
  for want in "total_bytes:20 105" "total_blocks:1 4" "at_peak:20 40" "at_end:20" "reads:7" "writes:2 8"; do
    stackfold -q -v "${want%:*}" in | sed "s/.* //" | paste -sd " " | same <(echo "${want#*:}") -
  done
  says 0 "dropped 2 .2 without this value.; value in 20, out 20" stackfold -v at_end in
'
test_that '--context adds file and line where they are known' '
  example | stackfold -q --context >out
  printf "%s\n" "(below main) (libc_start_call_main.h:58);[0xfff00abc];malloc 20" \
    "(below main) (libc_start_call_main.h:58);f(int (*)(char), void:) (a (b).cc:12);malloc 105" | same - out
'
test_that 'what Rust writes is read, without what it does not record' '
  cat >in <<END
{"dhatFileVersion":2,"mode":"rust-heap","verb":"Allocated","bklt":true,"bkacc":false,"tu":"µs","Mtu":"s","tuth":10,
"cmd":"t","pid":7,"tg":1,"te":2,"pps":[{"tb":64,"tbk":2,"tl":0,"mb":64,"mbk":1,"gb":64,"gbk":1,"eb":0,"ebk":0,"fs":[1,2]}],
"ftbl":["[root]","0x10: <alloc::vec::Vec<T> as core::clone::Clone>::clone (/rustc/a/vec.rs:86:14)","0x20: t::main (src/main.rs:3:5)"]}
END
  stackfold -q in >out
  echo "t::main;<alloc::vec::Vec<T> as core::clone::Clone>::clone 64" | same - out
  stackfold -q --context -v at_peak in >out
  echo "t::main (src/main.rs:3:5);<alloc::vec::Vec<T> as core::clone::Clone>::clone (/rustc/a/vec.rs:86:14) 64" | same - out
  says 1 "in: has no value .reads.: it was recorded without .its .bkacc. is false" stackfold -v reads in
  printf "{\"dhatFileVersion\":2,\"mode\":\"ad-hoc\",\"bklt\":false,\"pps\":[{\"tb\":9,\"tbk\":1,\"fs\":[0]}],\"ftbl\":[\"a\"]}" >in
  test "$(stackfold -q in)" = "a 9"
  says 1 "has no value .at_end.: it was recorded without" stackfold -v at_end in
'
test_that 'what is no such profile is an error that says where' '
  check() { example | sed "$2" >in; says 1 "^stackfold: in: $1" stackfold in; }
  check "is of version 3 of DHAT.s format; 2 is read" "s/:2/:3/"
  check "refers to frame 9; it has 5" "s/1,2,3\]/1,9]/"
  check "before byte [0-9]+: .tb. is no number from 0" "s/:100/:-100/"
  check "before byte [0-9]+: .tb. is no number from 0" "s/:100/:1.5/"
  check "before byte [0-9]+: .tb. is no number from 0" "s/:100/:99999999999999999999/"
  check "before byte [0-9]+: .fs. is no number from 0" "s/1,2,3\]/1,null]/"
  check "before byte [0-9]+: a program point has no .tb." "s/\"tb\"/\"xx\"/"
  check "before byte [0-9]+: a program point has no list .fs." "s/\"fs\"/\"xx\"/"
  check "byte [0-9]+: a program point before this, an object, is expected" "s/^ \[{/[5,{/"
  check "byte [0-9]+: a frame before this, a text, is expected" "s/\"\[root\]\"/7/"
  check "byte [0-9]+: is no JSON: " "s/\"tbk\":3/\"tbk\":x/"
  check "byte [0-9]+: .,. or the end of the list is expected" "s/^ ,{/ {/"
  check "byte [0-9]+: the end of the file is expected" "s/^}/}}/"
  { example | sed "s/40/$(printf "[%.0s" $(seq 200))/"; } >in
  says 1 "is no JSON: nesting too deep" stackfold in
  example | sed "s/:100/:9999999999999999999/; s/:20/:9999999999999999999/" >in
  says 1 "more than 64 bits" stackfold in
  printf "{\"a\":1}" >in
  says 1 "has no .dhatFileVersion." stackfold -f dhat in
'
test_that 'a profile that is cut off is exit 1, and what has all its names is used' '
  example >whole
  size=$(stat -c %s whole)
  head -c $((size - 2)) whole >in
  says 1 "ends in the middle of its JSON, at byte $((size - 2)); the file was cut off" stackfold in
  test "$(wc -l <says.out)" = 2
  sed "/^ ,\"0xFFF/,\$d" whole >in
  says 1 "kept 2 in 1 stacks, dropped 2 .2 cut off.; value in 125, out 105" stackfold in
  for cut in $(seq 20 9 $((size - 2))); do
    head -c "$cut" whole >in
    says 1 "" stackfold in
  done
'
test_that 'no flipped byte makes it crash or hang' '
  example >whole
  for seed in $(seq 40); do
    perl -e "srand $seed; local \$/; \$_ = <STDIN>; substr(\$_, rand length, 1) = chr rand 256 for 1 .. 2; print" <whole >in
    got=0; timeout 10 stackfold -f dhat in >out 2>err || got=$?
    test "$got" -le 1
  done
'
finish
