#!/usr/bin/env bash
# abstat: the default rule, by blocks.
. "${0%/*}/harness.sh"
. "$ROOT/tests/samples.sh"

# outcome ARGUMENT... <samples: verdict, reason and next of each row.
outcome() { abstat "$@" 2>/dev/null | field verdict reason next; }
# decision ARGUMENT... <samples: the first line of the report up to the metric.
decision() { abstat --report "$@" 2>/dev/null | sed -n '1s/ (.*//p'; }
export clear="A:100 B:90 B:91 A:101 B:90.5 A:100.5" again="B:90.2 A:100.1 A:101.2 B:91.1 B:90.4 A:100.7"
export -f outcome decision

# --- the published examples

test_that 'the published examples are decided as published' '
  while read -r file question expected; do
    echo "$file"; is "$(outcome -p "$question" --trust-order "$DATA/abstat/$file.tsv")" "$expected"
  done <<END
g1 ops_s:higher INCONCLUSIVE more-data 1
g2a ops_s:higher DISCARD below-mei 0
g2b ops_s:higher DISCARD below-mei 0
g3 peak_rss_mb:lower INCONCLUSIVE more-data 1
g4 peak_rss_mb:lower INCONCLUSIVE screened 0
g5 peak_rss_mb:lower KEEP improved 0
g6 latency_ms:lower KEEP improved 0
g7 allocations:lower INCONCLUSIVE more-data 1
g7same allocations:lower DISCARD below-mei 0
END'
test_that 'a metric declared deterministic is decided by comparison' '
  is "$(outcome -p allocations:lower -d allocations "$DATA/abstat/g7.tsv")" "KEEP exact 0"
  is "$(outcome -p allocations:lower -d allocations "$DATA/abstat/g7same.tsv")" "DISCARD no-change 0"
  is "$(outcome -p allocations:higher -d allocations "$DATA/abstat/g7.tsv")" "DISCARD worse 0"
  is "$(outcome -p allocations:lower -d allocations --mei-det 11 "$DATA/abstat/g7.tsv")" "DISCARD below-mei 0"
  is "$(samples m A:10 B:9 / B:9 A:10 | outcome -p m:lower -d m)" "KEEP exact 0"
  is "$(samples m A:10 B:9 / B:9 A:10 | outcome -p m:lower)" "INCONCLUSIVE too-few-runs 1"
  is "$(samples m A:10 B:9 | outcome -p m:lower -d m)" "INCONCLUSIVE too-few-runs 1"'
test_that 'one declared deterministic that varies is decided as any other, and the report says so' '
  is "$(samples m $clear | outcome -p m:lower -d m)" "INCONCLUSIVE more-data 1"
  samples m $clear | abstat -p m:lower -d m --report | grep -q "declared deterministic, and it varies"
  abstat -p allocations:lower --report "$DATA/abstat/g7.tsv" | grep -q "looks deterministic"'

# --- looks

test_that 'one block never keeps; two clear ones do, at half of alpha' '
  is "$(samples m $clear | outcome -p m:lower)" "INCONCLUSIVE more-data 1"
  is "$(samples m $clear / $again | outcome -p m:lower)" "KEEP improved 0"
  is "$(samples m $clear / $again | abstat -p m:lower | field p alpha)" "0.0025 0.005"'
test_that 'what was decided after two blocks stands, whatever a third one says' '
  samples m $clear / $again / A:1 B:9 B:9 A:1 B:9 A:1 >s
  is "$(outcome -p m:lower s)" "KEEP improved 0"; is "$(abstat -p m:lower s | field blocks)" 2
  abstat -p m:lower --report s | grep -q "decided after block 2, which stands"'
test_that 'what the first block said does not stand against a second one' '
  samples m A:100 B:104 B:105 A:104 B:103 A:101 / $again >s
  is "$(head -n 7 s | outcome -p m:lower)" "DISCARD worse 0"
  is "$(outcome -p m:lower s)" "INCONCLUSIVE more-data 1"'
test_that 'blocks beyond the last look are not used' '
  samples m $clear / $again >s
  is "$(abstat -p m:lower --max-blocks 1 --alpha 0.05 s | field blocks verdict)" "1 KEEP"'
test_that 'with one look at .05 it is the seed rule without overlap' '
  is "$(samples m $clear | outcome -p m:lower --max-blocks 1 --alpha 0.05)" "KEEP improved 0"
  is "$(samples m A:100 B:98 B:101 A:102 B:98.5 A:103 | outcome -p m:lower --max-blocks 1 --alpha 0.05 | cut -d" " -f1)" INCONCLUSIVE'
