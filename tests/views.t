#!/bin/bash
# stackpeek and stacktree: callers and callees of a function, and the tree of calls, checked against another program.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"

# Random stacks with recursion: random_stacks LINES SEED.
random_stacks() {
  perl -e 'srand $ARGV[1]; @f = map { "f$_ (m.py:" . int($_ / 3) . ")" } 1 .. 9; push @f, "b c", "g(int, char)", "f7_[i] (m.py:9)";
    print join(";", map { $f[rand @f] } 1 .. 1 + rand 12), " ", 1 + int rand 1000, "\n" for 1 .. $ARGV[0]' "$1" "$2"
}
rows() { sed "1d; /^# /d"; }
# The paths of a tree from its indentation: depth, self, cumulative, path.
paths_of() {
  rows | awk -F "\t" '{ name = $6; sub(/^ */, "", name); path[$1] = $1 > 1 ? path[$1 - 1] ";" name : name
    print $1 "\t" $2 "\t" $4 "\t" path[$1] }'
}
export -f random_stacks rows paths_of
random_stacks 500 1 >"$WORK/in"

# --- stackpeek

test_that 'callers and callees are those that another program finds' '
  for function in f1 f7 "b c" "g(int, char)"; do
    perl "$ROOT/tests/views-reference.pl" peek "$function" in | sort >want
    stackpeek -n 0 "$function" in | rows | cut -f 1-3 | sort >got
    [ "$(wc -l <got)" -gt 15 ]
    same want got
  done
'
test_that 'recursion counts once: in the function, and in each caller and callee' '
  printf "main;f;f;f;g 10\nmain;f;g;f 5\nf 1\n" >in2
  stackpeek f in2 >out
  printf "caller\tmain\t15\t93.75\t93.75\ncaller\tf\t10\t62.50\t62.50\ncaller\tg\t5\t31.25\t31.25\n" >want
  printf "caller\t[root]\t1\t6.25\t6.25\nfunction\tf\t16\t100.00\t100.00\nself\tf\t6\t37.50\t37.50\n" >>want
  printf "callee\tg\t15\t93.75\t93.75\ncallee\tf\t10\t62.50\t62.50\n" >>want
  rows <out | same want -
'
test_that 'a part of a name is enough where one function has it; else those that have it are named' '
  printf "main;Store.add;Store.find 3\nmain;Store.put 9\n" >in2
  stackpeek find in2 | grep -x "function	Store.find	3	100.00	25.00"
  says 1 "2 names hold that|3 names hold that" stackpeek Store in2
  grep -A1 "such as:" says.err | grep -x "  Store.put"
  says 1 "no function of the profile is called .none." stackpeek none in2
'
test_that 'callers by line' '
  printf "main (a.c:1);f (a.c:9) 3\nmain (a.c:2);f (a.c:9) 4\n" >in2
  stackpeek --by line f in2 | rows | head -n 2 | cut -f 1-3 >got
  printf "caller\tmain (a.c:2)\t4\ncaller\tmain (a.c:1)\t3\n" | same - got
'
test_that 'limits are of each side; JSON has the same rows' '
  stackpeek -n 3 f1 in >out
  [ "$(rows <out | cut -f 1 | uniq -c | tr -s " " | tr "\n" ,)" = " 3 caller, 1 function, 1 self, 3 callee," ]
  stackpeek -n 3 --format=json f1 in | jq -r ".rows[] | [.relation, .function, .value] | @tsv" >json
  rows <out | cut -f 1-3 | same json -
  [ "$(stackpeek f1 in | wc -l)" -le 41 ]
'

# --- stacktree

test_that 'the tree has the calls that another program finds, from either end' '
  for direction in down up; do
    perl "$ROOT/tests/views-reference.pl" tree "$direction" in | sort >want
    options=(-n 0 --min-percent 0)
    [ "$direction" = down ] || options+=(--callers)
    stacktree "${options[@]}" in | paths_of | sort >got
    [ "$(wc -l <got)" -gt 1000 ]
    same want got
  done
'
test_that 'callees stand below their callers, the greatest first, and equals by name' '
  printf "a;b 5\na;c 7\na;d 5\nz 20\na 1\n" >in2
  stacktree in2 | rows | cut -f 2,4,6 >got
  printf "20\t20\tz\n1\t18\ta\n7\t7\t  c\n5\t5\t  b\n5\t5\t  d\n" >want
  same want got
