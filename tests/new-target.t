#!/bin/bash
# new-target writes a target that works as it stands; check-target finds what a target does not keep to, and predicts
# how long experiments will take.
. "${0%/*}/harness.sh"
. "$ROOT/tests/project.sh"

check() { # TARGET ARGUMENT...: its exit status in $code, what it prints in $WORK/log
  code=0
  make -C "$project" TARGET="$1" "${@:2}" check-target >"$WORK/log" 2>&1 || code=$?
}
# copy_of_mini NAME: a copy of the small target beside it, without experiments.
copy_of_mini() {
  rm -rf "${project:?}/targets/$1" "${project:?}/results/$1"
  cp -a "$project/targets/mini" "$project/targets/$1"
  rm -f "$project/targets/$1/experiments/"*
  sed -i "s/^name .*/name := $1/" "$project/targets/$1/target.mk"
}
says_line() { grep -Eq -- "$1" "$WORK/log" || { echo "no line matches: $1"; cat "$WORK/log"; return 1; }; }
predict() { (cd "$project" && mk/steps/predict.sh "$@") >"$WORK/out"; cat "$WORK/out"; }
export -f check predict copy_of_mini says_line

# --- new-target -------------------------------------------------------------------------------------------------------
test_that 'it writes the folder and names the next three commands' '
  make -C "$project" NAME=words-2 new-target >out
  [ "$(grep -c "^  make TARGET=words-2 " out)" = 3 ]
  cd "$project/targets/words-2"
  for file in target.mk {,profile_,holdout_}workload.sh validate.sh hints.md src/server.py experiments/README.md; do
    [ -s $file ]
  done
  ! grep -rn "@NAME@" .; [ "$(stat -c %a .)" = 755 ]'
test_that 'every field that a target may have is there, with a comment' '
  targetspec "$project/targets/words-2" | awk -F "\t" "NR > 1 { print \$1 }" >fields
  [ "$(wc -l <fields)" -ge 20 ]
  while read -r field; do
    grep -Eq "^(#   )?$field +:= " "$project/targets/words-2/target.mk" || { echo "$field"; exit 1; }
  done <fields'
test_that 'its scripts pass shellcheck, and its example is structural and within the scope' '
  shellcheck "$project/targets/words-2/"*.sh
  patchlint --editable server.py "$project/targets/words-2/experiments/count-once.patch" >gates
  [ "$(grep -c "	pass	" gates)" = 3 ]'
test_that 'a target that is there is never touched' '
  echo mine >>"$project/targets/words-2/hints.md"
  says 2 "^new-target: targets/words-2 is there already" make -C "$project" NAME=words-2 new-target
  tail -n 1 "$project/targets/words-2/hints.md" | grep -qx mine'
for name in '' .hidden -x a/b 'a b' 'a;b' ..; do
  test_that "'$name' is no name, and nothing is written" '
    cd "$project"; before=$(ls -A targets)
    says 2 "^new-target: " mk/steps/new-target.sh '"'$name'"'
    [ "$(ls -A targets)" = "$before" ]'
done
test_that 'through make, a name is text' '
  says 2 "NAME.*allowed" make -C "$project" "NAME=\$(shell touch pwned)" new-target
  [ ! -e pwned ] && [ ! -e "$project/pwned" ]
  says 2 "new-target: which name" make -C "$project" new-target'
test_that 'where writing fails in the middle, nothing is left' '
  mkdir fake; printf "#!/bin/bash\nexit 1\n" >fake/sed; chmod +x fake/sed
  cd "$project"; before=$(ls -A targets)
  ! PATH=$WORK/fake:$PATH mk/steps/new-target.sh half
  [ "$(ls -A targets)" = "$before" ]'

# --- check-target -----------------------------------------------------------------------------------------------------
test_that 'a new target holds every contract as it stands' '
  check words-2; [ $code = 0 ]
  says_line "^words-2: every contract holds, 0 warnings"
  ! grep -q "^FAIL" "$WORK/log"; ! grep -q "^warn" "$WORK/log"
  for subject in editable hints profilers experiment build deploy workload collect validate teardown metrics requests \
    guards equal holdout profile; do
    says_line "^ok    $subject "
  done
  grep -qx "total_requests=640" "$project/results/words-2/local/.check/run-3/metrics"
  says_line "^one experiment takes "; says_line "^the 1 experiment of this target about "
  awk "length > 100 { print; bad = 1 } END { exit bad }" <(grep -E "^(ok|warn|note|skip|FAIL) " "$WORK/log")'
test_that 'two runs are made each time, and no verdict is stored' '
  for time in 1 2; do
    check mini; [ $code = 0 ]
    says_line "run 2 of 2"; says_line "^note  noise +peak_rss_mb is [0-9.]+ and [0-9.]+ in two runs"
  done
  [ ! -e "$results/baseline/baseline.gate" ]; [ ! -e "$results/results.jsonl" ]
  [ -z "$(find "$results" -name "verdict.tsv")" ]
  [ "$(awk -F "\t" "\$1 == \"run\" && \$2 > 0" "$results/.check/times.tsv" | wc -l)" = 1 ]'
