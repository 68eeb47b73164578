#!/bin/bash
# rankalloc on real profiles: self and cumulative values are those of the tables that other tools print of them.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
export D=$DATA/rankalloc

unpacked() { zstd -dcqf "$1"; }
profile_of() { # EXPECTED SUFFIX: the profile that it was made of
  local name=${1##*/}
  name=${1%/expected/*}/${name%."$2"*}
  if [ -e "$name" ]; then echo "$name"; else echo "$name.zst"; fi
}
# Frames without a name as go tool pprof -top shows them, by module. Of goroutines it had no names at all.
as_go() {
  case $1 in
    *goroutine*) perl -pe 's/[^;]+?(?=;| \d+$)/<unknown>/g' ;;
    *) sed -E 's/\[([^];]*)\+0x[0-9a-f]+\]/[\1]/g; s/\[0x[0-9a-f]+\]/<unknown>/g' ;;
  esac
}
go_table() { # EXPECTED: what differs
  local profile value=()
  profile=$(profile_of "$1" gopprof-top)
  unpacked "$1" >top
  case $1 in
    */cpu-gperftools/*) value=(--value cpu) ;;
    */java-legacy-pprof/*)
      perl "$D/string.pl" <"${1%.gopprof-top.txt}.string" | rankalloc --raw -n 0 | perl "$D/table.pl" go top
      return ;;
  esac
  stackfold -q "${value[@]}" "$profile" 2>err | as_go "$1" | rankalloc --raw -n 0 | perl "$D/table.pl" go top
}
# The stacks of google-pprof and jeprof, of which the table was made; jeprof has cut off the fractions of each there.
perl_table() { # EXPECTED: what differs
  local collapsed counts=()
  collapsed=$(ls "${1%-text.txt}-collapsed.txt"*)
  unpacked "$collapsed" | perl "$D/short.pl" >stacks
  case $1 in
    *jeprof*)
      sed -E 's/ [0-9]+$/ 1/' stacks | rankalloc --raw -n 0 >counts
      counts=(counts) ;;
  esac
  rankalloc --raw -n 0 stacks | perl "$D/table.pl" perl "$1" "${counts[@]}"
}
export -f unpacked profile_of as_go go_table perl_table

if [ -d "${CORPUS_DIR:-}" ]; then
  test_that 'tables of go tool pprof -top' '
    tables=0
    for e in "$CORPUS_DIR"/*/expected/*gopprof-top.txt*; do
      case $e in *mutex*) continue ;; esac # no samples
      go_table "$e" >differences || true
      same /dev/null differences || { echo "$e"; exit 1; }
      tables=$((tables + 1))
    done
    test "$tables" -ge 34'
  test_that 'tables of google-pprof --text and jeprof --text' '
    tables=0
    for e in "$CORPUS_DIR"/*/expected/*pprof-text.txt "$CORPUS_DIR"/*/expected/*jeprof-text.txt; do
      case $e in *-alloc-text.txt) continue ;; esac
      perl_table "$e" >differences
      same /dev/null differences || { echo "$e"; exit 1; }
      tables=$((tables + 1))
    done
    test "$tables" -ge 11'
  test_that 'tables of google-pprof --text of all that was allocated' '
    for e in "$CORPUS_DIR"/heap-gperftools/expected/*-alloc-text.txt; do
      p=$(profile_of "$e" google-pprof-alloc)
      perl "$D/rows.pl" "$p" "${e%alloc-text.txt}raw.txt.zst" | perl "$D/short.pl" | rankalloc --raw -n 0 | perl "$D/table.pl" perl "$e" >differences
      same /dev/null differences || { echo "$e"; exit 1; }
    done'
  test_that 'top functions of heaptrack_print' '
    for e in "$CORPUS_DIR"/heaptrack/expected/*.print.txt*; do
      p=${e%/expected/*}/$(basename "${e%.print.txt*}")
      stackfold -q --value allocations "$p" | rankalloc --raw -n 0 | perl "$D/heaptrack.pl" calls "$e" >differences
      stackfold -q --value peak "$p" | rankalloc --raw -n 0 | perl "$D/heaptrack.pl" peak "$e" >>differences
      same /dev/null differences || { echo "$e"; exit 1; }
    done'
else
  skip 'CORPUS_DIR is not set' 'tables of go tool pprof -top'
  skip 'CORPUS_DIR is not set' 'tables of google-pprof --text and jeprof --text'
  skip 'CORPUS_DIR is not set' 'tables of google-pprof --text of all that was allocated'
  skip 'CORPUS_DIR is not set' 'top functions of heaptrack_print'
fi
finish
