#!/bin/bash
# Another use of the same service: more clients, fewer requests. It is run when a change is to be confirmed, and the
# effect must have the same sign here. It need not be there; workload.sh stands beside it as the script at WORKLOAD.
set -euo pipefail
REQUESTS=320 CLIENTS=8 bash "$WORKLOAD"
