#!/bin/bash
# stacklist: the lines of a function of a Python and of a C program with their values, from the source that was profiled and
# from no other.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
export D=$DATA/stacklist GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b

rows() { sed "1d; /^# /d"; }
fact() { sed -n "s/^# $1: //p" "$2"; }
# Line, self, cumulative and text of the lines with a value.
valued() { rows | awk -F "\t" -v OFS="\t" '$5 > 0 { print $2, $3, $5, $7 }'; }
# number FILE TEXT: the number of the line that holds the text.
number() { grep -n -F -- "$2" "$1" | cut -d : -f 1; }
random_lines() {
  perl -e 'srand 3; @f = map { ("f$_ (a.c:", "f${_}_[i] (b.c:") } 1 .. 4;
    print join(";", map { $f[rand @f] . (1 + int rand 8) . ")" } 1 .. 1 + rand 9), " ", 1 + int rand 99, "\n" for 1 .. 400'
}
export -f rows fact valued number random_lines

mkdir -p "$WORK/repository/src"
cp "$D/service.py" "$WORK/repository/"
cp "$D/program.c" "$WORK/repository/src/"
git -C "$WORK/repository" init -q
git -C "$WORK/repository" add .
git -C "$WORK/repository" commit -q -m one
COMMIT=$(git -C "$WORK/repository" rev-parse HEAD)
export COMMIT
/usr/bin/python3 "$WORK/repository/service.py" >"$WORK/python"
"${CC:-cc}" -o "$WORK/program" "$WORK/repository/src/program.c" && "$WORK/program" >"$WORK/c"

test_that 'a Python function: each line with a value, its text beside it' '
  stacklist --source repository --commit "$COMMIT" add_tag python >out
  hot=$(number "$D/service.py" "# hot:"); warm=$(number "$D/service.py" "# warm:")
  printf "%s\t208\t208\t            sample(208)  # hot: 208\n%s\t6\t6\t        sample(3)  # warm: 6\n" "$hot" "$warm" >want
  valued <out | same want -
  [ "$(fact function_cumulative out) $(fact total out) $(fact commit out)" = "214 234 $COMMIT" ]
  [ "$(rows <out | cut -f 1 | sort -u)" = service.py ]
'
test_that 'a C function, its file named by an absolute path' '
  stacklist --source repository --commit "$COMMIT" build c >out
  calls=$(number "$D/program.c" "/* calls:"); own=$(number "$D/program.c" "/* own:")
  printf "%s\t0\t140\t    CALL(hash()); /* calls: cumulative 140 */\n%s\t10\t10\t    SAMPLE(5);    /* own: 10 */\n" "$calls" "$own" >want
  valued <out | same want -
  [ "$(rows <out | cut -f 1 | sort -u)" = src/program.c ]
  stacklist --source repository --commit "$COMMIT" --root "$WORK/repository" build c | same out -
