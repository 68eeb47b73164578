#!/bin/bash
# confirm.sh R EXP RUNS SEED SCALES holdout|- [locked]: a KEEP again, on fresh builds and fresh runs: two blocks, whose estimate is the
# one that is published, since that of the blocks that decided was chosen for being large. Then one block of the holdout
# workload, and one at each of SCALES (with commas): the effect must have the same sign there.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
# shellcheck source=mk/steps/abstat.sh
. mk/steps/abstat.sh
# shellcheck source=mk/steps/protected.sh
. mk/steps/protected.sh
# shellcheck source=mk/steps/blocks.sh
. mk/steps/blocks.sh
R=$1 exp=$2 count=$3 seed=$4 scales=$5 holdout=$6 locked=${7:-}
primary=$(column "$X/metrics.tsv" metric role primary)
direction=$(column "$X/metrics.tsv" direction role primary)
runs=$(runs_folder "$count" "$seed")
[ -d "$runs" ] || stop "the runs that the verdict rests on are gone ($runs); make -B EXP=$exp measure makes them again"
confirmation=$runs/confirmation

# series FOLDER BLOCKS NAME OPTION...: plans a series that ends after so many blocks, whatever they say.
series() {
  local folder=$1 blocks=$2 name=$3
  shift 3
  [ ! -e "$folder/stop-rule" ] || return 0
  series_plan "$folder" "$count" "$blocks" "$seed $exp ${runs##*/} $name"
  series_rule "$folder" "$blocks" 0 --confirm --mei 0% --runs "$count" "$@"
}
# Guards were decided by the first runs; here it is asked whether the improvement is there again.
mapfile -t options < <(questions <(awk -F '\t' '$4 != "guard"' "$X/metrics.tsv"))
series "$confirmation" 2 confirmation "${options[@]}"
others=()
if [ "$holdout" = holdout ]; then
  other=$(sha256sum <"$X/holdout.sh")
  others+=("holdout $runs/holdout-${other:0:16} -")
fi
IFS=, read -ra wanted <<<"$scales"
for scale in "${wanted[@]}"; do
  scale=${scale/k/000}
  others+=("workload $runs/scale-${scale/M/000000} ${scale/M/000000}")
done
for other in "${others[@]}"; do
  read -r script folder scale <<<"$other"
  series "$folder" 1 "$script $scale" --primary "$primary:$direction"
done

complete() {
  local other folder
  series_is_complete "$confirmation" || return 1
  for other in "${others[@]}"; do
    read -r _ folder _ <<<"$other"
    series_is_complete "$folder" || return 1
  done
}
# fresh_builds BLOCK: both arms built anew, each block with another order of the link where the toolchain links.
fresh_builds() {
  local arm builds=$R/.builds/confirmation-$exp
  rm -rf "$builds"
  : >"$confirmation/links-$1"
  for arm in A B; do
    LAYOUT_SEED=$(($(cat "$confirmation/seed") % 1000000 + $1)) LAYOUT_LOG=$(realpath "$confirmation/links-$1") COMPILER_PATH=$PWD/mk/layout \
      ARM=$arm BUILD_DIR=$builds TOOLS_DIR=${TOOLS_DIR:-$R/.builds} "$X/build.sh" >"$X/logs/confirm-build-$arm.log" 2>&1 ||
      stop "a fresh build of arm $arm fails, which was built before; see $X/logs/confirm-build-$arm.log"
  done
}
if ! complete; then
  if [ -z "$locked" ]; then
    heavy 'confirming'
    exec guard --machine exclusive --for "confirming $exp" -- "$0" "$@" locked
  fi
  series_is_complete "$confirmation" || series_run "$confirmation" workload confirm fresh_builds
  rm -rf "$R/.builds/confirmation-$exp"
  link_builds
  for other in "${others[@]}"; do
    read -r script folder scale <<<"$other"
    series_is_complete "$folder" || if [ "$scale" = - ]; then series_run "$folder" "$script" 'confirm, holdout'
    else SCALE=$scale series_run "$folder" "$script" "confirm, scale $scale"; fi
  done
