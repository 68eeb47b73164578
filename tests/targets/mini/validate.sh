#!/bin/bash
# The total of known numbers.
set -euo pipefail
ask() {
  local line body
  exec 3<>"/dev/tcp/$HOST/$PORT"
  printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&3
  while IFS= read -r line <&3 && [ "$line" != $'\r' ]; do :; done
  IFS= read -r body <&3 || true
  exec 3>&-
  printf '%s' "$body"
}
ask /reset >/dev/null
ask /add/1/100 >/dev/null
ask /add/101/100 >/dev/null
total=$(ask /total)
if [ "$total" != 20100 ]; then
  echo "the total of 1 to 200 is 20100; the service says '$total'" >&2
  exit 1
fi
