#!/bin/bash
# show.sh R FILE: prints a document of results.
set -euo pipefail
[ -e "$1/$2" ] || { echo "there is no $1/$2 yet; first: make TARGET=... experiment" >&2; exit 1; }
cat "$1/$2"
