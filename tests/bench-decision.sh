#!/bin/bash
# bench-decision.sh BIN: mean runs (of both arms) to a verdict of the default rule, by simulation, beside designs with
# a number of runs that is fixed beforehand: the exact one-sided Mann-Whitney test at the same alpha with as few runs as
# find the effect as often, and the usual 10 + 10. The seed is fixed: the numbers are the same on every machine.
set -euo pipefail
export LC_ALL=C
tests=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
program=$(dirname "$1")/bench/calibrate
mkdir -p "${program%/*}"
"$tests/calibrate/build.sh" "$program"

awk -F '\t' '
  NR == 1 || $4 " " $5 " " $6 ~ /^normal 1% [02]%$/ && $1 ~ /^T6[de]$/' "$tests/data/calibrate/published.tsv" |
  "$program" --bench --experiments 5000 --jobs 2 - |
  awk -F '\t' -v row='%-44s %8s  %-34s %8s %8s  %s\n' '
    NR == 1 { printf row, "decision, by simulation", "runs", "beside", "runs", "ratio", "goal" }
    NR > 1 { printf row, $1, $2, $3, $4, $5, "at most " $6 ": " $7 }'
