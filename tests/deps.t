#!/bin/bash
# deps.sh: what is missing is installed as root or by sudo; where that cannot be, one line says what to run.
. "${0%/*}/harness.sh"

mkdir fake
cat >fake/dpkg-query <<'END'
#!/bin/bash
grep -qx "${!#}" installed 2>/dev/null && printf 'install ok installed'
END
cat >fake/apt-get <<'END'
#!/bin/bash
echo "apt-get $*" >>calls
[ ! -e apt-fails ] || { echo 'E: no network'; exit 100; }
[ "$1" != install ] || printf '%s\n' "$@" >>installed
END
printf '#!/bin/bash\necho "$user"\n' >fake/id
printf '#!/bin/bash\n[ ! -e no-sudo ] || exit 1\n[ "$1" != -n ] || exit 0\necho sudo >>calls\nexec "$@"\n' >fake/sudo
chmod +x fake/*
printf 'one\ntwo\n' >list
fresh() { rm -f calls installed stamp apt-fails no-sudo; }
deps() { user=${user:-0} PATH="$WORK/fake:$PATH" "$ROOT/mk/steps/deps.sh" list stamp; }
export -f fresh deps

test_that 'as root, what is missing is installed, and only that' '
  fresh; echo one >installed; export user=0; deps
  grep -qx "apt-get install -y -q --no-install-recommends two" calls; ! grep -q sudo calls; [ -e stamp ]'
test_that 'as a user with sudo, by sudo' 'fresh; export user=1000; deps; grep -q sudo calls; grep -q "install.* one two" calls'
test_that 'where nothing is missing, apt-get is not called' 'fresh; printf "one\ntwo\n" >installed; deps; [ ! -e calls ]; [ -e stamp ]'
test_that 'as a user without sudo, one line says what to run' '
  fresh; : >no-sudo; export user=1000
  says 1 "^deps: these packages are missing; as root, run: apt-get update && apt-get install -y --no-install-recommends one two$" deps
  [ "$(wc -l <says.err)" = 1 ]; [ ! -e stamp ]; [ ! -e calls ]'
test_that 'when apt-get fails, its last words, where its log is, and no stamp' '
  fresh; : >apt-fails; says 1 "deps: apt-get failed.*stamp.log" deps; grep -q "no network" says.err; [ ! -e stamp ]'
finish
