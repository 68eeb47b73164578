#!/usr/bin/env bash
# abstat: the formats in which samples come, and more than two arms.
. "${0%/*}/harness.sh"
IN=$DATA/abstat-input
export IN

HEADER=$(printf 'block\torder\trun\tarm\tmetric\tvalue\tunit\trole\tstatus')
export HEADER
# Ten runs as they ran, ARM:VALUE, and the same in each form: blocks of K runs of each arm.
RUNS='A:10 B:8.5 B:8 A:10.25 B:8 A:1e1 B:9 A:11 A:10.5 B:8'
export RUNS
as_samples() { # K TOKEN...
  local length=$((2 * $1)) run=0 token
  shift
  echo "$HEADER"
  for token; do
    printf '%d\t%d\t%d\t%s\tm\t%s\t-\t-\tok\n' $((run / length + 1)) $((run % length + 1)) $((run + 1)) \
      "${token%%:*}" "${token#*:}"
    run=$((run + 1))
  done
}
as_columns() { printf '%s\n' "$@" | tr : "${separator:-\\t}"; }
as_log() { local token; for token; do printf 'arm=%s\nsome text\nm=%s\n' "${token%%:*}" "${token#*:}"; done; }
field() { # NAME...: these fields of the rows on stdin, by name, joined by blanks
  awk -F'\t' -v names="$*" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; n = split(names, name, " "); next }
    { for (i = 1; i <= n; i++) printf "%s%s", $at[name[i]], i < n ? " " : "\n" }'
}
is() { [ "$1" = "$2" ] || { echo "'$1' is not '$2'"; return 1; }; }
# judge ARGUMENT...: the rows of the metric m, and nothing on stderr but warnings of the order
judge() { abstat -p m:lower "$@" 2>err || { cat err; return 1; }; }
# refused FORMAT PATTERN: what is on stdin is an error that matches, and nothing is printed.
refused() { cat >bad; says 1 "^abstat: bad:$2" abstat --format "$1" -p m:lower -b A bad; [ ! -s says.out ]; }
export -f as_samples as_columns as_log field is judge refused

# --- two columns

test_that 'two columns are runs in their order, three of each arm in a block' '
  as_samples 3 $RUNS | judge >expected; [ "$(wc -l <expected)" = 2 ]
  as_columns $RUNS | judge --format columns | same expected -'

test_that 'blanks or tabs part the columns, empty lines and a header are not runs' '
  as_samples 3 $RUNS | judge >expected
  { printf "arm  value\n\n"; separator=" " as_columns $RUNS; echo; } | sed "s/^/ /; s/\$/\t/" >columns
  judge --format columns columns | same expected -
  as_columns $RUNS | sed "s/\$/\r/" | judge --format columns | same expected -'

test_that '--runs says how many runs of each arm are in a block' '
  for k in 1 2 5; do
    as_samples $k $RUNS | judge -k $k >expected
    as_columns $RUNS | judge --format columns -k $k | same expected -
    as_log $RUNS | judge --format log -k $k | same expected -
  done'

test_that 'runs go on from one file to the next, compressed or not' '
  as_samples 3 $RUNS | judge >expected
  as_columns $RUNS >all; head -n 4 all >one; tail -n +5 all | gzip >two.gz
  judge --format columns one two.gz | same expected -'

test_that 'NA is a failed run and inf one that ran out of time, neither is dropped' '
  as_columns A:1 B:NA A:1 B:2 A:1 B:2 | judge --format columns | field verdict reason >a
  as_columns A:1 B:inf A:1 B:2 A:1 B:2 | judge --format columns | field verdict reason >b
  is "$(cat a)" "DISCARD failures"; same a b'

test_that 'columns that are none are errors with their line' '
  printf "A\t1\nB\n" | refused columns "2: has 1 field"
  printf "A\t1\nB 2 3\n" | refused columns "2: has more than 2 fields"
  for value in x nan 0x1 1e999 1,5; do printf "A\t1\nB\t$value\n" | refused columns "2: the value .$value. is not"; done
  printf "A\t1\nB\t2\0\n" | refused columns "2: holds a NUL"
  printf "arm\tvalue\n" | refused columns " has no rows"'

