# What a program found, one aligned line each: sourced by doctor.sh and check-target.sh.
# shellcheck shell=bash
declare -A findings=([ok]=0 [note]=0 [skip]=0 [warn]=0 [FAIL]=0)
# findings_layout SUBJECT LINE: how many columns a subject has, and a line, behind which text is cut (0: nowhere).
findings_layout() { subject_width=$1 line_width=$2; }
findings_layout 13 0

# finding STATUS SUBJECT TEXT: STATUS is ok, note, skip, warn or FAIL. Colour is for terminals, and not with NO_COLOR.
finding() {
  local line colour='' off=''
  printf -v line '%-5s %-*s %s' "$1" "$subject_width" "$2" "$3"
  if [ "$line_width" != 0 ] && [ ${#line} -gt "$line_width" ]; then line=${line:0:line_width-3}...; fi
  findings[$1]=$((findings[$1] + 1))
  if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
    off=$'\033[0m'
    case $1 in
    ok) colour=$'\033[32m' ;;
    warn) colour=$'\033[33m' ;;
    FAIL) colour=$'\033[31m' ;;
    *) colour=$'\033[36m' ;;
    esac
  fi
  printf '%s%s%s%s\n' "$colour" "${line:0:5}" "$off" "${line:5}"
}

# found STATUS: how many there were.
found() { printf '%s' "${findings[$1]}"; }

# counted NUMBER WORD: `1 warning`, `2 warnings`.
counted() { printf '%s %s%s' "$1" "$2" "$([ "$1" = 1 ] || echo s)"; }
