#!/bin/bash
# Drive the server at HOST:PORT by kvload, the client that is built beside it: deterministic data, name=value lines. First four
# clients at once fill the server; then one alone, whose latencies are reported, and which takes one long range; then four
# at once again, with a mix of small requests. src/load/kvload.c says how that is measured.
#
# Sizes, by environment variable: SCALE is the number of keys (150000); KEYS, CLIENTS and the others that kvload knows may
# be given, too.
set -euo pipefail

export HOST PORT STATE
KEYS=${KEYS:-${SCALE:-150000}} "$SOURCE/kvload"