test_that 'a base that is not among the columns is an error that names the arms' '
  printf "x\t1\ny\t2\n" >bad
  says 1 "^abstat: bad: the base arm .A. has no rows; the arms are .x. and .y." abstat --format columns -p m:lower bad
  as_columns old:10 new:8 new:8 old:10 new:8 old:10 >columns
  is "$(judge --format columns -b old columns | field mean_a mean_b)" "10 8"'

# --- logs

test_that 'a log is runs that begin with arm=NAME, whatever text stands between' '
  as_samples 3 $RUNS | judge >expected
  as_log $RUNS | judge --format log | same expected -
  between="METRIC other=5\nnote=fine\nPATH=a=b\nMETRICS are below\n"
  { echo "starting"; as_log $RUNS | sed "s/^m=/${between}METRIC m=/; s/^arm=/METRIC arm=/"; } >log
  judge --format log log | same expected -'

test_that 'a run of a log may say anywhere that it failed' '
  printf "arm=%s\nm=1\n" A B A B A B >log
  is "$({ cat log; echo status=ok; } | judge --format log | field reason)" "$(judge --format log log | field reason)"
  is "$({ cat log; echo status=failed; } | judge --format log | field verdict reason)" "DISCARD failures"
  printf "arm=B\nMETRIC m=NA\nstatus=timeout\n" >>log
  is "$(judge --format log log | field verdict reason)" "DISCARD failures"'

test_that 'the same number twice in a run is one value' '
  as_log $RUNS | judge --format log >expected
  as_log $RUNS | sed "s/^m=.*/&\n&/; s/^m=10\$/&\nm=1e1/" | judge --format log | same expected -'

test_that 'lines that a log may not have are errors with their line' '
  printf "arm=A\nMETRIC m\n" | refused log "2: .METRIC m. is not of the form"
  printf "arm=A\nMETRIC 1m=2\n" | refused log "2: .1m. is no name of a metric"
  printf "arm=A\nMETRIC other=fast\n" | refused log "2: the value .fast."
  printf "arm=A\nm=12ms\n" | refused log "2: the value .12ms."
  printf "arm=A\nm=NA\narm=B\nm=1\n" | refused log "2: the value is NA and the status ok"
  printf "arm=A\nm=1\nm=2\n" | refused log "3: the metric .m. of run 1 of arm A is 2 here and 1 in line 2"
  printf "arm=\nm=1\n" | refused log "1: the arm has no name"
  printf "m=1\narm=A\n" | refused log "1: the metric .m. stands before"
  printf "status=failed\narm=A\n" | refused log "1: the status stands before"
  printf "nothing\n" | refused log " has no line .arm=NAME"
  printf "arm=A\nm=1\narm=B\nother=1\n" | refused log "3: run 2 of arm B is ok and has no row"
  printf "arm=A\nMETRIC m=1\0\n" | refused log "2: holds a NUL"'

test_that 'a metric does not belong to the run of the file before' '
  printf "arm=A\nm=1\n" >one; printf "m=2\n" >two
  says 1 "^abstat: two:1: the metric .m. stands before" abstat --format log -p m:lower one two'

# --- Go benchmarks

go() { abstat --format go "$@" 2>err || { cat err; return 1; }; }
export -f go
test_that 'Go results are one file an arm, the first the base, one run after the other' '
  go -p Encode/size_1K/ns/op:lower "$IN/old.txt" "$IN/new.txt" >rows
  is "$(field n mean_a mean_b median_a median_b arm design <rows)" "6 21437 20046.83333 21438 19988 new sequential"
  go -p Encode/size_1K/ns/op:lower -b new "$IN/old.txt" "$IN/new.txt" >rows
  is "$(field mean_a mean_b arm <rows)" "20046.83333 21437 old"
  grep -q "^abstat: confounded-order" err'

