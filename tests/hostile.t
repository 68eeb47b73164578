#!/bin/bash
# Hostile settings, names and values: a clear error or correct quoting, and no harm.
. "${0%/*}/harness.sh"
. "$ROOT/tests/project.sh"
harmless='[ ! -e "$project/pwned" ] && [ ! -e pwned ]'

test_that 'an unknown setting with a shell function in it is an error and runs nothing' "
  says 2 'no such setting: FOO' make -C \"\$project\" 'FOO=\$(shell touch pwned)' help; $harmless"
for setting in TARGET EXP ENV RESULTS METRIC NAME RUNS MEI RULE MAX_BLOCKS MAX_TIME MORE SCALE SEED V CC CFLAGS PREFIX DESTDIR \
  FUZZ_TIME PEER_INFERNO PEER_FLAMEGRAPH BENCH_INPUTS BENCH_STREAM; do
  test_that "$setting is text of its own alphabet" "
    says 2 '$setting.*' make -C \"\$project\" TARGET=mini '$setting=\$(shell touch pwned)' describe
    says 2 '$setting.*allowed' make -C \"\$project\" TARGET=mini '$setting=x;touch pwned' describe
    says 2 '$setting' make -C \"\$project\" TARGET=mini '$setting=\`touch pwned\`' describe
    $harmless"
done
test_that 'a setting from the environment is text too' "
  says 2 'EXP.*allowed' env 'EXP=\$(shell touch pwned)' make -C \"\$project\" TARGET=mini describe; $harmless"
test_that 'a least effect is a percentage' '
  for mei in 5 % 5%5; do says 2 "MEI.*allowed: one such as 2%" make -C "$project" TARGET=mini MEI=$mei describe; done
  make -C "$project" TARGET=mini MEI=0.5% describe >out'
test_that 'a scale is a list of sizes' '
  for scale in kk k 0 05 1kM 1Mk 1k,,2k , 1k,; do says 2 "SCALE.*allowed: sizes such as" make -C "$project" TARGET=mini SCALE=$scale describe; done
  make -C "$project" TARGET=mini SCALE=500,1k,10M describe >out'
test_that 'no target, no such target, no such experiment, no such environment: one line each' '
  says 2 "which target. make TARGET=NAME" make -C "$project" experiment
  says 2 "TARGET: there is no targets/nothing/target.mk" make -C "$project" TARGET=nothing experiment
  says 2 "EXP: there is no .*/nothing.patch; experiments of mini: .*trim" make -C "$project" TARGET=mini EXP=nothing experiment
  says 2 "ENV: there is no templates/env/moon" make -C "$project" TARGET=mini ENV=moon experiment'

# A target whose values are hostile: words of commands, descriptions, file names of its source.
hostile() { # FIELD VALUE: a copy of mini with that field
  rm -rf "$WORK/evil"
  cp -a "$ROOT/tests/targets/mini" "$WORK/evil"
  rm "$WORK/evil/experiments/"*
  V=$2 awk -v f="$1" '$1 == f { print f " := " ENVIRON["V"]; done = 1; next } { print } END { if (!done) print f " := " ENVIRON["V"] }' \
    "$ROOT/tests/targets/mini/target.mk" | sed 's/^name .*/name := evil/' >"$WORK/evil/target.mk"
}
export -f hostile
for value in 'a b' "a'b" 'a"b' '$(touch pwned)' ';rm -rf x' '`touch pwned`'; do
  test_that "a name of $value is refused in one line that says where" "
    hostile name \"\$(cat <<'END'
$value
END
)\"; sed -i '/^name := evil/d' evil/target.mk; printf 'name := %s\n' \"\$(cat <<'END'
$value
END
)\" >>evil/target.mk
    says 2 \"target.mk:[0-9]+: field 'name'.*allowed\" make -C \"\$project\" TARGET=\"\$WORK/evil\" RESULTS=\"\$WORK/r\" baseline; $harmless"
done
test_that 'a description, a build and a start command full of shell are words, not shell' "
  hostile description 'it is; \$(touch pwned) \`touch pwned\` '\"'\"'quoted'\"'\"' & \"more\"'
  sed -i 's|^build .*|build := /bin/echo \$(touch pwned) ;touch pwned \`touch pwned\` '\"'\"'x|' evil/target.mk
  sed -i 's|^start .*|start := /usr/bin/python3 server.py \$(touch pwned) ;touch pwned|' evil/target.mk
  make -C \"\$project\" TARGET=\"\$WORK/evil\" RESULTS=\"\$WORK/r\" baseline >out
  grep -q peak_rss_mb= out
  grep -qF '\$(touch pwned) ;touch pwned' r/evil/local/baseline/logs/baseline.log
  make -C \"\$project\" TARGET=\"\$WORK/evil\" RESULTS=\"\$WORK/r\" describe >out; grep -qF '\$(touch pwned)' out
  [ -z \"\$(find . -name pwned)\" ]; $harmless"
test_that 'file names of a source that hold blanks, quotes and shell are only names' "
  hostile description evil; mkdir 'evil/src/a b'; echo x >'evil/src/a b/\$(touch pwned);x'; echo y >\"evil/src/a'b\"
  make -C \"\$project\" TARGET=\"\$WORK/evil\" RESULTS=\"\$WORK/r2\" baseline >out
  tar -tf r2/evil/local/baseline/source-A.tar >names; grep -qF 'touch pwned' names; [ -z \"\$(find . -name pwned)\" ]; $harmless"
test_that 'an experiment whose file name is no name is one clear error' "
  hostile description evil; cp '$ROOT/tests/targets/mini/experiments/trim.patch' 'evil/experiments/a b;touch pwned.patch'
  says 2 'experiments: a file name may hold' make -C \"\$project\" TARGET=\"\$WORK/evil\" RESULTS=\"\$WORK/r\" experiment; $harmless"
test_that 'an experiment whose message is full of shell and markup does no harm, in scripts and documents' "
  hostile description evil
  sed -e 's/^Subject: .*/Subject: [PATCH] \$(touch pwned) <script>alert(1)<\/script> | **x**/' -e 's/^Root-cause: .*/Root-cause: \`touch pwned\`; @FOO@ \"quoted\"/' \
    '$ROOT/tests/targets/mini/experiments/number.patch' >evil/experiments/number.patch
  make -C \"\$project\" TARGET=\"\$WORK/evil\" RESULTS=\"\$WORK/r\" experiment >out 2>&1
  ! grep -q '<script>' r/evil/local/number/README.md r/evil/local/candidates.md r/evil/local/summary.md
  jq -e '.experiments[0].description | contains(\"\$(touch pwned) <script>\")' r/evil/local/status.json
  [ -z \"\$(find . -name pwned)\" ]; $harmless"
finish
