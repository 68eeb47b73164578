#!/bin/bash
# patchlint: a patch passes its gates when its message says why, it stays in scope, and it changes more than numbers.
# shellcheck disable=SC2016
. "${0%/*}/harness.sh"

export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@example.org
TAB=$(printf '\t')
NUMBERS=numbers-only SAME='no code change' CHANGED=structural
MESSAGE='Subject

Hypothesis: h
Root-cause: r
Function: f
Saving: 2 * 3 = 6'
export TAB NUMBERS SAME CHANGED MESSAGE

gate() { # gate NAME <OUTPUT: status and value of a row
  awk -F '\t' -v gate="$1" '$1 == gate { print $2 ": " $3 }'
}
reason() { awk -F '\t' '$1 == "scope" { print $5 }'; }
# diff_of FILE OLD NEW: a patch without context, at the beginning of the file
diff_of() {
  local old new
  [ -z "$2" ] || old=$(printf %s "$2" | sed 's/^/-/')
  [ -z "$3" ] || new=$(printf %s "$3" | sed 's/^/+/')
  printf '%s\n\ndiff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n@@ -1,%d +1,%d @@\n' "$MESSAGE" "$1" "$1" "$1" "$1" \
    "$([ -z "$2" ] || printf '%s\n' "$2" | wc -l)" "$([ -z "$3" ] || printf '%s\n' "$3" | wc -l)"
  [ -z "$2" ] || printf '%s\n' "$old"
  [ -z "$3" ] || printf '%s\n' "$new"
}
structure() { # structure EXPECTED FILE OLD NEW
  local got
  got=$(diff_of "$2" "$3" "$4" | patchlint -e "$2" - | awk -F '\t' '$1 == "structural" { print $2 ": " $3 }')
  case $1 in structural) set -- "pass: $1" "$2" "$3" "$4" ;; *) set -- "fail: $1" "$2" "$3" "$4" ;; esac
  [ "$got" = "$1" ] || { printf '%s: <%s> to <%s> is "%s", expected "%s"\n' "$2" "$3" "$4" "$got" "$1"; return 1; }
}
message() { # message EXPECTED MESSAGE: status and value of the gate
  local got
  got=$(MESSAGE=$2 diff_of a.c 'a;' 'b;' | patchlint -e a.c - | gate message)
  [ "$got" = "$1" ] || { printf 'message is "%s", expected "%s"\n' "$got" "$1"; return 1; }
}
scope() { # scope EXPECTED REASON <PATCH: value and evidence of the gate, for the scope `server.py lib/`
  patchlint -e 'server.py lib/' - >scope.out
  if [ "$(gate scope <scope.out)" != "$1" ] || [ "$(reason <scope.out)" != "$2" ]; then cat scope.out; return 1; fi
}
fails() { # fails PATTERN <PATCH: a malformed patch is exit 1, nothing on stdout
  cat >malformed
  for way in "-e server.py" --fields; do
    # shellcheck disable=SC2086
    says 1 "$1" patchlint $way malformed && [ ! -s says.out ] || return 1
  done
}
hunk='@@ -1 +1 @@
-a
+b'
export hunk
export -f gate reason diff_of structure message scope fails

repository() { # a fresh git repository in the present folder, with server.py, lib/ and another file committed
  rm -rf repo && mkdir -p repo/lib && cd repo && git init -q .
  seq 1 40 | sed 's/.*/line_& = f(&)/' >server.py
  cp server.py lib/a.py
  cp server.py 'lib/b c.py'
  cp server.py other.py
  git add -A && git commit -qm base
}
commit() { git add -A && git commit -qm "$MESSAGE" && git format-patch -q -1 --stdout "$@" >../patch && cd ..; }
export -f repository commit

# ---- the whole ----

test_that 'patches as git format-patch writes them give the expected gates and fields' '
  for name in cap-history tune-buffer; do
    patchlint --editable "server.py lib/" "$DATA/patchlint/$name.patch" >out
    same "$DATA/patchlint/$name.tsv" out
    patchlint --fields "$DATA/patchlint/$name.patch" >out
    same "$DATA/patchlint/$name.fields.tsv" out
  done'

