#!/bin/bash
# The lifecycle on a small real service: verdicts of each kind, and the rerun rules: what runs again after what change.
. "${0%/*}/harness.sh"
. "$ROOT/tests/project.sh"

test_that 'one experiment is kept after two blocks in random order, and confirmed by two of fresh builds' '
  run EXP=trim experiment
  [ "$(runs_made) $(confirming_runs_made)" = "12 12" ]
  [ "$(verdict_of trim)" = keep ]; [ "$(gate_of trim confirmed)" = pass ]; [ "$(gate_of trim holdout)" = n/a ]
  for block in 1 2; do for arm in A B; do
    [ "$(awk -F "\t" -v b=$block -v a=$arm "\$1 == b && \$4 == a" "$results"/trim/runs/*/plan.tsv | wc -l)" = 3 ]; done; done
  grep -q "^confirmed.*layout was not varied" "$results/trim/verdict.tsv"'
test_that 'what is published is the estimate of the confirmation' '
  row() { awk -F "\t" -v name="$1" "NR == 1 { for (i = 1; i <= NF; i++) at[\$i] = i; next } { print \$at[name] }" "$2"; }
  [ "$(row metric_value "$results/trim/record.tsv")" = "$(row mean_b "$results/trim/confirm-stats.tsv" | head -n 1)" ]
  ! cmp -s "$results/trim/samples.tsv" "$results/trim/confirm-samples.tsv"
  ! cut -f 3,4 "$results/trim/samples.tsv" | cmp -s - <(cut -f 3,4 "$results/trim/confirm-samples.tsv")'
test_that 'the environment of each run has a size of its own, which is recorded' '
  [ "$(awk -F "\t" "NR > 1 && \$5 == \"peak_rss_mb\" { print \$10 }" "$results/trim/samples.tsv" | sort -un | wc -l)" -gt 8 ]
  head -n 1 "$results/trim/samples.tsv" | grep -q "status	env_bytes$"'
test_that 'the same command again does nothing and says so' '
  run EXP=trim experiment
  [ "$(phases_run)" = 0 ]; grep -q "nothing to do" "$WORK/log"'
