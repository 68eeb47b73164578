#!/usr/bin/env bash
# abstat: verdicts from samples.
. "${0%/*}/harness.sh"

. "$ROOT/tests/samples.sh"

# What follows is about the numbers and the seed rule, until the blocked rule below.
RULE=seed
abstat() { command abstat --rule "$RULE" "$@"; }
# decide ARGUMENT... <samples: verdict and reason of each row.
decide() { abstat "$@" 2>/dev/null | field verdict reason; }
# beside METRIC TOKEN...: samples whose primary m is kept, and those of another metric.
beside() { samples m A:9 B:7 B:7 A:9 B:7 A:9; rows "$@"; }
export -f abstat decide beside
export RULE

# --- the published examples

test_that 'the published examples come out to the digits printed' '
  tail -n +2 "$DATA/abstat/published.tsv" | while IFS=$(printf "\t") read -r file metric direction expected; do
    got=$(abstat --primary "$metric:$direction" "$DATA/abstat/$file.tsv" |
      field estimate ci_low ci_high ci_level p sd mean_a mean_b sd_a sd_b median_a median_b seed_verdict n blocks)
    echo "$file: $got"; echo "expected: $expected"
    awk -v got="$got" -v expected="$expected" -v direction="$direction" "
      function logarithm(x) { return direction == \"lower\" ? -log(1 - x) : log(1 + x) }
      function size(x) { return x < 0 ? -x : x }
      function near(a, b, absolute) { return size(a - b) <= (absolute ? 1e-9 : 1e-8 * size(b)) }
      BEGIN { n = split(got, g, \" \"); if (split(expected, e, \"\\t\") != n || n != 15) exit 1
        for (i = 1; i <= n; i++) {
          if (i <= 3) g[i] = logarithm(g[i])
          if (e[i] == \"-\") continue
          if (i <= 12 ? near(g[i], e[i], i <= 6) : g[i] == e[i]) continue
          print \"field \" i; exit 1 } }"
  done'

test_that 'their rows are the same bytes as ever' '
  tail -n +2 "$DATA/abstat/published.tsv" | while IFS=$(printf "\t") read -r file metric direction rest; do
    abstat --primary "$metric:$direction" "$DATA/abstat/$file.tsv"
  done >rows.tsv
  same "$DATA/abstat/rows.tsv" rows.tsv'

test_that 'the fields of a row are those that other programs rely on' '
  is "$(abstat -p ops_s:higher "$DATA/abstat/g1.tsv" | head -n 1 | tr "\t" " ")" "metric role direction verdict reason n \
blocks estimate ci_low ci_high ci_level p alpha sd cv mean_a mean_b median_a median_b min_a max_a min_b max_b \
seed_verdict design next runs_needed sd_a sd_b arm scale"'

# --- the seed rule

test_that 'KEEP needs a mean that is better by more than one sd, and disjoint ranges' '
  is "$(samples m A:10 B:8 B:8.1 A:10.2 B:8.2 A:10.1 | decide -p m:lower)" "KEEP improved"
  is "$(samples m A:10 B:8 B:8.1 A:10.2 B:8.2 A:10.1 | decide -p m:higher)" "DISCARD worse"'

test_that 'an improvement of exactly one sd, or less, is not enough' '
  is "$(samples m A:9 B:8 B:8 A:10 B:8 A:11 | decide -p m:lower)" "KEEP improved"
  is "$(samples m A:9 B:9 B:9 A:10 B:9 A:11 | decide -p m:lower)" "DISCARD within-one-sd"
  is "$(samples m A:9 B:9.5 B:9.5 A:10 B:9.5 A:11 | decide -p m:lower)" "DISCARD within-one-sd"'

test_that 'ranges that touch overlap' '
  is "$(samples m A:9 B:7 B:7 A:10 B:9 A:11 | decide -p m:lower)" "DISCARD overlap"
  is "$(samples m A:9 B:7 B:7 A:10 B:8.9 A:11 | decide -p m:lower)" "KEEP improved"
  is "$(samples m A:9 B:13 B:13 A:10 B:11 A:11 | decide -p m:higher)" "DISCARD overlap"'

test_that 'the same mean is no improvement, and a worse one that overlaps is not called worse' '
  is "$(samples m A:9 B:11 B:9 A:10 B:10 A:11 | decide -p m:lower)" "DISCARD no-improvement"
  is "$(samples m A:9 B:11 B:10 A:10 B:10 A:11 | decide -p m:lower)" "DISCARD no-improvement"
  is "$(samples m A:9 B:12 B:13 A:10 B:14 A:11 | decide -p m:lower)" "DISCARD worse"'

test_that 'an improvement below --mei is discarded, and the literal seed verdict stays visible' '
  samples m A:100 B:98 B:98 A:100 B:98 A:100 >s
  is "$(decide -p m:lower --mei 2% s)" "KEEP improved"
  is "$(decide -p m:lower --mei 2.01% s)" "DISCARD below-mei"
  is "$(abstat -p m:lower --mei 2.01% s | field seed_verdict)" KEEP'

test_that 'fewer than 3 runs of an arm are inconclusive, and the row says what is needed' '
  samples m A:9 B:7 B:7 A:10 >s
  is "$(abstat -p m:lower s 2>/dev/null | field verdict reason n next runs_needed)" "INCONCLUSIVE too-few-runs 2 1 3"
  is "$(samples m A:9 B:7 / B:7 A:10 | abstat -p m:lower | field reason next)" "too-few-runs 1"
  is "$(samples m A:9 B:7 | abstat -p m:lower | field reason next runs_needed)" "too-few-runs 1 3"
  is "$(samples m A:9 | abstat -p m:lower | field verdict reason n mean_a mean_b)" "INCONCLUSIVE too-few-runs 0 9 NA"
  is "$(samples m B:9 | abstat -p m:lower | field verdict reason n mean_a mean_b)" "INCONCLUSIVE too-few-runs 0 NA 9"'

test_that 'alpha is the chance of disjoint ranges in the right direction among all labellings' '
  is "$(samples m A:9 B:7 B:7 A:10 B:7 A:9 | abstat -p m:lower | field alpha)" 0.05
  is "$(samples m A:9 B:7 B:7 A:10 B:7 A:9 A:9 B:7 | abstat -p m:lower | field alpha)" 0.01428571429'

# --- runs that failed

test_that 'a failed run of the changed arm is discarded as failures, with or without a value' '
  for bad in NA:failed inf:timeout 7:failed NA:timeout; do
    is "$(samples m A:9 B:7 B:$bad A:10 B:7 A:9 | decide -p m:lower)" "DISCARD failures"
  done'

test_that 'a failed run of the base arm is inconclusive: the environment' '
  is "$(samples m A:9 B:7 B:7 A:NA:failed B:7 A:9 | decide -p m:lower)" "INCONCLUSIVE environment"
  is "$(samples m A:9 B:7 B:NA:failed A:NA:failed B:7 A:9 | decide -p m:lower)" "INCONCLUSIVE environment"'

test_that 'a failed run is not dropped: not among too few runs, nor in an incomplete block, nor without a row' '
  is "$(samples m A:9 B:NA:failed | decide -p m:lower)" "DISCARD failures"
  is "$(samples m A:9 B:7 B:7 A:10 B:7 A:9 / B:NA:failed | decide -p m:lower)" "DISCARD failures"
  { samples m A:9 B:7 B:7 A:10 B:7; printf "1\t6\t6\tA\tother\tNA\t-\t-\tfailed\n"; } >s
  is "$(decide -p m:lower s)" "INCONCLUSIVE environment"'

test_that 'the value of a failed run is in no statistic' '
  samples m A:9 B:7 B:700:failed A:10 B:8 A:11 >s
  is "$(abstat -p m:lower s | field n mean_b max_b estimate p)" "2 7.5 8 NA NA"'

test_that 'guards, equals and controls say so too' '
  { samples m A:9 B:7 B:NA:failed A:10 B:7 A:9; rows g A:9 B:7 B:NA:failed A:10 B:7 A:9
    rows e A:9 B:9 B:NA:failed A:9 B:9 A:9; rows c A:9 B:9 B:NA:failed A:9 B:9 A:9; } >s
  is "$(decide -p m:lower -g g:lower:10% -e e -c c s | tr "\n" ,)" \
    "DISCARD failures,FAIL failures,FAIL failures,INCONCLUSIVE failures,"
  sed "s/NA\(.*\)failed/9\1ok/; s/\tA\(.*\)\t10\(.*\)ok/\tA\1\tNA\2failed/" s >t
  grep -c failed t | grep -qx 2
  sed "s/^1\t4\t4\tA\t\([ec]\).*/1\t4\t4\tA\t\1\tNA\t-\t-\tfailed/" t >u
  is "$(decide -p m:lower -g g:lower:10% -e e -c c u | sort -u)" "INCONCLUSIVE environment"'

# --- guards

test_that 'a guard passes up to its margin on the ratio of means, and fails beyond' '
  guard() { beside g A:50 B:$1 B:$1 A:50 B:$1 A:50 | decide -p m:lower -g g:$2 | tail -n 1; }
  is "$(guard 55 lower:10%)" "PASS within-limit"
  is "$(guard 55.001 lower:10%)" "FAIL beyond-limit"
  is "$(guard 1 lower:10%)" "PASS within-limit"
  is "$(guard 45 higher:10%)" "PASS within-limit"
  is "$(guard 44.999 higher:10%)" "FAIL beyond-limit"
  is "$(guard 50 lower:0%)" "PASS within-limit"
  is "$(guard 50.0001 lower:0%)" "FAIL beyond-limit"'

test_that 'a guard whose base mean is 0 passes only where nothing got worse' '
  guard() { beside g A:0 B:$1 B:0 A:0 B:0 A:0 | decide -p m:lower -g g:$2:10% | tail -n 1; }
  is "$(guard 0 lower)" "PASS within-limit"
  is "$(guard 0.001 lower)" "FAIL beyond-limit"
  is "$(guard -0.001 higher)" "FAIL beyond-limit"'

test_that 'the margin of a negative metric is a share of its size' '
  guard() { beside g A:-50 B:$1 B:$1 A:-50 B:$1 A:-50 | decide -p m:lower -g g:lower:10% | tail -n 1; }
  is "$(guard -46)" "PASS within-limit"
  is "$(guard -44)" "FAIL beyond-limit"'

test_that 'the p of a guard is that of a loss of its margin' '
  beside g A:50 B:50.2 B:50.1 A:50.1 B:50.3 A:50.2 >s
  is "$(abstat -p m:lower -g g:lower:10% s | field p alpha | tail -n 1)" "0.05 NA"
  is "$(abstat -p m:lower -g g:lower:0% s | field p | tail -n 1)" "0.95"'

test_that 'guards, equals and controls do not touch the verdict of the primary' '
  beside g A:5 B:55 B:55 A:5 B:55 A:5 | decide -p m:lower -g g:lower:10% >got
  printf "KEEP improved\nFAIL beyond-limit\n" | same - got'

# --- metrics that must be equal, and controls

test_that 'an equal metric passes only where every run of both arms has the same number' '
  equal() { beside e "$@" | decide -p m:lower -e e | tail -n 1; }
  is "$(equal A:5 B:5 B:5.0 A:5 B:5 A:5)" "PASS identical"
  is "$(equal A:5 B:5 B:5 A:5 B:4 A:5)" "FAIL correctness"
  is "$(equal A:5 B:5 B:5 A:4 B:5 A:5)" "FAIL correctness"'

test_that 'large integers that a double cannot tell apart are not equal' '
  equal() { beside e A:$1 B:$1 B:$1 A:$1 B:$2 A:$1 | decide -p m:lower -e e | tail -n 1; }
  is "$(equal 18446744073709551615 18446744073709551615)" "PASS identical"
  is "$(equal 18446744073709551615 18446744073709551614)" "FAIL correctness"'

test_that 'a control that moved is the environment; one block can show no such thing' '
  control() { { samples m A:9 B:7 B:7 A:9 B:7 A:9 / B:7 B:7 A:9 A:9 B:7 A:9; rows c "$@"; } |
    abstat -p m:lower -c c | field verdict reason p alpha | tail -n 1; }
  is "$(control A:1 B:9 B:9 A:2 B:9 A:3 / B:9 B:9 A:1 A:2 B:8 A:3)" "INCONCLUSIVE environment 0.005 0.01"
  is "$(control A:9 B:1 B:2 A:9 B:3 A:9 / B:1 B:1 A:9 A:9 B:2 A:8)" "INCONCLUSIVE environment 0.005 0.01"
  is "$(control A:1 B:1 B:2 A:2 B:3 A:3 / B:1 B:2 A:1 A:2 B:3 A:3)" "PASS unmoved 1 0.01"
  beside c A:1 B:9 B:9 A:1 B:9 A:1 | abstat -p m:lower -c c | field verdict reason p | tail -n 1 >got
  echo "PASS undetectable 0.1" | same - got'

# --- the randomization analysis

test_that 'values that are not all positive are compared as they are, relative to the base mean' '
  samples m A:0 B:-3 B:-4 A:1 B:-5 A:2 >s
  is "$(abstat -p m:lower s | field estimate ci_low ci_high ci_level p sd)" "5 3 7 0.9 0.05 1"
  is "$(abstat -p m:higher s | field estimate p)" "-5 1"'

test_that 'no relative effect is made up where the base mean is 0' '
  samples m A:-1 B:-3 B:-4 A:0 B:-5 A:1 | abstat -p m:lower | field verdict estimate ci_low ci_level p sd cv >got
  echo "KEEP NA NA NA 0.05 1 NA" | same - got'

# exact_p K RANKS: share of the ways to choose K of the integers 0..2K-1 whose sum is at most that of RANKS.
exact_p() {
  awk -v k="$1" -v ranks="$2" 'BEGIN { n = split(ranks, r, " "); for (i = 1; i <= n; i++) sum += r[i]
    ways[0, 0] = 1; most = k * (2 * k - 1)
    for (v = 0; v < 2 * k; v++) for (j = k; j >= 1; j--) for (s = most; s >= v; s--) ways[j, s] += ways[j - 1, s - v]
    for (s = 0; s <= most; s++) { all += ways[k, s]; if (s <= sum) few += ways[k, s] }
    printf "%.10g\n", few / all }'
}
# ranked K RANKS: samples of the integers 0..2K-1 in one block, RANKS those of the changed arm.
ranked() {
  local k=$1 tokens=() v
  for ((v = 0; v < 2 * k; v++)); do
    case " $2 " in *" $v "*) tokens+=("B:$v") ;; *) tokens+=("A:$v") ;; esac
  done
  samples m "${tokens[@]}"
}
export -f exact_p ranked

test_that 'up to 200000 labellings are counted exactly' '
  set="0 1 3 4 6 9 10 14"
  is "$(ranked 8 "$set" | abstat -p m:lower | field p blocks)" "$(exact_p 8 "$set") 1"
  set="0 1 3 4 6 9 10 14 15 18"
  is "$(ranked 10 "$set" | abstat -p m:lower | field p blocks)" "$(exact_p 10 "$set") 1"'

test_that 'more are drawn, always the same, and near the exact p' '
  set="0 1 3 4 6 9 10 14 15 18 20"
  ranked 11 "$set" >s
  p=$(abstat -p m:lower s | field p)
  echo "$p $(exact_p 11 "$set")"
  awk -v p="$p" -v exact="$(exact_p 11 "$set")" "BEGIN { d = p - exact
    exit !(d < .003 && d > -.003 && p * 200000 == int(p * 200000 + .5)) }"
  is "$(abstat -p m:lower s | field p ci_low ci_high)" "$(abstat -p m:lower s | field p ci_low ci_high)"'

test_that 'of many blocks they are drawn block by block' '
  tokens=(); for i in $(seq 18); do if [ $i -le 12 ]; then tokens+=(A:1 B:0 /); else tokens+=(A:0 B:1 /); fi; done
  p=$(samples m "${tokens[@]}" | abstat -p m:lower | field p blocks design); echo "$p"
  awk -v got="$p" "BEGIN { for (j = 0; j <= 18; j++) { c = j ? c * (19 - j) / j : 1; if (j >= 12) tail += c / 2 ^ 18 }
    split(got, g, \" \"); d = g[1] - tail; exit !(d < .003 && d > -.003 && g[2] == 18 && g[3] == \"blocked\") }"'

test_that 'the order of rows and files does not matter' '
  file=$DATA/abstat/g6.tsv
  abstat -p latency_ms:lower "$file" >expected
  { head -n 1 "$file"; tail -n +2 "$file" | sort -r; } | abstat -p latency_ms:lower | same expected -
  head -n 5 "$file" >one; { head -n 1 "$file"; tail -n +6 "$file"; } | gzip >two.gz
  abstat -p latency_ms:lower two.gz one | same expected -'

test_that 'the arms may have other names, and --base says which is the base' '
  samples m old:10 new:8 new:8.1 old:10.2 new:8.2 old:10.1 >s
  is "$(decide -p m:lower --base old s)" "KEEP improved"
  is "$(decide -p m:lower --base new s)" "DISCARD worse"'

# --- the design

design() { abstat -p m:lower "$@" 2>/dev/null | field design blocks n; }
# planned SEED BLOCKS: samples in the order of the plan.
planned() {
  abplan --seed "$1" --blocks "$2" | awk 'BEGIN { OFS = "\t" }
    NR == 1 { print $0, "metric", "value", "unit", "role", "status"; next }
    { print $0, "m", $4 == "A" ? 9 : 7, "-", "-", "ok" }'
}
export -f design planned

test_that 'the order of abplan with the same seed is planned; without or with another seed it is only blocked' '
  planned 4 2 >s
  is "$(design --seed 4 s)" "planned 2 6"
  is "$(design --seed 5 s)" "blocked 2 6"
  is "$(design s)" "blocked 2 6"'

test_that 'one run out of place is not the plan' '
  planned 4 2 >t
  one=$(awk "\$4 == \"A\" { print NR; exit }" t) other=$(awk "\$4 == \"B\" { print NR; exit }" t)
  awk -v one="$one" -v other="$other" "BEGIN { OFS = FS = \"\\t\" }
    NR == one { \$4 = \"B\" } NR == other { \$4 = \"A\" } { print }" t >u
  is "$(design --seed 4 u)" "blocked 2 6"'

test_that 'a planned order of all A before all B is planned, and sequential where no seed shows it' '
  for seed in $(seq 1 60); do
    abplan --seed $seed | tail -n +2 | cut -f 4 | tr -d "\n" | grep -qx AAABBB || continue
    planned $seed 1 >s; is "$(design --seed $seed s)" "planned 1 3"; is "$(design s)" "sequential 1 3"; exit 0
  done
  exit 1'

test_that 'an incomplete last block is left out and said so; one in the middle makes the order unknown' '
  samples m A:9 B:7 B:7 A:10 B:7 A:9 / B:7 B:7 A:100 >s
  is "$(abstat -p m:lower s 2>err | field design blocks n mean_a)" "blocked 1 3 9.333333333"
  grep -q "3 of 9 runs are left out" err
  samples m A:9 B:7 B:7 A:10 B:7 A:9 / B:7 B:7 A:9 / A:9 A:9 A:9 B:7 B:7 B:7 >s
  is "$(design s)" "unknown 1 7"
  samples m A:9 B:7 B:7 A:10 B:7 A:9 / A:9 B:7 A:9 A:9 A:9 >s
  is "$(design s)" "unknown 1 4"'

test_that 'a last block of a plan that is still running is part of the plan' '
  planned 4 2 | head -n 10 >s
  is "$(design --seed 4 s)" "planned 1 3"'

test_that 'runs one arm after the other are sequential: the seed rule decides, with a warning' '
  samples m A:9 A:10 A:11 B:7 B:7 B:7 >s
  is "$(design s)" "sequential 1 3"
  says 0 "confounded-order.*sequential" abstat -p m:lower s
  is "$(decide -p m:lower s)" "KEEP improved"
  abstat -p m:lower --report s 2>/dev/null | grep -q confounded-order'

test_that 'nothing is said about the order where no values are compared' '
  samples m A:9 A:10 B:NA:failed >s; abstat -p m:lower s 2>err; [ ! -s err ]
  abstat -p m:lower --report s | grep -q "^order: no complete block"'

test_that 'unequal arms are unknown, with a warning' '
  samples m A:9 B:7 A:10 B:7 A:11 B:7 B:7 >s
  is "$(design s)" "unknown 1 3"
  says 0 "confounded-order.*unknown" abstat -p m:lower s'

test_that 'a block that comes back later is unknown' '
  { samples m A:9 B:7 A:10 B:7 A:11 B:7; rows m A:9 B:7 A:10 B:7 A:11 B:7 |
    awk "BEGIN { OFS = FS = \"\\t\" } { \$3 += 6; \$2 += 6; \$1 = NR < 3 ? 2 : 1; print }"; } >s
  is "$(design s)" "unknown 1 6"'

test_that 'the same run numbers in both arms are pairs' '
  { samples m A:9 A:10 A:11 A:12; rows m B:7 B:8 B:9 B:10; } >s
  is "$(abstat -p m:lower s | field design blocks n p ci_level)" "pairs 4 4 0.0625 0.875"
  { samples m A:9 A:10 A:11 A:12; rows m B:7 B:8 B:9; } >s
  is "$(design s)" "unknown 1 3"'

# --- output

test_that 'JSON holds the same rows' '
  { samples m A:9 B:7 B:7 A:10 B:7 A:9; rows g A:5 B:5 B:5 A:5 B:5 A:5; rows e A:1 B:1 B:1 A:1 B:1 A:1; } >s
  abstat -p m:lower -g g:lower:10% -e e s >rows.tsv
  abstat -p m:lower -g g:lower:10% -e e --json s >rows.json
  jq -r "(.[0] | keys_unsorted), (.[] | [.[] | if . == null then \"NA\" else . end]) | @tsv" rows.json | same rows.tsv -'

test_that 'the report of a KEEP is what it was' '
  abstat --primary peak_rss_mb:lower --report "$DATA/abstat/g3.tsv" | same "$DATA/abstat/g3.report" -'

test_that 'the report of two blocks with guards is what it was' '
  { cat "$DATA/abstat/g6.tsv"; rows p99_ms A:9 B:9.5 B:9.2 A:9.1 B:9 A:9.4 / B:9.1 A:9.3 A:9 B:9.2 A:9.2 B:9.1
    rows answers A:40 B:40 B:40 A:40 B:41 A:40 / B:40 A:40 A:40 B:40 A:40 B:40; } |
    abstat --primary latency_ms:lower -g p99_ms:lower:10% -e answers --report | same "$DATA/abstat/g6.report" -'

test_that 'the first line of a report is the decision and its reason, and what the other rule says' '
  report() { abstat -p m:lower --report "$@" 2>/dev/null | head -n 1; }
  is "$(samples m A:10 B:8 B:8 A:10 B:8 A:10 | report)" "KEEP (blocked: INCONCLUSIVE) m: 20 % better, by more than one sd; no overlap"
  is "$(samples m A:9 B:7 B:7 A:10 B:9 A:11 | report)" "DISCARD (blocked: INCONCLUSIVE) m: 23.33 % better, but the ranges overlap"
  is "$(samples m A:9 B:9 B:9 A:10 B:9 A:11 | report)" "DISCARD (blocked: INCONCLUSIVE) m: 10 % better, within one sd (10 %)"
  is "$(samples m A:9 B:11 B:9 A:10 B:10 A:11 | report)" "DISCARD (blocked: INCONCLUSIVE) m: not better"
  is "$(samples m A:10 B:8 B:8 A:10 B:8 A:10 | report --mei 30%)" "DISCARD (blocked: DISCARD) m: 20 % better, less than the 30 % asked for"
  is "$(samples m A:10 B:NA:failed B:8 A:10 B:8 A:10 | report)" "DISCARD (blocked: DISCARD) m: 1 of 3 runs of B failed"
  is "$(samples m A:NA:failed B:8 B:8 A:10 B:8 A:10 | report)" "INCONCLUSIVE (blocked: INCONCLUSIVE) m: 1 of 3 runs of A failed"
  is "$(samples m A:10 B:8 B:8 | report)" "INCONCLUSIVE (blocked: INCONCLUSIVE) m: 1 runs of A, 2 of B; 3 of each needed"'

test_that 'a report is at most 80 columns and 40 lines, whatever comes in, and shows what failed' '
  long=$(printf "x%.0s" $(seq 100)) tokens=() guards=()
  for i in $(seq 8); do tokens+=("A:$i.123456789" "B:1e300:ok" "B:$i" "A:-1e-300" /); done
  { samples "$long" "${tokens[@]}"
    for g in $(seq 15); do rows "guard-$g-$long" "${tokens[@]}"; done
    rows last "${tokens[@]}"; } | sed "s/\t-\t-\t/\tMöööööööööbytes\t-\t/" >s
  for g in $(seq 15); do guards+=(-g "guard-$g-$long:higher:10%"); done
  abstat -p "$long:lower" "${guards[@]}" -g last:lower:10% --report s >report
  cat report
  [ "$(wc -l <report)" -le 40 ]
  if LC_ALL=C.UTF-8 grep -E "^.{81}" report; then exit 1; fi
  iconv -f UTF-8 -t UTF-8 report >/dev/null
  grep -q "^FAIL guard last: beyond-limit" report'

test_that 'the plot shows every run where it belongs' '
  samples m A:1 B:8 B:8 A:1 B:8 A:NA:failed | abstat -p m:higher --report | tail -n 9 | tr -d " " >plot
  printf "%s\n" "8|BBB" "|" "|" "|" "|" "|" "|" "1|AA" "++---------x" | same - plot'

for case in 'KEEP 0 A:10 B:8 B:8 A:10 B:8 A:10' 'DISCARD 3 A:10 B:10 B:10 A:10 B:10 A:10' 'INCONCLUSIVE 4 A:10 B:8'; do
  test_that "--exit-code is the verdict, and without it any verdict is exit 0: ${case%% [AB]*}" "
    set -- $case; verdict=\$1 status=\$2; shift 2; samples m \"\$@\" >s
    says \$status '' abstat -p m:lower --exit-code s; grep -q \"primary.lower.\$verdict\" says.out
    says 0 '' abstat -p m:lower s"
done

# --- what is refused

# refused PATTERN ROW...: rows (fields joined by commas) below the header are an error that matches.
refused() {
  local pattern=$1
  shift
  { samples m; [ $# = 0 ] || printf '%s\n' "$@" | tr , '\t'; } >bad.tsv
  says 1 "^abstat: bad\.tsv:$pattern" abstat -p m:lower bad.tsv
  [ ! -s says.out ]
}
export -f refused
good=1,1,1,A,m,5,MB,primary,ok

test_that 'a header without rows, an empty file, a missing field and a missing file are errors' "
  refused ' has no rows'
  : >empty; says 1 'empty: ' abstat -p m:lower empty
  samples m | cut -f 1-8 >short; says 1 'short:1: .*status' abstat -p m:lower short
  says 1 'missing: ' abstat -p m:lower missing"
test_that 'an unknown role or status is an error with its line' "
  refused '3: .*role .boss' $good 1,2,2,B,m,5,MB,boss,ok
  refused '3: .*status .dead' $good 1,2,2,B,m,5,MB,-,dead"
test_that 'a value that is no number is an error with its line, in the rows of other metrics too' "
  for value in x '' nan 0x1 1e999 -inf; do refused '3: .*value' $good 1,2,2,B,m,\$value,MB,-,ok; done
  refused '3: .*value' $good 1,2,2,B,other,x,MB,-,ok
  refused '3: .*value .x' $good 1,2,2,B,m,x,MB,-,failed
  refused '3: .*only a failed' $good 1,2,2,B,m,NA,MB,-,ok
  refused '3: .*only a failed' $good 1,2,2,B,m,inf,MB,-,ok"
test_that 'a block, order or run that is no count is an error with its line' "
  refused '3: block' $good 0,2,2,B,m,5,MB,-,ok
  refused '3: order' $good 1,-2,2,B,m,5,MB,-,ok
  refused '3: run' $good 1,2,2.5,B,m,5,MB,-,ok
  refused '3: run' $good 1,2,99999999999999999999999,B,m,5,MB,-,ok"
test_that 'the same run, arm and metric twice is an error that names both lines' "
  refused '4: .*comes twice; bad.tsv:2' $good 1,2,2,B,m,5,MB,-,ok $good
  refused '3: .*comes twice; bad.tsv:2' $good 1,1,1,A,m,6,MB,-,ok"
test_that 'rows of one run that disagree are an error' "
  refused '3: run 1 of arm A .* order 2' $good 1,2,1,A,other,5,MB,-,ok
  refused '3: run 1 of arm A .* block 2' $good 2,1,1,A,other,5,MB,-,ok
  refused '3: run 1 of arm A .* failed' $good 1,1,1,A,other,5,MB,-,failed"
test_that 'a metric that is asked for and has no rows, or none in a good run, is an error' "
  refused ' no row has the metric .m' 1,1,1,A,other,5,MB,-,ok
  refused '3: run 2 of arm B is ok and has no row of the metric .m' $good 1,2,2,B,other,5,MB,-,ok"
test_that 'a base that is not there, and two units of a metric are errors' "
  refused ' the base arm .A. has no rows' 1,1,1,C,m,5,MB,-,ok 1,2,2,B,m,5,MB,-,ok
  refused '3: the unit of .m. is .kB. here and .MB' $good 1,2,2,B,m,5,kB,-,ok"
test_that 'rows of other metrics are not judged' '
  samples m A:10 B:8 B:8 A:10 B:8 A:10 >s; abstat -p m:lower s >expected
  { cat s; rows other A:1 B:2 B:3 A:4 B:5 A:6; } | abstat -p m:lower | same expected -'

for wrong in '' '-p m' '-p m:up' '-p :lower' '-p m:lower -p n:lower' '-p m:lower -g m:lower:10%' '-p m:lower -g g:lower' \
  '-p m:lower -g g:lower:10' '-p m:lower -g g:lower:-1%' '-p m:lower -g g:higher:100%' '-p m:lower -e 1x' \
  '-p m:lower --rule mine' '-p m:lower --mei 2' '-p m:lower --seed 0' '-p m:lower --json --report' '--nonsense'; do
  test_that "'$wrong' is bad usage" "says 2 '^abstat: .*try .abstat --help' abstat $wrong"
done

test_that 'names with colons can be asked for' '
  is "$(samples go:alloc:bytes A:10 B:8 B:8 A:10 B:8 A:10 | decide -p go:alloc:bytes:lower)" "KEEP improved"'

test_that 'a verdict that cannot be written is a failure, not a verdict' '
  for form in "" --json --report; do
    got=0; abstat -p ops_s:higher --exit-code $form "$DATA/abstat/g1.tsv" >/dev/full 2>err || got=$?
    is "$got" 1; grep -q "cannot write standard output" err
  done'

test_that 'it says what it is' '
  abstat --help | grep -q "^usage: abstat"
  abstat --version | grep -Eq "^abstat \(Assay\) [0-9]"'

finish
