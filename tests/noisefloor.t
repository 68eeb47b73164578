#!/usr/bin/env bash
# noisefloor: what metrics vary by while the code is the same, and what is advised.
. "${0%/*}/harness.sh"
. "$ROOT/tests/samples.sh"

# near GOT WANTED: WANTED is an arithmetic expression of awk; equal to 8 digits.
near() {
  awk -v got="$1" "BEGIN { ratio = got / ($2); exit !(got != \"NA\" && ratio > 1 - 1e-8 && ratio < 1 + 1e-8) }" ||
    { echo "'$1' is not $2"; return 1; }
}
# of FIELD METRIC [OPTION...]: a field of the row of METRIC, for the samples on stdin.
of() {
  local name=$1 metric=$2
  shift 2
  noisefloor "$@" | awk -F'\t' -v m="$metric" 'NR == 1 || $1 == m' | field "$name"
}
advice() { of advice "$@"; }
silent() { local text; text=$(advice "$@"); is "$text" -; }
# role NAME: gives all rows on stdin this role.
role() { awk -F'\t' -v OFS='\t' -v role="$1" 'NR > 1 { $8 = role } { print }'; }
# guards METRIC GUARD [DETERMINISTIC]: a file for --guards.
guards() {
  printf 'metric\tdirection\tunit\trole\tguard\tdeterministic\n'
  printf '%s\tlower\tms\tguard\t%s\t%s\n' "$1" "$2" "${3:--}"
}
# Two blocks of 2 + 2 with the means 101 and 110; all is worked out by hand below.
worked() { samples time A:100 B:102 B:102 A:100 / B:111 A:109 A:110 B:110; }
# Twelve runs, whose values go up and down without a trend.
steady() { samples "${1:-time}" A:100 B:101 B:99 A:101 A:99 B:100 / B:101 A:99 B:100 A:100 A:101 B:99; }
export -f near of advice silent role guards worked steady

test_that 'n is the runs of each arm, the mean that of all' '
  is "$(worked | of "n mean" time)" "4 105.5"'
test_that 'cv: the squares about the block means sum to 6, over 8 - 2, so the sd is 1' '
  near "$(worked | of cv time)" "1 / 105.5"'
test_that 'drift: the slope is 71 / 42 over 7 steps; the residuals sum to 168 - 71^2 / 42, over 8 - 2' '
  near "$(worked | of drift time)" "7 * 71 / 42 / 105.5"
  near "$(worked | of drift_t time)" "71 / 42 / sqrt((168 - 71 * 71 / 42) / 6 / 42)"'
test_that 'autocorrelation: products of neighbours sum to 75.75, squares to 168' '
  near "$(worked | of autocorrelation time)" "75.75 / 168"'
test_that 'bimodal: 7 between the groups, the sd within them is 1' '
  is "$(worked | of "bimodal low high high_share" time)" "yes 101 110 0.5"'
test_that 'difference: 2 and 1 in the blocks; residuals sum to 1.5, over 5, weights to 2' '
  near "$(worked | of difference time)" "1.5 / 105.5"
  near "$(worked | of difference_error time)" "sqrt(1.5 / 5 / 2) / 105.5"'
test_that 'blocks that hold the arms unevenly weigh by their runs' '
  samples time A:10 B:13 A:10 / B:20 A:20 B:20 A:20 >uneven
  near "$(of difference time <uneven)" "(3 * 2 / 3 + 0) / (2 / 3 + 1) / (113 / 7)"'
test_that 'smallest effect: sqrt(2 / n) (z alpha + z power) cv, and what is suggested is that in half per cents' '
  near "$(worked | of smallest_effect time)" "sqrt(2 / 4) * (2.3263478740408408 + 1.2815515655446004) / 105.5"
  is "$(worked | of suggested_mei time)" 0.025
  near "$(worked | of smallest_effect time --alpha 0.05 --power 0.8)" \
    "sqrt(2 / 4) * (1.6448536269514722 + 0.8416212335729143) / 105.5"
  is "$(worked | of suggested_mei time -a 0.05 -p 0.8)" 0.02'
test_that 'twelve runs an arm at a cv of 0.11 % find 0.16 %, and less than 1 % is not suggested' '
  block="A:999 B:1001 A:1001 B:999 A:999 B:1001"
  samples rss $block / $block / $block / $block >rows
  is "$(of n rss <rows)" 12; near "$(of cv rss <rows)" "sqrt(24 / 20) / 1000"
  near "$(of smallest_effect rss <rows)" "sqrt(2 / 12) * 3.6078994395854412 * sqrt(24 / 20) / 1000"
  is "$(of suggested_mei rss <rows)" 0.01'