'
test_that 'what is cut off is the least: calls below a percentage, beyond a depth, beyond a number' '
  printf "a;b;c 98\na;x 1\na;y 1\n" >in2
  [ "$(stacktree --min-percent 2 in2 | rows | cut -f 6 | tr -d " " | tr "\n" ,)" = a,b,c, ]
  [ "$(stacktree --depth 2 --min-percent 0 in2 | rows | cut -f 6 | tr -d " " | tr "\n" ,)" = a,b,x,y, ]
  [ "$(stacktree -n 2 --min-percent 0 in2 | rows | cut -f 2,4,6 | tr -d " " | tr "\n" ,)" = "$(printf "0\t100\ta,0\t98\tb,")" ]
  [ "$(stacktree in | wc -l)" -le 40 ]
'
test_that 'no call is shown without its caller' '
  for n in 5 17 60; do
    stacktree -n $n --min-percent 0 in | rows | awk -F "\t" "\$1 > last + 1 { exit 1 } { last = \$1 } END { exit NR != $n }"
  done
'
test_that 'a stack of 100,000 frames, and a budget' '
  perl -e "print join(\";\", map { qq(f\$_) } 1 .. 100000), qq( 7\n)" >deep
  stacktree deep | rows | tail -n 1 >got
  [ "$(cut -f 1,4 got)" = "$(printf "30\t7")" ]
  [ "$(stacktree -n 0 deep | rows | tail -n 1 | cut -f 1)" = 100000 ]
  stackpeek f99999 deep | grep -x "callee	f100000	7	100.00	100.00"
  stacktree --budget 700 in >out
  [ "$(wc -c <out)" -le 700 ]
  grep "^# left out: " out
  stacktree -n 3 --format=json in | jq -e ".format == \"assay.tree\" and (.rows | length) == 3 and .left_out.rows > 100"
'
test_that 'names of any bytes come out whole' '
  printf "a\tb<&\"\\\\x\x01;\xff\xfe 5\n" >in2
  stacktree in2 | rows | tail -n 1 | cut -f 6 | od -An -tx1 | grep -q "20 20 ff fe"
  stackpeek --format=json "b<&" in2 | jq -e ".rows[1].function == \"a?b<&\\\"\\\\x?\""
'
test_that '--focus and --ignore select stacks, and percentages remain of all' '
  printf "main (m.c:1);f (a.c:2);g (b.c:3) 30\nmain (m.c:1);f (c.c:2) 50\nmain (m.c:1);h (a.c:9) 20\n" >in2
  [ "$(stacktree --focus "a\.c" in2 | rows | cut -f 4-6 | tr -d " " | tr "\n\t" ,:)" = 50:50.00:main,30:30.00:f,30:30.00:g,20:20.00:h, ]
  [ "$(stacktree --focus "a\.c" --ignore "^h$" in2 | rows | cut -f 4,6 | tr -d " " | tr "\n\t" ,:)" = 30:main,30:f,30:g, ]
  stackpeek --ignore "b\.c" f in2 | grep -x "function	f	50	100.00	50.00"
  for option in --focus=f --ignore=a.c "--focus=main --ignore=^g"; do
    rankalloc --raw -n 0 --cum $option in2 | sed 1d | cut -f 2,5 | sort >want
    stackcompare --raw --cum --functions -n 0 $option in2 in | rows >/dev/null
    stackdiff --raw --floor 0 --cum $option -n 0 in in2 | rows | awk -F "\t" "\$4 > 0 { print \$2 \"\t\" \$4 }" | sort | grep -v "^[bg]" >got
    grep -v "^[bg]" want | same - got
  done
  says 2 "is no regular expression" stacktree --focus "(" in2
  [ "$(stacktree --focus nowhere in2 | wc -l)" = 2 ]
'
test_that 'bad usage and bad input are told' '
  says 2 "the name of a function is wanted" stackpeek
  says 2 "cannot be understood" stacktree --nope
  says 2 "not a number from 0 to 100" stacktree --min-percent 101
  printf "a;b\n" >bad
  says 1 "bad:1: " stackpeek a bad
  says 1 "bad:1: " stacktree bad
  : >empty
  says 1 "holds no stacks" stacktree empty
  says 1 "cannot write" bash -c "exec stacktree in >/dev/full"
  says 1 "cannot write" bash -c "exec stackpeek f1 in >/dev/full"
'
finish