test_that 'too little to be seen after one block is screened; noise that no plan can beat is underpowered' '
  is "$(samples m A:100 B:90 B:120 A:101 B:99 A:110 | outcome -p m:lower)" "INCONCLUSIVE screened 0"
  is "$(samples m A:100 B:100 B:130 A:101 B:109 A:110 | outcome -p m:lower --screen 1)" "INCONCLUSIVE underpowered 0"
  is "$(samples m A:100 B:100 B:130 A:101 B:109 A:110 | outcome -p m:lower --screen 1 --noise-stop 0.9999)" "INCONCLUSIVE more-data 1"
  is "$(samples m A:100 B:100 B:130 A:101 B:109 A:110 | abstat -p m:lower --screen 1 | field runs_needed)" 2659'
test_that 'an effect shown to be below --mei is discarded; one that is as large is not' '
  samples m $clear / $again >s
  is "$(outcome -p m:lower --mei 12% s)" "DISCARD below-mei 0"
  is "$(outcome -p m:lower --mei 9% s)" "KEEP improved 0"
  is "$(outcome -p m:lower --mei-abs 9 s)" "KEEP improved 0"
  is "$(outcome -p m:lower --mei-abs 12 s)" "DISCARD below-mei 0"
  is "$(outcome -p m:higher s)" "DISCARD worse 0"'
test_that '--mei is a share of the base for effects of every size' '
  is "$(samples m A:100 B:20 B:20.1 A:101 B:20.2 A:100.5 / B:20 A:100 A:101 B:20.1 B:20.3 A:100 | outcome -p m:lower --mei 79%)" "KEEP improved 0"
  is "$(samples m A:100 B:20 B:20.1 A:101 B:20.2 A:100.5 / B:20 A:100 A:101 B:20.1 B:20.3 A:100 | outcome -p m:lower --mei 81%)" "DISCARD below-mei 0"'
test_that 'values around 0 are compared as they are, and need --mei-abs where their base is 0' '
  samples m A:1 B:-8 B:-9 A:-1 B:-8.5 A:0 / B:-8 A:1 A:0 B:-9 B:-8.2 A:-1 >s
  says 1 "mei-abs" abstat -p m:lower s
  is "$(outcome -p m:lower --mei-abs 5 s)" "KEEP improved 0"; is "$(outcome -p m:lower --mei-abs 10 s)" "DISCARD below-mei 0"'

# --- clauses

test_that 'an improvement must exceed one sd of a run' '
  samples m A:100 B:97 B:99.2 A:100.2 B:99.4 A:103 / A:103 B:99.3 B:97 A:99.9 B:99.1 A:100.1 >s
  is "$(outcome -p m:lower --sd residual --alpha 0.9 --max-blocks 2 s | cut -d" " -f1)" KEEP
  samples m A:100 B:98.9 B:101 A:104 B:97 A:99 / A:103 B:98 B:102.5 A:99.9 B:98 A:102 >s
  is "$(outcome -p m:lower --sd residual --alpha 0.9 --max-blocks 2 s | cut -d" " -f1)" INCONCLUSIVE'
test_that 'arms that vary unlike each other must also differ by Welch, unless told otherwise' '
  samples m A:100 B:60 B:99 A:100.1 B:80 A:100.2 / B:65 A:100.1 A:100 B:85 B:99.5 A:100.2 >s
  is "$(outcome -p m:lower --welch off s)" "KEEP improved 0"
  is "$(outcome -p m:lower s | cut -d" " -f1)" INCONCLUSIVE
  is "$(outcome -p m:lower --welch always s | cut -d" " -f1)" INCONCLUSIVE'
test_that '--strict-overlap asks for disjoint ranges' '
  samples m $clear / B:80.2 A:90.1 A:90.2 B:80.1 B:80.4 A:90.7 >s
  is "$(outcome -p m:lower s)" "KEEP improved 0"
  is "$(outcome -p m:lower --strict-overlap s | cut -d" " -f1)" INCONCLUSIVE'
