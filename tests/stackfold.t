#!/bin/bash
# stackfold: each format by example, the account of the records, and what is refused.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
export D=$DATA/stackfold

# The same by another program: values added, lines sorted.
fold_by_perl() {
  perl -ne 's/\r?\n//; /^(.*) (\d+)$/ and $sum{$1} += $2; END { print sort map { "$_ $sum{$_}\n" } keys %sum }' "$@"
}
# Lines of random stacks from few frames: fold LINES SEED.
random_stacks() {
  perl -e 'srand $ARGV[1]; @f = ("a", "b c", "b c 7", "f(int, char)", "[unknown]", "deepcopy (copy.py:146)", "\xc3\xa9");
    print join(";", map { $f[rand @f] } 1 .. 1 + rand 6), " ", int rand 1000, "\n" for 1 .. $ARGV[0]' "$1" "$2"
}
export -f fold_by_perl random_stacks

# --- folded stacks

test_that 'folded stacks are merged, sorted in byte order, and unique' '
  stackfold "$D/recursion.folded" >out
  fold_by_perl "$D/recursion.folded" >want
  same want out
  sort -cu out
'
test_that 'any number of files is added together' '
  { cat "$D/recursion.folded" "$D/simple.folded"; echo; cat "$D/simple.folded"; } | fold_by_perl >want
  stackfold "$D/recursion.folded" - "$D/simple.folded" <"$D/simple.folded" >out
  same want out
'
test_that 'random stacks come out as from another program, in the order of sort' '
  for seed in 1 2 3; do
    random_stacks 20000 "$seed" >in
    fold_by_perl in >want
    stackfold -q in >out
    same want out
    sort -cu out
  done
'
test_that 'lines are sorted as wholes where a frame goes on with a blank and a number' '
  printf "a 1 5\na 10\na 1;b 3\na 1 12 3\na 1 1\n" | stackfold >out
  printf "a 1 12 3\na 1 6\na 10\na 1;b 3\n" >want
  same want out
  sort -cu out
'
test_that 'output read again comes out the same' '
  random_stacks 5000 4 | stackfold >once
  stackfold once >twice
  same once twice
'
test_that 'compressed input is unpacked' '
  stackfold "$D/recursion.folded" >want
  for tool in gzip xz bzip2 zstd lz4; do
    command -v "$tool" >/dev/null || continue
    "$tool" -c <"$D/recursion.folded" >packed
    stackfold packed >out
    same want out
    stackfold <packed >out
    same want out
  done
'
test_that 'frames hold blanks and brackets, lines end with CR LF, the last without; a byte order mark is no frame' '
  printf "\xef\xbb\xbfa;operator() (int) const 3\r\nb c;d 4\r\n\r\n b 2\r\na;operator() (int) const 1" >in
  printf " b 2\na;operator() (int) const 4\nb c;d 4\n" >want
  stackfold in >out
  same want out
'
test_that 'comments above the stacks are skipped, a frame that begins with # is not' '
  printf "# mode: wall\n# interval: 100\n\n#private;x 1\n# a;b 2\n" >in
  printf "# a;b 2\n#private;x 1\n" >want
  stackfold in >out
  same want out
'
test_that 'control characters in a frame are replaced, NUL too' '
  printf "a\0b;c\td;e\x7f;f\x1b[0m 1\n" | stackfold >out
  printf "a?b;c?d;e?;f?[0m 1\n" >want
  same want out
'
test_that 'each control character is replaced wherever it stands, and no other byte' '
  perl -e "for my \$c (1 .. 9, 11, 12, 14 .. 47, 127 .. 255) { for my \$n (0 .. 17) { print \"x\" x \$n, chr \$c, \"y\" x (17 - \$n), \" 1\n\" } }" >in
  tr "\1-\11\13-\37\177" "?" <in | fold_by_perl >want
  stackfold in >out
  same want out
