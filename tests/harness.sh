# What every test file sources: TAP for prove, a scratch folder, the filters on PATH.
#
#   . "${0%/*}/harness.sh"
#   test_that 'a sentence of documentation' 'commands; the last status decides' && ...
#   finish
#
# Commands run by bash in a subshell with errexit, in the scratch folder $WORK (removed at the end). Helpers: same FILE FILE;
# says STATUS PATTERN COMMAND... (exact exit status, and stderr matches the extended regular expression).
# shellcheck shell=bash
set -uo pipefail
unset MAKEFLAGS MAKELEVEL MFLAGS MAKEOVERRIDES NO_COLOR
export LC_ALL=C SHELL=/bin/bash
ROOT=$(cd "${BASH_SOURCE[0]%/*}/.." && pwd)
BUILD=${ASSAY_BUILD:-$ROOT/build}
export ROOT BUILD PATH="$BUILD/bin:$PATH"
DATA=$ROOT/tests/data
export DATA
WORK=$(mktemp -d "${TMPDIR:-/tmp}/assay-test.XXXXXX") || exit 1
export WORK
trap 'rm -rf "$WORK"' EXIT
cd "$WORK" || exit 1
tests_run=0
tests_failed=0

same() { diff -u "$1" "$2"; }
says() {
  local want=$1 pattern=$2 got=0
  shift 2
  "$@" >says.out 2>says.err || got=$?
  if [ "$got" != "$want" ]; then echo "exit $got, expected $want: $*"; cat says.err; return 1; fi
  [ -z "$pattern" ] || grep -Eq -- "$pattern" says.err || { echo "stderr does not match: $pattern"; cat says.err; return 1; }
}
export -f same says

test_that() {
  tests_run=$((tests_run + 1))
  if bash -euo pipefail -c "$2" >"$WORK/.output" 2>&1 </dev/null; then
    echo "ok $tests_run - $1"
  else
    tests_failed=$((tests_failed + 1))
    echo "not ok $tests_run - $1"
    tail -n 40 "$WORK/.output" | sed 's/^/#   /'
  fi
}

skip() { # skip REASON DESCRIPTION
  tests_run=$((tests_run + 1))
  echo "ok $tests_run - $2 # SKIP $1"
}

finish() {
  echo "1..$tests_run"
  [ "$tests_failed" = 0 ]
  exit
}
