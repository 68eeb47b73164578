#!/bin/bash
# Another use of the same server, for what is confirmed: fewer keys that are read more often, smaller large values, a longer
# range in proportion, and two clients instead of four. The requests are made by workload.sh, which stands beside this script.
set -euo pipefail
KEYS=60000 GROUPS_OF_REQUESTS=60 SMALL_PER_LARGE=99 LARGE=100000 EXPORTED=45000 CLIENTS=2 ROUNDS=1500 "$WORKLOAD"
