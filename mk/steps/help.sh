#!/bin/bash
# help.sh MAKEFILE...: the goals (lines with `## text`) and the settings (the list in settings.mk).
set -euo pipefail
cat <<'END'
Assay: proves or discards performance changes.

  make TARGET=pyserver experiment             the whole lifecycle, every experiment of the target
  make TARGET=pyserver EXP=NAME experiment    one experiment
  make check                                  the tests

Goals:
END
sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' "$@" | sort | expand -t 16
printf '\nSettings:\n'
sed -n 's/^#   \([A-Z][A-Z_]*\)  *\(.*\)/  \1\t\2/p' mk/settings.mk | expand -t 20
