#!/bin/bash
# bench-rankalloc.sh BIN: the speed of rankalloc beside `wc -l` on the same input, in interleaved runs: CPU seconds (user and
# system, medians), the ratio (goal: at most 10) and the memory beside the size of the file (goal: at most 3 times). Then the
# cost of a stack as stacks grow from 10^3 to 10^6: it must stay the same. Machines are noisy: read the ratios.
# Inputs are made here and stay in build/bench/rankalloc.
set -euo pipefail
export LC_ALL=C
rankalloc=$1/rankalloc
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)/bench
folder=$(dirname "$1")/bench/rankalloc
mkdir -p "$folder"
cd "$folder"
rounds=9
# shellcheck source=tests/bench/turns.sh
. "$here/turns.sh"
compiled measure
compiled profile

if [ ! -e mixed.folded ]; then
  echo 'making the inputs' >&2
  awk -f "$here/stacks.awk" >mixed.new
  mv mixed.new mixed.folded
  sort mixed.folded >sorted.folded # as stackfold writes them
fi
measured() { # COMMAND: "CPU-seconds peak-MB"
  ./measure measured bash -c "exec $1" >/dev/null 2>&1 </dev/null
  awk '{ print $1, $3 }' measured
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

names=('wc -l' 'rankalloc, stacks in mixed order' 'rankalloc, sorted stacks' 'rankalloc --raw' 'rankalloc --cum --format=json' 'rankalloc --paths'
  'rankalloc --focus function_1 --hide module_2' 'rankalloc --report')
commands=('wc -l mixed.folded' "$rankalloc mixed.folded" "$rankalloc sorted.folded" "$rankalloc --raw mixed.folded" "$rankalloc --cum --format=json mixed.folded"
  "$rankalloc --paths mixed.folded" "$rankalloc --focus function_1 --hide module_2 mixed.folded" "$rankalloc --report mixed.folded")
rm -f cpu.* memory.*
for ((round = 0; round < rounds; round++)); do
  for i in "${!commands[@]}"; do
    read -r cpu memory < <(measured "${commands[i]}")
    echo "$cpu" >>"cpu.$i"
    echo "$memory" >>"memory.$i"
  done
done
size=$(stat -c %s mixed.folded)
printf '%-46s %8s %12s %10s %14s\n' '40 MB folded, 80,000 distinct stacks' 'CPU s' 'times wc -l' 'peak MB' 'times the file'
for i in "${!commands[@]}"; do
  printf '%-46s %8s %12s %10s %14s\n' "${names[i]}" "$(median <"cpu.$i")" \
    "$(paste "cpu.$i" cpu.0 | awk '{ printf "%.2f\n", $1 / ($2 > 0 ? $2 : 0.001) }' | median)" "$(median <"memory.$i")" \
    "$(median <"memory.$i" | awk -v size="$size" '{ printf "%.2f", $1 * 1e6 / size }')"
done

printf '\n%10s %10s %8s %14s %10s\n' stacks MB 'CPU s' 'us a stack' 'peak MB'
for stacks in 1000 10000 100000 1000000; do
  if [ ! -e "$stacks.folded" ]; then ./profile folded $stacks $stacks >new && mv new "$stacks.folded"; fi
  rm -f cpu.n memory.n
  for ((round = 0; round < 5; round++)); do
    read -r cpu memory < <(measured "$rankalloc $stacks.folded")
    echo "$cpu" >>cpu.n
    echo "$memory" >>memory.n
  done
  cpu=$(median <cpu.n)
  printf '%10s %10s %8s %14s %10s\n' $stacks "$(stat -c %s $stacks.folded | awk '{ printf "%.1f", $1 / 1e6 }')" "$cpu" \
    "$(awk -v c="$cpu" -v n=$stacks 'BEGIN { printf "%.2f", c * 1e6 / n }')" "$(median <memory.n)"
done
