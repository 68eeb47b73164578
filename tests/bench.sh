#!/bin/bash
# bench.sh BIN: speed of the filters beside their peers, on inputs made here: CPU seconds (user and system, the median of five
# interleaved runs) and the ratio to the peer. Machines are noisy: read the ratios, not the times.
set -euo pipefail
export LC_ALL=C
bin=$1
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
folder=$(dirname "$bin")/bench
mkdir -p "$folder"
cd "$folder"

if [ ! -e folded.txt ]; then
  echo 'making the inputs' >&2
  awk -f "$here/bench/stacks.awk" >folded.new
  mv folded.new folded.txt
fi
# 10^6 rows of samples: 250,000 runs of four metrics; and four blocks of one metric.
if [ ! -e million.tsv ]; then
  awk 'BEGIN { OFS = "\t"; print "block", "order", "run", "arm", "metric", "value", "unit", "role", "status"
    split("wall_s cpu_s peak_rss_mb faults", metric, " ")
    for (r = 1; r <= 250000; r++) { b = int((r - 1) / 6) + 1; o = (r - 1) % 6 + 1; arm = (o + b) % 2 ? "A" : "B"
      for (m = 1; m <= 4; m++) print b, o, r, arm, metric[m], 100 + (r * 7 + m * 31) % 1301 / 100 - (arm == "B"), "u", "-", "ok" } }' >million.new
  mv million.new million.tsv
fi
awk 'NR == 1 || $1 <= 4 && $5 == "wall_s"' million.tsv >four.tsv
if [ ! -e template.in ]; then
  { echo '@@ shell'; for ((i = 0; i < 20000; i++)); do echo "echo \"line $i\" @NAME@ and more text of the template, which is plain"; done; } >template.in
  sed '1d; s/@NAME@/${NAME}/' template.in >template.envsubst
fi

cpu() { # COMMAND: its CPU seconds
  local TIMEFORMAT='%U %S'
  { time bash -c "$1" >/dev/null 2>&1; } 2>&1 | awk '{ printf "%.3f\n", $1 + $2 }'
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
compare() { # WHAT COMMAND PEER PEER-COMMAND
  local ours=() theirs=() i a b
  if ! command -v "${4%% *}" >/dev/null; then
    printf '%-44s %8s  %-34s %8s %8s\n' "$1" - "$3" 'not installed' -
    return
  fi
  for i in 1 2 3 4 5; do
    ours+=("$(cpu "$2")")
    theirs+=("$(cpu "$4")")
  done
  a=$(printf '%s\n' "${ours[@]}" | median)
  b=$(printf '%s\n' "${theirs[@]}" | median)
  printf '%-44s %8s  %-34s %8s %8s\n' "$1" "$a" "$3" "$b" "$(awk -v a="$a" -v b="$b" 'BEGIN { printf("%.2f", (a > 0 ? b / a : 0)) }')"
}
printf '%-44s %8s  %-34s %8s %8s\n' 'filter, input' 'CPU s' 'beside' 'CPU s' 'times'
compare 'stackfold, 40 MB folded, 80,000 stacks' "$bin/stackfold -q folded.txt" 'wc -l' 'wc -l folded.txt'
compare 'stackfold, the same' "$bin/stackfold -q folded.txt" 'awk (merge) | sort' \
  "awk '{ v = \$NF; sub(/ [0-9]+\$/, \"\"); sum[\$0] += v } END { for (s in sum) print s, sum[s] }' folded.txt | sort"
compare 'abstat, 10^6 rows (goal: 3 times)' "$bin/abstat --rule seed --primary wall_s:lower -c cpu_s -c peak_rss_mb -c faults million.tsv" \
  'datamash -s -g (mean, sd)' 'datamash -s --header-in -g 4,5 mean 6 sstdev 6 <million.tsv'
compare 'abstat, a verdict on 4 blocks (goal: 10)' "$bin/abstat --primary wall_s:lower --weights 0,0,0,1 --screen 1 --futility 0.9999 four.tsv" 'R, start-up' 'Rscript -e 1'
compare 'scriptgen, 20,000 lines, one value each' "$bin/scriptgen -D NAME=value template.in" 'envsubst' \
  'envsubst <template.envsubst'
bash "$here/bench-decision.sh" "$bin"
bash "$here/bench-stackfold.sh" "$bin"
bash "$here/bench-symbolize.sh" "$bin" all slow one whole agreement
bash "$here/bench-rankalloc.sh" "$bin"
bash "$here/bench-heap.sh" "$bin"
bash "$here/bench-stackflame.sh" "$bin"
