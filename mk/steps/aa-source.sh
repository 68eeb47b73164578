#!/bin/bash
# aa-source.sh R: both arms are the base's commit, as if of an experiment whose patch is empty.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
R=$1
for arm in A B; do
  replace "$X/source-$arm.tar" <"$R/baseline/source-A.tar"
  replace "$X/commit-$arm" <"$R/baseline/commit-A"
done
: | replace "$X/diff.patch"
row same-version pass "$(cat "$X/commit-A")" 'one commit' 'both arms are the base, unchanged'
artifact source-A.tar
artifact source-B.tar
artifact commit-A
artifact commit-B
