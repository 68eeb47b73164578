#!/bin/bash
# list.sh T R PROFILER MODE FUNCTION: the lines of a function of the baseline's profile with their values, from the commit
# that was profiled; says so where the target's source was edited since.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
T=$1 R=$2 profiler=$3 mode=$4 function=$5
X=$R/profiles
commit=$(sed -n 's/^commit //p' "$X/$profiler.facts")
[ -n "$commit" ] || stop "$X/$profiler.facts does not say which commit was profiled; make TARGET=${T#targets/} profile"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
options=(--source "$R/.source.git" --commit "$commit")
[ ! -d "$R/baseline/built/A-symbols" ] || options+=(--root "$(cd -P "$R/baseline/built/A-symbols" && pwd)")
stacklist "${options[@]}" -- "$function" "$X/$profiler-$mode.folded" >"$scratch/list"
cat "$scratch/list"

source=$(value "$R/target.tsv" source)
case $source in
folder:*)
  column "$scratch/list" file | sort -u | while IFS= read -r file; do
    git --git-dir "$R/.source.git" cat-file blob "$commit:$file" >"$scratch/file" 2>/dev/null || continue
    cmp -s "$scratch/file" "$T/${source#folder:}/$file" ||
      say "$T/${source#folder:}/$file was edited since it was profiled; what is shown is the profiled commit $commit"
  done
  ;;
esac