test_that 'a patch on stdin, compressed or with CR LF line ends reads the same' '
  p="$DATA/patchlint/cap-history.patch"
  patchlint -e server.py "$p" >expected
  patchlint -e server.py - <"$p" | same expected -
  gzip -c "$p" | patchlint -e server.py - | same expected -
  sed "s/\$/\r/" "$p" | patchlint -e server.py - | same expected -'

# ---- message ----

test_that 'message: all four fields with arithmetic pass' '
  message "pass: complete" "$MESSAGE"
  message "pass: complete" "${MESSAGE#Subject

}"'

test_that 'message: what is missing, empty, repeated or malformed is named' '
  message "fail: missing Hypothesis; missing Root-cause; missing Function; missing Saving" "only a subject"
  message "fail: missing Function" "$(echo "$MESSAGE" | grep -v Function)"
  message "fail: missing Function" "$(echo "$MESSAGE" | sed "s/Function: f/Function:   /")"
  message "fail: missing Function" "$(echo "$MESSAGE" | sed "s/Function/function/")"
  message "fail: missing Function" "$(echo "$MESSAGE" | sed "s/Function/ Function/")"
  message "fail: repeated Function" "$MESSAGE
Function: g"
  message "fail: malformed Parent" "$MESSAGE
Parent: a b"
  message "fail: missing Function; Saving without arithmetic; malformed Metric" "Hypothesis: h
Root-cause: r
Saving: much
Metric: ../x"'

