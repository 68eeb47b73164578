#!/usr/bin/env bash
# abplan: the order in which to run the arms.
. "${0%/*}/harness.sh"

test_that 'without options it is one block of 3 runs of A and B, drawn by seed 1' '
  abplan >plan.tsv
  same "$DATA/abplan/default.tsv" plan.tsv'

test_that 'the same seed gives the same plan, another seed another' '
  abplan --blocks 4 --seed 42 >one.tsv
  abplan -b 4 -s 42 >two.tsv
  same one.tsv two.tsv
  abplan --blocks 4 --seed 43 >other.tsv
  ! cmp -s one.tsv other.tsv'

test_that 'a plan of 3 blocks and 2 arms is what it was when it was first drawn' '
  abplan --blocks 3 --runs 2 --arms base,changed --seed 7 >plan.tsv
  same "$DATA/abplan/three-blocks.tsv" plan.tsv'

test_that 'the first blocks of a longer plan are those of a shorter one' '
  abplan --blocks 2 --seed 5 >short.tsv
  abplan --blocks 6 --seed 5 | head -n 13 >long.tsv
  same short.tsv long.tsv'

test_that 'each block holds every arm as often as asked' '
  abplan --blocks 50 --runs 4 --arms A,B,C --seed 3 |
    awk "NR > 1 { n[\$1, \$4]++ } END { for (k in n) if (n[k] != 4) exit 1; if (length(n) != 150) exit 1 }"'

test_that 'order counts from 1 in each block and run from 1 in the whole' '
  abplan --blocks 7 --runs 2 --seed 9 |
    awk "NR > 1 { if (\$3 != NR - 1 || \$2 != (NR - 2) % 4 + 1 || \$1 != int((NR - 2) / 4) + 1) exit 1 }"'

test_that 'every order of a block is drawn about equally often' '
  abplan --blocks 20000 --runs 2 --seed 11 |
    awk "NR > 1 { o = o \$4 } NR > 1 && (NR - 1) % 4 == 0 { n[o]++; o = \"\" }
      END { if (length(n) != 6) exit 1; for (k in n) if (n[k] < 3133 || n[k] > 3533) { print k, n[k]; exit 1 } }"'

test_that 'one arm alone can be planned' '
  [ "$(abplan --arms A --runs 2 | tail -n 1)" = "1	2	2	A" ]'

for wrong in '--blocks 0' '--blocks -1' '--blocks 1x' '--runs 0' '--runs 1000001' '--seed 0' '--seed 4294967296' \
  '--seed 18446744073709551617' '--arms A,A' '--arms A,' '--arms A;B' '--arms ,' '--colour' 'file'; do
  read -ra words <<<"$wrong"
  test_that "'$wrong' is bad usage" "says 2 '^abplan: .*try .abplan --help' abplan $(printf '%q ' "${words[@]}")"
done

test_that 'a plan that cannot be written is a failure' '
  got=0; abplan >/dev/full 2>err || got=$?; [ "$got" = 1 ]; grep -q "cannot write standard output" err'

test_that 'it says what it is' '
  abplan --help | grep -q "^usage: abplan"
  abplan --version | grep -Eq "^abplan \(Assay\) [0-9]"'

finish
