#!/bin/bash
# What each profiler is to see; concurrent: two clients at once.
set -euo pipefail
case $PROFILER in
  perf-cpu | counters) ask=compute ;;
  smaps) ask='map thread' ;;
  probe) ask='call' ;;
  *) ask='touch' ;;
esac
export ASK=${ASK:-$ask}
if [ "$MODE" = alone ]; then
  bash "$WORKLOAD"
else
  bash "$WORKLOAD" &
  bash "$WORKLOAD"
  wait $!
fi