test_that 'message: arithmetic is digits and an operator, not a hyphen, slash or x within a word' '
  try() { message "$1" "Hypothesis: h
Root-cause: r
Function: f
Saving: $2"; }
  for saving in "2 * 3" "n = 5" "2 x 3" "2x3" "2×3" "5+5" "10 - 5" "10-5" "a / 2" "-5 %" "items*48 is 480"; do
    try "pass: complete" "$saving"
  done
  for saving in "50 MiB" "a * b = c" "max 50" "50 max" "well-known 5" "5 req/s" "5" "x"; do
    try "fail: Saving without arithmetic" "$saving"
  done'

test_that 'message: a field is continued by lines that begin with a blank, and ends where it does not' '
  MESSAGE="Subject line

Hypothesis: one
  two
	three
Root-cause:
  on the next line
Function: f

 not a part
Saving: 1 + 1" diff_of a.c a b | patchlint --fields - >out
  printf "field\tvalue\nsubject\tSubject line\nhypothesis\tone two three\nroot_cause\ton the next line\nfunction\tf\n" >expected
  printf "saving\t1 + 1\nmetric\t\nworkload\t\nparent\t\n" >>expected
  same expected out'

test_that 'message: what stands behind --- is no part of it' '
  message "fail: missing Function" "$(echo "$MESSAGE" | sed "/Function/d")
---
Function: f"
  message "pass: complete" "$MESSAGE
---
Function: g"'

test_that 'message: the headers of a mail are no fields, its subject is decoded' '
  MESSAGE="From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
From: A <a@example.org>
Date: Fri, 1 Mar 2024 12:00:00 +0000
Subject: [PATCH 1/2] =?UTF-8?q?caf=C3=A9_?=
 =?UTF-8?q?a=3Db?= and
 more
Parent: none

Function: f" diff_of a.c a b | patchlint --fields - >out
  grep -qx "subject${TAB}café a=b and more" out
  grep -qx "parent$TAB" out
  grep -qx "function${TAB}f" out'

test_that 'message: an encoded mail is an error' '
  MESSAGE="From: a@example.org
Subject: s
Content-Transfer-Encoding: quoted-printable

Function: f" diff_of a.c a b | fails "^patchlint: malformed:3: the text is encoded as quoted-printable"'

test_that 'fields: a malformed or repeated one is an error with its line' '
  for field in Parent Workload Metric; do
    for value in "a b" "../a" "a/b" "" "\$(x)"; do
      MESSAGE="s

$field: $value" diff_of a.c a b >p
      says 1 "^patchlint: p:3: $field: found .*allowed: letters, digits" patchlint --fields p
      [ ! -s says.out ]
    done
    MESSAGE="$field: a.b_C-1" diff_of a.c a b | patchlint --fields - | grep -qi "^$field${TAB}a.b_C-1$"
  done
  MESSAGE="Parent: a
Parent: b" diff_of a.c a b >p
  says 1 "^patchlint: p:2: the field Parent is given again .first in line 1" patchlint --fields p'

test_that 'fields: hostile text stays on its line' '
  MESSAGE="$(printf "s\n\nFunction: a\tb\\\\n \033[1m \$(touch x)")" diff_of a.c a b | patchlint --fields - >out
  printf "function\ta b\\\\\\\\n ?[1m \$(touch x)\n" | same - <(grep ^function out)'

# ---- scope ----

test_that 'scope: listed files, and files in listed folders, pass' '
  repository; sed -i "5s/f/g/" server.py lib/a.py; echo "new = g()" >lib/new.py; rm "lib/b c.py"; commit
  scope "pass: lib/a.py lib/b c.py lib/new.py server.py" "every path is editable" <patch'

test_that 'scope: another file, and one that only looks alike, fail' '
  repository; sed -i "5s/f/g/" server.py other.py; commit
  scope "fail: other.py" "outside the editable scope" <patch
  for path in server.pyc xserver.py lib libx/a.py lib.py LIB/a.py x/server.py x/lib/a.py; do
    diff_of $path a b | scope "fail: $path" "outside the editable scope"
  done'

test_that 'scope: several faults give the first, and their number' '
  repository; sed -i "5s/f/g/" other.py server.py; echo 1 >third; cp third "z z"; commit
  scope "fail: other.py" "outside the editable scope (and 2 more)" <patch'

test_that 'scope: a file deleted or made outside fails' '
  repository; rm other.py; commit; scope "fail: other.py" "outside the editable scope" <patch
  repository; echo 1 >new; commit; scope "fail: new" "outside the editable scope" <patch'

test_that 'scope: an absolute path, and one with a part that is .. or no name, fail' '
  diff_of x a b | sed "s,[ab]/x,/etc/passwd,g" | scope "fail: /etc/passwd" "an absolute path"
  diff_of /etc/passwd a b | scope "fail: /etc/passwd" "an absolute path"
  diff_of lib/../../x a b | scope "fail: lib/../../x" "a part \`..\` in the path"
  for path in lib/./x lib//x lib/x/.; do
    diff_of $path a b | scope "fail: $path" "a part \`.\`, or an empty one, in the path"
  done
  diff_of lib/..x a b | scope "pass: lib/..x" "every path is editable"'

test_that 'scope: a symbolic link, new, changed, deleted, or in the place of a file, fails' '
  repository; ln -s /etc lib/link; commit; scope "fail: lib/link" "a symbolic link" <patch
  cd repo; ln -sfn /tmp lib/link; commit; scope "fail: lib/link" "a symbolic link" <patch
  cd repo; rm lib/link; commit; scope "fail: lib/link" "a symbolic link" <patch
  repository; ln -sf /etc lib/a.py; commit; scope "fail: lib/a.py" "a symbolic link" <patch'

test_that 'scope: a submodule fails' '
  repository; git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),lib/sub
  git commit -qm "$MESSAGE"; git format-patch -q -1 --stdout >../patch; cd ..
  scope "fail: lib/sub" "a submodule" <patch'

test_that 'scope: a mode change fails, with or without text' '
  repository; chmod +x lib/a.py; commit; scope "fail: lib/a.py" "a mode change" <patch
  repository; chmod +x lib/a.py; sed -i 5d lib/a.py; commit; scope "fail: lib/a.py" "a mode change" <patch'

test_that 'scope: a file of another kind fails' '
  diff_of lib/x a b | sed "s/^--- /new file mode 100666\n&/" | scope "fail: lib/x" "no regular file: mode 100666"'

test_that 'scope: a rename or a copy fails, where the paths could hide too' '
  repository; git mv lib/a.py lib/z.py; commit -M; scope "fail: lib/z.py" "a rename" <patch
  repository; git mv other.py lib/z.py; commit -M; scope "fail: other.py" "outside the editable scope (and 1 more)" <patch
  repository; git mv "lib/b c.py" "lib/b d.py"; sed -i 5d "lib/b d.py"; commit -M; scope "fail: lib/b d.py" "a rename" <patch
  repository; cp server.py lib/z.py; commit -C --find-copies-harder; grep -q "^copy from" patch
  patchlint -e "server.py lib/" patch | reason | grep -q "a copy"'

test_that 'scope: a binary patch fails, with its text or without' '
  repository; printf "a\0b" >lib/b.py; commit; grep -q "GIT binary patch" patch
  scope "fail: lib/b.py" "a binary patch" <patch
  cd repo; { echo "$MESSAGE"; git diff HEAD^; } >../patch; cd ..; grep -q "Binary files" patch
  scope "fail: lib/b.py" "a binary patch" <patch'

test_that 'scope: a patch that changes no line fails' '
  repository; : >lib/empty.py; commit; scope "fail: lib/empty.py" "the patch changes no line" <patch
  printf "diff --git a/server.py b/server.py\n" | scope "fail: server.py" "the patch changes no line"
  { printf "diff --git a/server.py b/server.py\n--- a/server.py\n+++ b/server.py\n@@ -1 +1 @@\n a\n"; } |
    scope "fail: server.py" "the patch changes no line"'

test_that 'scope: quoted paths are decoded, and a path with a control character fails' '
  repository; cp server.py "lib/caf\"é\\.py"; commit
  grep -q "caf\\\\\"\\\\303" patch
  scope "pass: lib/caf\"é\\\\.py" "every path is editable" <patch
  sed "s,lib/caf,l\\\\151b/caf,g" patch | scope "pass: lib/caf\"é\\\\.py" "every path is editable"
  sed "s,lib/caf,lib/../\\\\056\\\\056/caf,g" patch | scope "fail: lib/../../caf\"é\\\\.py" "a part \`..\` in the path"
  repository; cp server.py "lib/a${TAB}b
c.py"; commit
  scope "fail: lib/a?b?c.py" "a control character in the path" <patch'

test_that 'scope: every line that names a path counts' '
  outside="outside the editable scope"
  printf "diff --git a/server.py b/server.py\nrename from server.py\nrename to x.py\n" | scope "fail: x.py" "$outside (and 1 more)"
  printf "diff --git a/server.py b/server.py\ncopy from x.py\ncopy to server.py\n" | scope "fail: x.py" "$outside (and 1 more)"
  printf "diff --git a/x.py b/server.py\n--- a/x.py\n+++ b/server.py\n$hunk\n" | scope "fail: x.py" "$outside"
  printf "diff --git a/server.py b/x.py\n--- a/server.py\n+++ b/x.py\n$hunk\n" | scope "fail: x.py" "$outside"
  printf "diff --git a/server.py b/x.py\n" | scope "fail: x.py" "$outside"
  printf "diff --git a/server.py b/y b/x.py\n--- a/server.py\n+++ b/y b/x.py\n$hunk\n" | scope "fail: y b/x.py" "$outside"'

test_that 'scope: the names of a file with blanks are told apart' '
  repository; cp server.py "lib/x b"; mkdir -p "lib/b "; cp server.py "lib/b /lib b"; commit
  scope "pass: lib/b /lib b lib/x b" "every path is editable" <patch'

# ---- malformed patches ----

test_that 'a patch without a diff, or of one that hides, is an error' '
  echo "$MESSAGE" | fails "^patchlint: malformed: holds no diff"
  : | fails "holds no diff"
  { echo "$MESSAGE"; printf "%s\n" "--- a/x" "+++ b/x" "$hunk"; } | fails "^patchlint: malformed:7: a diff begins here without"
  { echo "--- a/x"; echo "+++ b/x"; echo "$hunk"; diff_of server.py a b; } | fails "^patchlint: malformed:1: a diff begins here"
  { diff_of server.py a b; printf "%s\n" "--- a/x" "+++ b/x" "$hunk"; } | fails "holds more lines than its header says"
  { diff_of server.py a b; printf "%s\n" "" "--- a/x" "+++ b/x" "$hunk"; } | fails "expected: diff --git"
  { diff_of server.py a b; printf "%s\n" "-- " "2.39" "" "--- a/x" "+++ b/x" "$hunk"; } | fails "another patch follows"
  { diff_of server.py a b; printf "%s\n" "-- " "2.39"; diff_of x a b; } | fails "another patch follows"
  { diff_of server.py a b; echo "Index: x"; } | fails "expected: diff --git"'

test_that 'hunks whose counts do not match are errors with the line' '
  head="diff --git a/server.py b/server.py
--- a/server.py
+++ b/server.py"
  printf "%s\n" "$head" "@@ -1,2 +1 @@" "-a" "+b" | fails "^patchlint: malformed:6: the hunk of line 4 does not match its header: 1 more old and 0"
  printf "%s\n" "$head" "@@ -1 +1 @@" "-a" "-b" "+b" | fails "^patchlint: malformed:6: the hunk of line 4 does not match"
  printf "%s\n" "$head" "@@ -1 +1 @@" "-a" "+b" "+c" | fails "^patchlint: malformed:7: the hunk of line 4 holds more lines"
  printf "%s\n" "$head" "@@ -1 +1 @@" "-a" "+b" " c" | fails "^patchlint: malformed:7: the hunk of line 4 holds more lines"
  printf "%s\n" "$head" "@@ -1 +1 @@" "-a" "*b" | fails "^patchlint: malformed:6: the hunk"
  printf "%s\n" "$head" "@@ -1,99999999999999999999 +1 @@" "-a" | fails "malformed:4: found .@@ -1,9.*expected: @@"
  printf "%s\n" "$head" "@@ -1 1 @@" "-a" | fails "malformed:4: found"
  printf "%s\n" "$head" | fails "malformed:4: found .., expected: @@"'

test_that 'headers that are no diff of git are errors with the line' '
  printf "diff --git a/x\n" | fails "^patchlint: malformed:1: found .diff --git a/x., expected: diff --git a/PATH b/PATH"
  printf "diff --git x x\n" | fails "expected: diff --git a/PATH b/PATH"
  printf "diff --git \"a/x b/x\n" | fails "malformed:1: a quoted path has no end"
  printf "diff --git \"a/\\\\q\" \"b/\\\\q\"\n" | fails "malformed:1: a quoted path holds a bad escape"
  printf "diff --git \"a/\\\\000\" \"b/\\\\000\"\n" | fails "bad escape"
  printf "diff --git a/x b/x\nsomething\n" | fails "malformed:2: found .something"
  printf "diff --git a/x b/x\n--- a/x\n@@ -1 +1 @@\n" | fails "malformed:3: found .*expected: ..+ b/PATH"
  printf "diff --git a/x b/x\n--- a/y\n+++ b/x\n$hunk\n" | fails "malformed:2: names .y., but its diff --git line .x."
  printf "diff --git a/x b/x\n--- a/x\n+++ a/x\n$hunk\n" | fails "malformed:3: found"
  printf "diff --git a/x b/x\n--- /dev/null\n+++ /dev/null\n$hunk\n" | fails "neither the old nor the new"
  printf "diff --git a/b b/b b/c\n" | fails "cannot be told apart"
  printf "a\0\ndiff --git a/x b/x\n" | fails "malformed:1: holds a NUL byte"
  printf "diff --cc x\n" | fails "holds no diff"'

test_that 'lines of a diff that look like others are read by the counts of its hunk' '
  repository; printf "%s\n" "-- " "-- a/x" >>server.py; commit
  cd repo; printf "%s\n" "++ b/x" "@@ -1 +1 @@" "diff --git a/x b/x" >server.py; commit
  grep -qx -- "--- " patch && grep -qx -- "+++ b/x" patch
  scope "pass: server.py" "every path is editable" <patch'

test_that 'a file without a last line end, and context lines that lost their blank, are read' '
  repository; printf "a = g()" >server.py; commit; grep -q "^. No newline" patch
  scope "pass: server.py" "every path is editable" <patch
  repository; sed -i "4s/.*//; 5s/f/g/" server.py; git commit -qam x; sed -i "5s/g/h/" server.py; commit
  sed "s/^ \$//" patch >lost; if cmp -s patch lost; then exit 1; fi
  scope "pass: server.py" "every path is editable" <lost'

# ---- structure ----

test_that 'structure: a changed number in any form is only a number' '
  structure "$NUMBERS" a.c "int n = 65536;" "int n = 64*1024;"
  structure "$NUMBERS" a.c "int n = 65536;" "int n = (1 << 16);"
  structure "$NUMBERS" a.c "int n = 65536;" "int n = 0x10000UL;"
  structure "$NUMBERS" a.c "int n = 65536;" "int n = -(2 * (3 + 4)) / +1;"
  structure "$NUMBERS" a.cc "n = 1000000;" "n = 1'\''000'\''000;"
  structure "$NUMBERS" a.cc "n = 1.0f;" "n = 1e-6;"
  structure "$NUMBERS" a.cc "n = 0b11;" "n = .5;"
  structure "$NUMBERS" a.py "n = 1000000" "n = 1_000_000"
  structure "$NUMBERS" a.py "n = 2 ** 10" "n = 1e6"
  structure "$NUMBERS" a.py "n = 7 // 2" "n = 0o17"
  structure "$NUMBERS" a.py "return -1" "return (2 - 5)"
  structure "$NUMBERS" a.go "const n = 64 << 10" "const n = 65_536"
  structure "$NUMBERS" a.sh "n=65536" "n=\$((64 * 1024))"
  structure "$NUMBERS" a.sh "ulimit -n 1024" "ulimit -n 4096"
  structure "$NUMBERS" a.conf "cache 64k" "cache 128k"
  structure "$NUMBERS" a.yaml "size: 10MiB" "size: 5%"
  structure "$NUMBERS" a.unknown "size 1" "size 2"
  structure "$NUMBERS" noending "size 1" "size 2"' 
test_that 'structure: a number in the middle of code is only a number' '
  structure "$NUMBERS" a.c "f(a, 5)[3] = x - 2 * y;" "f(a, 6 * 7)[4] = x - (3) * y;"
  structure "$NUMBERS" a.py "deque(maxlen=16)" "deque(maxlen=4 * 8)"
  structure "$NUMBERS" a.py "x = [1, 2, 3]" "x = [1, 20, 3]"
  structure "$NUMBERS" a.c "return 1;" "return -1;"'

test_that 'structure: a string that holds only a number and its unit is a number' '
  for pair in "64k|128k" "10|20" "1.5 MiB|2GiB" "-1|+1" "5%|6 %" "0x10|0x20" "1e6|2e7" " 5 |6"; do
    structure "$NUMBERS" a.py "set(\"${pair%|*}\")" "set('\''${pair#*|}'\'')"
    structure "$NUMBERS" a.c "set(\"${pair%|*}\");" "set(\"${pair#*|}\");"
  done
  for pair in "64k|lots" "v1|v2" "1 apple|2 apples" "127.0.0.1:80|x" "0xg|0xf" "|5" "a1|a2"; do
    structure "$CHANGED" a.py "set(\"${pair%|*}\")" "set(\"${pair#*|}\")"
  done'

test_that 'structure: comments and white space are no change' '
  structure "$SAME" a.c "f(a,b); // x" "f( a,  b );   /* y
  z */"
  structure "$SAME" a.c "if (a) {f();}" "if (a)
{
	f();
}"
  structure "$SAME" a.cpp "" "// new comment"
  structure "$SAME" a.go "a := b // 1" "a := b // 2"
  structure "$SAME" a.py "x = f(a)  # 1" "x=f( a )	# 2

# more"
  structure "$SAME" a.py "x = f(a, b)" "x = f(a,
      b)"
  structure "$SAME" a.sh "f a # 1" "f  a