fi

# judged FOLDER OPTION...: abstat's rows on a series, or why it broke off.
judged() {
  local folder=$1
  shift
  cat "$folder"/*.stop 2>/dev/null | cut -d ' ' -f 3- | head -n 1 | grep . && return 1
  series_samples "$folder" | abstat --confirm --mei 0% --runs "$count" --seed "$(cat "$folder/seed")" "$@"
}
layout="the layout was not varied: its build links no two objects"
if awk '$1 > 1 { found = 1 } END { exit !found }' "$confirmation"/links-* 2>/dev/null; then
  layout="link order shuffled anew for each block"
fi

tampered=$(cat "$confirmation"/*.stop 2>/dev/null | sed -n 's/^tampered [0-9]* //p' | head -n 1 || true)
if [ -n "$tampered" ]; then row protected fail changed 'the same before and after every run' "$tampered"; fi
if ! judged "$confirmation" "${options[@]}" >"$confirmation/stats.tsv"; then
  row confirmed fail failures 'every run ends well' "$(cat "$confirmation/stats.tsv")"
  row holdout n/a - - 'the confirmation broke off'
  exit 0
fi
series_samples "$confirmation" | replace "$X/confirm-samples.tsv"
replace "$X/confirm-stats.tsv" <"$confirmation/stats.tsv"
judged "$confirmation" "${options[@]}" --report | replace "$X/confirm-report.txt"
verdict=$(cell "$X/confirm-stats.tsv" "$primary" verdict)
evidence="$primary: mean $(cell "$X/confirm-stats.tsv" "$primary" mean_a) -> $(cell "$X/confirm-stats.tsv" "$primary" mean_b), $(effect "$X/confirm-stats.tsv" "$primary"), 2 fresh blocks of fresh builds; $layout"
differs=$(awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } $at["verdict"] == "FAIL" { print $at["metric"]; exit }' "$X/confirm-stats.tsv")
beyond=$(beyond_limits "$X/confirm-samples.tsv")
case $beyond in 'A '*) stop "the baseline arm is not stable: ${beyond#A }" ;; esac
if [ -n "$beyond" ]; then row confirmed fail failures 'no restart, no failed request' "${beyond#B }"
elif [ -n "$differs" ]; then row confirmed fail FAIL 'p at most 0.05' "$differs is not the same in every run; $evidence"
elif [ "$verdict" = KEEP ]; then row confirmed pass KEEP 'p at most 0.05' "$evidence"
else row confirmed fail "$verdict" 'p at most 0.05' "$evidence"; fi

facts=() wrong=
for other in "${others[@]}"; do
  read -r script folder scale <<<"$other"
  name=$([ "$scale" = - ] && echo holdout_workload.sh || echo "SCALE=$scale")
  if judged "$folder" --primary "$primary:$direction" >"$folder/stats.tsv"; then
    estimate=$(cell "$folder/stats.tsv" "$primary" estimate)
    facts+=("$name: $(percent "$estimate")")
    awk -v e="$estimate" 'BEGIN { exit !(e > 0) }' || wrong="${wrong:+$wrong, }$name"
  else
    facts+=("$name: $(cat "$folder/stats.tsv")")
    wrong="${wrong:+$wrong, }$name"
  fi
done
text=$(printf '%s; ' "${facts[@]}")
if [ ${#others[@]} = 0 ]; then row holdout n/a - - 'the target has no holdout_workload.sh, and no SCALE was asked for'
elif [ -n "$wrong" ]; then row holdout fail "$wrong" 'the effect has the same sign' "${text%; }"
else row holdout pass same 'the effect has the same sign' "${text%; }"; fi
artifact confirm-samples.tsv
