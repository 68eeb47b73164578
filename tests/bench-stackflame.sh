#!/bin/bash
# bench-stackflame.sh BIN: the speed of stackflame beside its peers, on the same inputs in one run: three rounds, in each
# all tools one after another; medians, and the median of the rounds' ratios to stackflame. Then the cost of a stack as
# stacks grow from 10^3 to 10^6, and the memory beside the size of the file.
#
# Inputs are made here and stay in build/bench/stackflame: 40 MB of folded stacks (the mean depth is 17, 80,000 are
# distinct), sorted as stackfold writes them, and in mixed order with repeats; BENCH_FOLDED is one more, a real file.
# PEER_INFERNO and PEER_FLAMEGRAPH name the folders of inferno-flamegraph and flamegraph.pl. All are asked to leave out
# what is narrower than a pixel.
set -euo pipefail
export LC_ALL=C
stackflame=$1/stackflame
stackfold=$1/stackfold
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)/bench
real=${BENCH_FOLDED:+$(realpath -m "$BENCH_FOLDED")}
inferno=${PEER_INFERNO:+$(realpath -m "$PEER_INFERNO")/}inferno-flamegraph
flamegraph=${PEER_FLAMEGRAPH:+$(realpath -m "$PEER_FLAMEGRAPH")/}flamegraph.pl
folder=$(dirname "$1")/bench/stackflame
mkdir -p "$folder"
cd "$folder"
rounds=3
# shellcheck source=tests/bench/turns.sh
. "$here/turns.sh"
compiled measure

# stacks COUNT: that many distinct stacks; callees of a function are few, as in a program.
stacks() {
  awk -v count="$1" 'BEGIN {
    for (i = 0; i < count; i++) {
      depth = 9 + i * 7 % 17; line = "main"; path = i
      for (d = 1; d < depth; d++) {
        path = (path * 31 + d * 17) % 1000003
        line = line ";function_" d * 12 + path % (d < 6 ? 3 : 12) "_of_module_" (d + path) % 13
      }
      print line ";leaf_" i % 977, 1 + i % 97
    }
  }'
}
if [ ! -e mixed.folded ]; then
  echo "making the inputs in $folder" >&2
  stacks 80000 >once
  cat once once | shuf --random-source=/dev/zero >mixed.new
  "$stackfold" -q mixed.new >sorted.folded
  rm once
  mv mixed.new mixed.folded
fi
for count in 1000 10000 100000 1000000; do
  if [ -e "$count.folded" ]; then continue; fi
  stacks $count >all
  "$stackfold" -q all >"$count.new"
  rm all
  mv "$count.new" "$count.folded"
done

beside_peers() { # FILE WHAT
  local size
  size=$(stat -Lc %s "$1" | awk '{ printf "%.1f", $1 / 1e6 }')
  tool stackflame - "$stackflame $1"
  tool inferno-flamegraph 2 "$inferno -q --minwidth 0.0833 $1"
  tool flamegraph.pl 25 "$flamegraph --minwidth 1 $1"
  tool 'wc -l' - "wc -l $1"
  compare "$size" "$2, $size MB"
}

printf '\n%-34s %-28s %9s %8s %8s %8s %7s  %s\n' input tool MB/s 'CPU s' 'wall s' 'peak MB' times goal
beside_peers sorted.folded 'folded stacks'
beside_peers mixed.folded '  in mixed order'
if [ -n "$real" ]; then beside_peers "$real" 'a real file'; fi

row='%-10s %8s %9s %12s %9s %13s  %s\n'
printf '\nstackflame: cost as stacks grow\n'
# shellcheck disable=SC2059
printf "$row" stacks MB 'CPU s' 'ns a stack' 'peak MB' 'times the file' 'SVG kB'
for count in 1000 10000 100000 1000000; do
  ./measure measured "$stackflame" "$count.folded" >svg
  size=$(stat -c %s "$count.folded")
  # shellcheck disable=SC2059
  awk -v count="$count" -v size="$size" -v svg="$(stat -c %s svg)" -v row="$row" '{ printf row, count, sprintf("%.1f", size / 1e6),
    $1, sprintf("%.0f", $1 * 1e9 / count), $3, sprintf("%.2f", $3 * 1e6 / size), sprintf("%.0f", svg / 1000) }' measured
done
rm -f svg results measured said
