#!/bin/bash
# fields.sh PATCH: the fields of a patch's message on stdout, for the documents; of a patch that cannot be read, empty ones (the
# gate `message` says why).
set -euo pipefail
patchlint --fields "$1" 2>/dev/null || {
  printf 'field\tvalue\n'
  for field in subject hypothesis root_cause function saving metric workload parent; do printf '%s\t\n' "$field"; done
}
