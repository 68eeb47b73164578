#!/bin/bash
# The shape of the workload in small, for profilers that slow each allocation manyfold; those that sample CPU time cost
# little and want many samples. MODE=alone: all requests by one client, with the long range; MODE=concurrent: four at once.
set -euo pipefail

export KEYS=150000 GROUPS_OF_REQUESTS=120 ROUNDS=4000
case ${PROFILER:-} in *heap* | dhat | probe) KEYS=40000 GROUPS_OF_REQUESTS=8 ROUNDS=150 ;; esac
case ${MODE:-} in
  alone) CLIENTS=1 PARTS=load,single "$WORKLOAD" ;;
  concurrent) CLIENTS=4 PARTS=load,concurrent "$WORKLOAD" ;;
  *) echo "profile_workload: MODE is '${MODE:-}', expected alone or concurrent" >&2; exit 1 ;;
esac
