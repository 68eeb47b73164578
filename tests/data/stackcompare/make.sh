#!/bin/bash
# make.sh FOLDER [DOCUMENTS [HEAP-DOCUMENTS]]: makes the profiles that stackcompare's tests and the README's example use anew,
# from index.cpp beside this script: for each of eight ways of building an index
#
#   FOLDER/cpu/WAY.folded    samples of CPU time of the build, by gperftools' libprofiler
#   FOLDER/alloc/WAY.folded  bytes allocated by the build, by gperftools' libtcmalloc
#   FOLDER/metrics.tsv       what a run without a profiler measured
#
# The filters are found by PATH; g++ and libgoogle-perftools4 must be there. It takes some minutes.
set -euo pipefail
export LC_ALL=C
here=$(cd "${0%/*}" && pwd)
mkdir -p "$1"
folder=$(cd "$1" && pwd)
documents=${2:-40000} heap_documents=${3:-3000}
ways='tree-set-string tree-set-hash tree-vector-hash sorted-pairs hash-vector-string hash-vector-hash flat-vector flat-packed'
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cd "$scratch"
g++ -std=c++17 -O2 -g -fno-omit-frame-pointer -fno-optimize-sibling-calls -o index "$here/index.cpp"
mkdir -p "$folder/cpu" "$folder/alloc"

# Of a profile's stacks, those of the build phase.
fold() { # VALUE PROFILE
  stackfold --quiet -v "$1" --modules modules.tsv "$2" >raw
  symbolize --modules modules.tsv --demangle=simple raw 2>>log | awk '/(^|;)build;/'
}
for way in $ways; do
  ./index "$way" "$documents" >metrics
  [ -e "$folder/metrics.tsv.new" ] || { printf profile; sed 's/=.*//' metrics | grep -v answers | sed 's/^/\t/' | tr -d '\n'; echo; } >"$folder/metrics.tsv.new"
  { printf %s "$way"; grep -v answers metrics | sed 's/.*=/\t/' | tr -d '\n'; echo; } >>"$folder/metrics.tsv.new"
  INDEX_BUILD_ONLY=1 LD_PRELOAD=libprofiler.so.0 CPUPROFILE=cpu CPUPROFILE_FREQUENCY=500 ./index "$way" "$documents" 2>>log
  fold samples cpu >"$folder/cpu/$way.folded"
  rm -f heap.*
  INDEX_BUILD_ONLY=1 LD_PRELOAD=libtcmalloc.so.4 HEAPPROFILE=heap HEAP_PROFILE_ALLOCATION_INTERVAL=1000000000000 \
    HEAP_PROFILE_INUSE_INTERVAL=1000000000000 ./index "$way" "$heap_documents" 2>>log
  fold alloc_space heap.*.heap >"$folder/alloc/$way.folded"
done
mv "$folder/metrics.tsv.new" "$folder/metrics.tsv"
