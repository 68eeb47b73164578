#!/bin/bash
# script.sh NAME T R X ENV PROFILER...: the generated script NAME.sh of X on stdout, and beside it the tar of the sources
# that it compiles.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
name=$1 T=$2 R=$3 X=$4 env=$5
shift 5
exp=${X##*/}

if [ ! -e "$X/commit-A" ] || { [ "$exp" != baseline ] && ! grep -q '^artifact.made' "$X/source.gate"; }; then
  printf '#!/bin/bash\necho %q >&2\nexit 1\n' "$name.sh: this experiment never came to a build; verdict.tsv says why"
  exit 0
fi
commit_b=$(cat "$X/commit-B" 2>/dev/null || cat "$X/commit-A")
options=(-p "$R/target.tsv" -D EXP="$exp" -D TARGET="$(value "$R/target.tsv" name)"
  -D COMMIT_A="$(cat "$X/commit-A")" -D COMMIT_B="$commit_b")
upper() { # FIELD...: the target's fields under the names that templates use
  local field
  for field; do options+=(-D "${field^^}=$(value "$R/target.tsv" "$field")"); done
}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

case $name in
build)
  upper build build_symbols
  [ "$(value "$R/target.tsv" build_symbols)" != same ] || options+=(-D BUILD_SYMBOLS="$(value "$R/target.tsv" build)")
  [ "$(value "$R/target.tsv" ccache)" = no ] || options+=(-D CCACHE=yes)
  tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 --mode=u=rwX,go=rX -C tools -cf - procwatch.c procwatch lib/report.c lib/report.h lib/memory.c lib/memory.h |
    replace "$X/tools.tar"
  ;;
deploy)
  upper start limit_deploy
  ready=$(value "$R/target.tsv" ready)
  case $ready in 'http '*) options+=(-D READY_PATH="${ready#http }") ;; esac
  ;;
workload)
  text=$T/workload.sh
  own=
  [ ! -e "$X/fields.tsv" ] || own=$(value "$X/fields.tsv" workload)
  if [ -n "$own" ]; then
    text=$T/experiments/$own
    [ -f "$text" ] || stop "its patch names the workload $own, but there is no $text"
  fi
  options+=(-F WORKLOAD="$text")
  ;;
holdout) options+=(-F WORKLOAD="$T/holdout_workload.sh") ;;
validate) options+=(-F VALIDATE="$T/validate.sh") ;;
profile)
  upper limit_profile
  # shellcheck source=mk/steps/pipeline.sh
  . mk/steps/pipeline.sh
  options+=(-F PROFILE_WORKLOAD="$T/profile_workload.sh" -D PROFILERS="$*" -D DEFAULT_PROFILER="${1:-none}")
  # shellcheck disable=SC2034 # for pipelines_text
  settings=$(value "$R/target.tsv" profiler_settings) function=
  # shellcheck disable=SC2034
  [ ! -e "$X/fields.tsv" ] || function=$(value "$X/fields.tsv" function)
  pipelines_text "$@" >"$scratch/pipelines"
  options+=(-F PIPELINES="$scratch/pipelines")
  ;;
esac
template=$name
[ "$name" != holdout ] || template=workload
scriptgen "${options[@]}" "templates/env/$env/$template.sh.in"