test_that 'an order that was not random decides nothing, unless it is trusted' '
  samples m A:100 A:101 A:102 A:100.5 A:101.5 A:100.2 B:90 B:91 B:90.3 B:90.2 B:91 B:90 >s
  is "$(outcome -p m:lower s)" "INCONCLUSIVE confounded-order 0"
  is "$(outcome -p m:lower --trust-order s)" "KEEP improved 0"
  is "$(outcome -p m:higher s)" "INCONCLUSIVE confounded-order 0"'
test_that 'pairs keep from eight on, at half of alpha, and from seven at all of it' '
  pairs() { printf "block\torder\trun\tarm\tmetric\tvalue\tunit\trole\tstatus\n"
    for i in $(seq "$1"); do printf "1\t1\t$i\tA\tm\t$((100 + i)).$i\t-\t-\tok\n1\t1\t$i\tB\tm\t$((90 + i))\t-\t-\tok\n"; done; }
  is "$(pairs 7 | outcome -p m:lower --sd residual | cut -d" " -f1)" INCONCLUSIVE
  is "$(pairs 8 | outcome -p m:lower | cut -d" " -f1)" KEEP
  is "$(pairs 7 | outcome -p m:lower --max-blocks 1 | cut -d" " -f1)" KEEP'
test_that 'failed runs: of the changed arm they discard, of the base arm they tell nothing' '
  is "$(samples m $clear / B:NA:failed A:1 A:1 B:1 B:1 A:1 | outcome -p m:lower)" "DISCARD failures 0"
  is "$(samples m $clear / B:1 A:inf:timeout A:1 B:1 B:1 A:1 | outcome -p m:lower)" "INCONCLUSIVE environment 0"'

# --- guards, equals, controls

# shellcheck disable=SC2086 # the words are samples
beside2() { samples m $clear / $again; rows "$@"; }
export -f beside2
test_that 'a guard must be shown to be within its limit: not worse is not enough' '
  steady="A:10 B:10.1 B:10 A:9.9 B:9.9 A:10.1 / B:10 A:10.1 A:9.9 B:10.1 B:9.9 A:10" noisy="A:7 B:10.1 B:13 A:9.9 B:8 A:13 / B:7 A:13 A:8 B:10.1 B:9 A:12"
  is "$(beside2 g $steady | outcome -p m:lower -g g:lower:10%)" "KEEP improved 0
PASS within-limit 0"
  is "$(beside2 g $noisy | outcome -p m:lower -g g:lower:10%)" "KEEP improved 0
INCONCLUSIVE open 1"
  is "$(beside2 g $noisy | decision -p m:lower -g g:lower:10%)" INCONCLUSIVE
  is "$(beside2 g $noisy | decision -p m:lower -g g:lower:10% --guard-mode not-proven-worse)" KEEP
  beside2 g $noisy | abstat -p m:lower -g g:lower:10% --guard-mode not-proven-worse --report | grep -q "not shown to be worse"'
test_that 'a guard that is shown to be beyond its limit ends the experiment' '
  worse="A:10 B:13.1 B:13 A:9.9 B:12.9 A:10.1 / B:13 A:10.1 A:9.9 B:13.1 B:12.9 A:10"
  is "$(beside2 g $worse | outcome -p m:lower -g g:lower:10%)" "KEEP improved 0
FAIL beyond-limit 0"
  is "$(beside2 g $worse | decision -p m:lower -g g:lower:10%)" DISCARD
  is "$(beside2 g $worse | decision -p m:lower -g g:higher:10%)" KEEP'
test_that 'a guard of a higher-is-better metric is judged by its own limit' '
  is "$(beside2 g A:10 B:9.5 B:9.6 A:9.9 B:9.4 A:10.1 / B:9.5 A:10.1 A:9.9 B:9.6 B:9.4 A:10 | outcome -p m:lower -g g:higher:10% | tail -n 1)" "PASS within-limit 0"
  is "$(beside2 g A:10 B:8.5 B:8.6 A:9.9 B:8.4 A:10.1 / B:8.5 A:10.1 A:9.9 B:8.6 B:8.4 A:10 | outcome -p m:lower -g g:higher:10% | tail -n 1)" "FAIL beyond-limit 0"'
test_that 'a guard with a base of 0 passes where nothing got worse' '
  is "$(beside2 g A:0 B:0 B:0 A:0 B:0 A:0 / B:0 A:0 A:0 B:0 B:0 A:0 | decision -p m:lower -g g:lower:10%)" KEEP
  is "$(beside2 g A:0 B:0 B:1 A:0 B:0 A:0 / B:0 A:0 A:0 B:0 B:0 A:0 | decision -p m:lower -g g:lower:10%)" DISCARD'