'
test_that 'a line without a value, or with one that is no integer, is an error with file and line' '
  printf "a;b 1\na;b\n" >in; says 1 "^stackfold: in:2: the value is missing" stackfold in
  printf "a;b\n" >in; says 1 "^stackfold: in:1: the value is missing" stackfold in
  printf "a;b 1\na;b \n" >in; says 1 "^stackfold: in:2: the value is missing" stackfold in
  printf "a;b 1.5\n" >in; says 1 "^stackfold: in:1: the value .1\.5. is fractional" stackfold in
  printf "a;b 1\na;b 1.5\na;b 2.0\na;b 3.25\na;b\n" >in
  says 1 "^stackfold: in:2: the value .1\.5. is fractional, as are those of 2 lines in all" stackfold in
  printf "a;b -5\n" >in; says 1 "^stackfold: in:1: the value .-5. is negative" stackfold in
  printf "a;b 1\nc 0x10\n" >in; says 1 "^stackfold: in:2: the value .0x10. is not an integer" stackfold in
  printf "a 1\n\n 5\n" >in; says 1 "^stackfold: in:3: no stack" stackfold in
  test ! -s says.out
'
test_that 'a fraction of zeros is no fraction' '
  printf "a 31.0\na 6.\nb 100\nb 0.000\n" | stackfold >out
  printf "a 37\nb 100\n" >want
  same want out
'
test_that 'folded stacks with the values of two profiles are refused, not taken for stacks with a number at their end' '
  printf "a;b 1 5\na;c 10 0\n" >in
  says 1 "is folded stacks of two profiles" stackfold in
  says 0 "" stackfold -f folded in
  printf "a;b 1 5\na;c 10\n" | stackfold >out
  printf "a;b 1 5\na;c 10\n" >want
  same want out
'
test_that 'what other collapsers and py-spy write is read' '
  {
    printf "process 7:\"python3 a.py\";MainThread (0x7F1);<module> (a.py:9);work (a.py:3) 12\n" # py-spy record -f raw
    printf "[tid=12];java/lang/Thread.run_[j];Main.lambda\$main\$0_[j];libc.so.6[+0x1f] 3\n"     # async-profiler
    printf "P1;T1;/srv/a.py:main:12;/srv/a.py:work:3 291\n"                                    # austin
    printf "java.lang.Thread.run:;\`a\x27b;-;f 1\n"                                             # jstack, pmc
  } >in
  stackfold --strict in >out
  sort in >want
  same want out
'
test_that 'values reach to 64 bits; one past that, or a sum, is an error' '
  printf "a 18446744073709551614\na 1\n" | stackfold >out
  test "$(cat out)" = "a 18446744073709551615"
  printf "a 18446744073709551616\n" >in; says 1 "^stackfold: in:1: .* past 64 bits" stackfold in
  printf "a 18446744073709551615\na 1\n" >in; says 1 "more than 64 bits" stackfold in
  printf "a 18446744073709551615\nb 1\n" >in; says 1 "more than 64 bits" stackfold in
  test ! -s says.out
'
test_that 'a stack of 100,000 frames and a line of 30 MB are read' '
  perl -e "print join(\";\", map { \"f\$_\" } 1 .. 100000), \" 5\n\"" >deep
  { cat deep deep; head -c 30000000 /dev/zero | tr "\0" x; echo ";leaf 7"; } >in
  stackfold in >out
  test "$(wc -l <out)" = 2
  test "$(head -n 1 out)" = "$(sed "s/ 5$/ 10/" deep)"
  tail -n 1 out | grep -Eq "^x{1000,}.*;leaf 7$"
  test "$(tail -n 1 out | wc -c)" = 30000008
'
if [[ $BUILD == *asan* ]]; then
  skip 'sanitizers take the memory' 'memory is in proportion to distinct stacks, not to lines'
else
  test_that 'memory is in proportion to distinct stacks, not to lines' '
    { yes "main;serve;handle;parse 3" || true; } | head -n 3000000 | (ulimit -v 60000; stackfold) >out
    test "$(cat out)" = "main;serve;handle;parse 9000000"
  '
fi

# --- tracemalloc

test_that 'a snapshot of tracemalloc: bytes, columns by name, what is deeper than listed is truncated' '
  stackfold "$D/snapshot.tsv" >out
  same "$D/snapshot.bytes" out
  stackfold --value bytes <"$D/snapshot.tsv" >out
  same "$D/snapshot.bytes" out
'
test_that 'a snapshot of tracemalloc: blocks' '
  stackfold -v blocks "$D/snapshot.tsv" >out
  same "$D/snapshot.blocks" out
