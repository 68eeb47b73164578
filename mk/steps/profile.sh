#!/bin/bash
# profile.sh DIR PROFILER ARM OUT: the profile of an arm by the scripts in DIR, as OUT/PROFILER-alone.folded and
# OUT/PROFILER-concurrent.folded, with OUT/PROFILER.facts. A capture of the same source by the same scripts is used again.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
dir=$1 profiler=$2 arm=$3 out=$4
R=${dir%/*}
key=$({ cat "$dir"/{build,deploy,workload,teardown,profile}.sh "$dir/source-$arm.tar"; echo "$profiler"; } |
  sed -E '/^# /d; /^ *EXP=/d' | sha256sum)
mkdir -p "$out" "$dir/logs"
log=$dir/logs/profile-$profiler-$arm.log

if [ -n "${ASSAY_FRESH:-}" ] || [ "$(cat "$out/.$profiler.key" 2>/dev/null)" != "$key" ]; then
  heavy "a profile of arm $arm by $profiler"
  rm -f "$out/.$profiler.key"
  : >"$log"
  guard --machine shared --for "building $dir for profiles" -- mk/steps/logged.sh "$log" \
    env ARM="$arm" VARIANT=symbols BUILD_DIR="$R/.builds" timeout "$(value "$R/target.tsv" limit_build)" "$dir/build.sh" ||
    stop "arm $arm does not build with symbols; see $log: $(tail -n 1 "$log")"
  say "profile: arm $arm by $profiler, the profile workload alone and concurrent"
  started=$EPOCHREALTIME
  guard --machine shared --for "profiling $dir" -- mk/steps/logged.sh "$log" env ARM="$arm" PROFILER="$profiler" OUT="$out" \
    STATE="$(cd "$dir" && pwd)/.state/$arm" "$dir/profile.sh" ||
    stop "profiling arm $arm by $profiler failed; see $log: $(tail -n 1 "$log")"
  elapsed "$started" | replace "$out/$profiler.seconds"
  say "profile: captured ($(cat "$out/$profiler.seconds") s)"
fi

# The fold is redone each time: it is fast, and the filters may have changed.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
scriptgen -D CAPTURE= "pipelines/$profiler.sh.in" >"$scratch/pipeline"
# shellcheck disable=SC1091
. "$scratch/pipeline"
source=$(cd -P "$dir/built/$arm-symbols" && pwd)
for mode in alone concurrent; do
  "$profiler.fold" "$out/$profiler-$mode.raw" "$source" >"$scratch/folded" 2>>"$log" ||
    stop "the capture $out/$profiler-$mode.raw cannot be folded; see $log: $(tail -n 1 "$log")"
  replace "$out/$profiler-$mode.folded" <"$scratch/folded"
  sed "s/^/$mode /" "$out/$profiler-$mode.raw/facts.txt"
done >"$scratch/facts"
printf 'unit %s\n' "$("$profiler.unit")" >>"$scratch/facts"
replace "$out/$profiler.facts" <"$scratch/facts"
printf '%s\n' "$key" | replace "$out/.$profiler.key"
X=$out artifact "$profiler-alone.folded"
X=$out artifact "$profiler-concurrent.folded"
