#!/bin/bash
# The decision is calibrated: on simulated experiments abstat's engine keeps, discards and cannot tell as often, and
# after as many runs, as an independent simulation of the same rule. All cells by many more experiments:
#   tests/calibrate/build.sh /tmp/calibrate && /tmp/calibrate --jobs 2 tests/data/calibrate/published.tsv
# shellcheck disable=SC2016,SC2317 # a test's own shell expands its commands, and calls the functions here
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
export PUBLISHED=$DATA/calibrate/published.tsv

if ! CFLAGS=-O2 "$ROOT/tests/calibrate/build.sh" ./calibrate 2>build.err; then
  sed 's/^/# /' build.err
  echo 'Bail out! tests/calibrate.c does not compile'
  exit 1
fi
flags="-I../tools -I../tools/lib $(sed -n 's/^warnings *:= //p' "$ROOT/mk/tools.mk")"
export flags

cells() { # cells TABLE CELL...: the header and the published rows of a table's cells, each NOISE CV EFFECT
  local table=$1
  shift
  printf '%s\n' "$@" | awk -F '\t' -v table="$table" 'NR == FNR { wanted[$0]; next }
    FNR == 1 || $1 == table && ($4 " " $5 " " $6) in wanted { print }' - "$PUBLISHED"
}
agree() { # agree EXPERIMENTS FILE CELLS: all of the file's cells, so many, agree
  ./calibrate --experiments "$1" "$2" >agree.tsv || { cat agree.tsv; return 1; }
  [ "$(grep -c '	ok$' agree.tsv)" = "$3" ] || { cat agree.tsv; return 1; }
}
export -f cells agree

for compiler in gcc clang; do
  if command -v $compiler >/dev/null; then
    test_that "$compiler builds the calibration without a warning" "
      cd \"\$ROOT/tests\"
      $compiler -std=c11 -D_GNU_SOURCE -fsyntax-only -Werror \$flags calibrate.c calibrate/*.c"
  else
    skip "$compiler is not installed" "$compiler builds the calibration without a warning"
  fi
done

test_that 'experiments without effect are kept as rarely as published, whatever disturbs the machine' '
  cells T6d "normal 1% 0%" "outlier 1% 0%" "drift 1% 0%" "ar1 1% 0%" "step 1% 0%" "period2 1% 0%" >none.tsv
  agree 1000 none.tsv 6
  grep -q "^# T6d, kept without effect: .*: ok$" agree.tsv'

test_that 'effects are found as often as published, after as many runs' '
  cells T6e "normal 1% 1%" "normal 3% 5%" "outlier 1% 2%" "bimodal 1% 5%" "drift 1% 2%" "period2 1% 2%" >effects.tsv
  agree 700 effects.tsv 6'

test_that 'an improvement of less than the residual standard deviation is not kept' '
  cells T6h "outlier 1% 2%" | grep -E "^table|	sd=residual,welch=off,screen=1	" >sd.tsv
  agree 700 sd.tsv 1'

test_that 'what ran one arm after the other is never decided' '
  agree 100 "$DATA/calibrate/sequential.tsv" 3'

test_that 'the same seed gives the same outcomes, by one process or two; another seed gives others' '
  cells T6d "normal 1% 0%" "normal 3% 0%" "normal 10% 0%" >some.tsv
  ./calibrate -n 60 --seed 7 some.tsv >one.tsv
  ./calibrate -n 60 --seed 7 --jobs 2 some.tsv >two.tsv
  ./calibrate -n 60 --seed 8 some.tsv >other.tsv
  same one.tsv two.tsv
  ! cmp -s one.tsv other.tsv'

test_that 'outcomes that differ from the published ones by more than chance are a failure' '
  cells T6e "normal 1% 5%" >right.tsv
  ./calibrate -n 100 right.tsv >right.out
  awk -F "\t" -v OFS="\t" "NR > 1 { \$11 = \"13.0\" } 1" right.tsv >wrong.tsv
  says 1 "" ./calibrate -n 100 wrong.tsv
  [ "$(cut -f 15 says.out | head -n 2 | tail -n 1)" = OFF ]
  grep -q "^# 0 of 1 cells agree" says.out'

test_that 'more than 1 % of experiments without effect kept is a failure' '
  cells T6d "normal 3% 0%" | sed "2s/default/alpha=0.25/" >loose.tsv
  says 1 "" ./calibrate -n 400 loose.tsv
  grep -q "^# T6d, kept without effect: .*: OFF$" says.out'

test_that 'the decision takes fewer runs than designs with a fixed number' '
  { cells T6d "normal 1% 0%"; cells T6e "normal 1% 2%" | tail -n 1; } >bench.tsv
  ./calibrate --bench -n 1000 bench.tsv >bench.out
  cat bench.out
  [ "$(grep -c "	reached$" bench.out)" = 4 ]'

test_that 'what it cannot understand is a failure' '
  says 2 "^calibrate: --experiments" ./calibrate -n 0 "$PUBLISHED"
  says 2 "^calibrate: one file" ./calibrate
  says 1 "^calibrate: .*: holds no cell of table T9" ./calibrate -c T9 "$PUBLISHED"
  sed "2s/normal/gamma/" "$PUBLISHED" >gamma.tsv
  says 1 "^calibrate: gamma.tsv:2: there is no noise .gamma." ./calibrate gamma.tsv'

finish