# 2"
  structure "$SAME" a.ini "a=b" "; why
# because
a = b"
  structure "$SAME" a.c "a + b;" "a + \\
b;"'

test_that 'structure: comments beside changed numbers leave a change of numbers' '
  structure "$NUMBERS" a.c "n = 5; // five" "n = 6; /* six */"
  structure "$NUMBERS" a.py "n = 5" "# six
n = 6"'

test_that 'structure: what looks like a comment within a string is none' '
  structure "$CHANGED" a.c "s = \"a//b\";" "s = \"a//c\";"
  structure "$CHANGED" a.c "s = \"\\\"/*b\";" "s = \"\\\"/*c\";"
  structure "$CHANGED" a.py "s = \"#b\"" "s = \"#c\""
  structure "$CHANGED" a.py "s = f(\"\"\"
#b\"\"\")" "s = f(\"\"\"
#c\"\"\")"
  structure "$CHANGED" a.sh "echo a#b" "echo a#c"
  structure "$CHANGED" a.sh "echo \${#b}" "echo \${#c}"
  structure "$CHANGED" a.sh "echo '\''
# b'\''" "echo '\''
# c'\''"
  structure "$CHANGED" a.go "s = \`
//b\`" "s = \`
//c\`"
  structure "$CHANGED" a.cc "s = R\"x(\"/*)\")x\"; b;" "s = R\"x(\"/*)\")x\"; c;"
  structure "$CHANGED" a.conf "color = x#b" "color = x#c"
  structure "$CHANGED" a.c "c = '\''\"'\''; b; // \"" "c = '\''\"'\''; d; // \""
  structure "$CHANGED" a.rs "#[inline] a" "#[inline] b"'

