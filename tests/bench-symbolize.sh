#!/bin/bash
# bench-symbolize.sh BIN [PART...]: the speed of symbolize beside other symbolizers, for the same work: function, inlined
# frames, demangled names, file and line. CPU seconds (user and system) of rounds in which the tools take turns; medians,
# and the median of the rounds' ratios to symbolize. A PART is one of
#
#   all        100,000 random addresses of each binary: cold, with an empty cache, which is filled, and from the cache
#   slow       500 of them, for eu-addr2line, which would need an hour for all
#   one        a single address of the largest binary, from the cache
#   whole      stackfold perf.data | symbolize --no-inlines beside perf report -g folded, and their totals
#   agreement  how often they give one another's answers (compare-symbols), on the same addresses
#
# (default: all but the last). The binaries are made by symbolize-inputs.sh in build/bench/symbolize, or they are taken
# from the folder BENCH_SYMBOLIZE, which is made that way; BENCH_BINARIES names others of its inputs. BENCH_ROUNDS is the
# number of rounds (3). PEER_BLAZESYM and PEER_GIMLI name the folders of blazecli and of gimli's addr2line.
set -euo pipefail
export LC_ALL=C
symbolize=$1/symbolize
stackfold=$1/stackfold
tests=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
inputs=$(realpath -m "${BENCH_SYMBOLIZE:-$(dirname "$1")/bench/symbolize}")
blazesym=${PEER_BLAZESYM:+$(realpath -m "$PEER_BLAZESYM")/}blazecli
gimli=${PEER_GIMLI:+$(realpath -m "$PEER_GIMLI")/}addr2line
folder=$(realpath -m "$(dirname "$1")/bench/symbolize")
shift
parts=("$@")
if [ $# = 0 ]; then parts=(all slow one whole); fi
read -ra binaries <<<"${BENCH_BINARIES:-sqlite3-gcc-dwarf5 sqlite3-clang-dwarf4 python3.11 ceph-mds}"
largest=ceph-mds
rounds=${BENCH_ROUNDS:-3}
mkdir -p "$folder"
cd "$folder"
# shellcheck source=tests/bench/turns.sh
. "$tests/bench/turns.sh"
for program in measure program; do compiled $program -g -fno-omit-frame-pointer -fno-optimize-sibling-calls; done

is_there() { # BINARY: else says why not
  if [ -e "$inputs/$1" ] && [ -e "$inputs/$1.addresses" ]; then return 0; fi
  if bash "$tests/symbolize-inputs.sh" "$inputs" "$1" >inputs.log 2>&1; then return 0; fi
  printf '%-34s no input: %s\n' "$1" "$(tail -n 1 inputs.log)"
  return 1
}

# The tools' first is always ours; GOAL is a number of times its CPU time, SIZE are thousands of addresses.
before_run() { rm -rf cold; }
ours() { printf "%s -q --exe '%s' --lines %s" "$symbolize" "$inputs/$1" "$2"; } # BINARY OPTIONS
peers() { # BINARY ADDRESSES
  tool llvm-symbolizer - "llvm-symbolizer --obj='$inputs/$1' <'$2'"
  tool addr2line - "addr2line -afiC -e '$inputs/$1' <'$2'"
  if [ -n "${PEER_BLAZESYM:-}" ]; then tool blazesym - "$blazesym symbolize elf --path '$inputs/$1' \$(<'$2')"; fi
  if [ -n "${PEER_GIMLI:-}" ]; then tool "gimli's addr2line" - "$gimli -afiC -e '$inputs/$1' <'$2'"; fi
}

# The peers run once a round for both tables: of symbolize without a cache, the first tool, and with it, the second.
bench_all() {
  local binary
  for binary in "${binaries[@]}"; do
    is_there "$binary" || continue
    "$symbolize" -q --exe "$inputs/$binary" --lines --cache warm <"$inputs/$binary.addresses" >/dev/null
    tool symbolize - "$(ours "$binary" '--cache cold') <'$inputs/$binary.addresses'"
    tool symbolize - "$(ours "$binary" '--cache warm') <'$inputs/$binary.addresses'"
    peers "$binary" "$inputs/$binary.addresses"
    take_turns
    awk -F '\t' -v OFS='\t' 'NR == 2 { next } NR > 2 { $2 = 1 } { print }' tools >tools.cold
    awk -F '\t' -v OFS='\t' '$1 == 2 { next } $1 > 2 { $1-- } { print }' results >results.cold
    table 100 "$binary, cold" cpu tools.cold results.cold
    awk -F '\t' -v OFS='\t' 'NR == 1 { next } NR > 2 { $2 = 10 } { print }' tools >tools.warm
    awk -F '\t' -v OFS='\t' '$1 == 1 { next } { $1--; print }' results >results.warm
    table 100 "$binary, warm" cpu tools.warm results.warm
    rm tools
  done
}
bench_slow() {
  local binary
  for binary in "${binaries[@]}"; do
    is_there "$binary" || continue
    head -n 500 "$inputs/$binary.addresses" >few
    tool symbolize - "$(ours "$binary" '--cache cold') <few"
    tool eu-addr2line 1 "eu-addr2line -afiC -e '$inputs/$binary' <few"
    compare 0.5 "$binary, 500, cold"
  done
}
bench_one() {
  is_there "$largest" || return 0
  head -n 1 "$inputs/$largest.addresses" >one
  "$symbolize" -q --exe "$inputs/$largest" --lines --cache warm <one >/dev/null
  tool symbolize - "$(ours "$largest" '--cache warm') <one"
  tool llvm-symbolizer 10 "llvm-symbolizer --obj='$inputs/$largest' <one"
  compare 0.001 "$largest, one address, warm"
}

# Programs with frame pointers, recorded for six seconds: 400 different stacks, or 40,000.
bench_whole() {
  local report paths recording cache
  if ! command -v perf >/dev/null; then echo 'the whole way: perf is not installed (package linux-perf)'; return; fi
  for paths in 400 40000; do
    recording=perf-$paths.data
    report="perf report -f -i $recording --no-children -n -g folded,0,caller,period -s comm --stdio"
    if [ ! -e $recording ]; then
      if ! perf record -q -F 20000 -g -o perf.new -- ./program $paths 6 >perf.log 2>&1; then
        echo "the whole way: perf record does not work here: $(tail -n 1 perf.log)"
        return
      fi
      mv perf.new $recording
    fi
    "$stackfold" -q --modules modules $recording >folded
    "$symbolize" -q --modules modules --no-inlines --cache warm folded >whole.ours
    $report >whole.perf 2>perf.log
    for cache in cold warm; do
      tool 'stackfold | symbolize' - "bash -c '$stackfold -q --modules modules $recording |\
 $symbolize -q --modules modules --no-inlines --cache $cache'"
      tool 'perf report -g folded' 6 "$report"
      compare "$(grep -c . whole.ours | awk '{ printf "%.3f", $1 / 1e3 }')" "$paths stacks, the whole way, $cache"
    done
    tool 'stackfold alone' - "$stackfold -q --modules modules $recording"
    tool 'symbolize alone, warm' - "$symbolize -q --modules modules --no-inlines --cache warm folded"
    compare "$(grep -c . whole.ours | awk '{ printf "%.3f", $1 / 1e3 }')" '  of it'
    awk '
      FILENAME == ARGV[1] { ours += $NF; next }
      /^[0-9]+ / { theirs += $1 }
      END { printf "  total: %.0f with stackfold | symbolize, %.0f with perf report: %s\n", ours, theirs,
              ours == theirs ? "the same" : "ANOTHER TOTAL" }' whole.ours whole.perf
  done
}

bench_agreement() {
  local binary pair what=() command
  for binary in "${binaries[@]}"; do
    is_there "$binary" || continue
    cp "$inputs/$binary.addresses" addresses
    "$symbolize" -q --exe "$inputs/$binary" --lines --paths full --no-cache <addresses >raw
    "$tests/compare-symbols" convert symbolize addresses <raw >symbolize.common
    llvm-symbolizer --obj="$inputs/$binary" --output-style=JSON <addresses >raw
    "$tests/compare-symbols" convert llvm addresses <raw >llvm-symbolizer.common
    addr2line -afiC -e "$inputs/$binary" <addresses >raw
    "$tests/compare-symbols" convert addr2line addresses <raw >addr2line.common
    what=(symbolize:llvm-symbolizer symbolize:addr2line llvm-symbolizer:addr2line)
    if [ -n "${PEER_GIMLI:-}" ]; then
      "$gimli" -afiC -e "$inputs/$binary" <addresses | c++filt >raw
      "$tests/compare-symbols" convert addr2line addresses <raw >gimli.common
      what+=(symbolize:gimli llvm-symbolizer:gimli addr2line:gimli)
    fi
    for pair in "${what[@]}"; do
      printf '\n%s: %s\n' "$binary" "$pair"
      "$tests/compare-symbols" compare --symbols "$inputs/$binary" "${pair%:*}.common" "${pair#*:}.common"
    done
  done
}

printf '\n%-34s %-28s %9s %8s %8s %8s %7s  %s\n' 'input, 100,000 addresses' tool '1000/s' 'CPU s' 'wall s' 'peak MB' times goal
for part in "${parts[@]}"; do "bench_$part"; done
