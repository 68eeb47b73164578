#!/bin/bash
# Sources that are a repository and a pinned commit: only that commit is taken, with its submodules where asked; a target
# outside the project; the user's repository is only read.
. "${0%/*}/harness.sh"
. "$ROOT/tests/project.sh"
export GIT_CONFIG_GLOBAL=$WORK/gitconfig GIT_CONFIG_SYSTEM=/dev/null
printf '[user]\n\tname = t\n\temail = t@example.org\n[protocol "file"]\n\tallow = always\n[safe]\n\tdirectory = *\n' >gitconfig

git init -q part; echo 'a part' >part/PART; git -C part add -A; git -C part commit -qm part
git init -q upstream; cp -R "$ROOT/tests/targets/mini/src/." upstream; rm -rf upstream/__pycache__
git -C upstream add -A; git -C upstream commit -qm one
git -C upstream submodule -q add "$WORK/part" sub 2>/dev/null; git -C upstream commit -qm two
pinned=$(git -C upstream rev-parse HEAD)
printf 'NOTES export-ignore\n' >upstream/.gitattributes; echo later >upstream/LATER; git -C upstream add -A; git -C upstream commit -qm three
export pinned

target() { # FIELD LINES: a target outside the project whose source is upstream
  rm -rf "$WORK/outside"; mkdir -p "$WORK/outside/experiments"
  cp "$ROOT/tests/targets/mini/"{workload,profile_workload,validate}.sh "$ROOT/tests/targets/mini/hints.md" outside
  sed -e 's/^name .*/name := outside/' -e '/^source /d' "$ROOT/tests/targets/mini/target.mk" >outside/target.mk
  printf 'source := git:%s\n' "$WORK/upstream" >>outside/target.mk
  printf '%s\n' "$@" >>outside/target.mk
}
baseline() { make -C "$project" TARGET="$WORK/outside" RESULTS="$WORK/r" baseline >log 2>&1 || { cat log; return 1; }; }
files() { tar -tf "$WORK/r/outside/local/baseline/source-A.tar" | sort | tr '\n' ' '; }
export -f target baseline files

test_that 'the pinned commit is built and run, not what came later' '
  target "commit := $pinned" "depth := 1"; git -C upstream status --porcelain >before; baseline
  grep -q peak_rss_mb= log; [ "$(files)" = ".gitmodules NOTES server.py " ]
  git -C upstream status --porcelain | diff before -'
test_that 'a change of another target setting fetches nothing again' '
  mv upstream upstream.gone; target "commit := $pinned" "depth := 1"; echo "evidence_min := 6%" >>outside/target.mk; baseline; mv upstream.gone upstream'
test_that 'with its submodules where the target asks for them, as plain files' '
  rm -rf r; target "commit := $pinned" "depth := full" "submodules := all"; baseline; [ "$(files)" = ".gitmodules NOTES server.py sub/ sub/PART " ]'
test_that 'what the source says of its own export changes nothing' '
  rm -rf r; target "commit := $(git -C upstream rev-parse HEAD)" "depth := full"; baseline; files | grep -q "NOTES"'
test_that 'a commit that is not there, and a repository that is not there: one clear line' '
  rm -rf r; target "commit := 0123456789012345678901234567890123456789"; says 2 "error: .*has no commit 0123" make -C "$project" TARGET="$WORK/outside" RESULTS="$WORK/r" baseline
  sed -i "s|^source .*|source := git:$WORK/nothing|" outside/target.mk
  says 2 "error: cannot fetch .*nothing" make -C "$project" TARGET="$WORK/outside" RESULTS="$WORK/r" baseline'
finish
