#!/bin/bash
# source.sh T R EXP PARENT: both arms from one commit. A is the parent's commit (the base, or the parent experiment's own),
# B is A with the patch on it; their files go into source-A.tar and source-B.tar.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
# shellcheck source=mk/steps/git.sh
. mk/steps/git.sh
T=$1 R=$2 exp=$3 base=$4
patch=$(realpath "$T/experiments/$exp.patch")
git_start "$R"
if [ "$base" = - ]; then a=$(git rev-parse refs/heads/base) base=base
else a=$(git rev-parse "refs/heads/exp/$base"); fi

export GIT_INDEX_FILE=$GIT_DIR/index.$exp
rm -f "$GIT_INDEX_FILE"
git read-tree "$a"
if ! git apply --cached --whitespace=nowarn "$patch" 2>"$X/logs/apply.log"; then
  rm -f "$GIT_INDEX_FILE"
  row same-version fail 'does not apply' "applies to $base" "the patch does not apply to $base ($a): $(head -n 1 "$X/logs/apply.log")"
  exit 0
fi
b=$(git_commit "$(git write-tree)" "$exp: $(value "$X/fields.tsv" subject)" "$a")
rm -f "$GIT_INDEX_FILE"
git update-ref "refs/heads/exp/$exp" "$b"
archive "$a" "$X/source-A.tar"
archive "$b" "$X/source-B.tar"
printf '%s\n' "$a" | replace "$X/commit-A"
printf '%s\n' "$b" | replace "$X/commit-B"
git diff --no-color "$a" "$b" | replace "$X/diff.patch"
row same-version pass "$a" 'one commit' "both arms are made from $base ($a); B has the patch on it"
artifact source-A.tar
artifact source-B.tar
artifact commit-A
artifact commit-B
