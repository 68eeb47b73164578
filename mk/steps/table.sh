#!/bin/bash
# table.sh FILE.tsv FIELD...: those fields of a TSV as a Markdown table; every value stays text.
set -euo pipefail
file=$1
shift
awk -F '\t' -v wanted="$*" '
  function text(s) {
    gsub(/\\t|\\n/, " ", s); gsub(/\\\\/, "\\", s)
    gsub(/&/, "\\&amp;", s); gsub(/</, "\\&lt;", s); gsub(/>/, "\\&gt;", s)
    gsub(/[\\`*_{}\[\]|#!~]/, "\\\\&", s)
    return s
  }
  BEGIN { count = split(wanted, want, " ") }
  NR == 1 {
    for (i = 1; i <= NF; i++) at[$i] = i
    for (i = 1; i <= count; i++) { printf "| %s ", want[i]; rule = rule "| --- " }
    print "|\n" rule "|"
    next
  }
  { for (i = 1; i <= count; i++) printf "| %s ", text($(at[want[i]])); print "|" }' "$file"
