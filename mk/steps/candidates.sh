#!/bin/bash
# candidates.sh T R PROFILER...: candidates.md on stdout: what the baseline's profiles say of each proposed change, and of the
# functions that none proposes to change.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
T=$1 R=$2
shift 2
export X=$R # whom the messages of lib.sh speak of
# shellcheck source=mk/steps/evidence.sh
. mk/steps/evidence.sh
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
text() { scriptgen -D TEXT="$1" <(printf '@@ markdown\n@TEXT@\n'); }
code() { scriptgen -D TEXT="$1" <(printf '@@ markdown\n@code:TEXT@\n'); }
targetspec --metrics "$T" >"$scratch/metrics"
default_metric=$(column "$scratch/metrics" metric role primary)

proposed() {
  local own="the target's own"
  local patch exp metric profiler function mode percent amount unit workload parent any=''
  for patch in "$T"/experiments/*.patch; do
    [ -e "$patch" ] || continue
    any=yes
    exp=$(basename "$patch" .patch)
    if ! patchlint --fields "$patch" >"$scratch/fields" 2>"$scratch/error"; then
      printf '### %s\n\nIts patch cannot be read: %s\n\n' "$exp" "$(text "$(head -n 1 "$scratch/error")")"
      continue
    fi
    metric=$(value "$scratch/fields" metric)
    metric=${metric:-$default_metric}
    function=$(value "$scratch/fields" function)
    printf '### %s: %s\n\n' "$exp" "$(text "$(value "$scratch/fields" subject)")"
    if [ -n "$function" ] && profiler=$(targetspec --profiler "$metric" "$T" 2>/dev/null) && [ -e "$R/profiles/$profiler.facts" ]; then
      read -r mode percent amount < <(hottest "$function" "$R/profiles" "$profiler")
      unit=$(sed -n 's/^unit //p' "$R/profiles/$profiler.facts")
      printf -- '- Profile evidence: %s holds %s %% (%s %s) of the %s profile, %s\n' "$(code "$function")" "$percent" "$amount" "$unit" "$profiler" "$mode"
    else
      printf -- '- Profile evidence: none; the message names no function, or no profiler explains %s\n' "$(text "$metric")"
    fi
    printf -- '- Root cause: %s\n' "$(text "$(value "$scratch/fields" root_cause)")"
    printf -- '- Proposed fix: %s\n' "$(text "$(value "$scratch/fields" hypothesis)")"
    printf -- '- Saving: %s\n' "$(text "$(value "$scratch/fields" saving)")"
    workload=$(value "$scratch/fields" workload)
    parent=$(value "$scratch/fields" parent)
    printf -- '- Metric: %s; targeted workload: %s; parent: %s\n\n' "$(text "$metric")" "$(text "${workload:-$own}")" "$(text "${parent:-the base}")"
  done
  [ -n "$any" ] || printf 'None yet: a change is a patch in %s/experiments/.\n' "$(text "$T")"
}

# The functions that are defined in the target's own source, and that no patch names.
hot() {
  local profiler mode least patch
  least=$(value "$R/target.tsv" evidence_min)
  tar -tf "$R/baseline/source-A.tar" >"$scratch/files"
  for patch in "$T"/experiments/*.patch; do
    [ -e "$patch" ] || continue
    mk/steps/fields.sh "$patch" | awk -F '\t' '$1 == "function" { print $2 }'
  done >"$scratch/named"
  for profiler; do
    for mode in alone concurrent; do
      printf '### %s, %s\n\n' "$profiler" "$mode"
      rankalloc --by line -n 0 "$R/profiles/$profiler-$mode.folded" >"$scratch/lines"
      rankalloc --cum -n 0 --min-percent "${least%\%}" "$R/profiles/$profiler-$mode.folded" >"$scratch/all"
      awk -F '\t' '
        # Compilers are often given a name alone, whatever the folder.
        FILENAME ~ /files$/ { own_file[$0] = 1; sub(/.*\//, ""); own_file[$0] = 1; next }
        FILENAME ~ /named$/ { named[$0] = 1; next }
        FILENAME ~ /lines$/ { file = $2; name = $2
          if (sub(/^.* \(/, "", file) && sub(/:[0-9]+\)$/, "", file) && (file in own_file)) { sub(/ \([^(]*\)$/, "", name); own[name] = 1 }
          next }
        FNR == 1 || (($2 in own) && !($2 in named))' "$scratch/files" "$scratch/named" "$scratch/lines" "$scratch/all" >"$scratch/top"
      if [ "$(wc -l <"$scratch/top")" = 1 ]; then echo 'None.'
      else mk/steps/table.sh "$scratch/top" function self self_percent cumulative cumulative_percent; fi
      echo
    done
  done
}
proposed >"$scratch/proposed"
hot "$@" >"$scratch/hot"
scriptgen -D TARGET="$(value "$R/target.tsv" name)" -D EVIDENCE_MIN="$(value "$R/target.tsv" evidence_min)" \
  -D IMPACT_MIN="$(value "$R/target.tsv" impact_min)" -F PROPOSED="$scratch/proposed" -F HOT="$scratch/hot" templates/candidates.md.in
