# What the steps share. Sourced, from the top of the project, by scripts that set X (the folder that the phase is about).
# shellcheck shell=bash
set -euo pipefail
export LC_ALL=C

# say TEXT: one line of progress.
say() { printf '[%s] %s\n' "${X##*/}" "$1" >&2; }

# stop TEXT: the step cannot go on, and it is no fault of the change.
stop() {
  printf '[%s] error: %s\n' "${X##*/}" "$1" >&2
  exit 1
}

escaped() {
  local text=$1
  text=${text//\\/\\\\}
  text=${text//$'\t'/\\t}
  printf '%s' "${text//$'\n'/\\n}"
}

# row GATE STATUS VALUE LIMIT EVIDENCE: one gate row.
row() { printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$(escaped "$3")" "$(escaped "$4")" "$(escaped "$5")"; }

# artifact PATH: the digest of something that the phase made in X, for the phases that build on it.
artifact() {
  local sum
  sum=$(sha256sum <"$X/$1")
  row artifact made "${sum%% *}" - "$1"
}

# unescaped TEXT: a TSV value as the text that it stands for.
unescaped() {
  local text=$1 mark=$'\001'
  text=${text//\\\\/$mark}
  text=${text//\\t/$'\t'}
  text=${text//\\n/$'\n'}
  printf '%s' "${text//$mark/\\}"
}

# value FILE NAME: the value of NAME in a TSV of name and value (the first two columns), its escapes undone.
value() {
  local text
  text=$(awk -F '\t' -v name="$2" 'NR > 1 && $1 == name { print $2; found = 1; exit } END { exit !found }' "$1") ||
    stop "$1 has no $2"
  unescaped "$text"
}

# column FILE FIELD [MATCH-FIELD MATCH-VALUE]: the values of a field, by its name in the header row.
column() {
  awk -F '\t' -v want="$2" -v by="${3:-}" -v match_value="${4:-}" '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; if (!(want in at)) exit 2; next }
    by == "" || $(at[by]) == match_value { print $(at[want]) }' "$1"
}

# elapsed START: seconds with one decimal since START (from EPOCHREALTIME).
elapsed() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'; }

# replace FILE: standard input becomes FILE, whole or not at all.
replace() {
  cat >"$1.new"
  mv -f "$1.new" "$1"
}

# limited SECONDS SCRIPT LOG [NAME=VALUE...]: runs a generated script with that environment and a limit; its stderr goes to
# LOG, its stdout where this call's goes. 124: the limit was passed.
limited() {
  local limit=$1 script=$2 log=$3
  shift 3
  env "$@" timeout --kill-after=5 "$limit" "$script" 2>>"$log"
}

# heavy: what follows builds, profiles or measures. Where only what is at hand may be used, it is pending instead.
heavy() {
  [ "${ASSAY_HEAVY:-yes}" = yes ] && return
  printf '%s %s\n' "${X##*/}" "$1" >>"$ASSAY_RUN/.run/pending"
  exit 75
}