'
test_that 'a row of a snapshot without frames is dropped and counted, unless frames were cut off' '
  printf "tracemalloc_bytes\ttracemalloc_blocks\tdepth\tstack\n7\t1\t0\t\n8\t1\t3\t\n9\t1\t1\ta.py:1\n" >in
  printf "[truncated] 8\na.py:1 9\n" >want
  says 0 "read 3 records, kept 2 in 2 stacks, dropped 1 \(1 without a frame\); value in 24, out 17; 47\.06 % trunc" stackfold in
  same want says.out
'
test_that 'a malformed row of a snapshot is an error with file and line' '
  row() { printf "tracemalloc_bytes\ttracemalloc_blocks\tdepth\tstack\n1\t1\t1\ta.py:1\n$1\n" >in; }
  row "1\t1\ta.py:1"; says 1 "^stackfold: in:3: has 3 fields; the header row has 4" stackfold in
  row "x\t1\t1\ta.py:1"; says 1 "^stackfold: in:3: tracemalloc_bytes .x. is not an integer" stackfold in
  row "1\t-1\t1\ta.py:1"; says 1 "^stackfold: in:3: tracemalloc_blocks .-1. is negative" stackfold in
  row "1\t1\t1.0\ta.py:1"; says 1 "^stackfold: in:3: depth .1\.0. is fractional" stackfold in
  row "1\t1\t1\ta.py:1;b.py:2"; says 1 "^stackfold: in:3: depth is 1, yet the stack lists 2" stackfold in
  row "1\t1\t2\ta.py:1;b.py"; says 1 "^stackfold: in:3: frame 2 of the stack does not end" stackfold in
  row "1\t1\t2\ta.py:1;"; says 1 "^stackfold: in:3: frame 2 of the stack does not end" stackfold in
  row "1\t1\t1\ta\\\\x.py:1"; says 1 "^stackfold: in:3: a backslash starts no escape" stackfold in
  printf "tracemalloc_bytes\tdepth\tstack\n1\t1\ta.py:1\n" >in
  says 1 "^stackfold: in:1: the header row has no field .tracemalloc_blocks." stackfold in
  printf "tracemalloc_bytes\ttracemalloc_blocks\tdepth\tdepth\tstack\n" >in
  says 1 "^stackfold: in:1: the header row names the field .depth. twice" stackfold in
'

# --- faulthandler

test_that 'dumps of faulthandler, with a path that holds quotes and the text of a line' '
  stackfold "$D/captured.txt" >out
  same "$D/captured.expected" out
'
test_that 'a path that holds the whole text between path and name stays whole' '
  printf "Stack (most recent call first):\n  File \"/a\", line 3 in b/c.py\", line 9 in f\n" | stackfold >out
  test "$(cat out)" = "f (/a\", line 3 in b/c.py:9) 1"
'
test_that 'every kind of line that faulthandler prints; what has no frame is dropped and counted' '
  drops="1 without a frame, 1 with frames of the capture alone, 1 unreadable to the profiler"
  says 0 "read 7 records, kept 4 in 4 stacks, dropped 3 \($drops\); value in 7, out 4; 50\.00 % truncated" stackfold "$D/kinds.txt"
  same "$D/kinds.expected" says.out
'
if [ -x /usr/bin/python3 ]; then
  test_that 'what the python3 of this machine prints is read: all threads, one, at its death' '
    mkdir "a \"b\"" && cp "$D/program.py" "a \"b\"/"
    /usr/bin/python3 "a \"b\"/program.py" 2 die 2>dump || true
    says 0 "read 6 records, kept 6 in 5 stacks, dropped 0;" stackfold --strict dump
    sed "s|($PWD/|(|g" says.out >out
    grep -Fx "<module> (a \"b\"/program.py:28);descend (a \"b\"/program.py:17);descend (a \"b\"/program.py:17);descend (a \"b\"/program.py:18) 1" out
    grep -E ";wait \(a \"b\"/program.py:12\) 2$" out
    grep -Fx "<module> (a \"b\"/program.py:29) 1" out
  '
  test_that 'deep stacks and a repeating timer of this machine are read' '
    /usr/bin/python3 "$D/program.py" 120 timer 2>dump
    grep -q "^Timeout " dump
    stackfold --strict dump >out
    test "$(grep -c "^\[truncated\];descend " out)" = 3
    test "$(grep "^\[truncated\];" out | tr ";" "\n" | grep -c "^descend ")" = 300
    awk "{ sum += \$NF } END { exit sum != $(grep -c "most recent call first" dump) }" out
  '
