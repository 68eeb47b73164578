#!/bin/bash
# stackdiff: two profiles, function by function and path by path, checked against another program; what is claimed.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"

# Random stacks with recursion: random_stacks LINES SEED.
random_stacks() {
  perl -e 'srand $ARGV[1]; @f = map { "f$_ (m.py:" . int($_ / 3) . ")" } 1 .. 40; push @f, "b c", "g(int, char)", "f7_[i] (m.py:9)";
    print join(";", map { $f[rand @f] } 1 .. 1 + rand 12), " ", 1 + int rand 1000, "\n" for 1 .. $ARGV[0]' "$1" "$2"
}
rows() { sed "1d; /^# /d"; }
fact() { sed -n "s/^# $1: //p" "$2"; } # NAME FILE
export -f random_stacks rows fact
random_stacks 600 1 >"$WORK/base"
random_stacks 400 2 >"$WORK/exp"

test_that 'functions by self and cumulative value, raw and scaled, differ as by another program' '
  for which in self cum; do
    for scale in raw normalized; do
      perl "$ROOT/tests/views-reference.pl" diff "$which" "$scale" base exp | sort >want
      options=(-n 0 --floor 0)
      [ "$which" = self ] || options+=(--cum)
      [ "$scale" = raw ] || options+=(--normalize)
      stackdiff "${options[@]}" base exp >out
      rows <out | cut -f 2-7 | sort >got
      [ "$(wc -l <got)" -gt 30 ]
      same want got
      rows <out | cut -f 5 | tr -d "+-" >order
      sort -nrs order | same - order
    done
  done
'
test_that 'both profiles are named, with their totals, in TSV and in JSON' '
  printf "a 30\n" >before.folded; printf "a 50\n" >after.folded
  stackdiff before.folded after.folded >out
  [ "$(fact base out) $(fact exp out) $(fact base_total out) $(fact exp_total out)" = "before.folded after.folded 30 50" ]
  stackdiff --format=json before.folded after.folded >json
  jq -e ".format == \"assay.diff-functions\" and .version == 1 and .base == \"before.folded\" and .exp == \"after.folded\"" json
  jq -e ".rows == [{rank: 1, function: \"a\", base: 30, exp: 50, difference: 20, percent: 66.67, points: 66.67, change: \"grew\"}]" json
'
test_that 'grew, shrank, new and gone are told apart; what is equal is counted' '
  printf "grown 100\nshrunk 100\nlost 100\nequal 100\n" >a; printf "grown 150\nshrunk 50\nfresh 100\nequal 100\n" >b
  stackdiff a b >out
  rows <out | cut -f 2-8 >got
  printf "%s\t100\t0\t-100\t-100.00\t-25.00\tgone\n" lost >want
  printf "%s\t0\t100\t+100\tNA\t+25.00\tnew\n" fresh | cat - want >want2
  printf "grown\t100\t150\t+50\t+50.00\t+12.50\tgrew\nshrunk\t100\t50\t-50\t-50.00\t-12.50\tshrank\n" >>want2
  same want2 got
  [ "$(fact same out)" = 1 ]
'
test_that 'a cumulative value counts a recursive function once' '
  printf "main;f;g;f;f 40\nmain;f 10\n" >a; printf "main;f;g 20\n" >b
  stackdiff --cum --function f a b | rows >got
  printf "1\tf\t50\t20\t-30\t-60.00\t-60.00\tshrank\n" | same - got
'
test_that 'below the floor nothing is claimed; at it, something is' '
  printf "small 19\nedge 20\nother 1000\n" >a; printf "small 2\nedge 3\nother 1000\n" >b
  stackdiff a b >out
  [ "$(rows <out | cut -f 2,8)" = "$(printf "edge\tshrank")" ]
  [ "$(fact below_floor out)" = 1 ]
  [ "$(stackdiff --function small a b | rows | cut -f 8)" = few ]
  [ "$(stackdiff --floor 19 --function small a b | rows | cut -f 8)" = shrank ]
'
test_that 'of samples, a difference within twice its standard deviation is unclear' '
  printf "near 100\nfar 100\nmain 800\n" >a; printf "near 75\nfar 73\nmain 800\n" >b
  [ "$(stackdiff --samples --function near a b | rows | cut -f 8)" = unclear ]
  [ "$(stackdiff --samples --function far a b | rows | cut -f 8)" = shrank ]
  [ "$(stackdiff --function near a b | rows | cut -f 8)" = shrank ]
  for f in a b; do awk "{ print \$1, \$2 * 1003009 }" $f >$f.perf; done
  [ "$(stackdiff --samples --function near a.perf b.perf | rows | cut -f 8)" = unclear ]
  [ "$(stackdiff --samples --function far a.perf b.perf | rows | cut -f 8)" = shrank ]
  stackdiff --samples a.perf b.perf >out; [ "$(fact period out)" = 1003009 ]
  [ "$(stackdiff --period 1003009 --function near a.perf b.perf | rows | cut -f 8)" = unclear ]
  { cat a.perf; echo "x 1003010"; } >uneven; stackdiff --samples uneven b.perf 2>err >out; grep "no counts of samples" err
'
test_that 'scaling compares shares: a profile that is twice as long is no growth' '
  printf "f 30\ng 70\n" >a; printf "f 60\ng 140\n" >b
  stackdiff --normalize a b >out
  [ -z "$(rows <out)" ]
  [ "$(fact same out)" = 2 ]
  printf "f 3\ng 1\n" >c
  stackdiff --normalize --floor 0 a c | rows | cut -f 2-8 >got
  printf "f\t30\t75\t+45\t+150.00\t+45.00\tgrew\ng\t70\t25\t-45\t-64.29\t-45.00\tshrank\n" | same - got
