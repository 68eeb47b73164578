#!/bin/bash
# profile.sh DIR PROFILER ARM OUT: the profile of an arm by the scripts in DIR, as OUT/PROFILER-alone.folded and
# OUT/PROFILER-concurrent.folded, with OUT/PROFILER.facts; a profiler of memory may add what was in use when the workload
# ended, as OUT/PROFILER-MODE-end.folded, and one that counts objects their numbers by the same stacks, as
# OUT/PROFILER-MODE-objects.folded. A capture of the same source by the same scripts is used again. MODES=alone, for the
# tests, leaves the other mode out.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
# shellcheck source=mk/steps/pipeline.sh
. mk/steps/pipeline.sh
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
  # What the profiler needs of this machine is looked for before anything takes long.
  PROFILER="$profiler" "$dir/profile.sh" --check >>"$log" 2>&1 || stop "$(tail -n 1 "$log")"
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
# shellcheck disable=SC2034 # for pipelines_text
settings=$(value "$R/target.tsv" profiler_settings)
pipelines_text "$profiler" >"$scratch/pipeline"
# shellcheck disable=SC1091
. "$scratch/pipeline"
source=$(cd -P "$dir/built/$arm-symbols" && pwd)
unit=$("$profiler.unit")
# folded FUNCTION MODE NAME: what the pipeline's function makes of the capture, as OUT/NAME.folded.
folded() {
  local raw=$out/$profiler-$2.raw
  "$profiler.$1" "$raw" "$source" >"$scratch/folded" 2>>"$log" ||
    stop "the capture $raw cannot be folded; see $log: $(tail -n 1 "$log")"
  [ "$1" != fold ] || [ -s "$scratch/folded" ] || declare -F "$profiler.may_be_empty" >/dev/null ||
    stop "the capture $raw holds no stack: does the profile workload reach the service?"
  replace "$out/$3.folded" <"$scratch/folded"
}
for mode in ${MODES:-alone concurrent}; do
  if [ "$unit" != metrics ]; then
    folded fold "$mode" "$profiler-$mode"
    for kind in end objects; do
      if declare -F "$profiler.fold_$kind" >/dev/null; then folded "fold_$kind" "$mode" "$profiler-$mode-$kind"; fi
    done
  fi
  sed "s/^/$mode /" "$out/$profiler-$mode.raw/facts.txt"
done >"$scratch/facts"
printf 'unit %s\n' "$unit" >>"$scratch/facts"
printf 'commit %s\n' "$(cat "$dir/commit-$arm")" >>"$scratch/facts"
replace "$out/$profiler.facts" <"$scratch/facts"
printf '%s\n' "$key" | replace "$out/.$profiler.key"
for mode in ${MODES:-alone concurrent}; do
  for stacks in "$profiler-$mode" "$profiler-$mode-end" "$profiler-$mode-objects"; do
    [ ! -e "$out/$stacks.folded" ] || X=$out artifact "$stacks.folded"
  done
done
[ "$unit" != metrics ] || X=$out artifact "$profiler.facts"
