#!/bin/bash
# bench-heap.sh BIN: top functions of a heap profile with symbols, from the file that gperftools wrote to the table: stackfold,
# symbolize and rankalloc in a pipe beside Go's pprof (goal: 5 times) and google-pprof (goal: 15 times). CPU seconds (user and
# system), medians of interleaved runs, and the ratio. The profile is of the index of tests/data/stackcompare, built with -g and
# at a fixed address, which asks less of Go's pprof; the first rows of each say what it resolved. symbolize works without its
# cache, and with it.
set -euo pipefail
export LC_ALL=C
bin=$1
tests=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
folder=$(dirname "$bin")/bench/heap
mkdir -p "$folder"
cd "$folder"
rounds=5
if [ ! -e index ]; then g++ -std=c++17 -O2 -g -fno-omit-frame-pointer -no-pie -o index "$tests/data/stackcompare/index.cpp"; fi
# shellcheck source=tests/bench/turns.sh
. "$tests/bench/turns.sh"
compiled measure
if [ ! -e heap ]; then
  rm -f made.*
  if ! INDEX_BUILD_ONLY=1 LD_PRELOAD=libtcmalloc.so.4 HEAPPROFILE=made HEAP_PROFILE_ALLOCATION_INTERVAL=1000000000000 \
    HEAP_PROFILE_INUSE_INTERVAL=1000000000000 ./index tree-set-string 2000 >made.out 2>&1; then
    echo "no heap profile: $(tail -n 1 made.out)"
    exit 0
  fi
  mv made.*.heap heap
fi
rm -rf cache
names=('stackfold | symbolize | rankalloc' 'the same, from its cache' 'go tool pprof -top' 'google-pprof --text')
goals=(- - 5 15)
commands=("$bin/stackfold -q -v alloc_space --modules - heap | $bin/symbolize -q --no-cache --modules - | $bin/rankalloc"
  "$bin/stackfold -q -v alloc_space --modules - heap | $bin/symbolize -q --cache cache --modules - | $bin/rankalloc"
  'go tool pprof -sample_index=alloc_space -top -nodecount=10 index heap' 'google-pprof --text --alloc_space index heap')
export PPROF_TMPDIR=$PWD
tops() { # a command by its number: the two functions that it puts first
  bash -c "${commands[$1]}" 2>/dev/null | sed 's/^ *//' | awk -v which="$1" '
    which < 2 ? NR > 1 : which == 2 ? past : /%/ { print } /flat%/ { past = 1 }' | head -n 2
}
for i in 0 2 3; do
  case $i in 2) command -v go >/dev/null || continue ;; 3) command -v google-pprof >/dev/null || continue ;; esac
  printf '%s:\n' "${names[i]}"
  tops $i | sed 's/^/  /' | cut -c 1-110
done
rm -f cpu.*
for ((round = 0; round <= rounds; round++)); do
  for i in "${!commands[@]}"; do
    case $i in 2) command -v go >/dev/null || continue ;; 3) command -v google-pprof >/dev/null || continue ;; esac
    ./measure measured bash -c "${commands[i]}" >/dev/null 2>&1 </dev/null
    [ $round = 0 ] || cut -d ' ' -f 1 measured >>"cpu.$i" # the first fills caches
  done
done
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ours=$(median <cpu.0)
printf '\n%-40s %8s %8s %6s\n' "heap profile of $(grep -c @ heap) stacks" 'CPU s' times goal
for i in "${!names[@]}"; do
  if [ ! -e "cpu.$i" ]; then printf '%-40s %s\n' "${names[i]}" 'not installed'; continue; fi
  theirs=$(median <"cpu.$i")
  printf '%-40s %8s %8s %6s\n' "${names[i]}" "$theirs" "$(awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "%.1f", b / a }')" "${goals[i]}"
done
