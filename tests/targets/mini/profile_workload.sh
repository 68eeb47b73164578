#!/bin/bash
# The same, shorter; concurrent: four at once.
set -euo pipefail
export STEPS=6
if [ "$MODE" = alone ]; then
  "$WORKLOAD"
else
  pids=()
  for _ in 1 2 3 4; do STEPS=2 "$WORKLOAD" & pids+=($!); done
  for pid in "${pids[@]}"; do wait "$pid"; done
fi