test_that 'a patch that a gate will reject is a warning, and the prediction leaves it out' '
  says_line "^warn  experiment +number: will be rejected: structural"
  says_line "^warn  experiment +elsewhere: will be rejected: scope"
  says_line "^ok    experiment +deeper: a patch of trim"
  says_line "^the 4 experiments of this target"; says_line "^2 of 6 experiments end before"'
test_that 'too few requests for a percentile are a warning' 'says_line "^warn  requests +60 a run"'

test_that 'each contract that is broken has its line, and their number is the last' '
  copy_of_mini broken; cd "$project/targets/broken"
  sed -i "s/^editable .*/editable := server.py missing.py folder\//; s/^profilers .*/profilers := default=nothing/
    s/^secondary .*/&, never_printed lower s, nonsense lower s, luck lower s/
    s/^equal .*/equal := data_digest, chance/" target.mk
  echo "deterministic := luck" >>target.mk
  sed -i "s/^print(f\"latency_p99_ms.*/&\nprint(\"latency_p99_ms=7\")\nprint(\"nonsense=12,5\")/
    s/^print(f\"error_rate.*/print(\"error_rate=0.5\")\nprint(f\"chance={time.time_ns()}\")/
    s/^print(f\"answer_bytes.*/&\nprint(f\"luck={time.time_ns()}\")/" workload.sh
  printf "#!/bin/bash\nexit 0\n" >validate.sh
  trim=$ROOT/tests/targets/mini/experiments/trim.patch
  echo "no patch" >experiments/garbage.patch
  sed "s/^Function:/Parent: nobody\n&/" "$trim" >experiments/orphan.patch
  sed "s/^Function:/Parent: right\n&/" "$trim" >experiments/left.patch
  sed "s/^Function:/Parent: left\n&/" "$trim" >experiments/right.patch
  sed "s/BALLAST/BALLOON/; s/def remember/def recall/" "$trim" >experiments/stale.patch
  rm hints.md
  check broken; [ $code = 2 ]
  says_line "^FAIL  editable +not in the source: missing.py folder/;"
  says_line "^warn  hints "
  says_line "^FAIL  profilers +no pipeline called nothing; there are: .*python-cpu .*tracemalloc"
  says_line "^FAIL  experiment +garbage: cannot be read"
  says_line "^FAIL  experiment +orphan: Parent: names no experiment"
  says_line "^FAIL  experiment +left: its parents lead back"
  says_line "^FAIL  experiment +right: its parents lead back"
  says_line "^warn  experiment +stale: will be rejected: it does not apply"
  says_line "^FAIL  metrics +latency_p99_ms is printed 2 times"
  says_line "^FAIL  metrics +never_printed is not printed"
  says_line "^FAIL  metrics +nonsense is .12,5.;"
  says_line "^FAIL  guards +error_rate is 0.5 on the unchanged target, its guard allows at most 0"
  says_line "^FAIL  validate +passes where no service runs"
  says_line "^FAIL  equal +chance is [0-9]+ and [0-9]+ in two runs"
  says_line "^FAIL  equal +luck is [0-9]+ and [0-9]+ in two runs; take it out of deterministic"
  says_line "^broken: 13 broken contracts, 3 warnings"
  [ "$(grep -c "^FAIL" "$WORK/log")" = 13 ]'
test_that 'a service that does not start, and what it said' '
  copy_of_mini dead; sed -i "s/^def main.*/&\n    sys.exit(\"no licence\")/" "$project/targets/dead/src/server.py"
  check dead; [ $code = 2 ]
  says_line "^FAIL  deploy +does not start"; says_line "no licence"
  says_line "^skip  workload +deploy failed"; says_line "^dead: 1 broken contract,"
  ! grep -q "^one experiment takes" "$WORK/log"'
test_that 'a service that does not serve at the port that it is given' '
  copy_of_mini deaf; sed -i "s/int(os.environ\[.PORT.\])/0/" "$project/targets/deaf/src/server.py"
  sed -i "s/^limit_deploy .*/limit_deploy := 1/" "$project/targets/deaf/target.mk"
  check deaf; [ $code = 2 ]; says_line "^FAIL  deploy +not within limit_deploy = 1 s"'
test_that 'an unchanged target whose answers are wrong' '
  copy_of_mini wrong; sed -i "s/!= 20100/!= 20101/" "$project/targets/wrong/validate.sh"
  check wrong; [ $code = 2 ]
  says_line "^FAIL  validate +says that an answer of the unchanged target is wrong: the total"'
test_that 'a build that fails, and one that takes too long' '
  copy_of_mini rubble; sed -i "s/^build .*/build := \/bin\/false/" "$project/targets/rubble/target.mk"
  check rubble; [ $code = 2 ]; says_line "^FAIL  build +fails"; ! grep -q "run 1 of 2" "$WORK/log"
  sed -i "s/^build .*/build := \/bin\/sleep 60\nlimit_build := 1/" "$project/targets/rubble/target.mk"
  check rubble; [ $code = 2 ]; says_line "^FAIL  build +takes more than limit_build = 1 s"'
test_that 'a profile workload that takes more than its limit is a warning' '
  copy_of_mini slow; sed -i "s/^set -euo.*/&\nsleep 2.2/" "$project/targets/slow/profile_workload.sh"
  echo "limit_profile := 1" >>"$project/targets/slow/target.mk"
  check slow; [ $code = 0 ]; says_line "^warn  profile +under tracemalloc more than limit_profile = 1 s"
  says_line "a profile an unknown time"'
test_that 'a teardown that leaves the service running; it is ended all the same' '
  copy_of_mini immortal
  cp "$project/templates/env/local/teardown.sh.in" teardown.in
  sed -i "s/^\[ -d .*/exit 0/" "$project/templates/env/local/teardown.sh.in"
  check immortal; cp teardown.in "$project/templates/env/local/teardown.sh.in"; [ $code = 2 ]
  says_line "^FAIL  teardown +leaves processes: .*[0-9]+ python3"
  ! grep -lzFx "STATE=$project/results/immortal/local/.check/.state/A" /proc/[0-9]*/environ 2>/dev/null'
test_that 'without a target, one line; with one that target.mk describes badly, where' '
  says 2 "which target. make TARGET=NAME check-target" make -C "$project" check-target
  copy_of_mini vague; sed -i "s/^primary .*/primary := fast/" "$project/targets/vague/target.mk"
  check vague; [ $code = 2 ]; says_line "target.mk:[0-9]+: field .primary."'

# --- the time of an experiment ----------------------------------------------------------------------------------------
test_that 'the prediction is arithmetic on what was timed' '
  mkdir -p r/t/local/.check r/t/local/profiles; : >r/t/local/profiles/baseline-stacks.txt
  printf "what\tseconds\nbuild\t3\nrun\t10\nprofile a\t20\nprofile b\t40\n" >r/t/local/.check/times.tsv
  predict "$WORK/r/t/local" 3 4 x y
  # 3 + 8 * 10; 3 + 14 * 10 + 30 + 12 + 14 * 10; 3 + 26 * 10 + 30 + 12 + 14 * 10; 2 * (3 + 2 * 10 + 83 + 325) / 3
  grep -q "takes 83 s where the first block settles it (8 runs), 5.4 minutes where it is confirmed" "$WORK/out"
  grep -q "^(28 runs), 7.4 minutes at most (40 runs)" "$WORK/out"
  grep -q "^the 2 experiments of this target about 4.8 minutes (287 s)$" "$WORK/out"'
test_that 'a holdout workload is one block more for what is confirmed' '
  cp -R r h; printf "holdout\t2\n" >>h/t/local/.check/times.tsv; predict "$WORK/h/t/local" 3 4 x y
  grep -q "(298 s)$" "$WORK/out"'
test_that 'without profiles yet, the baseline comes on top; what a gate rejected costs nothing; other settings count' '
  rm r/t/local/profiles/baseline-stacks.txt; mkdir r/t/local/y
  printf "gate\tstatus\nscope\tfail\n" >r/t/local/y/lint.gate
  predict "$WORK/r/t/local" 5 1 x y
  # 3 + 12 * 10 = 123; 123 + 30 + 12 + 22 * 10 = 385; with 3 + 2 * 10 a mean of 177; and 3 + 2 * 10 + 60
  grep -q "^the 1 experiment of this target about 4.3 minutes (260 s), 83 s of it for the baseline" "$WORK/out"
  export RULE=seed; predict "$WORK/r/t/local" 5 4 x y; grep -q "(260 s)" "$WORK/out"'
test_that 'runs and profiles that were made since count instead' '
  mkdir -p r/t/local/x/runs/1234; printf "4\n6\n" >r/t/local/x/runs/1234/seconds; echo 50 >r/t/local/profiles/a.seconds
  touch -d "2001-01-01" r/t/local/.check/times.tsv
  predict "$WORK/r/t/local" 3 4 x; grep -q "^a run takes 5.0 s, a build 3.0 s, a profile 45 s" "$WORK/out"
  touch -d "2001-01-01" r/t/local/x/runs/1234/seconds; touch r/t/local/.check/times.tsv
  predict "$WORK/r/t/local" 3 4 x; grep -q "^a run takes 10 s," "$WORK/out"'
test_that 'where nothing was timed, it says what times it' '
  predict "$WORK/r/u/local" 3 4 x; grep -q "make TARGET=u check-target finds out" "$WORK/out"'
finish
