# What no arm may change while it is built or runs: the target's scripts, those that build and measure, the source of both
# arms, the filters, the templates, this project's own scripts, and the runs that were recorded. Sourced, after lib.sh, by
# scripts that set X. ASSAY_TARGET (environment) is the target's folder; what is built or runs is not told.
# shellcheck shell=bash

# protect FILE [FOLDER]: notes the SHA-256 of all of it in FILE; FOLDER holds recorded runs.
protect() {
  local filters
  export -n ASSAY_TARGET
  filters=$(command -v abstat)
  find "$ASSAY_TARGET" -maxdepth 1 -type f -print0 >"$1.names"
  find "$X" -maxdepth 1 \( -name '*.sh' -o -name 'source-*.tar' -o -name 'metrics.tsv' \) -print0 >>"$1.names"
  find "${filters%/*}" mk templates GNUmakefile -type f -print0 >>"$1.names"
  [ -z "${2:-}" ] || find "$2" -maxdepth 1 \( -name '[0-9]*.tsv' -o -name plan.tsv -o -name stop-rule \) -print0 >>"$1.names"
  xargs -0 sha256sum -- <"$1.names" >"$1.new"
  mv -f "$1.new" "$1"
}

# changed_since FILE: what is not as FILE has it, by name; nothing where all is.
changed_since() { { sha256sum --quiet --check "$1" 2>/dev/null || true; } | sed -n 's/: FAILED.*//p' | paste -sd ' '; }
