#!/bin/bash
# scriptgen: what is written for a value is that value and nothing else, whatever it holds.
# shellcheck disable=SC2016
. "${0%/*}/harness.sh"

template() { # template CONTEXT LINE... >FILE
  local context=$1
  shift
  printf '@@ %s\n' "$context"
  [ $# = 0 ] || printf '%s\n' "$@"
}
fails() { # fails PATTERN ARGUMENT...: exit 1, the message, and nothing on stdout
  local pattern=$1
  shift
  says 1 "$pattern" scriptgen "$@" && [ ! -s says.out ]
}
export -f template fails

template shell "printf '%s' @V@" >print.sh.in
template shell "for word in @words:V@; do printf '<%s>' \"\$word\"; done" >words.sh.in
for n in $(seq 1 255); do printf '%b' "\\0$(printf %o "$n")"; done >bytes

test_that 'a shell value with every byte from 1 to 255 is one word that prints as it was' '
  [ "$(wc -c <bytes)" = 255 ]
  scriptgen -F V=bytes print.sh.in >script
  bash script >printed
  cmp bytes printed'

test_that 'hostile shell values are words and nothing runs' '
  for value in "a'\''b" "'\''" "'\'''\''; touch x #" "\"" "\$(touch x)" "\`touch x\`" "; touch x" ";rm" "-n" "-- -e" "*" "~" \
      "a\\" "\\n" "!!" " " "" "$(printf "a\nb")" "\${HOME}" "a&b" "<x" ">x" "|x" "{1,2}" "@V@" "@@" "%s" "=x" "# x"; do
    scriptgen -D "V=$value" print.sh.in >script
    bash script >printed
    printf %s "$value" | cmp - printed
  done
  [ ! -e x ]'

test_that 'trailing newlines of a value are kept' '
  printf "a\n\n\n" >value
  scriptgen -F V=value print.sh.in >script
  bash script | cmp value -'

test_that 'a value of 1 MB of quotes, and one of letters, print as they were' '
  head -c 1000000 /dev/zero | tr "\0" "'\''" >quotes
  head -c 1000000 /dev/zero | tr "\0" x >letters
  for value in quotes letters; do
    scriptgen -F V=$value print.sh.in >script
    bash script | cmp $value -
  done'

test_that 'a NUL in a value of a shell script is an error, with file and line' '
  printf "a\0b" >value
  for form in @V@ @words:V@ @raw:V@; do
    template shell ok "$form" >t
    fails "^scriptgen: t:3: the value of V holds a NUL byte" -F V=value t
  done'

test_that 'words: splits at blanks and quotes each word' '
  scriptgen -D "V=  a \$(touch x)	*
'\''b  " words.sh.in >script
  bash script >printed
  printf "<a><\$(touch><x)><*><'\''b>" | cmp - printed
  [ ! -e x ]'

test_that 'words: of an empty or blank value is nothing' '
  for value in "" "  "; do
    scriptgen -D "V=$value" words.sh.in >script
    bash script | cmp - /dev/null
  done'

test_that 'comment: keeps a value with line breaks and control characters on its line' '
  template shell "# about @comment:V@" "echo done" >t
  printf "a\ntouch x\r\nb\tc\033[1m\0\177d" >value
  scriptgen -F V=value t >script
  printf "# about a touch x  b c [1m  d\necho done\n" | same - script
  [ "$(bash script)" = done ] && [ ! -e x ]'

test_that 'a quoted value in a comment line, which a line break would end, is an error' '
  template shell "echo" "  # about @V@" >t
  fails "^scriptgen: t:3: a value in a comment is written @comment:NAME@" -D V=1 t'

test_that 'raw: is the value as it is, in both contexts' '
  for context in shell markdown; do
    template $context "<@raw:V@>" >t
    scriptgen -D "V=*'\''\$(x)
" t >out
    printf "<*'\''\$(x)\n>\n" | same - out
  done'

test_that 'the bytes of a file that happens to be compressed are the value' '
  echo text | gzip >value
  template markdown "@raw:V@" >t
  scriptgen -F V=value t >out
  { cat value; echo; } | cmp - out'

test_that 'a document with values that would be markup shows them as text' '
  scriptgen --strict -p "$DATA/scriptgen/document.tsv" "$DATA/scriptgen/document.md.in" >document.md
  same "$DATA/scriptgen/document.md" document.md'

test_that 'what begins a line or a table cell of Markdown is escaped there, and what means nothing is not' '
  template markdown "@V@" >t
  while read -r value expected; do
    got=$(scriptgen -D "V=$value" t)
    [ "$got" = "$expected" ] || { echo "$value gives $got, expected $expected"; exit 1; }
  done <<"END"
#1 \#1
C# C#
+1 \+1
a+b a+b
>x \>x
a->b a->b
=== \===
--- \---
:-: \:-:
~~x~~ \~\~x\~\~
$x$ \$x\$
p99.5 p99.5
1.5 1\.5
7) 7\)
(a) \(a)
f(x) f(x)
_x_ \_x\_
a_b a_b
a__b a\_\_b
é_é é_é
&amp; \&amp;
&#35; \&#35;
a& a\&
a&&b a&\&b
wow! wow\!
![x](y) \!\[x\](y)
{{x}} \{\{x\}\}
<!--x--> \<!--x-->
a\b a\\b
a\ a&#92;
END'

