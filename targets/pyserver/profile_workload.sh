#!/bin/bash
# The shape of the workload in small. PROFILER=tracemalloc slows the server tenfold, so it gets few keys and more
# snapshots: their share is as in the long run although what the server needs for itself is not smaller here. Other
# profilers cost little and want many samples. MODE=alone: the part with one client; MODE=concurrent: that with four.
set -euo pipefail

export HOST PORT
case ${MODE:-}-${PROFILER:-} in
  alone-tracemalloc) PARTS=single KEYS=6000 GROUPS_OF_BATCHES=5 SMALL_PER_LARGE=12 SNAPSHOTS=11 bash "$WORKLOAD" ;;
  concurrent-tracemalloc) PARTS=concurrent ITEMS=6500 KEYS=4700 MEETINGS=4 bash "$WORKLOAD" ;;
  alone-*) PARTS=single bash "$WORKLOAD" ;;
  concurrent-*) PARTS=concurrent ITEMS=50000 KEYS=37000 bash "$WORKLOAD" ;;
  *) echo "profile_workload: MODE is '${MODE:-}', expected alone or concurrent" >&2; exit 1 ;;
esac
