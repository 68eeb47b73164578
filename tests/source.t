#!/bin/bash
# Sources that are a repository and a pinned commit: only that commit is taken, with its submodules where asked; a target
# outside the project; the user's repository is only read. Sources that are a pinned source package of Debian.
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

# An archive with one source package, and an apt-get that knows no other; all else that is asked of it the real one does.
archive() { # makes tinyd 2:1.0-1, one file of which its patch changes
  mkdir -p archive tinyd-1.0/debian/source tinyd-1.0/debian/patches bin
  printf 'int main(void) { return 3; }\n' >tinyd-1.0/tinyd.c
  # What only make's own rules and variables can do.
  printf 'tinyd: tinyd.o\n' >tinyd-1.0/Makefile
  tar -czf tinyd_1.0.orig.tar.gz --exclude=debian tinyd-1.0
  printf '3.0 (quilt)\n' >tinyd-1.0/debian/source/format
  printf 'Source: tinyd\nMaintainer: T <t@example.org>\nStandards-Version: 4.6.2\n\nPackage: tinyd\nArchitecture: any\nDescription: t\n' \
    >tinyd-1.0/debian/control
  printf 'tinyd (2:1.0-1) unstable; urgency=low\n\n  * One.\n\n -- T <t@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n' >tinyd-1.0/debian/changelog
  printf 'exit.patch\n' >tinyd-1.0/debian/patches/series
  printf -- '--- a/tinyd.c\n+++ b/tinyd.c\n@@ -1 +1 @@\n-int main(void) { return 3; }\n+int main(void) { return 4; }\n' \
    >tinyd-1.0/debian/patches/exit.patch
  dpkg-source -b tinyd-1.0 >built.log 2>&1 || { cat built.log; return 1; }
  mv tinyd_* archive
  (cd archive && dpkg-scansources . >Sources 2>/dev/null)
  printf '#!/bin/bash\ncase $1 in indextargets) echo "deb-src [trusted=yes] file:%s ./" ;; *) exec %s "$@" ;; esac\n' \
    "$WORK/archive" "$(command -v apt-get)" >bin/apt-get
  chmod +x bin/apt-get
}
packaged() { # SOURCE SHA256
  target "sha256 := $2" 'build := make -s'
  sed -i '/^source /d; /^build  *:= .usr/d' outside/target.mk
  printf 'source := %s\n' "$1" >>outside/target.mk
  PATH=$WORK/bin:$PATH make -C "$project" TARGET="$WORK/outside" RESULTS="$WORK/r" "$WORK/r/outside/local/baseline/build.sh" >log 2>&1 ||
    { cat log; return 1; }
}
export -f archive packaged

if command -v dpkg-source dpkg-scansources >/dev/null; then
  test_that 'a source package of Debian: the pinned one, its patches applied; what is there is not fetched again' '
    rm -rf r; archive; digest=$(sha256sum <archive/tinyd_1.0-1.dsc); digest=${digest%% *}
    packaged debian:tinyd=2:1.0-1 "$digest"
    files | grep -q " tinyd.c "; files >there; ! grep -q "[.]pc" there
    tar -xOf r/outside/local/baseline/source-A.tar tinyd.c | grep -q "return 4"
    rm -rf gone; mv archive gone; echo "evidence_min := 6%" >>outside/target.mk
    packaged debian:tinyd=2:1.0-1 "$digest"; mv gone archive'
  test_that 'a make of the target is not given the options and settings of the one that runs it' '
    MAKEFLAGS="rR -- TARGET=x" bash r/outside/local/baseline/build.sh >built 2>err
    got=0; "$(tail -n 1 built)/tinyd" || got=$?; [ $got = 4 ]'
  test_that 'another digest, a version and a package that are not there: one clear line each' '
    digest=$(sha256sum <archive/tinyd_1.0-1.dsc); digest=${digest%% *}
    refused() { rm -rf r; if packaged "$1" "$2" >refused 2>&1; then return 1; fi; grep -q "error: cannot fetch .*$3" refused || { cat refused; return 1; }; }
    refused debian:tinyd=2:1.0-1 "$(printf %064d 1)" "has the SHA-256 $digest, and target.mk pins 0*1"
    refused debian:tinyd=2:1.0-2 "$digest" "no source package tinyd=2:1.0-2; what it has of it: 2:1.0-1"
    refused debian:nothing=1 "$digest" "no source package nothing=1; what it has of it: nothing"'
  test_that 'an archive whose bytes are not what the package says is refused' '
    digest=$(sha256sum <archive/tinyd_1.0-1.dsc); digest=${digest%% *}
    cp -R archive kept; printf x | dd of=archive/tinyd_1.0.orig.tar.gz bs=1 seek=20 conv=notrunc status=none
    rm -rf r; ! packaged debian:tinyd=2:1.0-1 "$digest" >refused 2>&1; grep -q "error: cannot fetch" refused
    rm -rf archive; mv kept archive'
else skip 'dpkg-dev is not installed' 'a source package of Debian: the pinned one, its patches applied'; fi
finish