test_that 'a code span of blanks, backquotes and control characters shows them' '
  template markdown "@code:V@" >t
  check() { got=$(scriptgen -D "V=$1" t); [ "$got" = "$2" ] || { echo "$1 gives $got, expected $2"; exit 1; }; }
  check "a b" "\`a b\`"
  check " a " "\`  a  \`"
  check "\`" "\`\` \` \`\`"
  check "a\`\`b" "\`\`\`a\`\`b\`\`\`"
  check "a
b	c" "\`a b c\`"
  check "$(printf "\033x")" "\`?x\`"'

test_that 'the fence of a block is longer than any in its value' '
  template markdown "@block:V@" after >t
  printf "\`\`\`\`\`\nx" >value
  scriptgen -F V=value t >out
  printf "\`\`\`\`\`\`\n\`\`\`\`\`\nx\n\`\`\`\`\`\`\nafter\n" | same - out'

test_that 'a block that shares its line is an error' '
  for line in " @block:V@" "@block:V@." "- @block:V@"; do
    template markdown "$line" >t
    fails "^scriptgen: t:2: a block must stand alone on its line" -D V=1 t
  done'

test_that 'if and ifnot include by whether the value is given and not empty, nested too' '
  template shell "@if A@" a "  @ifnot B@  " "not b" "@if C@" c "@end@" "@end@" "@end@" "@ifnot A@" "not a" "@end@" z >t
  try() { expected=$1; shift; got=$(scriptgen "$@" t | tr "\n" ,); [ "$got" = "$expected" ] || { echo "$* gives $got"; exit 1; }; }
  try "a,not b,c,z," -D A=1 -D C=1
  try "a,not b,z," -D A=1
  try "a,z," -D A=1 -D B=1 -D C=1
  try "not a,z," -D C=1
  try "not a,z," -D A= -D B=1'

test_that 'a value that is missing matters only where the text is included' '
  template shell "@if A@" "echo @B@" "@end@" >t
  scriptgen t | cmp - /dev/null
  fails "^scriptgen: t:3: no value for B" -D A=1 t'

test_that 'conditions that do not match are errors with the line' '
  template shell x "@end@" >t; fails "^scriptgen: t:3: @end@ without @if" t
  template shell x "@if A@" "@if B@" "@end@" >t; fails "^scriptgen: t:3: a condition begins here and has no @end@" t
  template shell "x @end@" >t; fails "^scriptgen: t:2: @end@ must stand alone" t
  template shell "x @if A@" >t; fails "^scriptgen: t:2: @if NAME@ must stand alone" t
  template shell "@ifnot A@ x" >t; fails "^scriptgen: t:2: is no condition" t
  template shell "@if 1@" >t; fails "^scriptgen: t:2: is no condition" t'

test_that 'a name without a value is an error with file and line, and nothing is written' '
  template shell "echo @A@" "echo @B@" >t
  fails "^scriptgen: t:3: no value for B$" -D A=1 t'

test_that 'an @ that begins no form stays, @@ is one @' '
  template shell "x=(\"\$@\" \"\${x[@]}\" a@b @ @1@ @a-b@ @@V@@ @@@V@ x@" >t
  scriptgen -D V=v t >out
  echo "x=(\"\$@\" \"\${x[@]}\" a@b @ @1@ @a-b@ @V@ @'\''v'\'' x@" | same - out'

test_that 'an unknown form, and one of the other context, are errors' '
  template shell ok "@foo:V@" >t; fails "^scriptgen: t:3: @foo:NAME@ is no form" -D V=1 t
  template shell "@if V@" "@foo:V@" "@end@" >t; fails "^scriptgen: t:3: @foo:NAME@ is no form" t
  template shell "@raw:1@" >t; fails "^scriptgen: t:2: @raw: is not followed by NAME@" -D V=1 t
  for form in code block; do
    template shell "@$form:V@" >t; fails "@$form:NAME@ has no meaning in a shell template" -D V=1 t
  done
  for form in words comment; do
    template markdown "@$form:V@" >t; fails "@$form:NAME@ has no meaning in a markdown template" -D V=1 t
  done'

test_that 'the first line must name the context' '
  for first in "" "echo" "@@shell" "@@ perl" "@@ shell "; do
    echo "$first" >t; fails "^scriptgen: t:1: names no context" t
  done
  : >t; fails "^scriptgen: t:1: names no context" t
  printf "@@ shell" >t; scriptgen t | cmp - /dev/null'

test_that 'a NUL in the template is an error' '
  printf "@@ shell\na\0b\n" >t; fails "^scriptgen: t:2: holds a NUL byte" t'

test_that 'a template without a last line end gives a script without one' '
  printf "@@ shell\necho @V@" >t
  scriptgen -D V=1 t >out; printf "echo '\''1'\''" | cmp - out'

test_that 'the last value given counts, wherever it comes from' '
  template shell "@V@" >t; printf 3 >three
  printf "name\tvalue\nV\t1\nV\t2\n" >p.tsv
  [ "$(scriptgen -p p.tsv t)" = "'\''2'\''" ]
  [ "$(scriptgen -p p.tsv -D V=4 t)" = "'\''4'\''" ]
  [ "$(scriptgen -D V=4 -p p.tsv t)" = "'\''2'\''" ]
  [ "$(scriptgen -D V=4 -p p.tsv -F V=three t)" = "'\''3'\''" ]'

test_that 'a parameter file is TSV: fields by name, escapes undone' '
  template shell "printf %s @V@" >t
  printf "note\tvalue\tname\n-\ta\\\\tb\\\\n\\\\\\\\\tV\n" >p.tsv
  scriptgen -p p.tsv t >script
  bash script >out; printf "a\tb\n\\\\" | cmp - out'

test_that 'a bad name in a parameter file is an error with its line' '
  template shell >t; printf "name\tvalue\nA\t1\nB-C\t2\n" >p.tsv
  fails "^scriptgen: p.tsv:3: '\''B-C'\'' is no name" -p p.tsv t
  printf "name\nA\n" >p.tsv; fails "^scriptgen: p.tsv:1: .*no field '\''value'\''" -p p.tsv t'

test_that 'strict: a value that the template never names is an error' '
  template shell "@if A@" "@B@" "@end@" >t
  scriptgen --strict -D A= -D B=1 t
  fails "^scriptgen: t: never uses the value of C, D" --strict -D A= -D B=1 -D D=1 -D C=1 t
  scriptgen -D A= -D B=1 -D D=1 t'

test_that 'template and value may come from stdin' '
  template shell "@V@" >t
  [ "$(scriptgen -D V=1 - <t)" = "'\''1'\''" ]
  [ "$(printf 2 | scriptgen -F V=- t)" = "'\''2'\''" ]
  says 1 "^scriptgen: <stdin>:2: no value for V" scriptgen - <t'

test_that 'bad usage is exit 2, a file that is missing exit 1' '
  template shell >t
  says 2 "one template is expected" scriptgen
  says 2 "one template is expected" scriptgen t t
  says 2 "is not NAME=" scriptgen -D =1 t
  says 2 "is not NAME=" scriptgen -D 1A=1 t
  says 2 "is not NAME=" scriptgen -F A t
  says 2 "cannot be understood" scriptgen --nonsense t
  fails "^scriptgen: none: cannot be opened" none
  fails "^scriptgen: none: cannot be opened" -F V=none t
  fails "^scriptgen: \\.: cannot be read" -F V=. t
  fails "^scriptgen: none: cannot be opened" -p none t'

test_that 'a full disk is an error' '
  template shell "@V@" >t
  says 1 "^scriptgen: cannot write standard output" bash -c "exec scriptgen -D V=1 t >/dev/full"'

test_that 'megabytes of what almost begins a form take no longer than their size' '
  { echo "@@ markdown"; printf "x "; head -c 500000 /dev/zero | sed "s/\\x0/@if a /g; s/$/@/"; head -c 1000000 /dev/zero | tr "\\0" a; } >t
  sed 1d t >expected
  timeout 20 scriptgen t >out
  cmp expected out'

test_that 'help and version answer on stdout' '
  scriptgen --help | grep -q "^usage: scriptgen"
  scriptgen -V | grep -q "^scriptgen (Assay) "'

finish
