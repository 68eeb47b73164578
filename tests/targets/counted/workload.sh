#!/bin/bash
# ASK names what the service shall do, in words.
set -euo pipefail
for word in ${ASK:-touch}; do
  exec 3<>"/dev/tcp/$HOST/$PORT"
  printf '%s\n' "$word" >&3
  IFS= read -r answer <&3
  exec 3>&-
  [ "$answer" = 'done' ]
done
