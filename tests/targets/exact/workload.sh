#!/bin/bash
# ASK names what the service shall do.
set -euo pipefail
ask() {
  exec 3<>"/dev/tcp/$HOST/$PORT"
  printf '%s\n' "$1" >&3
  IFS= read -r answer <&3
  exec 3>&-
  [ "$answer" = 'done' ]
}
ask "${ASK:-memory}"
echo 'answers=1'
