#!/usr/bin/env bash
# readmetrics: from what a run printed to rows of samples.tsv.
. "${0%/*}/harness.sh"
read_run() { readmetrics --block 2 --order 3 --run 9 --arm B "$@"; }
export -f read_run

test_that 'each metric of a run becomes a row, those of the spec first, with its unit and role' '
  read_run --spec "$DATA/readmetrics/spec.tsv" "$DATA/readmetrics/run.log" >rows.tsv
  same "$DATA/readmetrics/run.tsv" rows.tsv'

test_that 'without a spec the metrics keep their order, and unit and role are -' '
  printf "b=2\n\nMETRIC a=1\n" | read_run | tail -n +2 >rows.tsv
  printf "2\t3\t9\tB\tb\t2\t-\t-\tok\n2\t3\t9\tB\ta\t1\t-\t-\tok\n" | same - rows.tsv'

test_that 'stdin, several files and compressed ones are read' '
  echo a=1 | gzip >a.gz; echo b=2 >b; echo c=3 | read_run a.gz - b | cut -f 5,6 | tail -n +2 >rows.tsv
  printf "a\t1\nc\t3\nb\t2\n" | same - rows.tsv'

test_that 'a value stands as it was written' '
  printf "a=-1.50e+3\nb=.5\nc=18446744073709551615\nd=+7.\n" | read_run | cut -f 6 | tail -n +2 >values
  printf "%s\n" -1.50e+3 .5 18446744073709551615 +7. | same - values'

test_that 'the same metric twice is one row where the numbers are the same' '
  [ "$(printf "a=1.0\na=1\na=10e-1\n" | read_run | tail -n +2 | cut -f 5,6)" = "a	1.0" ]'

test_that 'the same metric twice with different numbers is an error, in large integers too' '
  printf "a=1\nb=2\na=1.1\n" >log; says 1 "^readmetrics: log:3: .*a.* 1\.1 here and 1 before" read_run log
  printf "a=18446744073709551615\na=18446744073709551614\n" >log; says 1 "log:2:" read_run log'

test_that 'a metric of the spec that a good run did not print is an error, never a 0' '
  grep -v error_rate "$DATA/readmetrics/run.log" >log
  says 1 "spec\.tsv: lists the metric .error_rate., which run 9 of arm B" \
    read_run --spec "$DATA/readmetrics/spec.tsv" log
  [ ! -s says.out ]'

test_that 'a failed run has NA for every metric of the spec that it did not print' '
  echo peak_rss_mb=12 | read_run --spec "$DATA/readmetrics/spec.tsv" --status failed >rows.tsv
  same "$DATA/readmetrics/failed.tsv" rows.tsv
  read_run --spec "$DATA/readmetrics/spec.tsv" --status timeout /dev/null | tail -n +2 | cut -f 6,9 | sort -u >rows
  printf "NA\ttimeout\n" | same - rows'

test_that 'NA and inf are values of failed runs only' '
  printf "a=inf\nb=NA\n" >log; says 0 "" read_run --status timeout log; says 1 "log:1:" read_run log'

test_that 'a run without any metric leaves no empty file behind' '
  says 1 "no metric for run 9 of arm B" read_run /dev/null
  says 1 "needs --spec" read_run --status failed /dev/null'

while IFS= read -r line; do
  test_that "the line '$line' is an error that names file and line" "
    printf 'good=1\n%b\n' $(printf %q "$line") >log; says 1 '^readmetrics: log:2: ' read_run log; [ ! -s says.out ]"
done <<'LINES'
no equals sign
a=
a=x
a=0x10
a=nan
a=inf
a=NA
a=1e400
a=1e-400
a=1 
a=1,5
a= 1
a=1=2
=1
1a=1
a b=1
METRIC  a=1
METRIC a
a=\0001
LINES

test_that 'a spec with an unknown role or direction, a bad name or a repeated metric is an error' '
  spec() { printf "metric\tdirection\tunit\trole\n$1\n" >spec.tsv; echo a=1 >log
    says 1 "^readmetrics: spec\.tsv:$2: " read_run --spec spec.tsv log; }
  spec "a\tlower\tMB\tboss" 2
  spec "a\tdown\tMB\tguard" 2
  spec "a b\tlower\tMB\tguard" 2
  spec "a\tlower\tMB\tguard\na\tlower\tMB\tguard" 3
  printf "metric\tunit\trole\n" >spec.tsv; says 1 "spec\.tsv:1: .*direction" read_run --spec spec.tsv log'

for wrong in '' '--block 1 --order 1 --run 1' '--block 0 --order 1 --run 1 --arm A' '--block 1 --order 1 --run x --arm A' \
  '--block 1 --order 1 --run 1 --arm A,B' '--block 1 --order 1 --run 1 --arm A --status dead' '--nonsense'; do
  test_that "'$wrong' is bad usage" "says 2 '^readmetrics: .*try .readmetrics --help' readmetrics $wrong"
done

test_that 'a file that is not there, and a full disk, are failures' '
  says 1 "readmetrics: missing: " read_run missing
  got=0; echo a=1 | read_run >/dev/full 2>err || got=$?; [ "$got" = 1 ]'

test_that 'it says what it is' '
  readmetrics --help | grep -q "^usage: readmetrics"
  readmetrics --version | grep -Eq "^readmetrics \(Assay\) [0-9]"'

finish