else
  skip 'no /usr/bin/python3' 'what the python3 of this machine prints is read: all threads, one, at its death'
  skip 'no /usr/bin/python3' 'deep stacks and a repeating timer of this machine are read'
fi
test_that 'messages of the program between the lines of dumps are skipped and counted' '
  {
    echo "listening on port 80"
    sed "3i Traceback (most recent call last):\n  File \"x.py\", line 3, in f\n    fail()" "$D/captured.txt"
    echo "bye"
  } >in
  says 0 "; 5 other lines skipped$" stackfold in
  same "$D/captured.expected" says.out
  says 1 "not all of the input was used" stackfold --strict in
  test ! -s says.out
'
test_that 'a line in which dump and message are mixed is an error' '
  sed "3s/^/GET \\//" "$D/captured.txt" >in; says 1 "^stackfold: in:3: .*mixed" stackfold in
  sed "7s/^/GET \\//" "$D/captured.txt" >in; says 1 "^stackfold: in:7: .*mixed" stackfold in
  sed "2s/program/&\nGET/" "$D/captured.txt" >in; says 1 "^stackfold: in:2: .*mixed" stackfold in
  sed "1d" "$D/captured.txt" >in; says 1 "^stackfold: in:1: a frame without the header" stackfold in
'

# --- input that is cut off

test_that 'the whole stacks of a dump that is cut off are used; it is an error but with --lenient' '
  lines=$(wc -l <"$D/captured.txt")
  for cut in 1 10 60 200; do
    head -c "-$cut" "$D/captured.txt" >in
    says 1 "^stackfold: in:$(grep -c "" in): ends in the middle of a dump" stackfold in
    cp says.out strictly
    says 0 "^stackfold: in:$(grep -c "" in): ends in the middle of a dump" stackfold --lenient in
    same strictly says.out
    grep "dropped 1 (1 cut off)" says.err
    grep -v "program.py:32" "$D/captured.expected" >want
    grep -v "program.py:32" says.out >out
    test "$(grep -v wait want)" = "$(grep -v wait out)"
  done
  head -n 2 "$D/kinds.txt" >in; says 1 "in:2: ends in the middle of a dump" stackfold in
  head -n 3 "$D/kinds.txt" >in; says 0 "read 1 records, kept 1" stackfold in
  { cat "$D/captured.txt"; echo "Timeout (0:00:01)!"; } >in; says 1 "ends in the middle of a dump" stackfold in
'
test_that 'of a snapshot and of folded stacks that are cut off whole rows are used; it is an error but with --lenient' '
  head -n 3 "$D/snapshot.tsv" >in
  printf "2\t2\tx\t/srv/app.py:10" >>in
  says 1 "^stackfold: in:4: ends in the middle of a row" stackfold in
  says 0 "^stackfold: in:4: ends in the middle of a row" stackfold --lenient in
  printf "/srv/app.py:10;/srv/copy.py:20 4096\n[truncated];/srv/app.py:10;/srv/copy.py:20 100\n" >want
  same want says.out
  printf "a;b 1\na;c" >in
  says 1 "^stackfold: in:2: ends in the middle of a line" stackfold in
  says 0 "read 2 records, kept 1 .*1 cut off" stackfold --lenient in
  test "$(cat says.out)" = "a;b 1"
'
test_that 'of a compressed file that is cut off all is used that can be unpacked; it is an error but with --lenient' '
  random_stacks 20000 1 >whole
  for tool in gzip zstd xz bzip2 lz4; do
    command -v "$tool" >/dev/null || continue
    "$tool" -c <whole >packed
    for part in 10 50 99; do
      head -c $(($(wc -c <packed) * part / 100)) packed >in
      "$tool" -dc <in 2>err >left || true
      lines=$(wc -l <left)
      if [ "$lines" = 0 ]; then
        says 1 "^stackfold: in: holds no stacks in what is left of it" stackfold --lenient in
        continue
      fi
      # A line without its end but with a number behind a blank is taken for a whole one, as in any input.
      fold_by_perl left >want
      says 1 "^stackfold: in:[0-9]+: ends in the middle of (a line|the compressed data)" stackfold in
      cp says.out strictly
      same want strictly
      says 0 "[1-9][0-9]* cut off" stackfold --lenient - <in
      same want says.out
      test "$(grep -c "ends in the middle" says.err)" = 1
      test "$lines" -ge 100
    done
  done