test_that 'another threshold while experiments are pending: what was measured is decided again, everywhere, and the rest is named' '
  run MEI=99% verdict
  [ "$(runs_made)" = 0 ]; [ "$(verdict_of trim)" = discard ]
  grep -q "^trim *discard " "$WORK/log"; grep -q "^pending: halved: " "$WORK/log"
  grep -q "^trim	.*	discard	" "$results/results.tsv"
  [ "$(jq -r ".experiments[] | select(.exp_id == \"trim\") | .status" "$results/status.json")" = discard ]
  run frontier; ! grep -qx trim "$WORK/log"
  run EXP=trim experiment; [ "$(runs_made)" = 0 ]; [ "$(verdict_of trim)" = keep ]'
test_that 'every experiment of the target; those that were decided stay' '
  run experiment
  ! grep -q "^\[trim\]" "$WORK/log"'
test_that 'a patch that changes only numbers is rejected by structural' '[ "$(verdict_of number)" = rejected ]; [ "$(gate_of number structural)" = fail ]'
test_that 'a patch outside the scope is rejected by scope' '[ "$(verdict_of elsewhere)" = rejected ]; [ "$(gate_of elsewhere scope)" = fail ]'
test_that 'wrong answers are invalid' '[ "$(verdict_of halved)" = invalid ]; [ "$(gate_of halved valid)" = fail ]'
test_that 'a service that does not start is a crash' '[ "$(verdict_of renamed)" = crash ]; [ "$(gate_of renamed stable)" = fail ]'
test_that 'a child is built on its parent' '
  [ "$(cat "$results/deeper/commit-A")" = "$(cat "$results/trim/commit-B")" ]
  [ "$(gate_of deeper parent)" = pass ]'
test_that 'both arms come from one commit, and B differs by the patch alone' '
  export GIT_DIR=$results/.source.git
  [ "$(git rev-parse exp/trim^)" = "$(git rev-parse base)" ]
  [ "$(git diff --numstat base exp/trim)" = "1	1	server.py" ]'
test_that 'rejected experiments were never built nor run' '[ ! -e "$results/number/built" ]; [ ! -e "$results/number/samples.tsv" ]'
test_that 'every verdict has all gates, and the ledger has every experiment' '
  for e in trim number elsewhere halved renamed deeper; do [ "$(wc -l <"$results/$e/verdict.tsv")" = 19 ]; done
  [ "$(tail -n +2 "$results/results.tsv" | cut -f 1 | tr "\n" " ")" = "deeper elsewhere halved number renamed trim " ]
  ledger check --file "$results/results.jsonl"
  [ "$(jq -r .exp_id "$results/results.jsonl" | sort -u | wc -l)" = 6 ]'
test_that 'the documents are there and well-formed' '
  jq -e ".experiments | length == 6" "$results/status.json"
  jq -e .cpus "$results/trim/environment.json"
  grep -q "^# mini: summary" "$results/summary.md"
  grep -q "Store.remember (server.py:22)" "$results/profiles/baseline-stacks.txt"
  for e in trim number deeper; do grep -q "^## Decision" "$results/$e/README.md"; done
  grep -q "cap\|trim" "$results/candidates.md"'
test_that 'the target folder was only read' '
  diff -r "$ROOT/tests/targets/mini" "$project/targets/mini"'
test_that 'frontier is the kept whose parents were all kept' '
  run frontier; grep -qx trim "$WORK/log"; ! grep -qx number "$WORK/log"'

# --- rerun rules ------------------------------------------------------------------------------------------------
test_that 'touching every file of the target runs no phase, and then nothing is looked at' '
  find "$project/targets/mini" -exec touch {} +; newer "$project/targets/mini/target.mk"; find "$project/targets/mini" -exec touch {} +
  run experiment; [ "$(phases_run)" = 0 ]; grep -q "nothing to do" "$WORK/log"
  run experiment; [ "$(phases_run)" = 0 ]'
test_that 'make -n on an up-to-date tree names no phase' '
  make -C "$project" TARGET=mini -n experiment >n.log; ! grep -q memo n.log'
test_that 'a threshold decides again and measures nothing, even where verdicts flip; children follow' '
  run MEI=99% experiment
  [ "$(runs_made) $(builds_made) $(profiles_made)" = "0 0 0" ]
  [ "$(verdict_of trim)" = discard ]; [ "$(verdict_of deeper)" = rejected ]; [ "$(gate_of deeper parent)" = fail ]'
test_that 'the threshold put back: the verdicts are back, nothing is measured, and the history has every one' '
  run experiment
  [ "$(runs_made)" = 0 ]; [ "$(verdict_of trim)" = keep ]; [ "$(gate_of deeper parent)" = pass ]
  [ "$(wc -l <"$results/results.jsonl")" -ge 9 ]; ledger check --file "$results/results.jsonl"'
test_that 'a larger least effect after the runs are made is decided from them; where they do not suffice, what measures more is named' '
  run EXP=trim RULE=blocked MAX_BLOCKS=6 MEI=2% experiment
  [ "$(runs_made) $(confirming_runs_made)" = "0 0" ]; [ "$(verdict_of trim)" = keep ]
  run EXP=elsewhere RUNS=3 experiment; [ "$(runs_made)" = 0 ]'
test_that 'what may be measured is limited by blocks and time, and MORE=1 goes on where it ended' '
  run EXP=trim SEED=7 MAX_BLOCKS=1 experiment
  [ "$(runs_made)" = 6 ]; [ "$(verdict_of trim)" = inconclusive ]
  run EXP=trim SEED=7 experiment
  [ "$(runs_made)" = 0 ]; [ "$(verdict_of trim)" = inconclusive ]; grep -q "^significant.*MORE=1 experiment" "$results/trim/verdict.tsv"
  run EXP=trim SEED=7 MORE=1 experiment
  [ "$(runs_made)" = 6 ]; [ "$(verdict_of trim)" = keep ]
  run EXP=trim SEED=7 experiment; [ "$(runs_made) $(confirming_runs_made)" = "0 0" ]; [ "$(verdict_of trim)" = keep ]
  run EXP=trim SEED=8 MAX_TIME=1 experiment
  [ "$(runs_made)" = 6 ]; grep -q "MAX_TIME of 1 s allows no further block" "$WORK/log"; [ "$(verdict_of trim)" = inconclusive ]
  run EXP=trim experiment; [ "$(runs_made) $(confirming_runs_made)" = "0 0" ]; [ "$(verdict_of trim)" = keep ]'
test_that 'the literal rule of the methodology decides by one block' '
  run EXP=trim SEED=9 RULE=seed experiment
  [ "$(runs_made)" = 6 ]; [ "$(verdict_of trim)" = keep ]; grep -q "^significant	pass	KEEP	seed, mei 0%" "$results/trim/verdict.tsv"
  head -n 1 "$results/trim/report.txt" | grep -q "^KEEP (blocked: INCONCLUSIVE)"
  run EXP=trim experiment; [ "$(runs_made)" = 0 ]'
test_that 'other scales are run once each for what was kept, and must have the same sign' '
  run EXP=trim SCALE=1k,2k experiment
  [ "$(runs_made) $(confirming_runs_made)" = "0 12" ]; [ "$(gate_of trim holdout)" = pass ]
  run EXP=trim experiment; [ "$(runs_made) $(confirming_runs_made)" = "0 0" ]; [ "$(gate_of trim holdout)" = n/a ]'
test_that 'a holdout workload in which the change does the opposite ends it' '
  cp "$project/targets/mini/workload.sh" "$project/targets/mini/holdout_workload.sh"
  cat >>"$project/targets/mini/holdout_workload.sh" <<"END"
[ "$ARM" = A ] || /usr/bin/python3 -c "
import http.client, os
c = http.client.HTTPConnection(os.environ[\"HOST\"], int(os.environ[\"PORT\"]), 30)
c.request(\"GET\", \"/add/0/3000000\"); c.getresponse().read()"
END
  run EXP=trim experiment
  [ "$(runs_made)" = 0 ]; [ "$(verdict_of trim)" = discard ]; [ "$(gate_of trim holdout)" = fail ]
  rm "$project/targets/mini/holdout_workload.sh"
  run EXP=trim experiment; [ "$(runs_made) $(confirming_runs_made)" = "0 0" ]; [ "$(verdict_of trim)" = keep ]'
test_that 'a document template changes documents only' '
  edit "$project/templates/experiment.md.in" sed -i "s/^## Decision/## The decision/" "$project/templates/experiment.md.in"
  run experiment
  [ "$(runs_made) $(builds_made) $(profiles_made) $(phases_run)" = "0 0 0 0" ]
  grep -q "^## The decision" "$results/trim/README.md"'
test_that 'a guard in target.mk decides again and measures nothing' '
  edit "$project/targets/mini/target.mk" sed -i "s/+40%/+50%/" "$project/targets/mini/target.mk"
  run EXP=trim experiment
  [ "$(runs_made) $(builds_made) $(profiles_made)" = "0 0 0" ]
  grep -q "answer_bytes +50%" "$results/trim/verdict.tsv"'
test_that 'a changed patch runs that experiment and its children alone; make verdict only names it' '
  cp "$project/targets/mini/experiments/trim.patch" trim.patch
  edit "$project/targets/mini/experiments/trim.patch" sed -i "s/append(len(self.numbers))/append(sum(self.numbers))/" "$project/targets/mini/experiments/trim.patch"
  run verdict
  [ "$(runs_made)" = 0 ]; grep -q "^pending: trim: .* EXP=trim experiment" "$WORK/log"
  run experiment
  [ "$(runs_made)" -ge 6 ]
  ! grep -qE "^\[(number|elsewhere|halved|renamed)\]" "$WORK/log"
  cp trim.patch "$project/targets/mini/experiments/trim.patch"; newer "$project/targets/mini/experiments/trim.patch"
  run experiment
  [ "$(runs_made)" = 0 ]; [ "$(verdict_of trim)" = keep ]'
test_that 'a changed workload profiles and measures again, and builds nothing; put back, nothing runs' '
  cp -p "$project/targets/mini/workload.sh" workload.sh
  edit "$project/targets/mini/workload.sh" sed -i "s/SIZE:-1200/SIZE:-1300/" "$project/targets/mini/workload.sh"
  run EXP=trim experiment
  [ "$(runs_made) $(builds_made)" = "12 0" ]; [ "$(profiles_made)" -ge 1 ]
  cp workload.sh "$project/targets/mini/workload.sh"; newer "$project/targets/mini/workload.sh"
  run EXP=trim experiment
  [ "$(runs_made) $(builds_made)" = "0 0" ]'
test_that 'swapping the contents of two patches swaps their verdicts' '
  cd "$project/targets/mini/experiments"
  mv halved.patch swap; mv renamed.patch halved.patch; mv swap renamed.patch; newer halved.patch; newer renamed.patch
  run EXP=halved experiment; run EXP=renamed experiment
  [ "$(verdict_of halved)" = crash ]; [ "$(verdict_of renamed)" = invalid ]'
test_that 'a changed source is a new base: everything is made again' '
  edit "$project/targets/mini/src/NOTES" sed -i "s/A file/A text/" "$project/targets/mini/src/NOTES"
  run EXP=trim experiment; [ "$(runs_made)" = 12 ]'
test_that 'a baseline that fails is an error that says so, and no verdict' '
  edit "$project/targets/mini/validate.sh" sed -i "s/!= 20100/!= 20101/" "$project/targets/mini/validate.sh"
  says 2 "the baseline fails: validate: the total of 1 to 200" make -C "$project" TARGET=mini EXP=trim experiment'
finish