test_that 'an equal metric that differs discards; a control that moves makes it inconclusive' '
  is "$(beside2 e A:1 B:1 B:1 A:1 B:1 A:1 / B:1 A:1 A:1 B:2 B:1 A:1 | decision -p m:lower -e e)" DISCARD
  is "$(beside2 c A:10 B:13.1 B:13 A:9.9 B:12.9 A:10.1 / B:13 A:10.1 A:9.9 B:13.1 B:12.9 A:10 | decision -p m:lower -c c)" INCONCLUSIVE
  is "$(beside2 c A:10 B:10.1 B:10 A:9.9 B:9.9 A:10.1 / B:10 A:10.1 A:9.9 B:10.1 B:9.9 A:10 | decision -p m:lower -c c)" KEEP'
test_that 'exit codes are of the whole decision' '
  code() { local got=0; abstat --exit-code "$@" >out || got=$?; echo $got; }
  beside2 g A:10 B:13.1 B:13 A:9.9 B:12.9 A:10.1 / B:13 A:10.1 A:9.9 B:13.1 B:12.9 A:10 >s
  is "$(code -p m:lower s) $(code -p m:lower -g g:lower:10% s) $(code -p m:lower -c g s)" "0 3 4"'

# --- several variants, scales

# variants SEED BLOCKS: samples of A (100), same (as A), faster (80), in the order of their plan.
variants() {
  printf "block\torder\trun\tarm\tmetric\tvalue\tunit\trole\tstatus\n"
  abplan --arms A,same,faster --seed "$1" --blocks "$2" | awk -F "\t" -v OFS="\t" "NR > 1 {
    value = 100 + \$3 % 7 / 10; if (\$4 == \"faster\") value *= 0.8; print \$0, \"m\", value, \"ms\", \"-\", \"ok\" }"
}
export -f variants
test_that 'several variants are each compared with the base, in the order of the plan' '
  variants 5 2 >s
  is "$(abstat -p m:lower --seed 5 s | field arm verdict design | sort)" "faster KEEP planned
same DISCARD planned"
  is "$(abstat -p m:lower --seed 6 s | field design | sort -u)" blocked
  is "$(decision -p m:lower s)" KEEP
  abstat -p m:lower --report s >report; is "$(head -n 1 report)" "KEEP (seed: KEEP) m: 2 comparisons with A"
  grep -Eq "^faster +6 +80.* KEEP$" report; [ "$(wc -L <report)" -le 80 ]'
test_that 'variants share alpha: what is kept alone is not kept beside another, until that one is kept' '
  variants 5 2 >s; awk -F "\t" "\$4 != \"same\"" s >alone
  is "$(abstat -p m:lower s | field arm alpha | sort)" "faster 0.0025
same 0.005"
  is "$(abstat -p m:lower alone | field alpha)" 0.005
  is "$(awk -F "\t" -v OFS="\t" "NR > 1 && \$4 == \"same\" { \$6 = \$6 * 0.7 } { print }" s | abstat -p m:lower | field verdict | sort -u)" KEEP'
test_that 'scales are judged one by one, and a KEEP needs the same sign at each' '
  samples m $clear / $again >large; samples m A:10 B:9 B:9.1 A:10.1 B:9.05 A:10.05 >small
  samples m A:10 B:10.4 B:10.5 A:10.1 B:10.2 A:10.05 >worse
  is "$(abstat -p m:lower --scales small large | field scale verdict reason)" "small INCONCLUSIVE more-data
large KEEP improved"
  is "$(abstat -p m:lower --scales worse large | field scale verdict reason)" "worse DISCARD worse
large INCONCLUSIVE signs-differ"
  got=0; abstat -x -p m:lower --scales worse large >out || got=$?; is $got 4
  abstat -p m:lower --scales --report worse large | grep -q "not better at another scale"
  says 2 "at least two" abstat -p m:lower --scales large'

# --- confirmation, parameters

test_that 'a confirmation needs two blocks, at .05' '
  is "$(samples m $clear | outcome -p m:lower --confirm)" "INCONCLUSIVE more-data 1"
  is "$(samples m $clear / $again | outcome -p m:lower --confirm)" "KEEP confirmed 0"
  is "$(samples m $clear / A:90 B:91 B:92 A:93 B:94 A:90 | outcome -p m:lower --confirm)" "KEEP confirmed 0"
  is "$(samples m A:90 B:91 B:89 A:93 B:94 A:90 / A:90 B:91 B:92 A:93 B:94 A:90 | outcome -p m:lower --confirm)" "DISCARD not-confirmed 0"'