'
test_that 'a compressed file that is damaged is an error, and one that is cut off is for --strict' '
  random_stacks 20000 1 >whole
  for tool in gzip zstd xz bzip2; do
    "$tool" -c <whole >packed
    size=$(wc -c <packed)
    { head -c $((size / 2)) packed; head -c 2000 /dev/zero; tail -c +$((size / 2 + 2001)) packed; } >in
    says 1 "^stackfold: in:.*" stackfold --lenient in
    test ! -s says.out
    head -c $((size * 9 / 10)) packed >in
    says 1 "not all of the input was used|what is left of it" stackfold --lenient --strict in
  done
'
test_that 'streams compressed one after another are one input; what is no stream behind them is left alone' '
  random_stacks 2000 1 >one; random_stacks 3000 2 >two; fold_by_perl one two >want
  for tool in gzip zstd xz bzip2 lz4; do
    command -v "$tool" >/dev/null || continue
    { "$tool" -c <one; "$tool" -c <two; } >in
    stackfold in >out; same want out
  done
  { gzip -c <one; gzip -c <two; head -c 1000 /dev/zero; } >in; stackfold --strict in >out; same want out
  { gzip -c <one; gzip -c <two; printf "\x1f"; } >in; says 1 "the compressed data" stackfold in; same want says.out
  gzip -c <one | zstd -c >in; fold_by_perl one >want; stackfold in >out; same want out
  head -c -100 in >cut; says 1 "the compressed data|a line" stackfold cut
  gzip -c <one | head -c -100 | zstd -c >cut; says 1 "the compressed data|a line" stackfold cut
  gzip -c <one | head -c 3000 >in; says 1 "^rankalloc: in: cannot be read: the compressed data ends early" rankalloc in
'

# --- the account of the records, names above the stacks, values

test_that 'the account tells the share of truncated and of unresolved stacks' '
  printf "[truncated];a 10\nb;[libc.so.6+0x1f] 20\nc;[0x7fff];d 30\n[unknown] 15\ne;[k];[0xyz] 125\n" >in
  says 0 "^stackfold: read 5 records, kept 5 in 5 stacks, dropped 0; value in 200, out 200; 5\.00 % truncated, 32\.50 % unresolved$" stackfold in
'
test_that 'nothing is said with -q' '
  stackfold -q "$D/kinds.txt" >out 2>err
  test ! -s err
'
test_that '--strict makes a dropped record an error' '
  says 1 "not all of the input was used" stackfold --strict "$D/kinds.txt"
  test ! -s says.out
  stackfold --strict "$D/captured.txt" >out
  same "$D/captured.expected" out
'
test_that '--root puts a frame above the stacks of the files after it, up to the next' '
  echo "a;b 1" >a; printf "tracemalloc_bytes\ttracemalloc_blocks\tdepth\tstack\n2\t1\t9\tx.py:1\n" >b
  printf "a;b 1\none:two;a;b 1\nthree;[truncated];x.py:1 2\nthree;a;b 1\n" >want
  sort want -o want
  stackfold a --root "one;two" a --root three b a >out
  same want out
  stackfold --root x a --root "" b >out
  printf "[truncated];x.py:1 2\nx;a;b 1\n" >want
  same want out
  says 2 "root stands behind the last file" stackfold a --root x
'
test_that 'values of different names are not added, nor taken where there are none' '
  says 1 "captured.txt: gives samples, and a file before it gave bytes" stackfold "$D/snapshot.tsv" "$D/captured.txt"
  says 1 "captured.txt: is faulthandler, which has no value .blocks." stackfold -v blocks "$D/captured.txt"
  says 1 "simple.folded: is folded, whose values have no names" stackfold -v bytes "$D/simple.folded"
  stackfold -q -v samples "$D/captured.txt" >out
  same "$D/captured.expected" out
'

# --- what is not read

test_that 'input without stacks is an error' '
  for what in "" "\n\n" "# comment: 1\n"; do
    printf "$what" >in
    says 1 "^stackfold: in: (holds no stacks|is in no format)" stackfold in
    says 1 "^stackfold: in: holds no stacks" stackfold -f folded in
  done
  says 1 "^stackfold: <stdin>: holds no stacks" stackfold </dev/null
  says 1 "^stackfold: /dev/null: holds no stacks" stackfold "$D/simple.folded" /dev/null
  printf "tracemalloc_bytes\ttracemalloc_blocks\tdepth\tstack\n" >in
  says 1 "^stackfold: in: holds no stacks" stackfold in
  printf "Thread 0x1 (most recent call first):\n  <no Python frame>\n" >in
  says 1 "all 1 records were dropped" stackfold in
