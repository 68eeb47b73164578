#!/bin/bash
# stackfold: ClickHouse's system.trace_log, as TSV and as JSON.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
export D=$DATA/stackfold-trace-log

# Random rows, the same as TSV and as JSON, and the stacks that they are by another program: rows NUMBER SEED.
rows() {
  perl -e 'srand $ARGV[1]; open my $tsv, ">", "tsv"; open my $json, ">", "json"; open my $want, ">", "want";
    @names = ("main", "DB::f(int, char)", "operator\x27s", "a\\b", "t\tn\nx", "s;t", "\"q\"", "\xc3\xa9", "", "[1,2]");
    print $tsv "symbols\ttrace_type\ttrace\tsize\n";
    for (1 .. $ARGV[0]) {
      my $depth = int rand 5;
      my @address = map { 1 + int rand 4 } 1 .. $depth;
      my @symbol = rand() < 0.7 ? map { $names[rand @names] } 1 .. $depth : ();
      my $size = int(rand 2000) - 500;
      my @quoted = map { my $n = $_; $n =~ s/([\\\x27])/\\$1/g; $n =~ s/\t/\\t/g; $n =~ s/\n/\\n/g; "\x27$n\x27" } @symbol;
      print $tsv "[", join(",", @quoted), "]\tMemory\t[", join(",", @address), "]\t$size\n";
      my @text = map { my $n = $_; $n =~ s/([\\"])/\\$1/g; $n =~ s/\t/\\t/g; $n =~ s/\n/\\n/g; "\"$n\"" } @symbol;
      my $number = rand() < 0.5 ? "\"$size\"" : $size;
      print $json "{\"size\":$number,\"trace\":[", join(",", map { rand() < 0.5 ? "\"$_\"" : $_ } @address), "],\"symbols\":[", join(",", @text), "],\"trace_type\":\"Memory\"}\n";
      next if $size <= 0 || !$depth;
      my @frame = map { my $s = $symbol[$_] // ""; $s =~ tr/;\t\n/:??/; length $s ? $s : sprintf "[0x%x]", $address[$_] - 1 } 0 .. $depth - 1;
      $sum{join ";", reverse @frame} += $size;
    }
    print $want map { "$_ $sum{$_}\n" } keys %sum; close $want; system "sort want -o want"' "$1" "$2"
}
export -f rows

test_that 'allocations by call path: symbols where the row has them, addresses within the calls otherwise' '
  account="read 9 records, kept 4 in 3 stacks, dropped 5 \(1 without a frame, 2 of other events, 2 without this value\); value in 5244527, out 5244516;"
  for value in "" "--value=bytes"; do
    says 0 "$account" stackfold $value "$D/memory.tsv"
    same "$D/memory.bytes.expected" says.out
  done
'
test_that 'what was freed, and samples, are other values' '
  test "$(stackfold -q -v freed "$D/memory.tsv")" = "a\\b:c?d;free 5244400"
  stackfold -q -v samples "$D/memory.tsv" >out
  same "$D/memory.samples.expected" out
'
test_that 'the trace type of the first row is folded, or the one that is named; that of CPU begins with an exact address' '
  test "$(stackfold -q --event-filter CPU "$D/memory.tsv")" = "[0x2f];[0x1f];[0x10] 1"
  test "$(stackfold -q --event-filter MemoryPeak "$D/memory.tsv")" = "x 77"
  says 1 "all 9 records were dropped" stackfold --event-filter Sleep "$D/memory.tsv"
'
test_that 'rows with 0 of the value are dropped and counted, and are no loss to --strict' '
  printf "trace_type\ttrace\tsize\nMemory\t[2]\t5\nMemory\t[2]\t0\nMemory\t[2]\t-5\n" >in
  says 0 "dropped 2 \(2 without this value\); value in 5, out 5;" stackfold --strict in
  printf "Memory\t[]\t7\n" >>in
  says 1 "not all of the input was used" stackfold --strict in
'
test_that '--context shows file and line' '
  stackfold -q --context "$D/memory.tsv" >out
  same "$D/memory.context.expected" out
'
test_that 'rows as JSON: numbers with and without quotes, counted rows, null' '
  says 0 "read 5 records, kept 3 in 2 stacks, dropped 2 \(1 without a frame, 1 of other events\); value in 8, out 7;" stackfold "$D/rows.json"
  printf "%s\n" "DB::f(int)??:x 1" "[0x162af054];[0x162af09a] 6" >want
  same want says.out
  test "$(stackfold -q --event-filter Real "$D/rows.json")" = "[0x1f];[0x10] 1"
'
test_that 'escapes of JSON, and a last row without its line end' '
  printf "%s" "{\"symbols\":[\"\\u00e9\\ud83d\\ude00\\ud83d\\u0041\\/\\u0041\"]}" >in
  test "$(stackfold -q in)" = "$(printf "\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbdA/A 1")"
'
test_that 'random rows come out as from another program, TSV and JSON alike' '
  for seed in 1 2 3; do
    rows 3000 "$seed"
    for form in tsv json; do stackfold -q "$form" >out; same want out; done
  done
'
test_that 'the row of types, CR LF, totals behind an empty line, and columns of any order are understood' '
  printf "size\ttrace_type\ttrace\r\nInt64\tEnum8(\x27Real\x27 = 0, \x27CPU\x27 = 1)\tArray(UInt64)\r\n0\tCPU\t[16]\r\n\r\n7\tCPU\t[17]\r\n" >in
  says 0 "read 1 records, kept 1 .*; 1 other lines skipped" stackfold in
  test "$(cat says.out)" = "[0x10] 1"
  printf "symbols\tcount()\n[\x27a\x27,\x27b\x27]\t5\n" >in
  test "$(stackfold -q in)" = "b;a 5"
'
test_that 'a malformed row is an error with file and line' '
  row() { printf "trace_type\ttrace\tsize\tsymbols\nCPU\t[1]\t1\t[]\n$1\n" >in; }
  row "CPU\t[1]\t1"; says 1 "^stackfold: in:3: has 3 fields; the header row has 4" stackfold in
  row "CPU\t1\t1\t[]"; says 1 "^stackfold: in:3: trace is no array" stackfold in
  row "CPU\t[1,]\t1\t[]"; says 1 "^stackfold: in:3: trace is no array" stackfold in
  row "CPU\t[1,x]\t1\t[]"; says 1 "^stackfold: in:3: trace is not an integer" stackfold in
  row "CPU\t[18446744073709551616]\t1\t[]"; says 1 "^stackfold: in:3: trace is past 64 bits" stackfold in
  row "CPU\t[1]\t1.5\t[]"; says 1 "^stackfold: in:3: size is fractional" stackfold in
  row "CPU\t[1]\t1\t[\x27a]"; says 1 "^stackfold: in:3: symbols has a string without its closing quote" stackfold in
  row "CPU\t[1]\t1\t[\x27a\\\\\x27]"; says 1 "^stackfold: in:3: symbols has a string without its closing quote" stackfold in
  row "CPU\t[1]\t1\t[\x27a\x27\x27b\x27]"; says 1 "^stackfold: in:3: symbols is no array" stackfold in
  printf "trace_type\ttrace\ttrace\n" >in; says 1 "^stackfold: in:1: trace is named twice" stackfold -f trace-log in
  printf "a\tb\n" >in; says 1 "^stackfold: in:1: trace and symbols are missing" stackfold -f trace-log in
  printf "trace_type\ttrace\nMemory\t[1]\n" >in; says 1 "^stackfold: in:2: size is missing" stackfold -v bytes in
  row() { printf "{\"trace\":[1]}\n$1\n" >in; }
  row "{\"trace\":[1]"; says 1 "^stackfold: in:2: is no JSON object" stackfold in
  row "{\"trace\":[1]} x"; says 1 "^stackfold: in:2: is no JSON object" stackfold in
  row "[1]"; says 1 "^stackfold: in:2: is no JSON object" stackfold in
  row "{\"trace\":[1.5]}"; says 1 "^stackfold: in:2: trace is fractional" stackfold in
  row "{\"trace\":[18446744073709551616]}"; says 1 "^stackfold: in:2: trace is past 64 bits" stackfold in
  row "{\"trace\":[-1]}"; says 1 "^stackfold: in:2: trace is negative" stackfold in
  row "{\"trace\":7}"; says 1 "^stackfold: in:2: trace is no array" stackfold in
  row "{\"symbols\":[7]}"; says 1 "^stackfold: in:2: symbols holds what is no string" stackfold in
  row "{\"size\":7}"; says 1 "^stackfold: in:2: trace and symbols are missing" stackfold in
  row "$(printf "[%.0s" {1..100000})"; says 1 "^stackfold: in:2: is no JSON object" stackfold in
'
test_that 'a log that is cut off anywhere: whole rows are used, or a clear error' '
  for file in memory.tsv rows.json; do
    size=$(wc -c <"$D/$file")
    stackfold -q -v samples "$D/$file" | sed "s/ [0-9]*$//" >all
    for ((cut = 60; cut < size; cut += 23)); do
      head -c "$cut" "$D/$file" >in
      stackfold -v samples in >out 2>err && status=0 || status=$?
      test "$status" = 0 || grep -Eq "^stackfold: (in:[0-9]+: ends in the middle of a row|in: (holds no stacks|is in no format)|holds no stacks: all)" err
      sed "s/ [0-9]*$//" out | while read -r stack; do grep -qxF "$stack" all; done
    done
  done
'
test_that 'logs of different values are not added' '
  says 1 "memory.tsv: gives bytes, and a file before it gave samples" stackfold "$D/rows.json" "$D/memory.tsv"
  stackfold -q -v samples "$D/rows.json" "$D/memory.tsv" >out
  says 1 "which has no value .blocks." stackfold -v blocks "$D/memory.tsv"
'
finish
