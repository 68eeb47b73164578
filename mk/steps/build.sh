#!/bin/bash
# build.sh R EXP: both arms, as they are measured. Builds are found again by their content.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
# shellcheck source=mk/steps/protected.sh
. mk/steps/protected.sh
R=$1 exp=$2
protect "$X/.protected"
limit=$(value "$R/target.tsv" limit_build)
for arm in A B; do
  log=$X/logs/build-$arm.log
  code=0
  before=$(find "$R/.builds" -maxdepth 1 -name '*.done' 2>/dev/null | wc -l)
  # What is built is found again by its content, which only the script can tell.
  : >"$log"
  guard --machine shared --for "building $exp" -- mk/steps/logged.sh "$log" \
    env ARM=$arm BUILD_DIR="$R/.builds" timeout "$limit" "$X/build.sh" || code=$?
  [ "$before" = "$(find "$R/.builds" -maxdepth 1 -name '*.done' | wc -l)" ] || say "build: arm $arm built"
  if [ $code != 0 ] && [ $arm = A ]; then stop "the baseline arm does not build (exit status $code); see $log: $(tail -n 1 "$log")"; fi
  if [ $code = 124 ]; then
    row stable fail timeout "$limit s" "the build of B took more than $limit s: logs/build-B.log"
    exit 0
  elif [ $code != 0 ]; then
    row stable fail crash 'builds' "the build of B failed with status $code: $(tail -n 1 "$log" | cut -c 1-200)"
    exit 0
  fi
  changed=$(changed_since "$X/.protected")
  if [ -n "$changed" ]; then
    [ $arm = B ] || stop "$changed changed while the baseline arm was built; leave them alone until building ends, or see $log"
    row protected fail changed 'the same before and after the build' "changed while it was built: $changed"
    exit 0
  fi
  row artifact made "$(basename "$(tail -n 1 "$log")")" - "built/$arm-release"
done
