#!/bin/bash
# The shape of the workload in small, since a profiler may slow the server tenfold. MODE=alone: the part with one
# client; MODE=concurrent: the part with four. Few keys and more snapshots: their share is as in the long run although
# what the server needs for itself is not smaller here.
set -euo pipefail

export HOST PORT
case ${MODE:-} in
  alone) PARTS=single KEYS=6000 GROUPS_OF_BATCHES=5 SMALL_PER_LARGE=20 SNAPSHOTS=13 bash "$WORKLOAD" ;;
  concurrent) PARTS=concurrent ITEMS=7500 KEYS=5500 MEETINGS=4 bash "$WORKLOAD" ;;
  *) echo "profile_workload: MODE is '${MODE:-}', expected alone or concurrent" >&2; exit 1 ;;
esac