'
test_that 'what is there, however little, is not gone when it is scaled' '
  printf "f 50\ng 50\n" >a; printf "f 1\ng 9999999\n" >b
  stackdiff --normalize --function f a b | rows | cut -f 3,4,8 | grep -x "50	0	shrank"
'
test_that 'paths are whole stacks, or their innermost frames' '
  printf "a;b (x.c:1);c 10\nz;b (x.c:2);c 30\n" >a; printf "a;b (x.c:1);c 60\n" >b
  stackdiff --floor 0 --paths a b | rows | cut -f 2-5 >got
  printf "a;b;c\t10\t60\t+50\nz;b;c\t30\t0\t-30\n" | same - got
  [ "$(stackdiff --floor 0 --paths --depth 2 a b | rows | cut -f 2-5)" = "$(printf "b;c\t40\t60\t+20")" ]
  [ "$(stackdiff --floor 0 --paths --depth 2 --by line a b | rows | wc -l)" = 2 ]
  stackdiff --floor 0 --paths --format=json a b | jq -e ".rows[0].path == [\"a\", \"b\", \"c\"]"
'
test_that 'a function is asked for with its line, or without; one that is nowhere has zeros' '
  printf "f (a.c:1) 30\nf (a.c:2) 20\n" >a; printf "f (a.c:1) 50\n" >b
  [ "$(stackdiff --function f a b | rows | cut -f 3,4)" = "$(printf "50\t50")" ]
  [ "$(stackdiff --function "f (a.c:2)" a b | rows | cut -f 3,4,8)" = "$(printf "20\t0\tgone")" ]
  [ "$(stackdiff --function none a b | rows)" = "$(printf "0\tnone\t0\t0\t0\tNA\t0.00\tfew")" ]
'
test_that 'values of 64 bits are compared without rounding' '
  printf "f 9223372036854775807\ng 9223372036854775807\n" >a; printf "f 9223372036854775806\ng 9223372036854775808\n" >b
  stackdiff a b | rows | cut -f 2-5 >got
  printf "f\t9223372036854775807\t9223372036854775806\t-1\ng\t9223372036854775807\t9223372036854775808\t+1\n" | same - got
  stackdiff --normalize a b | rows | cut -f 2-5 | same got -
'
test_that 'a budget keeps the greatest differences and says what it leaves out' '
  stackdiff -n 0 --floor 0 base exp >all
  for budget in 600 1000 1500; do
    stackdiff -n 0 --floor 0 --budget $budget base exp >out
    [ "$(wc -c <out)" -le $budget ]
    count=$(rows <out | wc -l)
    [ "$count" -gt 0 ]
    rows <all | head -n "$count" | same - <(rows <out)
    grep -x "# left out: $(($(rows <all | wc -l) - count)) rows, the greatest of [0-9]*" out
  done
'
test_that 'the default is at most 40 lines, and --min-percent cuts' '
  [ "$(stackdiff base exp | wc -l)" -le 40 ]
  stackdiff --min-percent 1 -n 0 base exp | rows | cut -f 7 | tr -d "+-" >got
  [ -s got ]
  awk "\$1 < 1 { exit 1 }" got
'
test_that 'allocators are passed over, as by rankalloc, unless they are wanted' '
  printf "main;f;operator new(unsigned long);malloc 50\nmain;f 10\nmalloc 40\n" >a; printf "main;f;operator new(unsigned long);malloc 150\nmain;f 10\nmalloc 40\n" >b
  for options in "" --cum --raw "--raw --cum"; do
    value=self
    case $options in *--cum) value=cumulative ;; esac
    for side in a b; do
      rankalloc -n 0 $options $side | awk -F "\t" -v v=$value "NR == 1 { for (i = 1; i <= NF; i++) at[\$i] = i; next } { print \$2 \"\t\" \$at[v] }" | sort >want.$side
    done
    stackdiff -n 0 --floor 0 $options a b >out
    join -t "	" want.a want.b | awk -F "\t" "\$2 != \$3" >want
    [ -s want ]
    rows <out | cut -f 2-4 | sort | same want -
  done
  [ "$(stackdiff --function malloc a b | rows | cut -f 3,4)" = "$(printf "90\t190")" ]
  printf "f\n" >more
  [ "$(stackdiff --allocators more a b | rows | cut -f 2-4)" = "$(printf "main\t60\t160")" ]
'
test_that 'what is no profile, or names none, is refused' '
  printf "f 1\n" >a; : >empty; printf "f 0\n" >zero; printf "f 1\nmain;g" >cut
  says 1 "empty: holds no stacks" stackdiff a empty
  says 1 "zero: the values of all its stacks are 0" stackdiff zero a
  says 1 "cut:2: ends in the middle" stackdiff a cut
  says 1 "cannot open|No such file" stackdiff a none
  says 2 "two profiles are wanted" stackdiff a
  says 2 "only one of BASE and EXP" stackdiff - -
  says 2 "no meaning" stackdiff --paths --cum a a
  says 2 "neither function nor line" stackdiff --by x a a
  printf "f 18446744073709551615\nf 1\n" >big
  says 1 "add up to more than 64 bits" stackdiff a big
  says 1 "cannot write" bash -c "exec stackdiff a a >/dev/full"
'
finish
