#!/bin/bash
# machinenoise: how much a fixed amount of work varies. What it says of samples is arithmetic, whatever the
# machine does.
. "${0%/*}/harness.sh"

# samples AWK-EXPRESSION N: N samples of the work `cpu` that last so many ms; i counts from 0, u goes from 0 to 1
# through the samples, r is a fixed shuffle of u.
samples() {
  awk -v n="$2" 'BEGIN {
    print "work\twall_ms"
    for (i = 0; i < n; i++) { u = i / n; r = (i * 389 % n) / n; printf "cpu\t%.9f\n", ('"$1"') } }'
}
# field NAME: of the first row of the output on standard input.
field() {
  awk -F '\t' -v want="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } { print $(at[want]); exit }'
}
export -f samples field

test_that 'the figures of a few samples are those by hand' '
  printf "work\twall_ms\tcpu_ms\ncpu\t2\t1.5\nmemory\t8\t8\ncpu\t4\t4\ncpu\t9\t9\n" >samples.tsv
  { printf "work\tn\tmin_ms\tmedian_ms\tmax_ms\tmean_ms\tcv\tlevels\tlow_ms\thigh_ms\thigh_share\tdrift\twaiting\n"
    # mean 5, sd sqrt((9 + 1 + 16) / 2); the last third 9, the first 2; 14.5 of 15 ms on a CPU
    printf "cpu\t3\t2.0000\t4.0000\t9.0000\t5.0000\t0.72111\t1\t-\t-\t-\t3.50000\t0.03333\n"
    printf "memory\t1\t8.0000\t8.0000\t8.0000\t8.0000\t0.00000\t1\t-\t-\t-\t0.00000\t0.00000\n"; } >expected.tsv
  machinenoise samples.tsv >got.tsv; same expected.tsv got.tsv
  machinenoise - <samples.tsv >got.tsv; same expected.tsv got.tsv
  gzip -c samples.tsv >samples.tsv.gz; machinenoise samples.tsv.gz >got.tsv; same expected.tsv got.tsv'
test_that 'files are parts of one recording' '
  samples 5 10 >a.tsv; samples 6 20 >b.tsv
  [ "$(machinenoise a.tsv b.tsv | field n)" = 30 ]; [ "$(machinenoise a.tsv b.tsv | field mean_ms)" = 5.6667 ]'
test_that 'where CPU time is not known, nothing is said of waiting' '
  [ "$(samples 5 10 | machinenoise - | field waiting)" = - ]'

# --- levels ---
test_that 'two levels are found, with their means and their shares' '
  samples "(r < 0.7 ? 5 : 6) + 0.05 * (u - 0.5)" 1000 | machinenoise - >got
  [ "$(field levels <got)" = 2 ]; [ "$(field high_share <got)" = 0.300 ]
  low=$(field low_ms <got) high=$(field high_ms <got)
  awk "BEGIN { exit !($low > 4.98 && $low < 5.02 && $high > 5.97 && $high < 6.02) }"'
test_that 'outliers do not hide two levels' '
  [ "$(samples "r < 0.03 ? 500 : (r < 0.7 ? 5 : 6) + 0.05 * (u - 0.5)" 1000 | machinenoise - | field levels)" = 2 ]'
for shape in 'even:5 + r' 'a bell:5 + 0.1 * sqrt(-2 * log((i + 0.5) / n)) * cos(6.283185307 * r)' \
  'skewed:5 - 0.3 * log(1 - r)' 'a ramp:5 + u' 'outliers:r < 0.96 ? 5 + 0.05 * u : 50' 'constant:5' \
  'levels that lie close together:(r < 0.5 ? 5 : 5.05) + 0.001 * u' \
  'an upper level of too few:(r < 0.93 ? 5 : 6) + 0.05 * u'; do
  test_that "one level: ${shape%%:*}" "[ \"\$(samples '${shape#*:}' 1000 | machinenoise - | field levels)\" = 1 ]"
done
test_that 'of fewer than 20 samples nothing is said of levels' '
  [ "$(samples "r < 0.5 ? 5 : 6" 19 | machinenoise - | field levels)" = 1 ]
  [ "$(samples "r < 0.5 ? 5 : 6" 20 | machinenoise - | field levels)" = 2 ]'

# --- drift ---
test_that 'drift is the last third against the first, by medians' '
  [ "$(samples "u < 1 / 3 ? 4 : u < 2 / 3 ? 9 : 5" 300 | machinenoise - | field drift)" = 0.25000 ]
  [ "$(samples "r > 0.9 ? 70 : u < 0.5 ? 5 : 4" 300 | machinenoise - | field drift)" = -0.20000 ]'

# --- measuring ---
test_that 'it measures both kinds of work, each as often' '
  machinenoise --seconds 0.05 --quantum 0.1 >got
  [ "$(tail -n +2 got | cut -f 1 | paste -s -d " ")" = "cpu memory" ]
  [ "$(awk -F "\t" "NR > 1 { print \$2 }" got | sort -u | wc -l)" = 1 ]
  awk -F "\t" "NR > 1 && !(\$2 >= 1 && \$3 > 0 && \$3 <= \$4 && \$4 <= \$5) { exit 1 }
    NR > 1 && !(\$7 >= 0 && \$13 >= 0 && \$13 < 1) { exit 1 }" got'
test_that 'what --raw records is what it reads' '
  machinenoise -s 0.05 -q 0.1 -r >raw.tsv; [ "$(head -n 1 raw.tsv)" = "work	wall_ms	cpu_ms" ]
  machinenoise raw.tsv >got
  [ "$(awk -F "\t" "NR > 1 { n += \$2 } END { print n }" got)" = "$(($(wc -l <raw.tsv) - 1))" ]'

# --- errors ---
for wrong in 'cpu	x' 'cpu	-1' 'cpu	0' 'cpu	nan'; do
  test_that "the sample '$wrong' is an error that says where" "
    printf 'work\twall_ms\ncpu\t5\n%s\n' '$wrong' >bad.tsv; says 1 '^machinenoise: bad.tsv:3: ' machinenoise bad.tsv
    [ ! -s says.out ]"
done
test_that 'CPU time that is negative is an error' '
  printf "work\twall_ms\tcpu_ms\ncpu\t5\t-1\n" >bad.tsv
  says 1 "^machinenoise: bad.tsv:2: .-1. is no duration" machinenoise bad.tsv'
test_that 'no sample, no such field, no such file' '
  printf "work\twall_ms\n" >empty.tsv; says 1 "no sample is in the input" machinenoise empty.tsv
  printf "work\tms\ncpu\t5\n" >other.tsv; says 1 "wall_ms" machinenoise other.tsv
  says 1 "nowhere.tsv" machinenoise nowhere.tsv'
for wrong in '--seconds 0' '--seconds x' '--seconds 4000' '--quantum 0' '--quantum nan' '--raw file.tsv'; do
  read -ra words <<<"$wrong"
  test_that "'$wrong' is bad usage" "
    says 2 '^machinenoise: .*try .machinenoise --help' machinenoise $(printf '%q ' "${words[@]}")"
done
test_that 'output that cannot be written is a failure' '
  samples 5 10 >a.tsv; got=0; machinenoise a.tsv >/dev/full 2>err || got=$?; [ "$got" = 1 ]; grep -q "cannot write" err'
finish
