#!/bin/bash
# The workload in small for profilers that slow each allocation manyfold; those that sample CPU time want many samples.
# MODE=alone: redis-benchmark with one client; MODE=concurrent: with eight.
set -euo pipefail

export SCALE=100000 ROUNDS=8
case ${PROFILER:-} in *heap* | probe) SCALE=30000 ROUNDS=2 ;; esac
case ${MODE:-} in
  alone) CLIENTS=1 "$WORKLOAD" ;;
  concurrent) CLIENTS=8 "$WORKLOAD" ;;
  *) echo "profile_workload: MODE is '${MODE:-}', expected alone or concurrent" >&2; exit 1 ;;
esac