test_that 'a metric that never varies has no noise, and one whose mean is 0 none that a fraction could tell' '
  samples bytes A:0.1 B:0.1 A:0.1 B:0.1 B:0.1 A:0.1 >constant
  is "$(of "cv drift bimodal difference smallest_effect suggested_mei advice" bytes <constant)" "0 0 no 0 0 0.01 -"
  samples balance A:-1 B:1 A:1 B:-1 | of "mean cv drift difference smallest_effect" balance >numbers
  [ "$(cat numbers)" = "0 NA NA NA NA" ]
  samples restarts A:0 B:0 A:0 B:0 >zero
  is "$(of "mean cv drift difference smallest_effect suggested_mei advice" restarts <zero)" "0 NA NA NA NA NA -"'
test_that 'what nothing is decided by has no threshold' '
  is "$(steady | role equal | of suggested_mei time)" NA; is "$(steady | role control | of suggested_mei time)" NA
  is "$(steady | role guard | of suggested_mei time)" 0.02'
test_that 'the order of the rows does not matter, nor in how many files they are, nor whether compressed' '
  worked >rows; noisefloor rows >want
  { head -n 1 rows; tail -n +2 rows | sort -t "	" -k 4r,4 -k 6,6; } | noisefloor >got; same want got
  { head -n 1 rows; sed -n 6,9p rows; } | gzip >second.gz; head -n 5 rows >first
  noisefloor second.gz first >got; same want got
  noisefloor - second.gz <first >got; same want got'

test_that 'steady runs give no advice' '
  steady | silent time; steady | noisefloor --report | grep -qx "Nothing speaks against these runs."'
test_that 'advice: too few requests for a p99' '
  { steady latency_p99_ms; rows total_requests A:1000 B:999; } >few
  is "$(advice latency_p99_ms <few)" "a p99 of 999 requests a run is one of the slowest few; it wants 1000 or more"
  { steady latency_p99_ms; rows total_requests A:1000 B:1000; } | silent latency_p99_ms
  { steady latency_p50_ms; rows total_requests A:60 B:60; } | silent latency_p50_ms'
test_that 'advice: bimodal runs' '
  samples time A:100 B:120 B:100 A:120 A:101 B:121 / A:101 B:121 B:100 A:120 A:100 B:101 | advice time >text
  grep -q "^bimodal: the runs fall into two groups, near 100.43 (58 %) and near 120.4 (42 %)" text'
test_that 'two outliers are no group, nor is what lies less than 1 % of the mean apart' '
  samples time A:100 B:100 B:101 A:120 A:101 B:121 / A:101 B:100 B:100 A:101 A:100 B:101 | silent time
  samples time A:10000 B:10090 B:10000 A:10090 A:10000 B:10090 | silent time
  samples time A:10000 B:10110 B:10000 A:10110 A:10000 B:10110 | advice time | grep -q bimodal'
test_that 'advice: drift, where the slope is more than 3 standard errors from 0' '
  samples time A:100 B:104 B:105 A:111 A:114 B:120 | advice time >text
  grep -q "^drift: +17.8 % from the first run to the last (t 11.7)" text
  samples time A:100 B:103 B:102 A:105 A:101 B:104 >rows
  of drift_t time <rows | awk "{ exit !(\$1 > 0 && \$1 < 3) }"; silent time <rows'
test_that 'advice: a guard whose margin is under two cv' '
  samples time A:90 B:110 B:95.5 A:104.5 A:98.5 B:101.5 >rows
  guards time +10% >spec; guards time +15% >wide
  want="guard +10% is under two cv (cv 7 %): it cannot be proven; wants a margin of 15 % or more requests a run"
  is "$(advice time --guards spec <rows)" "$want"
  silent time --guards wide <rows; silent time <rows'
test_that 'advice: a limit that the unchanged code breaks' '
  guards restarts max=0 >spec
  samples restarts A:0 B:0 A:1 B:0 | advice restarts -g spec >text
  grep -qx "guard max=0 is broken by the unchanged code: 1 in a run" text
  samples restarts A:0 B:0 A:0 B:0 | silent restarts -g spec'
