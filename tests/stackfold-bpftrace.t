#!/bin/bash
# stackfold: maps of bpftrace, as text and as JSON.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
export D=$DATA/stackfold-bpftrace

# The same by another program, for maps whose keys are [stacks..., comm]: what is before the last ", COMM]: N" are frames.
fold_by_perl() {
  perl -0777 -ne 'while (/^@\[(.*?)\]: (\d+)$/msg) {
      my ($keys, $value) = ($1, $2);
      my @frames = map { s/^\s+|\s+$//gr } grep { /^[ \t]/ } split /\n/, $keys;
      my $rest = join "", map { s/^(, )+|(, )+$//gr } grep { !/^[ \t]/ } split /\n/, $keys;
      push @frames, $rest if length $rest;
      $sum{join ";", reverse @frames} += $value if @frames;
    }
    END { print sort map { "$_ $sum{$_}\n" } keys %sum }' "$@"
}
merge() { perl -ne '/^(.*) (\d+)$/ and $sum{$1} += $2; END { print sort map { "$_ $sum{$_}\n" } keys %sum }' "$@"; }
export -f fold_by_perl merge

test_that 'keys of every kind: stacks of kernel and program, empty ones, a command that holds ", " and "]: "' '
  says 0 "read 6 records, kept 5 in 5 stacks, dropped 1 \(1 without a frame\); value in 18446744073709550021, out 18446744073709550018;" stackfold "$D/kinds.txt"
  same "$D/kinds.expected" says.out
  grep -q ", 0\.00 % unresolved$" says.err
'
test_that 'the stack of the kernel stands below that of the program in either order of the keys' '
  printf "@[\n    read+1\n    main+2\n, \n    schedule+3\n    do_syscall_64+4\n]: 5\n" >in
  test "$(stackfold -q in)" = "main+2;read+1;do_syscall_64+4;schedule+3 5"
  printf "@[\n    schedule+3\n    do_syscall_64+4\n, \n    read+1\n    main+2\n]: 5\n" >in
  test "$(stackfold -q in)" = "main+2;read+1;do_syscall_64+4;schedule+3 5"
'
test_that 'other keys before the stacks are the frame above them too' '
  printf "@[perl, 7, \n    read+1\n    main+2\n]: 5\n@[perl, 8, \n    read+1\n, x]: 6\n" >in
  stackfold -q in >out
  printf "perl, 7;main+2;read+1 5\nperl, 8;x;read+1 6\n" >want
  same want out
'
test_that 'of several maps the first with stacks is folded, or the one that is named; the others are counted' '
  says 0 "read 7 records, kept 2 in 2 stacks, dropped 5 \(5 of other events\); value in 5, out 5; .* 60\.00 % unresolved; 6 other lines" stackfold "$D/several.txt"
  printf "main+100;0x7f0011223344 3\nmain+100;parse+12 2\n" >want
  same want says.out
  for name in kernel @kernel; do test "$(stackfold -q --event-filter "$name" "$D/several.txt")" = "schedule+35 9"; done
  test "$(stackfold -q --event-filter bytes "$D/several.txt")" = "python3 4096"
  says 1 "all 7 records were dropped" stackfold --event-filter nothing "$D/several.txt"
'
test_that 'a map of histograms, of statistics or of stacks, and a negative sum, are refused' '
  for name in size stats last; do
    says 1 "several.txt:[0-9]+: map @$name holds histograms, statistics or stacks" stackfold --event-filter "$name" "$D/several.txt"
  done
  sed -n "/@size/,\$p" "$D/several.txt" >in
  says 1 "^stackfold: in:4: map @size holds histograms" stackfold in
  printf "@[\n    main+1\n]: -5\n" >in
  says 1 "^stackfold: in:3: the value -5 of map @ is negative" stackfold in
  printf "@[\n    main+1\n]: 18446744073709551616\n" >in
  says 1 "^stackfold: in:3: the value 18446744073709551616 is past 64 bits" stackfold in
'
test_that 'maps as JSON, in which equal keys are added and not lost' '
  says 0 "read 5 records, kept 3 in 2 stacks, dropped 2 \(1 without a frame, 1 of other events\); value in 14, out 11;" stackfold <(head -n 5 "$D/map.json")
  printf "python3,10;main+100;parse+12 7\npython3,10;main+100;say \"hi\"\\\\?+1;entry_SYSCALL_64_after_hwframe+110;schedule+35 4\n" >want
  same want says.out
  says 0 "read 7 records, kept 3" stackfold "$D/map.json"
  same want says.out
  for name in size stats; do
    says 1 "map.json:[67]: map @$name holds histograms, statistics or stacks" stackfold --event-filter "$name" "$D/map.json"
  done
'
test_that 'malformed JSON is an error with file and line' '
  start="{\"type\": \"map\", \"data\": {\"@\": {"
  for rest in "" "\"\\n    a" "\"\\n    a\\x\": 1}}}" "\"\\n    a\\u00g0\": 1}}}" "\"\\n    a\" 1}}}" "\"\\n    a\": 1" "\"\\n    a\": 1}" "\"\\n    a\": 1, }}}" "\"\\n    a\": 1 2}}}"; do
    { echo "$start\"x\": 1}}}"; printf "%s%s\n" "$start" "$rest"; } >in
    says 1 "^stackfold: in:2: (is no line of bpftrace -f json|map @ holds)" stackfold in
    test ! -s says.out
  done
'
test_that 'other output among the keys is an error; between the entries it is skipped and counted' '
  printf "@[\n    main+1\nhello\n]: 1\n" >in
  says 1 "^stackfold: in:3: other output stands among the keys of map @" stackfold in
  printf "Attaching 1 probe...\nhello\n@[\n    main+1\n]: 1\nLost 4 events\n" >in
  says 0 "; 2 other lines skipped$" stackfold in
  test "$(cat says.out)" = "main+1 1"
  sed -i "/hello/d; /Lost/d" in
  stackfold --strict in >out
'
test_that 'output that is cut off anywhere: whole entries are used, or a clear error' '
  size=$(wc -c <"$D/kinds.txt")
  for ((cut = 1; cut < size; cut += 7)); do
    head -c "$cut" "$D/kinds.txt" >in
    stackfold -f bpftrace in >out 2>err && status=0 || status=$?
    test "$status" = 0 || grep -Eq "^stackfold: (in:[0-9]+: ends in the middle of a stack|in: holds no stacks|holds no stacks: all)" err
    cut -d" " -f1 out | while read -r stack; do cut -d" " -f1 "$D/kinds.expected" | grep -qxF "$stack"; done
  done
  head -c -2 "$D/kinds.txt" >in
  says 1 "^stackfold: in:26: ends in the middle of a stack" stackfold in
  grep -v java "$D/kinds.expected" >want
  same want says.out
  head -c -40 "$D/map.json" >in
  says 1 "^stackfold: in:7: ends in the middle of a map" stackfold in
'
if [ -d "${CORPUS_DIR:-}" ]; then
  test_that 'real maps: as stackcollapse-bpftrace.pl folds them where it drops none' '
    for name in local-perl-ustack local-python-ustack-perfmode; do
      merge "$CORPUS_DIR/bpftrace/expected/$name.txt.folded" >want
      stackfold -q "$CORPUS_DIR/bpftrace/$name.txt" >out
      same want out
    done
    says 0 "value in 555, out 554;" stackfold "$CORPUS_DIR/bpftrace/local-perl-ustack.txt"
    grep -c "^@\[\]: 1$" "$CORPUS_DIR/bpftrace/local-perl-ustack.txt" | grep -qx 1
  '
  test_that 'real maps of two stacks and a command: all of the input, and the stacks of that tool without its frame ", "' '
    # It drops 384 of 439, which begin with an empty stack (as "@[, " does), and keeps the separator of the others as a frame.
    file=$CORPUS_DIR/bpftrace/local-python-kstack-ustack-comm.txt
    fold_by_perl "$file" >want
    says 0 "value in 439, out 439;" stackfold "$file"
    same want says.out
    reference=$CORPUS_DIR/bpftrace/expected/local-python-kstack-ustack-comm.txt.folded
    ! grep -vE ";, ;|^, python3.11 " "$reference"
    sed "s/;, ;/;/; s/^, //" "$reference" | merge >want
    test "$(wc -l <want)" = 55
    test -z "$(comm -23 want says.out)"
  '
else
  skip 'CORPUS_DIR is not set' 'real maps: as stackcollapse-bpftrace.pl folds them where it drops none'
  skip 'CORPUS_DIR is not set' 'real maps of two stacks and a command: all of the input, and the stacks of that tool without its frame ", "'
fi
finish
