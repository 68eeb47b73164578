#!/bin/bash
# frontier.sh R: prints each kept experiment whose parents were all kept, from results.tsv.
set -euo pipefail
[ -e "$1/results.tsv" ] || { echo "frontier: nothing was measured in $1 yet" >&2; exit 1; }
awk -F '\t' '
  NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
  { order[++n] = $at["exp_id"]; status[$at["exp_id"]] = $at["status"]; parent[$at["exp_id"]] = $at["parent_branch"] }
  END {
    for (i = 1; i <= n; i++) {
      good = 1
      for (e = order[i]; ; e = substr(parent[e], 5)) {
        if (status[e] != "keep") { good = 0; break }
        if (parent[e] == "base" || ++hops > 10000) break
      }
      if (good) print order[i]
    }
  }' "$1/results.tsv"
