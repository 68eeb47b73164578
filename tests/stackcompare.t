#!/bin/bash
# stackcompare: profiles side by side, what tells the best from the rest, points over metrics; checked against rankalloc.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
export D=$DATA/stackcompare

rows() { sed "1d; /^# /d"; }
# A column by its name: column NAME <TSV.
column() { sed "/^# /d" | awk -F "\t" -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; if (!(name in at)) exit 1; next } { print $(at[name]) }'; }
export -f rows column

test_that 'of eight real profiles, the best is named, and what each spends its time on' '
  stackcompare --metrics "$D/metrics.tsv" "$D"/cpu/*.folded >out
  column profile <out | tr "\n" " " | grep -x "flat-packed flat-vector hash-vector-hash hash-vector-string tree-vector-hash sorted-pairs tree-set-hash tree-set-string "
  for metric in bytes_per_document build_seconds documents_per_second queries_per_second; do
    paste <(column profile <out) <(column $metric <out) | sort >got
    awk -F "\t" -v m=$metric "NR == 1 { for (i = 1; i <= NF; i++) if (\$i == m) c = i; next } { print \$1 \"\t\" \$c + 0 }" "$D/metrics.tsv" | sort | same - got
  done
  paste <(column profile <out) <(column total <out) | while read -r profile total; do
    [ "$(awk "{ sum += \$NF } END { print sum }" "$D/cpu/$profile.folded")" = "$total" ]
    rankalloc -n 1 "$D/cpu/$profile.folded" | column function >function
    awk -F "\t" -v p="$profile" "\$2 == p { print \$9 }" out | same function -
  done
  [ "$(wc -l <out)" -le 40 ]
'
test_that 'of eight real profiles, what the best one does without stands first' '
  stackcompare --functions "$D"/alloc/*.folded >out
  [ "$(column function <out | head -n 2 | tr "\n" " ")" = "std::vector::_M_realloc_insert std::_Rb_tree::_M_create_node " ]
  grep -x "# best: flat-packed" out
  column best_minus_rest <out | tr -d "+-" >weights
  sort -nrs weights | same - weights
'
test_that 'values are those of rankalloc: self past allocators, raw, cumulative' '
  for options in "" --raw "--cum" "--by line"; do
    stackcompare --functions -n 0 $options "$D"/cpu/*.folded >out
    for profile in tree-set-string sorted-pairs flat-packed; do
      value=self
      [ "$options" != --cum ] || value=cumulative
      rankalloc -n 0 $options "$D/cpu/$profile.folded" >ranking
      paste <(column function <ranking) <(column $value <ranking) | grep -v "	0\$" | sort >want
      [ -s want ]
      paste <(column function <out) <(column $profile <out) | grep -v "	0\$" | sort | same want -
    done
  done
'
test_that 'the excess over the best, and the mean of the rest' '
  printf "f 10\ng 20\n" >a.folded; printf "f 25\nh 25\n" >b.folded; printf "f 12\ng 20\nh 100\n" >c.folded
  stackcompare a.folded b.folded c.folded >out
  printf "1\ta\t30\t1.00\tg\t66.67\tf\t33.33\tNA\tNA\tNA\tNA\n2\tb\t50\t1.67\tf\t50.00\th\t50.00\tNA\tNA\th\t50.00\n" >want
  printf "3\tc\t132\t4.40\th\t75.76\tg\t15.15\tf\t9.09\th\t75.76\n" >>want
  rows <out | same want -
  stackcompare --functions a.folded b.folded c.folded | rows >got
  printf "1\th\t-63\t63\t0\t25\t100\n2\tg\t+10\t10\t20\t0\t20\n3\tf\t-9\t19\t10\t25\t12\n" | same - got
'
test_that 'another order: by a metric, of which less or more is better' '
  printf "f 10\n" >a.folded; printf "f 20\n" >b.folded; printf "name\tseconds\trate\na\t3\t1\nb\t4\t7.5\n" >m.tsv
  [ "$(stackcompare --metrics m.tsv --order seconds a.folded b.folded | column profile | head -n 1)" = a ]
  stackcompare --metrics m.tsv --order rate --higher rate a.folded b.folded >out
  [ "$(column profile <out | head -n 1)" = b ]
  [ "$(column times_best <out | tail -n 1)" = 0.50 ]
  stackcompare --metrics m.tsv --format=json a.folded b.folded | jq -e ".rows[1].rate == 7.5 and .rows[1].function1 == \"f\" and .rows[0].more_than_best == null"
'
test_that 'points over scenarios: as many as are not better, ties alike, none for what is missing' '
  stackcompare --points --metrics "$D/allocators.tsv" >out
  [ "$(column profile <out | tr "\n" " ")" = "mimalloc jemalloc system hakmem-evolving hakmem-baseline " ]
  [ "$(column points <out | tr "\n" " ")" = "19 15 13 9 4 " ]
  [ "$(column json <out | tr "\n" " ")" = "4 3 5 2 1 " ]
  printf "name\tx\ty\na\t1\tNA\nb\t1\t5\nc\t2\t6\n" >m.tsv
  stackcompare --points --metrics m.tsv --higher y | rows >got
  printf "1\tb\t5\t3\t2\n2\tc\t4\t1\t3\n3\ta\t3\t3\t0\n" | same - got
  printf "f 10\n" >a.folded; printf "f 5\n" >b.folded
  stackcompare --points --metrics m.tsv a.folded b.folded | rows >got
  printf "1\tb\t6\t2\t2\t2\n2\ta\t3\t2\t0\t1\n" | same - got
'
test_that 'names are those of files, and two of one name are refused' '
  mkdir -p one two
  printf "f 1\n" | gzip >one/x.folded.gz; printf "f 2\n" >y.folded; printf "f 3\n" >two/x.folded
  [ "$(stackcompare one/x.folded.gz y.folded | column profile | tr "\n" " ")" = "x y " ]
  says 2 "two profiles are called .x." stackcompare one/x.folded.gz two/x.folded
'
test_that 'a budget keeps the best profiles; --min-percent the greater functions' '
  stackcompare --budget 700 "$D"/cpu/*.folded >out
  [ "$(wc -c <out)" -le 700 ]
  [ "$(column profile <out | head -n 1)" = flat-packed ]
  grep "^# left out: " out
  stackcompare --functions -n 0 --min-percent 30 "$D"/alloc/*.folded | column function | sort >got
  printf "%s\n" Pool::take std::_Rb_tree::_M_create_node std::__cxx11::basic_string::_M_construct std::vector::_M_realloc_insert | same - got
'
test_that 'what is missing or malformed is told' '
  printf "f 1\n" >a.folded; printf "f 0\n" >zero.folded; printf "name\tx\na\t1\n" >m.tsv; printf "name\tx\na\tmany\n" >bad.tsv
  says 2 "two profiles or more" stackcompare a.folded
  says 1 "zero.folded: the values of all its stacks are 0" stackcompare a.folded zero.folded
  printf "f 2\n" >b.folded
  says 1 "has no row for the profile .b." stackcompare --metrics m.tsv a.folded b.folded
  printf "b\t2\n" >>m.tsv
  says 1 "has no metric .y." stackcompare --metrics m.tsv --order y a.folded b.folded
  says 1 "bad.tsv:2: .many. of x is no decimal number" stackcompare --metrics bad.tsv a.folded b.folded
  says 2 "want --metrics" stackcompare --points a.folded b.folded
  says 1 "cannot write" bash -c "exec stackcompare a.folded b.folded >/dev/full"
'
finish
