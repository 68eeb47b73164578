#!/bin/bash
# diff.sh R EXP PROFILER MODE FUNCTION: the baseline's profile beside that of a changed build. Without PROFILER and MODE, those
# that were the evidence; without FUNCTION, the greatest differences.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
R=$1 exp=$2 profiler=$3 mode=$4 function=$5
X=$R/$exp
if [ -z "$exp" ]; then
  echo "make diff: which experiment? make TARGET=NAME EXP=NAME diff; profiled were: $(cd "$R" && printf '%s ' */profiles/B)" >&2
  exit 2
fi
[ -d "$X/profiles/B" ] || stop "its changed build was never profiled; it is once the change was measured to be better"
[ -n "$profiler" ] || profiler=$(value "$X/evidence.tsv" profiler)
[ -n "$mode" ] || mode=$(value "$X/evidence.tsv" mode)
base=$R/profiles/$profiler-$mode.folded changed=$X/profiles/B/$profiler-$mode.folded
for file in "$base" "$changed"; do [ -e "$file" ] || stop "there is no $file"; done
options=(--cum)
[ "$(sed -n 's/^unit //p' "$R/profiles/$profiler.facts")" != samples ] || options+=(--samples)
[ -z "$function" ] || options+=(--function "$function")
stackdiff "${options[@]}" -- "$base" "$changed"
