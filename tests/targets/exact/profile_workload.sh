#!/bin/bash
# What is known exactly: memory for those that look at memory, CPU time for the others.
set -euo pipefail
case $PROFILER in
  *cpu* | *counters*) ask=compute ;;
  *) ask=memory ;;
esac
ASK=${ASK:-$ask} bash "$WORKLOAD"