test_that 'structure: another token is a structural change' '
  structure "$CHANGED" a.c "a = b;" "a = c;"
  structure "$CHANGED" a.c "a = 5;" "a = n;"
  structure "$CHANGED" a.c "a = 5;" "a = 5; f();"
  structure "$CHANGED" a.c "f(5);" "f();"
  structure "$CHANGED" a.c "f(1, 2);" "f(1, 2, 3);"
  structure "$CHANGED" a.c "f(3) * 4;" "f(12);"
  structure "$CHANGED" a.c "x - 5;" "x + 5;"
  structure "$CHANGED" a.c "x[5];" "x(5);"
  structure "$CHANGED" a.c "a < 5" "a <= 5"
  structure "$CHANGED" a.c "v1;" "v2;"
  structure "$CHANGED" a.c "x = '\''a'\'';" "x = \"a\";"
  structure "$CHANGED" a.c "" "f();"
  structure "$CHANGED" a.c "f();" ""
  structure "$CHANGED" a.c "a; b;" "b; a;"
  structure "$CHANGED" a.sh "echo \$1" "echo \$2"
  structure "$CHANGED" a.sh "a b" "a
b"
  structure "$CHANGED" a.py "self.tags = []" "self.tags = set()"'

test_that 'structure: Python indentation is structure, its width is not' '
  structure "$CHANGED" a.py "for a in b:
    f(a)
    g(a)" "for a in b:
    f(a)
