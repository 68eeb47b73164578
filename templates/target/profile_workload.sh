#!/bin/bash
# The workload for profilers: the same shape in small, since a profiler slows the service down. MODE is alone (one
# client) or concurrent; PROFILER is the name of the pipeline; WORKLOAD is the path of the workload script, run here
# with other sizes.
set -euo pipefail
export HOST PORT
case $MODE-$PROFILER in
  alone-tracemalloc) PARTS=single REQUESTS=300 bash "$WORKLOAD" ;;
  concurrent-tracemalloc) PARTS=concurrent REQUESTS=300 bash "$WORKLOAD" ;;
  alone-*) PARTS=single REQUESTS=1000 bash "$WORKLOAD" ;;
  concurrent-*) PARTS=concurrent REQUESTS=1000 bash "$WORKLOAD" ;;
esac