test_that 'every unit is a metric, found with the number of processors or without' '
  go -p Decode/size_1K-8/MB/s:higher -e Decode/size_1K/allocs/op -e Encode/size_1K/allocs/op \
    "$IN/old.txt" "$IN/new.txt" >rows
  is "$(field role mean_a mean_b <rows | tr "\n" ";")" "primary 30.285 30.44833333;equal 7 7;equal 12 9;"'

test_that 'a Go metric that is not there is an error that names some that are' '
  says 1 "no row has the metric .Encode.; there is .Encode/size_1K/ns/op., .*MB/s., .* and others" \
    abstat --format go -p Encode:lower "$IN/old.txt" "$IN/new.txt"'

test_that 'other characters of a name become _, and what is no result is no run' '
  for run in 1 2; do
    printf "%s\n" "BenchmarkX" "Benchmarks of today" "pass: 3" "Unit ns/op assume=exact" "# end" \
      "BenchmarkX/naïve,a=1  10  5 µs/op"
  done >a
  cp a b; is "$(go -p X/na_ve_a_1/_s/op:lower a b | field n mean_a)" "2 5"'

test_that 'a benchmark that failed is a failed run' '
  grep -v "PASS\|^ok" "$IN/new.txt" >new
  printf -- "--- FAIL: BenchmarkDecode/size=1K-8\n    x_test.go:9: wrong\nFAIL\n" >>new
  is "$(go -p Decode/size_1K/ns/op:lower "$IN/old.txt" new | field verdict reason)" "DISCARD failures"
  is "$(go -p Encode/size_1K/ns/op:lower "$IN/old.txt" new | field reason)" "confounded-order"'

test_that 'one metric from two benchmarks, or of two packages, is an error' '
  printf "BenchmarkX-2 1 5 ns/op\nBenchmarkX-4 1 5 ns/op\n" >a; cp a b
  says 1 "^abstat: a:2: .X/ns/op. stands for BenchmarkX-4 here and for BenchmarkX-2 in a:1" \
    abstat --format go -p X/ns/op:lower a b
  is "$(go -p X-4/ns/op:lower a b | field n)" 1
  printf "pkg: p\nBenchmarkX 1 5 ns/op\npkg: q\nBenchmarkX 1 5 ns/op\n" >a; cp a b
  says 1 "^abstat: a:4: .X/ns/op. is of the package .q. here and of .p. in a:2" \
    abstat --format go -p X/ns/op:lower a b'

test_that 'Go results that are none are errors with their line' '
  printf "BenchmarkX 1 5 ns/op\n" >b
  bad() { printf "\n$1\n" >a; says 1 "^abstat: a:2: $2" abstat --format go -p X/ns/op:lower a b; }
  bad "BenchmarkX 1 5 ns/op 7" "the value .7. has no unit"
  bad "BenchmarkX 1" "BenchmarkX has no value"
  bad "BenchmarkX 1 fast ns/op" "the value .fast."
  bad "BenchmarkX 1 NaN B/op" "the value .NaN."
  bad "BenchmarkX 1 5 ns/op\0" "holds a NUL"
  bad "assay-order: 0" "assay-order .0. is not a whole number"'

test_that 'Go files are two at least, each given once; those of the same name are told apart by their folders' '
  says 1 "takes one file for each arm.* only .*old.txt" abstat --format go -p m:lower "$IN/old.txt"
  says 1 "old.txt: is given twice" abstat --format go -p m:lower "$IN/old.txt" "$IN/old.txt"
  mkdir x y; gzip <"$IN/old.txt" >x/bench.txt.gz; cp "$IN/new.txt" y/bench.txt
  is "$(go -p Encode/size_1K/ns/op:lower x/bench.txt.gz y/bench.txt | field mean_a arm)" "21437 y/bench.txt"'

test_that 'lines assay-order tell in which order the parts of Go files ran' '
  as_samples 3 $RUNS | judge >expected
  run=0
  for token in $RUNS; do
    run=$((run + 1)); printf "assay-order: $run\nBenchmarkm 1 ${token#*:} x\n" >>"${token%%:*}.txt"
  done
  fields="n mean_a mean_b p estimate design"
  is "$(go -p m/x:lower A.txt B.txt | field $fields)" "$(field $fields <expected)"
  echo "BenchmarkX 1 5 x" | cat - B.txt >C.txt
  says 1 "C.txt:1: the order of this result is not known" abstat --format go -p X/x:lower A.txt C.txt'