test_that 'of more labellings than --enum-max as many are drawn, and the digits stay' '
  samples m $clear / $again >s
  is "$(abstat -p m:lower --enum-max 399 s | field p)" "$(abstat -p m:lower --enum-max 399 s | field p)"
  [ "$(abstat -p m:lower --enum-max 399 s | field p)" != 0.0025 ]; is "$(abstat -p m:lower --enum-max 400 s | field p)" 0.0025'
test_that 'of very many runs the normal limit agrees with what is drawn of slightly fewer' '
  abplan --blocks 3400 --seed 9 | awk -F "\t" -v OFS="\t" "NR == 1 { print \$0, \"metric\", \"value\", \"unit\", \"role\", \"status\"; next }
    { seed = (seed * 69069 + 12345) % 4294967296; value = 100 + seed / 4294967296; if (\$4 == \"B\") value -= 0.007; print \$0, \"m\", value, \"-\", \"-\", \"ok\" }" >many
  head -n 19999 many >fewer
  for rule in "--rule seed" "--confirm --max-blocks 900"; do
    echo "$(abstat $rule -p m:lower many | field p ci_low ci_high) $(abstat $rule -p m:lower fewer | field p ci_low ci_high)" |
      awk "function near(a, b, part) { d = a - b; return d * d < part * part }
        { print; exit !(near(\$1, \$4, 0.02) && near(\$2, \$5, 0.00001) && near(\$3, \$6, 0.00001) && \$1 > 0) }"
  done
  abstat --rule seed -p m:lower --report many | grep -q "normal limit"'
test_that 'the runs that would tell are more than there are, and let p be small enough' '
  is "$(abstat -p peak_rss_mb:lower "$DATA/abstat/g3.tsv" | field n runs_needed)" "3 6"
  is "$(samples m $clear | abstat -p m:lower --max-blocks 1 2>/dev/null | field reason runs_needed)" "underpowered 6"'
test_that 'a plan that can never keep is warned of' '
  samples m $clear >s; says 0 "cannot keep anything at alpha 0.01" abstat -p m:lower --max-blocks 1 s
  abstat -p m:lower --max-blocks 1 --alpha 0.05 s 2>err; [ ! -s err ]; abstat -p m:lower s 2>err; [ ! -s err ]'
test_that 'the first line is parted between words where it is long, and a discard says by which bound' '
  samples a_metric_with_a_rather_long_name A:100 B:98 B:100.1 A:102 B:98.5 A:103 | abstat -p a_metric_with_a_rather_long_name:lower --report | head -n 2 >first
  [ "$(wc -L <first)" -le 80 ]; ! grep -q "\.\.\.$" first
  abstat -p ops_s:higher --report "$DATA/abstat/g2a.tsv" | head -n 2 | tr -s "\n " " " | grep -q "1.49 % worse; at most 0.785 % better (90 % bound), 1 % asked for"
  printf "arm=A\nt=1\narm=B\nt=2\n" | abstat -f log -p t:lower --report >short; ! grep -q nan short'
test_that '--ci sets the level of the interval' '
  is "$(abstat -p latency_ms:lower --ci 0.9 "$DATA/abstat/g6.tsv" | field ci_level ci_low ci_high)" "0.9 0.009483526671 0.0246659815"'
test_that 'weights are one a look, and at most 1 in all' '
  is "$(abstat -p latency_ms:lower --weights 0,.2,.8,0 "$DATA/abstat/g6.tsv" | field verdict alpha)" "INCONCLUSIVE 0.002"
  says 2 "weights" abstat -p m:lower --weights 0,.2
  says 2 "weights sum" abstat -p m:lower --weights 0,.6,.3,.2
  says 2 "weights" abstat -p m:lower --weights 0,.6,.3,x'
for wrong in '--alpha 0' '--alpha 1' '--max-blocks 0' '--screen 0' '--ci 1' '--welch maybe' '--sd 1' '--guard-mode x' '--mei-abs -1' \
  '--resolution x' '--enum-max 0' '--rule both' '-d other'; do
  test_that "'$wrong' is bad usage" "says 2 '^abstat: .*try .abstat --help' abstat -p m:lower $wrong"
done
finish
