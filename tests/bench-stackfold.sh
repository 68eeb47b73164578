#!/bin/bash
# bench-stackfold.sh BIN [PART...]: the speed of stackfold's parsers beside their peers and `wc -l`, on the same inputs
# in one run: three rounds, in each all tools one after another; medians, and the median of the rounds' ratios to
# stackfold. Then the cost of a sample as samples grow, and the memory that a long stream takes. A PART is one of
# perf_script perf_data gperftools jemalloc heaptrack cost_a_sample long_stream (default: all).
#
# Inputs are recorded here (perf, gperftools, jemalloc, heaptrack; a heap profile that the profiler keeps small is
# repeated with other addresses) and stay in build/bench/stackfold; or they are taken from the folder BENCH_INPUTS where
# it has them: perf.data perf-script.txt gperftools.heap jemalloc.heap heaptrack.zst. PEER_INFERNO and PEER_FLAMEGRAPH
# name the folders of inferno-collapse-perf and stackcollapse-perf.pl; BENCH_STREAM is the stream's length in GB.
set -euo pipefail
export LC_ALL=C
stackfold=$1/stackfold
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)/bench
inputs=${BENCH_INPUTS:+$(realpath -m "$BENCH_INPUTS")}
inferno=${PEER_INFERNO:+$(realpath -m "$PEER_INFERNO")/}inferno-collapse-perf
flamegraph=${PEER_FLAMEGRAPH:+$(realpath -m "$PEER_FLAMEGRAPH")/}stackcollapse-perf.pl
folder=$(dirname "$1")/bench/stackfold
shift
parts=("$@")
if [ $# = 0 ]; then parts=(perf_script perf_data gperftools jemalloc heaptrack cost_a_sample long_stream); fi
mkdir -p "$folder"
cd "$folder"
python=/usr/bin/python3
rounds=3
text_bytes=500000000
heap_bytes=12000000

size_of() { stat -Lc %s "$1" 2>/dev/null || echo 0; }
megabytes() { awk -v bytes="$(size_of "$1")" 'BEGIN { printf "%.1f", bytes / 1e6 }'; }
library() { /sbin/ldconfig -p | awk -v name="$1" 'index($1, name ".so") == 1 { print $NF; exit }'; }

# shellcheck source=tests/bench/turns.sh
. "$here/turns.sh"
for program in measure program profile; do compiled $program -g -fno-omit-frame-pointer -fno-optimize-sibling-calls; done

# ---- inputs: make_FILE writes FILE.new; its standard output says why it cannot ----

make_perf_data() {
  if ! command -v perf >/dev/null; then echo 'perf is not installed (package linux-perf)'; return; fi
  perf record -q -F 20000 -g -o perf.data.new -- sh -c "./program 40000 6
    gcc -O2 -c -o compiled.o '$here/profile.c'; xz -9 -c program >compressed.xz
    $python '$here/program.py' 200" >perf.log 2>&1 || echo "perf record does not work here: $(tail -n 1 perf.log)"
}
# The text of the recording, as often as it takes.
make_perf_script_txt() {
  if [ ! -e perf.data ]; then
    ./profile perf-script 0 40000 $((text_bytes / 1000000)) >perf-script.txt.new
    return
  fi
  perf script -i perf.data >once.txt 2>perf.log || true
  if [ ! -s once.txt ]; then echo "perf script does not work here: $(tail -n 1 perf.log)"; return; fi
  while [ "$(size_of perf-script.txt.new)" -lt $text_bytes ]; do cat once.txt >>perf-script.txt.new; done
  rm once.txt
}
# The largest of the profiles of this name that a run of program.py left behind, made larger. At the program's end
# little is in use: the profile must be an earlier one.
multiply_largest() { # NAME-PATTERN
  local dump
  dump=$(find . -maxdepth 1 -name "$1" -printf '%s %p\n' | sort -rn | sed -n '1s/^[0-9]* //p')
  if [ -z "$dump" ]; then echo "no profile was written: $(tail -n 1 heap.log)"; return; fi
  awk -v bytes="$(size_of "$dump")" -v wanted=$heap_bytes -f "$here/multiply.awk" "$dump"
}
make_gperftools_heap() {
  local tcmalloc
  tcmalloc=$(library libtcmalloc)
  if [ -z "$tcmalloc" ]; then echo 'libtcmalloc is not installed (package libgoogle-perftools4)'; return; fi
  PYTHONMALLOC=malloc HEAPPROFILE=$PWD/recorded HEAP_PROFILE_ALLOCATION_INTERVAL=50000000 LD_PRELOAD=$tcmalloc \
    $python "$here/program.py" 1000 >heap.log 2>&1 || true
  multiply_largest 'recorded.0001.heap' >gperftools.heap.new
  rm -f recorded.0*.heap
}
make_jemalloc_heap() {
  local jemalloc
  jemalloc=$(library libjemalloc)
  if [ -z "$jemalloc" ]; then echo 'libjemalloc is not installed (package libjemalloc2)'; return; fi
  PYTHONMALLOC=malloc LD_PRELOAD=$jemalloc \
    MALLOC_CONF=prof:true,lg_prof_sample:6,lg_prof_interval:24,prof_prefix:$PWD/recorded \
    $python "$here/program.py" 300 >heap.log 2>&1 || true
  multiply_largest 'recorded.*.heap' >jemalloc.heap.new
  rm -f recorded.*.heap
}
make_heaptrack_zst() {
  if ! command -v heaptrack >/dev/null; then echo 'heaptrack is not installed (package heaptrack)'; return; fi
  PYTHONMALLOC=malloc heaptrack -o recorded $python "$here/program.py" 8000 >heap.log 2>&1 || true
  if [ ! -s recorded.zst ]; then echo "heaptrack wrote no file: $(tail -n 1 heap.log)"; return; fi
  mv recorded.zst heaptrack.zst.new
}

provide() { # FILE: is there afterwards, or FILE.why says why not
  rm -f "$1.why" "$1.new"
  if [ -L "$1" ]; then rm "$1"; fi
  if [ -n "$inputs" ] && [ -e "$inputs/$1" ]; then ln -sf "$inputs/$1" "$1"; fi
  if [ -e "$1" ]; then return; fi
  echo "making $folder/$1" >&2
  "make_${1//[.-]/_}" >"$1.why"
  if [ -s "$1.new" ]; then mv "$1.new" "$1"; fi
}

# ---- measuring ----

is_there() { # FILE WHAT: else says why not
  if [ -e "$1" ]; then return 0; fi
  printf '%-34s no input: %s\n' "$2" "$(cat "$1.why")"
  return 1
}

bench_perf_script() {
  local file=perf-script.txt one two size
  is_there $file 'perf script text' || return 0
  size=$(megabytes $file)
  tool stackfold - "$stackfold -q -f perf-script $file"
  tool 'inferno-collapse-perf -n 1' 5 "$inferno -n 1 $file"
  tool stackcollapse-perf.pl 50 "$flamegraph $file"
  tool 'wc -l' - "wc -l $file"
  compare "$size" "perf script text, $size MB"
  tool 'stackfold -j 2' - "$stackfold -q -j 2 -f perf-script $file"
  tool 'inferno-collapse-perf -n 2' 5 "$inferno -n 2 $file"
  compare "$size" '  with 2 threads, by wall time' wall
  one=$("$stackfold" -q -f perf-script $file 2>&1 | md5sum || true)
  two=$("$stackfold" -q -j 2 -f perf-script $file 2>&1 | md5sum || true)
  if [ "$one" = "$two" ]; then echo '  with 2 threads: the same output'
  else echo '  with 2 threads: ANOTHER OUTPUT'; fi
}
bench_perf_data() {
  local file=perf.data size
  is_there $file perf.data || return 0
  size=$(megabytes $file)
  tool stackfold - "$stackfold -q -f perf-data $file"
  tool 'perf report -g folded' 10 \
    "perf report -f -i $file --no-children -n -g folded,0,caller,count -s comm --stdio"
  tool 'wc -l' - "wc -l $file"
  compare "$size" "perf.data, $size MB"
}
heap_profile() { # FORMAT NAME FILE PEER: PEER --collapsed folds it too
  local size
  is_there "$3" "$2 heap profile" || return 0
  size=$(megabytes "$3")
  tool stackfold 50 "$stackfold -q -f $1 $3"
  tool "$4 --collapsed" 20 "$4 --collapsed $python $3"
  tool 'wc -l' - "wc -l $3"
  compare "$size" "$2 heap, $size MB"
}
bench_gperftools() { heap_profile gperftools-heap gperftools gperftools.heap google-pprof; }
bench_jemalloc() { heap_profile jemalloc jemalloc jemalloc.heap jeprof; }
bench_heaptrack() {
  local file=heaptrack.zst size
  is_there $file 'heaptrack file' || return 0
  size=$(zstd -dcq <$file | wc -c | awk '{ printf "%.1f", $1 / 1e6 }')
  tool stackfold - "$stackfold -q -f heaptrack $file"
  tool 'heaptrack_print -F' 5 "heaptrack_print -F /dev/null -f $file"
  tool 'zstd -dc' - "zstd -dcq <$file"
  compare "$size" "heaptrack, $size MB ($(megabytes $file) MB zst)"
}

# A made-up profile straight into stackfold: its figures are in the file measured.
stream() { # FORMAT SAMPLES STACKS [MEGABYTES]
  ./profile "$@" | ./measure measured "$stackfold" -q -f "$1" >/dev/null 2>said || true
}
bench_cost_a_sample() {
  local format samples cells row='%-14s %10s %10s %10s %10s  %s\n'
  printf '\nstackfold: CPU ns a sample, from a pipe, 10,000 distinct stacks\n'
  # shellcheck disable=SC2059
  printf "$row" format '10^4' '10^5' '10^6' '10^7' '10^7 to 10^5'
  for format in folded perf-script perf-data; do
    cells=()
    for samples in 10000 100000 1000000 10000000; do
      stream $format $samples 10000
      cells+=("$(awk -v n=$samples '{ print $4 == 0 ? sprintf("%.0f", $1 * 1e9 / n) : "failed" }' measured)")
    done
    # shellcheck disable=SC2059
    printf "$row" $format "${cells[@]}" \
      "$(awk -v a="${cells[1]}" -v b="${cells[3]}" 'BEGIN { print (a > 0 ? sprintf("%.2f", b / a) : "-") }')"
  done
}
bench_long_stream() {
  local gigabytes=${BENCH_STREAM:-2}
  printf '\nstackfold: %s GB of perf script text from a pipe, 100,000 distinct stacks: ' "$gigabytes"
  stream perf-script 0 100000 $((gigabytes * 1000))
  awk -v megabytes=$((gigabytes * 1000)) -v said="$(head -n 1 said)" '
    $4 != 0 { print "failed: " said; next }
    { printf "%.1f CPU s, %.0f MB/s, peak %.0f MB\n", $1, megabytes / $1, $3
      print "  goal under 100 MB: " ($3 < 100 ? "reached" : "missed") }' measured
}

for file in perf.data perf-script.txt gperftools.heap jemalloc.heap heaptrack.zst; do provide $file; done
printf '\n%-34s %-28s %9s %8s %8s %8s %7s  %s\n' input tool MB/s 'CPU s' 'wall s' 'peak MB' times 'goal'
for part in "${parts[@]}"; do "bench_$part"; done
