#!/bin/bash
# make peek, list, tree and diff: profiles that lie in the results are shown as they are, with the source that was profiled.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=tests/project.sh
. "$ROOT/tests/project.sh"

cp -a "$ROOT/targets/pyserver" "$project/targets/pyserver"
export T=$project/targets/pyserver R=$project/results/pyserver/local
mkdir -p "$R/profiles" "$R/faster/profiles/B"
git init -q --bare "$R/.source.git"
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b
COMMIT=$(export GIT_DIR=$R/.source.git GIT_WORK_TREE=$T/src; git add . && git commit -q -m base && git rev-parse HEAD)
LINE=$(grep -n 'if tag not in self.tags' "$T/src/server.py" | cut -d : -f 1)
export COMMIT LINE
printf 'name\tvalue\nsource\tfolder:src\n' >"$R/target.tsv"
printf 'unit samples\ncommit %s\n' "$COMMIT" >"$R/profiles/python-cpu.facts"
for mode in alone concurrent; do
  printf 'Handler.ingest (server.py:99);Store.add_tag (server.py:%s) 200\nHandler.ingest (server.py:99) 50\n' "$LINE" \
    >"$R/profiles/python-cpu-$mode.folded"
done
printf 'Handler.ingest (server.py:99);Store.add_tag (server.py:%s) 20\nHandler.ingest (server.py:99) 52\n' "$LINE" \
  >"$R/faster/profiles/B/python-cpu-alone.folded"
printf 'name\tvalue\nprofiler\tpython-cpu\nmode\talone\n' >"$R/faster/evidence.tsv"
touch "$T/experiments/faster.patch"
view() { make -C "$project" TARGET=pyserver "$@"; }
export -f view

test_that 'peek and tree show the profile that is there, and nothing is built or measured' '
  view peek FUNCTION=Store.add_tag >out
  grep -x "caller	Handler.ingest	200	100.00	80.00" out
  view tree MODE=concurrent >out
  grep -x "2	200	80.00	200	80.00	  Store.add_tag" out
  [ ! -e "$R/baseline" ]
'
test_that 'list shows the lines of the commit that was profiled' '
  view list FUNCTION=add_tag >out
  grep -x "server.py	$LINE	200	80.00	200	80.00	        if tag not in self.tags:" out
  grep -x "# commit: $COMMIT" out
'
test_that 'after the source is edited, list shows what was profiled and says so' '
  view list FUNCTION=add_tag >want
  sed -i "1i # a line more" "$T/src/server.py"
  view list FUNCTION=add_tag >out 2>err
  same want out
  grep "server.py was edited since it was profiled; what is shown is the profiled commit $COMMIT" err
  sed -i 1d "$T/src/server.py"
  view list FUNCTION=add_tag 2>err >out
  [ ! -s err ]
'
test_that 'list refuses where it is not known which commit was profiled' '
  cp "$R/profiles/python-cpu.facts" facts
  sed -i /commit/d "$R/profiles/python-cpu.facts"
  says 2 "does not say which commit was profiled" view list FUNCTION=add_tag
  cp facts "$R/profiles/python-cpu.facts"
'
test_that 'diff shows that the function shrank, by the profiles that were the evidence' '
  view diff EXP=faster FUNCTION=Store.add_tag >out
  cut -f 2-5,8 out | grep -x "Store.add_tag	200	20	-180	shrank"
  grep -x "# base: results/pyserver/local/profiles/python-cpu-alone.folded" out
  grep -x "# exp: results/pyserver/local/faster/profiles/B/python-cpu-alone.folded" out
  view diff EXP=faster | cut -f 2,8 | grep -x "Handler.ingest	shrank"
  says 2 "which experiment" view diff
  says 2 "never profiled" view diff EXP=tag-set
'
test_that 'settings are text: a function of any name, and none that the target has not' '
  says 2 "no function of the profile is called .a,b<c>::d.int" view peek FUNCTION="a,b<c>::d(int*)"
  says 2 "which function" view peek
  says 2 "holds a character that is not allowed" view peek FUNCTION="\$(shell touch pwned)"
  says 2 "holds a character that is not allowed" view peek FUNCTION="x\`touch pwned\`"
  says 2 "no profiler" view tree PROFILER=perf
  says 2 "neither alone nor concurrent" view tree MODE=both
  [ ! -e pwned ] && [ ! -e "$project/pwned" ]
'
finish
