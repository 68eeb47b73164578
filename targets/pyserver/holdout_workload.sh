#!/bin/bash
# Another use of the same server, for what is confirmed: fewer keys that are replaced more often, fewer tags, more
# snapshots, and two clients instead of four. The requests are made by workload.sh, which stands beside this script.
set -euo pipefail
SCALE=40000 KEYS=15000 TAGS=800 LARGE=800 SNAPSHOTS=6 CLIENTS=2 MEETINGS=3 "$WORKLOAD"