g(a)"
  structure "$CHANGED" a.py "while f(): # 1
    g()" "while f():
g()"
  structure "$SAME" a.py "for a in b:
    f(a)
    if c:
        g(a)
h()" "for a in b:
  f(a)

  # a comment
  if c:
	  g(a)
h()"
  structure "$SAME" a.py "f(a,
  b)" "f(a,
        b)"
  structure "$CHANGED" a.py "return
f()" "return f()"'

test_that 'structure: Python documentation is a comment, another string is not' '
  structure "$SAME" a.py "def f():
    \"\"\"One 1.\"\"\"
    return a" "def f():
    '\'''\'''\''Two
    2.'\'''\'''\''
    return a"
  structure "$SAME" a.py "def f():
    return a" "def f():
    \"\"\"One.\"\"\"
    return a"
  structure "$CHANGED" a.py "x = \"\"\"a\"\"\"" "x = \"\"\"b\"\"\""
  structure "$SAME" a.py "x = \"a\"" "x = '\''a'\''"'

middle() { # middle EXPECTED FILE: stdin is the body of a hunk in the middle of a file
  local body got
  body=$(cat)
  got=$({ printf 'diff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n' "$2" "$2" "$2" "$2"
    printf '@@ -50,%d +50,%d @@\n%s\n' "$(grep -c '^[ -]' <<<"$body")" "$(grep -c '^[ +]' <<<"$body")" "$body"
  } | patchlint -e "$2" - | awk -F '\t' '$1 == "structural" { print $3 }')
  [ "$got" = "$1" ] || { printf '%s is "%s", expected "%s"\n' "$body" "$got" "$1"; return 1; }
}
export -f middle