# --- hyperfine

hyperfine_rows() { abstat --format hyperfine -p wall_s:lower "$@" 2>err || { cat err; return 1; }; }
near() {
  awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; exit !((d < 0 ? -d : d) <= 1e-8 * b) }' ||
    { echo "$1 is not near $2"; return 1; }
}
export -f hyperfine_rows near
test_that 'each result of hyperfine is an arm with the mean and median that hyperfine computed' '
  hyperfine_rows "$IN/sort.json" | field mean_a mean_b median_a median_b n design arm >row; cat row
  read -r mean_a mean_b median_a median_b n design arm <row
  is "$n $design $arm" "8 sequential sort -r numbers"
  theirs() { jq ".results[$1].$2" "$IN/sort.json"; }
  near "$mean_a" "$(theirs 0 mean)"; near "$mean_b" "$(theirs 1 mean)"
  near "$median_a" "$(theirs 0 median)"; near "$median_b" "$(theirs 1 median)"
  is "$(hyperfine_rows -b "sort -r numbers" - <"$IN/sort.json" | field arm)" "sort -n numbers"'

test_that 'three parameters of a command are a base and two variants' '
  hyperfine_rows "$IN/keys.json" | field arm mean_b >rows; cat rows
  is "$(cut -d " " -f 1-3 rows | tr "\n" ";")" "sort --key=2 numbers;sort --key=3 numbers;"
  near "$(sed -n "2s/.* //p" rows)" "$(jq ".results[2].mean" "$IN/keys.json")"'

test_that 'a run that did not exit with 0 has failed, by a signal too' '
  is "$(hyperfine_rows "$IN/failed.json" | field verdict reason)" "DISCARD failures"
  jq ".results[1].exit_codes = [0, 0, null]" "$IN/failed.json" >signal.json
  is "$(hyperfine_rows signal.json | field verdict reason)" "DISCARD failures"
  jq "del(.results[].exit_codes)" "$IN/failed.json" >none.json
  is "$(hyperfine_rows none.json | field n)" 3'

test_that 'memory is a metric where hyperfine has it' '
  jq ".results[].memory_usage_byte = [range(8) | 1000000 + .]" "$IN/sort.json" >memory.json
  is "$(hyperfine_rows -g memory_bytes:lower:10% memory.json | field mean_a | tail -n 1)" 1000003.5
  says 1 "no row has the metric .memory_bytes.; there is .wall_s." \
    abstat --format hyperfine -p memory_bytes:lower "$IN/sort.json"'

test_that 'the same command twice is two arms' '
  jq ".results[1].command = .results[0].command" "$IN/sort.json" >same.json
  is "$(hyperfine_rows same.json | field arm)" "sort -n numbers #2"
  hyperfine_rows "$IN/sort.json" "$IN/sort.json" | field arm | sort | tr "\n" ";" >arms
  is "$(cat arms)" "sort -n numbers #2;sort -r numbers;sort -r numbers #2;"'

test_that 'neither a name of a file nor a command does harm' '
  for name in --version "-n" "a b; touch harm" "\$(touch harm)" "x
y"; do cp "$IN/sort.json" "./$name"; hyperfine_rows -- "$name" >rows; is "$(field n <rows)" 8; rm -- "./$name"; done
  jq ".results[1].command = \"a\tb\nc\\\\d\u0000\u001b[31m\"" "$IN/sort.json" | hyperfine_rows >rows
  is "$(wc -l <rows)" 2; is "$(field n <rows)" 8; [ ! -e harm ]
  if grep -q "$(printf "\033")" rows; then exit 1; fi'

