# What the tests of abstat share. Sourced after harness.sh.
# shellcheck shell=bash
# rows METRIC TOKEN...: rows of samples.tsv without a header. A token is ARM:VALUE or ARM:VALUE:STATUS, or / for a new
# block.
rows() {
  local metric=$1 block=1 order=0 run=0 token arm value status
  shift
  for token; do
    if [ "$token" = / ]; then block=$((block + 1)) order=0; continue; fi
    IFS=: read -r arm value status <<<"$token"
    order=$((order + 1)) run=$((run + 1))
    printf '%s\t%s\t%s\t%s\t%s\t%s\t-\t-\t%s\n' "$block" "$order" "$run" "$arm" "$metric" "$value" "${status:-ok}"
  done
}
samples() { printf 'block\torder\trun\tarm\tmetric\tvalue\tunit\trole\tstatus\n'; rows "$@"; }
# field NAME...: these fields of the rows on stdin, by name, joined by blanks.
field() {
  awk -F'\t' -v names="$*" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; n = split(names, name, " "); next }
    { for (i = 1; i <= n; i++) printf "%s%s", $at[name[i]], i < n ? " " : "\n" }'
}
is() { [ "$1" = "$2" ] || { echo "'$1' is not '$2'"; return 1; }; }
export -f rows samples field is
