#!/bin/bash
# Gates on real runs: each ends the experiment that breaks it, with the status of the design, and says why.
. "${0%/*}/harness.sh"
. "$ROOT/tests/project.sh"
rm "$project/targets/mini/experiments/"*.patch
sed -i 's/^limit_workload .*/limit_workload := 8/' "$project/targets/mini/target.mk"

# propose NAME FUNCTION EDIT [FIELD...]: an experiment whose message is in order.
propose() {
  { printf '%s\n\nHypothesis: it helps.\nRoot-cause: it is spent for nothing.\nFunction: %s\nSaving: 30 * 36 = 1080 bytes\n' "$1" "$2"
    printf '%s\n' "${@:4}"; } | "$ROOT/tests/make-patch.sh" "$project/targets/mini/src" "$3" >"$project/targets/mini/experiments/$1.patch"
}
smaller='sed -i "s/self.history.append(.*/self.history.append(len(self.numbers))/" server.py'
propose longer Store.remember "$smaller; sed -i 's/return \"added\"/return \"added \" + str(len(STORE.numbers))/' server.py"
propose hangs Store.remember "$smaller; sed -i 's/^            return STORE.total()/            import time; time.sleep(60)\n&/' server.py"
propose dies Store.remember "$smaller; sed -i 's/^        if words\[0\] == \"total\":/        if len(STORE.numbers) > 30000: os._exit(3)\n&/' server.py"
propose unbuildable Store.remember "$smaller; echo 'def broken(:' >>server.py"
propose cold Store.__init__ "$smaller"
propose missing Store.forget "$smaller"
propose otherwise Store.remember "sed -i '/^BALLAST/d' server.py"
propose inapplicable Store.remember "$smaller"
sed -i 's/^-        self.history.append.*/-        self.history.append([number + 1001 for number in self.numbers])/' "$project/targets/mini/experiments/inapplicable.patch"
propose orphan Store.remember "$smaller" 'Parent: nobody'
propose hen Store.remember "$smaller" 'Parent: egg'
propose egg Store.remember "$smaller" 'Parent: hen'
propose wordless Store.remember "$smaller"
sed -i '/^Root-cause:/d' "$project/targets/mini/experiments/wordless.patch"
propose metricless Store.remember "$smaller" 'Metric: mood'
# Both write to the target's folder, which they find by where they are: one while it runs, one while it is built.
meddle='open(os.getcwd().split("\/results\/")[0] + "\/targets\/mini\/hints.md", "a").write("x")'
propose meddling Store.remember "$smaller; sed -i 's/^        if words\[0\] == \"total\":/        if len(STORE.numbers) > 30000: ${meddle//\"/\\\"}\n&/' server.py"
propose torn Store.remember "$smaller"
sed -i 's/^@@ -\([0-9]*\),\([0-9]*\)/@@ -\1,99/' "$project/targets/mini/experiments/torn.patch"

test_that 'every experiment comes to a verdict, and make ends with 0' 'run experiment'
while read -r exp status gate pattern; do
  test_that "$exp is $status by $gate" "
    cat \"\$results/$exp/verdict.tsv\"
    [ \"\$(verdict_of $exp)\" = $status ]; [ \"\$(gate_of $exp $gate)\" = fail ]
    grep -qE \"^verdict	fail	$status	keep	$gate: .*$pattern\" \"\$results/$exp/verdict.tsv\""
done <<'END'
longer constraint_violation constraints answer_bytes.*beyond
hangs timeout stable workload: took more than 8 s
dies crash stable run [0-9] .arm B.: workload
unbuildable crash stable build of B failed
cold rejected evidence Store.__init__ holds 0
missing rejected evidence Store.forget holds 0
otherwise discard explained Store.remember held .* and holds
inapplicable rejected same-version does not apply
orphan rejected parent names no experiment
hen rejected parent lead back
egg rejected parent lead back
wordless rejected message Root-cause
metricless rejected message mood
meddling tampered protected run [0-9]+ .arm B.: workload: changed while it ran: targets/mini/hints.md
torn rejected message torn.patch
END
test_that 'what was refused before measuring was never run' '
  for e in cold missing inapplicable orphan hen egg wordless metricless torn unbuildable; do [ ! -e "$results/$e/samples.tsv" ]; done'
propose building Store.remember "$smaller; sed -i 's/^def main.*/if __name__ != \"__main__\": ${meddle//\"/\\\"}\n\n\n&/' server.py"
test_that 'a build that writes to the target is tampered with, and nothing is measured' '
  cp "$project/targets/mini/target.mk" target.mk; rm -f "$project/targets/mini/hints.md"; echo hints >"$project/targets/mini/hints.md"
  edit "$project/targets/mini/target.mk" sed -i "s/^build .*/build := \/usr\/bin\/python3 -m unittest -q server/" "$project/targets/mini/target.mk"
  run EXP=building experiment
  [ "$(verdict_of building)" = tampered ]; [ ! -e "$results/building/samples.tsv" ]
  grep -q "^protected	fail	changed	.*changed while it was built: targets/mini/hints.md" "$results/building/verdict.tsv"
  cp target.mk "$project/targets/mini/target.mk"; newer "$project/targets/mini/target.mk"'
test_that 'a baseline arm that fails while measuring is an error, and no verdict' '
  sed -i "s/^primary .*/primary := peak_rss_mb lower MiB/; s/^guards .*/guards := error_rate max=-1/" "$project/targets/mini/target.mk"; newer "$project/targets/mini/target.mk"
  says 2 "field .guards.|baseline" make -C "$project" TARGET=mini EXP=otherwise experiment'
test_that 'data that differs from run to run is invalid' '
  sed -i "s/^guards .*/guards := error_rate max=0/" "$project/targets/mini/target.mk"
  sed -i "s/zlib.crc32(path.encode(), digest)/zlib.crc32(str(time.time()).encode(), digest)/" "$project/targets/mini/workload.sh"
  newer "$project/targets/mini/target.mk"; newer "$project/targets/mini/workload.sh"
  run EXP=otherwise experiment; [ "$(verdict_of otherwise)" = invalid ]; [ "$(gate_of otherwise deterministic)" = fail ]'
finish