'
test_that 'an unknown format is an error that shows how the input begins and what is read' '
  printf "this\n\tis \x01no \xe9 profile\n" >in
  says 1 "begins with .this.n.tis .x01no .xe9 profile.n.; the formats read are .*tracemalloc.*, folded" stackfold in
  printf "listening on port 8080\nready\nbye now\n" >in
  says 1 "in no format that is known" stackfold in
'
test_that 'output of profilers that are not read is named' '
  printf "version: 1\ncreator: callgrind-3.1\nevents: Ir\nfn=main\n1 5\n" >in; says 1 "callgrind" stackfold in
  printf "desc: x\ncmd: ./a\ntime_unit: i\n" >in; says 1 "massif" stackfold in
  printf "\xfe\xff\0a\0 \0001" >in; says 1 "UTF-16" stackfold in
'
if [ -d "${CORPUS_DIR:-}" ]; then
  test_that 'real outputs of other profilers are recognized as such' '
    check() { for f in "$CORPUS_DIR"/$2; do says 1 "is $1.*, which is not read" stackfold "$f"; done; }
    check "a callgrind profile" "callgrind/*.*"
    check "a massif profile" "massif/*.*"
    says 1 "in no format that is known" stackfold "$CORPUS_DIR/unknown/inferno-unknown-format.txt"
  '
  test_that 'real folded stacks come out as from another program' '
    for f in "$CORPUS_DIR"/folded/*.txt "$CORPUS_DIR"/big/expected/*.folded.zst; do
      case $f in
        *inferno-fractional*) says 1 ":1: the value .31.23. is fractional, as are those of 5 lines" stackfold "$f"; continue ;;
        *utf16*) continue ;;
        *-all-diff*) says 1 "is folded stacks of two profiles" stackfold "$f"; continue ;;
      esac
      case $f in *.zst) zstd -dc "$f" ;; *) grep -v "^# " "$f" ;; esac | sed "s/[.]0*$//" | fold_by_perl >want
      stackfold -q "$f" >out
      same want out
    done
  '
else
  skip 'CORPUS_DIR is not set' 'real outputs of other profilers are recognized as such'
  skip 'CORPUS_DIR is not set' 'real folded stacks come out as from another program'
fi
test_that '--format overrides what the content looks like' '
  printf "listening on port 8080\n" >in
  test "$(stackfold -q -f folded in)" = "listening on port 8080"
  says 1 "^stackfold: in:1: the header row has no field" stackfold -f tracemalloc in
'

# --- the tool itself

test_that 'a full disk and a closed pipe are failures' '
  says 1 "cannot write standard output" bash -c "stackfold -q \"\$D/simple.folded\" >/dev/full"
  random_stacks 20000 1 | sed "s/^/\$RANDOM;&/" >in
  stackfold -q in | head -n 1 >out || status=$?
  test "${status:-0}" != 0
'
test_that 'bad usage is exit 2' '
  says 2 "try .stackfold --help" stackfold --bogus
  says 2 "option .-x. cannot be understood" stackfold -x
  says 2 "wants an argument" stackfold -f
  says 2 "format .perf. is not one of .*faulthandler, .*folded" stackfold -f perf
  says 2 "value .seconds. is not one of bytes, blocks" stackfold -f tracemalloc -v seconds "$D/simple.folded"
  says 1 "cannot be opened" stackfold /nonexistent
  says 1 "is a directory" stackfold /
'
test_that 'help and man page name every format and option' '
  stackfold --help >help
  stackfold --version | grep -E "^stackfold \(Assay\) [0-9.]+$"
  sed "1,/^Formats:/d" help | sed -nE "s/^  ([a-z-]+) .*/\1/p" >formats; grep -x folded formats; grep -x tracemalloc formats
  while read -r format; do grep -x "[.]It Cm $format" "$ROOT/tools/stackfold.1"; done <formats
  grep -oE -- "--[a-z][a-z-]+" help | sort -u | while read -r option; do grep -q -- "Fl -${option#--}" "$ROOT/tools/stackfold.1"; done
  test "$(wc -L <help)" -le 120
'
finish