test_that 'what hyperfine does not write is an error of one line' '
  bad() {
    printf %s "$1" >bad; says 1 "^abstat: bad: $2" abstat --format hyperfine -p wall_s:lower bad
    is "$(wc -l <says.err)" 1; [ ! -s says.out ]
  }
  no="is not what hyperfine --export-json writes"
  bad "{" "$no: "
  for text in "" "{}{}" "[]"; do bad "$text" "$no: .*one JSON object"; done
  bad "{\"results\": 3}" "$no: .*no list results"
  bad "{\"results\": [3]}" "$no: .*results\[0\] is no object"
  bad "{\"results\": [{\"command\": 3}]}" "$no: .*results\[0\] has no command"
  bad "{\"results\": [{\"command\": \"a\"}]}" "$no: .*results\[0\] has no list times"
  bad "{\"results\": [{\"command\": \"a\", \"times\": [1, 2], \"exit_codes\": [0]}]}" \
    "$no: .*exit_codes is no list of 2"
  bad "{\"results\": [{\"command\": \"a\", \"times\": [1, \"x\"]}]}" "the value .x. is not"
  bad "{\"results\": [{\"command\": \"a\", \"times\": [1, null]}]}" "the value .null. is not"
  bad "{\"results\": []}" "has no rows"'

test_that 'without jq it says what to install' '
  tool=$(command -v abstat)
  says 1 "^abstat: jq cannot be started.*install jq" \
    env PATH="$WORK/none" "$tool" --format hyperfine -p wall_s:lower "$IN/sort.json"'

# --- more than two arms, and rows in any order

test_that 'each variant is compared with the base as if it were alone' '
  as_samples 3 A:10 C:7 B:8 A:10.5 B:8.5 C:7.5 C:7 B:8 A:9.5 >s
  fields="n mean_a mean_b sd_a sd_b min_a max_b p estimate"
  for arm in B C; do
    awk -F"\t" -v arm=$arm "NR == 1 || \$4 == \"A\" || \$4 == arm" s >two.tsv
    abstat -p m:lower two.tsv 2>/dev/null | field $fields
  done | sort >expected
  abstat -p m:lower s 2>/dev/null | field $fields | sort | same expected -
  is "$(abstat -p m:lower s 2>/dev/null | field arm | sort | tr "\n" " ")" "B C "'

test_that 'a failed run is one of its own arm, and of no other variant' '
  as_samples 3 A:10 C:7 B:8 A:10.5 B:8.5 C:7.5 C:7 B:8 A:9.5 | sed "7s/ok\$/failed/" >s
  abstat -p m:lower s 2>/dev/null | field arm reason n | sort >rows; cat rows
  grep -q "^C failures" rows; grep -v "^C" rows | grep -qv failures'

test_that 'of three arms in columns a block has runs of each' '
  as_samples 3 A:10 C:7 B:8 A:10.5 B:8.5 C:7.5 C:7 B:8 A:9.5 |
    awk -F"\t" -v OFS="\t" "NR > 1 { \$1 = 1; \$2 = NR - 1 } { print }" >s
  abstat -p m:lower s >expected 2>/dev/null
  tail -n +2 s | cut -f 4,6 | abstat --format columns -p m:lower 2>/dev/null | same expected -'

test_that 'the base may be any of the arms, and must be there' '
  as_samples 3 A:10 C:7 B:8 A:10 C:7 B:8 A:10 C:7 B:8 >s
  is "$(abstat -p m:lower -b B s 2>/dev/null | field arm mean_a mean_b | sort | tr "\n" ";")" "A 8 10;C 8 7;"
  says 1 "^abstat: s: the base arm .D. has no rows; the arms are .A., .C. and .B." abstat -p m:lower -b D s'

test_that 'rows in any order, over several files, are the same samples' '
  as_samples 2 $RUNS $RUNS $RUNS >m; sed "1d; s/\tm\t/\tg\t/" m | cat m - >s
  abstat -p m:lower -g g:lower:10% -k 2 s >expected
  { echo "$HEADER"; tail -n +2 s | sort -t "$(printf "\t")" -k 6,6 -k 3,3r; } >mixed
  if cmp -s s mixed; then exit 1; fi
  abstat -p m:lower -g g:lower:10% -k 2 mixed | same expected -
  { echo "$HEADER"; sed -n "20,40p" s; } >one; { echo "$HEADER"; sed "1d; 20,40d" s | tac; } | zstd -q >two
  abstat -p m:lower -g g:lower:10% -k 2 one two | same expected -'