test_that 'structure: a hunk may begin within a comment of C' '
  printf "%s\n" " still 5 words" "- of 6" "+ of 7" " end */" " f(a);" | middle "$SAME" a.c
  printf "%s\n" "  * still words" "- * of 6" "+ * of 7" "  *" "  * more" | middle "$SAME" a.c
  printf "%s\n" " words */" "-f(a);" "+f(b);" " /* more" | middle "$CHANGED" a.c
  printf "%s\n" "-f(a);" "+f(b);" " glob(\"*/x\");" | middle "$CHANGED" a.c
  printf "%s\n" "   * 5" "-  * a" "+  * b" "   + c;" | middle "$CHANGED" a.c'

test_that 'structure: a hunk may begin within a string of Python, and code behind it is never taken for one' '
  printf "%s\n" "     Words." "     \"\"\"" "-    f(a)" "+    f(b)" "     g(a)" | middle "$CHANGED" a.py
  printf "%s\n" "     Words.\"\"\"" "-    f(1)" "+    f(2)" "     g(a)" | middle "$NUMBERS" a.py
  printf "%s\n" "     \"\"\"" "-    f(a)" "+    f(b)" " def g():" "     \"\"\"" "     More words" | middle "$CHANGED" a.py
  printf "%s\n" " def g():" "     \"\"\"" "-    More words" "+    Other words" | middle "$CHANGED" a.py
  printf "%s\n" " def g():" "     \"\"\"" "-    More words" "+    Other words" "     \"\"\"" | middle "$SAME" a.py
  printf "%s\n" " x = f\"\"\"" "-    a 1" "+    a 2" "     \"\"\"" "  y" | middle "$CHANGED" a.py'

