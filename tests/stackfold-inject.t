#!/bin/bash
# stackfold when memory or a read fails: every allocation and every read in turn. Never a crash, never an output that is
# taken for whole and is not, never a half-written list of modules; and nothing is leaked.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"

MOST=120 # failures tried for one input: all of them where there are no more
export MOST
COMPILER=${CC:-cc}
[[ $BUILD == *asan* ]] || "$COMPILER" -O2 -shared -fPIC -o "$WORK/inject.so" "$ROOT/tests/inject.c"

# The small inputs of every format that has some, and folded stacks compressed in each way: one name a line.
inputs() {
  local folder file count most
  for folder in "$DATA"/stackfold "$DATA"/stackfold-*; do
    count=0
    most=2
    case $folder in */stackfold) most=4 ;; esac
    for file in "$folder"/*; do
      case $file in *expected* | *SOURCES.tsv | *.py) continue ;; esac
      if [ "$count" = "$most" ] || [ "$(wc -c <"$file")" -gt 40000 ] || ! stackfold -q "$file" >good 2>err; then continue; fi
      echo "$file"
      count=$((count + 1))
    done
  done
  for tool in gzip zstd xz bzip2 lz4; do
    if "$tool" -c <"$DATA/stackfold/recursion.folded" >"packed.$tool" 2>err; then echo "packed.$tool"; fi
  done
  true
}
# One run with a failure: one_run FILE SETTING... ; good and good.modules are those of a run without.
one_run() {
  local file=$1 got=0
  shift
  rm -f modules modules.new
  env "$@" LD_PRELOAD="$WORK/inject.so" "$(command -v stackfold)" --modules modules "$file" >out 2>err || got=$?
  case $got in
    0) same good out && same good.modules modules ;;
    1) grep -q "^stackfold: " err && { test ! -e modules.new && { test ! -e modules || same good.modules modules; }; } ;;
    *) echo "exit $got"; cat err; false ;;
  esac || { echo "$file: $*"; cat err; return 1; }
}
# Every failure of one kind: each KIND FILE TOTAL [SETTING...].
each() {
  local kind=$1 file=$2 total=$3 step
  shift 3
  step=$(((total + MOST - 1) / MOST))
  for ((number = 1; number <= total; number += step)); do
    one_run "$file" "INJECT_$kind=$number" "$@" || return 1
  done
}
export -f inputs one_run each

if [[ $BUILD == *asan* ]]; then
  skip 'sanitizers have an allocator of their own' 'each allocation that fails ends in an error, or the output is right all the same'
  skip 'sanitizers have an allocator of their own' 'each read that fails is an error; reads of a few bytes change nothing'
else
  test_that 'each allocation that fails ends in an error, or the output is right all the same' '
    inputs >list; test "$(wc -l <list)" -ge 8
    while read -r file; do
      stackfold -q --modules good.modules "$file" >good
      INJECT_COUNT=count LD_PRELOAD="$WORK/inject.so" stackfold --modules modules "$file" >out 2>err
      same good out
      read -r allocations _ <count
      test "$allocations" -gt 10
      each ALLOCATION "$file" "$allocations"
    done <list
  '
  test_that 'an allocation that fails with all that follow ends in an error, or the output is right all the same' '
    inputs >list
    while read -r file; do
      stackfold -q --modules good.modules "$file" >good
      INJECT_COUNT=count LD_PRELOAD="$WORK/inject.so" stackfold --modules modules "$file" >out 2>err
      read -r allocations _ <count
      MOST=40 each ALLOCATION "$file" "$allocations" INJECT_ALL=1
    done <list
  '
  test_that 'each read that fails is an error; reads of a few bytes change nothing' '
    inputs >list
    while read -r file; do
      stackfold -q --modules good.modules "$file" >good
      one_run "$file" INJECT_SHORT=1
      same good out
      INJECT_SHORT=1 INJECT_COUNT=count LD_PRELOAD="$WORK/inject.so" stackfold -q "$file" >out
      read -r _ reads <count
      test "$reads" -ge 2
      MOST=30 each READ "$file" "$reads" INJECT_SHORT=1
      one_run "$file" INJECT_READ=1
      grep -q "cannot be read: Input/output error" err
      test ! -s out
      one_run "$file" INJECT_READ=2
      test ! -s out
    done <list
  '
fi

# --- leaks: LeakSanitizer, of a build with it, where this system allows its tracing

leaks=$ROOT/build-asan/bin/stackfold
if [[ $BUILD == *asan* ]]; then leaks=$BUILD/bin/stackfold; fi
if [ -x "$leaks" ] && echo "a;b 1" | ASAN_OPTIONS=detect_leaks=1 "$leaks" -q >out 2>err; then
  test_that 'nothing is leaked by a run that ends well' '
    inputs >list
    while read -r file; do
      ASAN_OPTIONS=detect_leaks=1 '"$leaks"' -q --modules modules "$file" >out 2>err || { echo "$file"; cat err; false; }
    done <list
  '
else
  skip 'no build with sanitizers (make asan=1 tools), or LeakSanitizer does not work here' 'nothing is leaked by a run that ends well'
fi
finish