'
test_that 'a heap profile of a C program, from the capture to the lines' '
  cp "$D/allocate.c" repository/src/
  git -C repository add .
  git -C repository commit -q -m allocate
  cc -g -O1 -fno-omit-frame-pointer -o allocate "$WORK/repository/src/allocate.c"
  HEAPPROFILE=heap LD_PRELOAD=libtcmalloc.so.4 ./allocate 2>err
  stackfold -q -v alloc_space --modules modules heap.0001.heap >raw
  symbolize --no-cache --quiet --lines --modules modules raw >folded
  stacklist --source repository --commit HEAD fill folded | valued >got
  grep -x "$(number "$D/allocate.c" "/* calls:")	0	48000	    kept\[i\] = small(1000); /\* calls: cumulative 48000 \*/" got
  grep -x "$(number "$D/allocate.c" "/* large:")	200000	200000	  kept\[48\] = malloc(200000); /\* large: 200000 \*/" got
  [ "$(wc -l <got)" = 2 ]
  stacklist --source repository --commit HEAD small folded | valued | cut -f 1-3 >got
  printf "%s\t48000\t48000\n" "$(number "$D/allocate.c" "/* small:")" | same - got
'
test_that 'the values of lines are those that another program finds; a recursive line counts once' '
  for function in walk add_tag main; do
    perl "$ROOT/tests/views-reference.pl" lines "$(grep -o "[A-Za-z.]*$function" python | head -n 1)" python | sort >want
    stacklist -n 0 "$function" python | rows | cut -f 1-3,5 | sort | same want -
  done
  line=$(number "$D/service.py" "# recursion:")
  stacklist walk python | rows | grep -P "^service.py\t$line\t0\t0.00\t20\t8.55\tNA$"
'
test_that 'random lines, recursion and inlined frames as by another program' '
  random_lines >random
  for function in f1 f3; do
    perl "$ROOT/tests/views-reference.pl" lines $function random | sort >want
    [ "$(wc -l <want)" = 16 ]
    stacklist -n 0 $function random | rows | cut -f 1-3,5 | sort | same want -
  done
'
test_that 'after the source is edited, what is shown is still the commit, and that is said' '
  cp -r repository edited
  sed -i "1i # a line more" edited/service.py
  stacklist --source edited --commit "$COMMIT" add_tag python 2>err | valued >got
  stacklist --source repository --commit "$COMMIT" add_tag python | valued | same - got
  grep -x "stacklist: service.py was edited in the work tree of edited; what is shown is the commit $COMMIT" err
  says 0 "src/program.c was edited" stacklist --source edited --commit "$COMMIT" build c && exit 1
  [ ! -s says.err ]
'
test_that 'another commit is not shown as the profiled one where it cannot be it' '
  cp -r repository other
  sed -i "/# warm:/,\$d" other/service.py
  git -C other commit -q -a -m two
  says 1 "service.py of [0-9a-f]{40} has 2[0-9] lines, and the profile names line .*not the source that was profiled" \
    stacklist --source other --commit HEAD add_tag python
  git -C other checkout -q "$COMMIT"
  sed -i "s/add_tag/put_tag/" other/service.py
  git -C other commit -q -a -m three
  says 0 "does not hold the word .add_tag.: it may not be the source" stacklist --source other --commit HEAD add_tag python
  says 0 "" stacklist --source other --commit "$COMMIT" add_tag python
  says 1 "no git repository with the commit" stacklist --source other --commit 0123456 add_tag python
'
test_that 'a commit must be named, and a tar only with its digest' '
  says 2 "want each other" stacklist --source repository add_tag python
  says 2 "want each other" stacklist --tar x.tar add_tag python
  git -C repository archive -o ../x.tar HEAD
  sum=$(sha256sum <x.tar); sum=${sum%% *}
  stacklist --tar x.tar --sha256 "$sum" add_tag python >out
  [ "$(fact sha256 out)" = "$sum" ]
  stacklist --source repository --commit HEAD add_tag python | valued >want
  valued <out | same want -
  printf x >>x.tar
  says 1 "its SHA-256 is .* it is not the source that was profiled" stacklist --tar x.tar --sha256 "$sum" add_tag python
'
test_that 'files that are not of the source have values and no text' '
  printf "main (main.c:3);f (/usr/include/x.h:7) 5\n" >in
  stacklist --source repository --commit HEAD f in 2>&1 | rows | grep -x "/usr/include/x.h	7	5	100.00	5	100.00	NA"
  printf "json (json/service.py:7) 5\n" >in
  stacklist --source repository --commit HEAD json in | rows | grep -x "json/service.py	7	5	100.00	5	100.00	NA"
  printf "f 5\nf (a.c:???) 2\n" >in
  [ "$(stacklist f in | rows)" = "$(printf "NA\tNA\t7\t100.00\t7\t100.00\tNA")" ]
'
test_that 'a name without a folder is the only file of that name, if the function can be in it' '
  line=$(number "$D/program.c" "/* hot:")
  printf "hash (program.c:%s) 7\nmalloc (program.c:3) 1\nbuild (program.c:900) 1\nbuild (lib/program.c:%s) 2\n" "$line" "$line" >in
  stacklist --source repository --commit HEAD hash in 2>err | valued >got
  printf "%s\t7\t7\t  SAMPLE(70); /* hot: 70 */\n" "$line" | same - got
  stacklist --source repository --commit HEAD malloc in | rows | grep -x "program.c	3	1	9.09	1	9.09	NA"
  stacklist --source repository --commit HEAD build in | rows | cut -f 7 | sort -u | grep -x NA
  cp -r repository twice
  mkdir twice/old
  cp "$D/program.c" twice/old/
  git -C twice add .
  git -C twice commit -q -m two
  stacklist --source twice --commit HEAD hash in | rows | grep -P "\tNA$"
'
test_that 'two folders that could both be the source are one too many, unless the root is named' '
  printf "f (/one/service.py:20);g (/two/service.py:21) 5\n" >in
  says 1 "below ./one/. and below ./two/.*--root" stacklist --source repository --commit HEAD f in
  stacklist --source repository --commit HEAD --root /two g in 2>err | valued | cut -f 1 | grep -x 21
  stacklist --source repository --commit HEAD --root /two f in | rows | grep -x "/one/service.py	20	0	0.00	5	100.00	NA"
'
test_that 'a name from a profile or a tree is never a command or an option, nor a way out of the source' '
  mkdir evil
  git -C evil init -q
  name="\$(touch pwned);--output=x"
  printf "a\nb\nc\n" >"evil/$name"
  git -C evil add .
  git -C evil commit -q -m one
  printf "f (%s:2) 5\ng (../../etc/passwd:1) 1\nh (--help:1) 1\n" "${name/;/:}" >in
  for f in f g h; do stacklist --source evil --commit HEAD $f in >out; rows <out | grep -P "\tNA$"; done
  [ ! -e pwned ] && [ ! -e evil/pwned ]
  name="-x \$(touch pwned)"
  printf "a\nb\nc\n" >"evil/$name"
  git -C evil add .
  git -C evil commit -q -m two
  printf "f (%s:2) 5\n" "$name" >in
  stacklist --source evil --commit HEAD f in 2>err | valued | cut -f 4 | grep -x b
  git -C evil archive -o ../evil.tar HEAD
  sum=$(sha256sum <evil.tar)
  stacklist --tar evil.tar --sha256 "${sum%% *}" f in 2>err | valued | cut -f 4 | grep -x b
  [ ! -e pwned ] && [ ! -e evil/pwned ]
  says 1 "no git repository with the commit" stacklist --source evil --commit --help f in
'
test_that 'lines beside, at most as many as asked for, and the default is 40 lines at most' '
  stacklist --context 0 --source repository --commit HEAD add_tag python | rows >got
  [ "$(wc -l <got)" = 2 ]
  stacklist -n 3 --source repository --commit HEAD add_tag python | rows >got
  [ "$(wc -l <got)" = 3 ]
  [ "$(valued <got | wc -l)" = 2 ]
  perl -e "print qq(f (service.py:\$_) \$_\n) for 1 .. 38" >in
  [ "$(stacklist --source repository --commit HEAD f in 2>err | wc -l)" -le 40 ]
  stacklist --format=json --source repository --commit HEAD add_tag python |
    jq -e ".format == \"assay.list\" and .function_cumulative == 214 and (.rows[] | select(.self == 208).source == \"            sample(208)  # hot: 208\")"
  stacklist --budget 700 --source repository --commit HEAD add_tag python >got
  [ "$(wc -c <got)" -le 700 ]
'
finish