test_that 'structure: dedentation below the beginning of a hunk is seen' '
  printf "%s\n" "         a" "         b" "-        c" "+    c" "     d" | middle "$CHANGED" a.py
  printf "%s\n" "         a" "     b" "-    c(1)" "+    c(2)" " d" | middle "$NUMBERS" a.py'

test_that 'structure: one structural hunk among others is enough, the evidence counts them' '
  repository; sed -i "3s/3/33/2; 20s/f/g/; 38s/\$/  # x/" server.py; commit
  patchlint -e server.py patch | tail -1 >row
  printf "structural\tpass\tstructural\tmore than numbers, comments and white space\t" >expected
  printf "3 hunks, 1 with structural change, 1 with changed numbers only\n" >>expected
  same expected row
  repository; sed -i "3s/3/33/2; 38s/\$/  # x/" server.py; commit
  patchlint -e server.py patch | gate structural | grep -qx "fail: numbers-only"
  repository; sed -i "38s/\$/  # x/" server.py; commit
  patchlint -e server.py patch | gate structural | grep -qx "fail: no code change"'

test_that 'nested parentheses, operators and open quotes of megabytes take no longer than their size' '
  {
    printf "diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1 +1 @@\n-"
    head -c 1000000 /dev/zero | tr "\\0" "("; printf 1; head -c 1000000 /dev/zero | tr "\\0" ")"
    printf "\n+"; head -c 1000000 /dev/zero | sed "s/\\x0/-(/g"; printf "5\n"
  } >big
  timeout 20 patchlint -e a.c big | gate structural | grep -qx "pass: structural"'

# ---- usage ----

test_that 'bad usage is exit 2, a file that is missing exit 1' '
  says 2 "one patch is expected" patchlint -e a
  says 2 "one patch is expected" patchlint -e a x y
  says 2 "editable or --fields" patchlint x
  says 2 "names no path" patchlint -e " " x
  says 2 "cannot be understood" patchlint --nonsense x
  says 1 "^patchlint: none: cannot be opened" patchlint -e a none'

test_that 'a full disk is an error' '
  says 1 "^patchlint: cannot write standard output" bash -c "exec patchlint -e a \"$DATA/patchlint/cap-history.patch\" >/dev/full"'

test_that 'help and version answer on stdout' '
  patchlint --help | grep -q "^usage: patchlint"
  patchlint -V | grep -q "^patchlint (Assay) "'

finish