test_that 'runs of the same number in both arms are pairs, in whatever order their rows stand' '
  for metric in m g; do for run in 1 2 3 4 5 6 7; do for arm in B A; do
    printf "$run\t1\t$run\t$arm\t$metric\t$((run + ${#arm}0 - $([ $arm = B ] && echo 3 || echo 0)))\t-\t-\tok\n"
  done; done; done >rows
  { echo "$HEADER"; sort -t "$(printf "\t")" -k 3,3n -k 4,4 rows; } | judge -g g:lower:10% >expected
  is "$(field design mean_a mean_b n <expected | sort -u)" "pairs 14 11 7"
  { echo "$HEADER"; cat rows; } | judge -g g:lower:10% | same expected -'

test_that 'rows that disagree are found wherever they stand' '
  as_samples 3 $RUNS >s; { cat s; sed -n "3s/\tm\t/\tother\t/; 3s/ok\$/failed/p" s; } >bad
  says 1 "^abstat: bad:12: run 2 of arm B .* status failed; bad:3 says" abstat -p m:lower bad
  { cat s; sed -n 5p s; } >bad; says 1 "^abstat: bad:12: .*comes twice; bad:5" abstat -p m:lower bad'

test_that 'run numbers may be as large as they come' '
  as_samples 3 $RUNS |
    awk -F"\t" -v OFS="\t" "NR > 1 { \$3 = \"18446744073709551\" (615 - (11 - NR) * 50) } { print }" >s
  is "$(judge s | field n mean_a)" "$(as_samples 3 $RUNS | judge | field n mean_a)"
  tac s | sed "\$d" | { echo "$HEADER"; cat; } >r; judge s >expected; judge r | same expected -'

test_that 'numbers are the doubles that strtod makes of them' '
  ${CC:-cc} -O2 -std=c11 -D_GNU_SOURCE -I "$ROOT/tools/lib" -o number "$IN/number.c" \
    "$ROOT"/tools/lib/{metric,memory,report}.c
  ./number'

test_that 'an unknown format is bad usage' '
  says 2 "^abstat: .*--format .csv. is unknown; samples, go, hyperfine, log or columns" abstat --format csv -p m:lower
  as_samples 3 $RUNS | abstat -p m:lower >expected
  as_samples 3 $RUNS | abstat --format samples -p m:lower | same expected -'

# --- what others computed from real files

if [ -d "${CORPUS_DIR:-}/hyperfine-json" ] && [ -d "${CORPUS_DIR:-}/benchfmt" ]; then
  test_that 'means and medians of real files are those that scipy computed' '
    for file in local-sha-same local-sort-locale local-xz-threads local-zstd-levels; do
      hyperfine_rows "$CORPUS_DIR/hyperfine-json/$file.json" >rows
      field mean_a mean_b median_a median_b n <rows | tr " " "\n" >got
      jq -r ".[] | select(.a == 0) | .mean_a, .mean_b, .median_a, .median_b, .n_a" \
        "$CORPUS_DIR/hyperfine-json/expected/$file.json.scipy.json" >expected
      [ "$(wc -l <got)" = "$(wc -l <expected)" ]
      paste got expected | while read -r a b; do near "$a" "$b"; done
    done
    go -p CRC32/poly_IEEE/size_15/align_0/ns/op:lower "$CORPUS_DIR"/benchfmt/crc-{old,new}.txt | field n >got
    is "$(cat got)" "$(grep -c "^BenchmarkCRC32/poly=IEEE/size=15/align=0-8" "$CORPUS_DIR/benchfmt/crc-old.txt")"'
else
  skip 'CORPUS_DIR is not set' 'means and medians of real files are those that scipy computed'
fi

finish
