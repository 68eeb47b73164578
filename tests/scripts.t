#!/bin/bash
# The scripts are the experiment: a copied folder works anywhere, and every script passes shellcheck.
. "${0%/*}/harness.sh"
. "$ROOT/tests/project.sh"
rm "$project/targets/mini/experiments/"{number,elsewhere,halved,renamed,deeper}.patch

test_that 'shellcheck passes on the scripts of the project' '
  cd "$ROOT"; shellcheck -x .ci/run mk/steps/*.sh pipelines/*.sh tests/bench/*.sh tests/*.sh tests/*.t targets/*/*.sh tests/targets/*/*.sh'
test_that 'an experiment is measured' 'run EXP=trim experiment; [ "$(verdict_of trim)" = keep ]'
test_that 'shellcheck passes on the generated scripts' 'shellcheck "$results"/trim/*.sh "$results"/baseline/*.sh'
test_that 'every generated script says what it would do with --dry-run' '
  for s in build deploy workload collect profile validate teardown; do "$results/trim/$s.sh" --dry-run | grep -q would; done'
test_that 'the folder, copied elsewhere without the project, gives the metrics of both arms within noise' '
  mkdir "away from home"; cp -R "$results/trim" "away from home/copy"
  mv "$project" "$project.gone"
  for ARM in A B; do
    export ARM
    cd "$WORK/away from home/copy"; rm -rf built state
    env -i PATH=/usr/bin:/bin HOME="$WORK" ARM=$ARM ./build.sh
    env -i PATH=/usr/bin:/bin HOME="$WORK" ARM=$ARM ./deploy.sh
    env -i PATH=/usr/bin:/bin HOME="$WORK" ARM=$ARM ./workload.sh >metrics.$ARM
    env -i PATH=/usr/bin:/bin HOME="$WORK" ARM=$ARM ./collect.sh >>metrics.$ARM
    env -i PATH=/usr/bin:/bin HOME="$WORK" ARM=$ARM ./validate.sh
    env -i PATH=/usr/bin:/bin HOME="$WORK" ARM=$ARM ./teardown.sh
  done
  cd "$WORK"; mv "$project.gone" "$project"
  for ARM in A B; do
    there=$(sed -n "s/^peak_rss_mb=//p" "away from home/copy/metrics.$ARM")
    here=$(awk -F "\t" -v arm=$ARM "\$4 == arm && \$5 == \"peak_rss_mb\" { s += \$6; n++ } END { print s / n }" "$results/trim/samples.tsv")
    awk -v a="$there" -v b="$here" "BEGIN { print a, b; exit !(a > b * 0.95 && a < b * 1.05) }"
  done'
test_that 'the scripts that ran are the scripts that are there' '
  [ -z "$(find "$results/trim" -maxdepth 1 -name "*.sh" ! -perm -u+x)" ]
  for s in deploy workload collect validate teardown; do grep -q "experiment trim" "$results/trim/$s.sh"; done'
test_that 'no word for an outcome stands in targets/ or templates/env/' '
  cd "$ROOT"; ! grep -rIwniE "keep|kept|discard(ed)?|inconclusive|constraint_violation|reject(ed)?|invalid|tampered|crash(ed|es)?|timeout" targets templates/env'
finish
