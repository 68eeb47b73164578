#!/bin/bash
# symbolize beside addr2line and llvm-symbolizer, on all of the code of one C++ program that is inlined deeply: every third
# address of its functions. Where names are only spelled differently they agree (see compare-symbols).
. "${0%/*}/harness.sh"
export COMPARE=$ROOT/tests/compare-symbols

agree() { # PEER LOCATION:CHAIN
  "$COMPARE" convert "$1" asked <peer.raw >peer
  "$COMPARE" compare --symbols program --examples 3 --least "$2" ours peer
}
export -f agree

if ! command -v g++ >/dev/null; then
  skip 'g++ is not installed' 'symbolize and its peers'
  finish
fi
g++ -O2 -g -o program "$DATA/symbolize-peers/inlining.cc" && "$COMPARE" addresses --every 3 program >asked || exit 1

test_that 'there are answers to more than a thousand addresses, and chains of six frames and more' '
  symbolize -q --no-cache --exe program --lines --paths full <asked >ours.raw
  "$COMPARE" convert symbolize asked <ours.raw >ours
  [ "$(wc -l <ours)" -gt 1000 ]
  [ "$(awk -F "\t" "NF > 12" ours | wc -l)" -gt 10 ]'
# addr2line gives the function around an inlined one that has no linkage name: 0.2 % of the chains here.
test_that 'the functions, inlined frames and lines that addr2line gives' '
  addr2line -afiC -e program <asked >peer.raw
  agree addr2line 99.9:99'
if command -v llvm-symbolizer >/dev/null; then
  test_that 'the functions, inlined frames and lines that llvm-symbolizer gives' '
    llvm-symbolizer --obj=program --output-style=JSON <asked >peer.raw
    agree llvm 99.9:99.9'
else
  skip 'llvm-symbolizer is not installed' 'the functions, inlined frames and lines that llvm-symbolizer gives'
fi
finish
