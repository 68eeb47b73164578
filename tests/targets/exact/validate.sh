#!/bin/bash
set -euo pipefail
exec 3<>"/dev/tcp/$HOST/$PORT"
printf 'nothing\n' >&3
IFS= read -r answer <&3
[ "$answer" = 'done' ] || { echo "validate: answered '$answer'" >&2; exit 1; }