test_that 'advice: what must be equal, or is declared deterministic, and is not' '
  samples digest A:5 B:5 A:6 B:5 | role equal | advice digest | grep -q "^must be equal in every run, and is not"
  samples digest A:5 B:5.0 A:5 B:5 | role equal | silent digest
  guards time - yes >spec; steady | advice time -g spec | grep -q "^is declared deterministic, and differs"
  guards time - - >spec; steady | silent time -g spec'
test_that 'advice: arms that are the same code and differ by more than 3 standard errors' '
  worked | advice time >text
  grep -q "^B differs from A by +1.42 %, more than 3 standard errors (p 0.012), and both are the same code: " text
  samples time B:2 A:1 A:1 B:2 B:2 A:1 | advice time | grep -q "^B differs from A by +66.7 %, .*(p 0)"'
test_that 'advice: failed runs are left out, and said to be' '
  { steady; rows time A:NA:failed B:inf:timeout | awk -F"\t" -v OFS="\t" "{ \$3 += 12; print }"; } >rows
  is "$(of "n mean advice" time <rows)" "6 100 runs that failed and are left out: 2"'
test_that 'a metric that no run has a value of is a row without numbers' '
  { steady; rows other A:NA:failed B:NA:failed; } >rows
  is "$(of "n mean cv smallest_effect" other <rows)" "0 NA NA NA"'

test_that 'the report has at most 80 columns, and names the threshold of the primary metric' '
  { steady "a_metric_whose_name_is_much_longer_than_any_column_of_the_report_and_than_the_line" |
      sed "s/	-	-	ok/	µs·µs·µs	primary	ok/"
    rows latency_p99_ms A:1 B:2 B:1000000 A:4; rows total_requests A:1 B:3 A:1 B:1; } >rows
  noisefloor --report rows >report
  awk "{ n = length(\$0); gsub(/[\200-\277]/, \"\"); if (length(\$0) > 80) { print; exit 1 } }" report
  tr "\n" " " <report | grep -q "Suggested for a_metric_whose[a-z_]*, the primary metric: MEI=2%"
  grep -q "6 runs of each in 2 blocks" report
  steady | sed "s/	-	-	ok/	ms	primary	ok/" | noisefloor --report >report
  grep -Eq "^time  +100 ms +0.894 % +-?0.[0-9]* % +1.86 % +MEI=2%$" report'

test_that 'advice is broken into lines of at most 80 columns, wherever its blanks are' '
  { steady total_requests; name=p99; for i in {1..30}; do name+=x; rows $name A:1 B:1; done; } | noisefloor -R >report
  [ "$(grep -c "^p99x*: a p99 of 99 requests" report)" = 30 ]; ! grep -q "^.\{81\}" report'

bad() { # DESCRIPTION PATTERN COMMANDS: their output is no input for noisefloor
  test_that "$1" "{ $3; } >bad; says 1 '^noisefloor: bad:?[0-9]*: .*$2' noisefloor bad; [ ! -s says.out ]"
}
bad 'one arm is too few' '1 arm; two arms' 'samples time A:1 A:2'
bad 'three arms are too many' 'third arm' 'samples time A:1 B:2 C:3'
bad 'no runs at all' '0 arms' 'samples time'
bad 'a run that has a metric twice' 'run 1 has the metric time twice' 'samples time A:1 B:2; rows time A:1'
bad 'a value that is no number' 'decimal number is expected' 'samples time A:1 B:NA'
bad 'an unknown status' 'ok, failed or timeout' 'samples time A:1 B:2:fine'
bad 'a number of a run that is none' 'whole number from 1' 'samples time A:1 B:2 | sed "s/	2	2	B/	2	0	B/"'
bad 'a field that is missing' 'no field .status' 'samples time A:1 B:2 | cut -f 1-8'
bad 'a file without a header row' 'is empty' 'true'
test_that 'limits need the fields metric and guard' '
  steady >rows; printf "metric\tunit\n" >spec; says 1 "spec:1: .*no field .guard" noisefloor -g spec rows'
for wrong in '--alpha 0' '--alpha 0.5' '--alpha x' '--power 0.5' '--power 1' '--colour'; do
  read -ra words <<<"$wrong"
  test_that "'$wrong' is bad usage" \
    "says 2 '^noisefloor: .*try .noisefloor --help' noisefloor $(printf '%q ' "${words[@]}")"
done
test_that 'a table that cannot be written is a failure' '
  steady >rows; got=0; noisefloor rows >/dev/full 2>err || got=$?
  [ "$got" = 1 ]; grep -q "cannot write standard output" err'
finish
