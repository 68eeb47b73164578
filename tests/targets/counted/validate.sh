#!/bin/bash
# The service answers.
set -euo pipefail
exec 3<>"/dev/tcp/$HOST/$PORT"
echo hello >&3
IFS= read -r answer <&3
[ "$answer" = 'done' ]
