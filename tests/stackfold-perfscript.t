#!/bin/bash
# stackfold: the text of perf script, by example and against the two programs that fold it.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
export D=$DATA/stackfold-perfscript

unpacked() { case $1 in *.gz) gzip -dc "$1" ;; *.zst) zstd -dcq "$1" ;; *) cat "$1" ;; esac; }
# A sample: sample HEADER FRAME... A frame is "ADDRESS NAME (MODULE)".
sample() { printf '%s\n' "$1"; shift; printf '\t%s\n' "$@"; echo; }
# What is given on stdin folds to the lines that are the arguments.
folds_to() { # folds_to "OPTIONS" LINE...
  local options=$1
  shift
  printf '%s\n' "$@" >want
  # shellcheck disable=SC2086 # several
  stackfold -q $options >out
  same want out
}
# The references lose the last sample of a file that no empty line ends: up to the last one they must agree.
is_exception() { cut -f1 "$D/exceptions.tsv" | grep -qxF "$1"; }
without_last() { unpacked "$1" | perl -0777 -pe 's/(.*\n\n|).*/$1/s'; }
equals_reference() { # equals_reference INPUT REFERENCE COMPAT FLAGS
  local input=$1 reference=$2 compat=$3 options
  read -ra options <<<"$4"
  unpacked "$reference" | sort >want
  if is_exception "${input##*/}" && [[ $reference != *.eofblank.folded* && $compat = flamegraph ]]; then
    stackfold -q --compat flamegraph "${options[@]}" "$input" 2>/dev/null | sort >whole
    if cmp -s want whole; then echo "${input##*/} matches ${reference##*/}: it is no exception any more"; return 1; fi
    without_last "$input" >shortened
    input=shortened
  fi
  : >out
  if [ -s "$input" ] && [ -n "$(unpacked "$input" | head -c 1)" ]; then
    stackfold --compat "$compat" "${options[@]}" "$input" 2>account >unsorted
    sort unsorted >out
    [ "$(perl -ne '/ (\d+)$/ and $n += $1; END { print $n }' out)" = "$(sed 's/.*, out \([0-9]*\);.*/\1/' account)" ]
  fi
  same want out || { echo "$*"; return 1; }
}
export -f unpacked sample folds_to is_exception without_last equals_reference

# --- the usual form

test_that 'a sample is its command, then the frames from the root on; it weighs its period' '
  { sample "sh  7553   930.192676:     200040 cpu-clock: " "ffffffff821fc68d mutex_lock+0x1d ([kernel.kallsyms])" \
      "          1ab70 _start+0x0 (/usr/lib/ld.so)"
    sample "sh  7553   930.192677:     3 cpu-clock: " "ffffffff821fc690 mutex_lock+0x20 ([kernel.kallsyms])" \
      "          1ab70 _start+0x0 (/usr/lib/ld.so)"; } | folds_to "" "sh;_start;mutex_lock 200043"
'
test_that 'without a period in the header, and with one of 0, a sample weighs 1' '
  { sample "a 1 [000] 1.000001: cycles: " "1 f (/x)"; sample "a 1 [000] 1.000002: 0 cycles: " "1 f (/x)"; } |
    folds_to "" "a;f 2"
'
test_that 'names are verbatim: brackets, arguments, quotes, arrows, blanks of commands; ; becomes :' '
  sample "V8 Worker Th 1 1.000001: 5 cycles: " "1 f(int (*)(char), \"x\")+0x1 (/x)" \
    "2 (anonymous namespace)::g() const+0xfe (/x)" "3 p::operator->() (/x (deleted))" "4 La/B;::c (/tmp/perf-1.map)" |
    folds_to "" "V8 Worker Th;La/B:::c;p::operator->();(anonymous namespace)::g() const;f(int (*)(char), \"x\") 5"
'
test_that 'a frame without a name shows its module, and --addrs its address' '
  sample "a 1 1.000001: 5 cycles: " "12ab [unknown] (/usr/lib/libc.so.6)" "34cd [unknown] ([unknown])" \
    "ff [unknown] ([kernel.kallsyms])" "7f  (/lib/old.so)" >in
  folds_to "" "a;[old.so];[kernel.kallsyms];[unknown];[libc.so.6] 5" <in
  folds_to --addrs "a;[old.so <7f>];[kernel.kallsyms <ff>];[unknown <34cd>];[libc.so.6 <12ab>] 5" <in
'
test_that 'headers of all forms are read' '
  for header in "a b 12 cycles: " "a b 12 77 cycles: " "a b 12/13 [001] 1.123456: 77 cycles:u: " \
    "a b 12/13 1.123456789:  77 cycles:" "a b     12 [001] 77 cycles:" "a b 1.123456: 77 cycles:ppp: " \
    "a b 12 [001]  1.123456:   77 cpu/event=0x3c,umask=0x0/u:" "a b 12 [001] 1.123456: sched:sched_switch: x:1 [2] ==> y" \
    "  a b 12 [001] 1.123456: 77 cycles:" "a b	12	1.123456:	77 cycles:uhH:" "a b 12 U 1.123456: 77 cycles:"; do
    case $header in *77*) value=77 ;; *) value=1 ;; esac
    sample "$header" "4005b1 main+0x1 (/x)" | folds_to "--format perf-script" "a b;main $value" || { echo "$header"; exit 1; }
  done
'
test_that 'commands hold colons, digits and #, or are not there' '
  sample "kworker/0:1 12 [001] 1.123456: 7 cycles:" "1 f (/x)" | folds_to "" "kworker/0:1;f 7"
  sample "worker 3 12 [001] 1.123456: 7 cycles:" "1 f (/x)" | folds_to "" "worker 3;f 7"
  sample "#1 12 [001] 1.123456: 7 cycles:" "1 f (/x)" | folds_to "" "#1;f 7"
  sample "  12 [001] 1.123456: 7 cycles:" "1 f (/x)" | folds_to "" "f 7"
'
test_that 'frames may lack their module, their name, or both' '
  sample "a 1 1.000001: 5 cycles: " "1 f(int)+0x3" "2 [unknown]" "3" | folds_to "" "a;[unknown];[unknown];f(int) 5"
'
test_that 'a frame may stand on the line of the header, with no empty lines between' '
  { echo "   false 64414 20110.539270:      34467 cycles:u:  ffffffff9aa3c8de [unknown] ([unknown])"
    echo "      dd     9 20110.539280:      3 cycles:u:      414b3b fsnotify+0x1 (/x/vmlinux)"; } |
    folds_to "" "dd;fsnotify 3" "false;[unknown] 34467"
'
test_that 'an empty line inside a sample does not end it, the next header does' '
  printf "a 1 1.000001: 5 cycles:\n\n\t1 f (/x)\n\n\t2 g (/x)\n\na 1 1.000002: 6 cycles:\n\t1 f (/x)\na 1 1.000003: 7 cycles:\n\n" |
    folds_to "" "a 7" "a;f 6" "a;g;f 5"
'
test_that 'comments, CR LF, and other records of perf are no samples' '
  printf "# captured on: x\n#\na 1 1.000001: 5 cycles:\r\n\t1 f (/x)\r\n\r\na 1 1.000001: PERF_RECORD_MMAP2 1/1: [0x1]\n" |
    folds_to "" "a;f 5"
'
test_that 'a line that perf does not print is skipped and counted' '
  { echo "[ perf record: Woken up 1 times ]"; sample "a 1 1.000001: 5 cycles: " "1 f (/x)" "THIS IS NONE"; } >in
  stackfold in 2>account
  grep "; 2 other lines skipped" account
  says 1 "strict" stackfold --strict in
'
test_that 'frames behind a line that should be a header belong to no sample' '
  { sample "a 1 1.000001: 5 cycles: " "1 f (/x)"; sample "no header at all" "2 g (/x)"; } | folds_to "" "a;f 5"
'

# --- options

test_that 'one event is folded: that of the first sample, or the one that is asked for, with or without its modifiers' '
  { sample "a 1 1.000001: 5 cycles:u: " "1 f (/x)"; sample "a 1 1.000002: 7 instructions:u: " "2 g (/x)"; } >in
  folds_to "" "a;f 5" <in
  folds_to "--event-filter instructions" "a;g 7" <in
  folds_to "--event-filter instructions:u" "a;g 7" <in
  stackfold in 2>&1 >out | grep "dropped 1 (1 of other events); value in 12, out 5;"
  says 1 "of 2 records were dropped|all 2 records were dropped" stackfold --event-filter cache-misses in
'
test_that '--pid and --tid show process and thread, or ? for the process that is not there' '
  sample "a b 12/13 1.000001: 5 cycles: " "1 f (/x)" >in
  folds_to --pid "a b-12;f 5" <in
  folds_to --tid "a b-12/13;f 5" <in
  sample "a 13 1.000001: 5 cycles: " "1 f (/x)" | folds_to --tid "a-?/13;f 5"
'
test_that '--kernel and --jit mark frames, and what the process itself has in brackets is not the kernel' '
  sample "a 12 1.000001: 5 cycles: " "1 k ([kernel.kallsyms])" "2 m ([nf_conntrack])" "3 v (/boot/vmlinux-6.1)" \
    "4 d ([vdso])" "5 j (/tmp/perf-12.map)" "6 i (/tmp/jitted-12-3.so)" "7 o (/lib/e.ko.xz)" "8 [unknown] ([unknown])" >in
  folds_to --kernel "a;[unknown];o_[k];i;j;d;v_[k];m_[k];k_[k] 5" <in
  folds_to --jit "a;[unknown];o;i_[j];j_[j];d;v;m;k 5" <in
  folds_to --all "a;[unknown];o_[k];i_[j];j_[j];d;v_[k];m_[k];k_[k] 5" <in
'
test_that '--inline parts what a compiler at run time inlined; frames that perf found to be inlined are always there' '
  sample "java 12 1.000001: 5 cycles: " "1 La;::b->Lc;::d->Le;::f (/tmp/perf-12.map)" "2 x::operator->() (/lib/x.so)" \
    "3 helper (inlined)" "3 caller (/lib/x.so)" >in
  folds_to "" "java;caller;helper;x::operator->();La:::b->Lc:::d->Le:::f 5" <in
  folds_to --inline "java;caller;helper;x::operator->();La:::b;Lc:::d_[i];Le:::f_[i] 5" <in
'
test_that 'lines of source are passed over, and shown with --context' '
  printf "a 1 1.000001: 5 cycles:\n\t1 f+0x1 (/x)\n  x.cpp:12 (discriminator 3)\n\t2 g+0x2 (/y)\n  y[2]\n\t3 [unknown] ([unknown])\n  \n\t4 h (inlined)\n  z.h:7 (inlined)\n\n" >in
  folds_to --strict "a;h;[unknown];g;f 5" <in
  folds_to --context "a;h (z.h:7);[unknown];g;f (x.cpp:12) 5" <in
'

# --- what is cut off, hostile or in error

test_that 'a file cut off in a line loses that sample alone, with a warning that says where, and exit 1' '
  { sample "a 1 1.000001: 5 cycles: " "1 f (/x)"; sample "a 1 1.000002: 7 cycles: " "2 g (/x)" "3 h (/y)"; } >in
  for bytes in 46 60 61 64 75; do
    head -c "$bytes" in >cut
    says 1 "cut:[456]: ends in the middle of a sample" stackfold cut
    echo "a;f 5" >want
    same want says.out
    stackfold -q --lenient cut 2>/dev/null
  done
  head -c 80 in >cut # lacks the line end alone
  stackfold -q cut >out
  printf "a;f 5\na;h;g 7\n" >want
  same want out
'
test_that 'a period past 64 bits is an error that names the line' '
  { sample "a 1 1.000001: 5 cycles: " "1 f (/x)"; sample "a 1 1.000001: 18446744073709551616 cycles: " "1 f (/x)"; } >in
  says 1 "in:4: the period of the sample does not fit 64 bits" stackfold in
  says 1 "in:4: the period of the sample does not fit 64 bits" stackfold -j 2 in
  { sample "a 1 1.000001: 18446744073709551615 cycles: " "1 f (/x)"; sample "a 1 1.000001: 1 cycles: " "1 f (/x)"; } >in
  says 1 "more than 64 bits" stackfold in
'
test_that 'lines of 20 MB, stacks of 100,000 frames and NUL bytes are folded' '
  { echo "a 1 1.000001: 5 cycles: "; perl -e "print qq(\t1 ), q(x) x 20_000_000, qq( (/x)\n\n)"; } >in
  stackfold -q in | wc -c | grep -qx 20000005
  { echo "a 1 1.000001: 5 cycles: "; perl -e "print map { qq(\t1 f) . (\$_ % 1000) . qq( (/x)\n) } 1 .. 100_000"; } >in
  stackfold -q in | tr ";" "\n" | wc -l | grep -qx 100001
  printf "a 1 1.000001: 5 cycles:\n\t1 f\0g (/x)\n\n" | folds_to "" "a;f?g 5"
'
test_that 'any number of threads gives the same bytes' '
  perl -e "srand 1; for (1 .. 60_000) { my \$c = (qw(a b java), q(c d))[rand 4]; printf qq(%s %d %d.%06d: %d cycles: \n), \$c, 1 + rand 9, \$_, rand 1e6, 1 + rand 1e6;
    printf qq(\t%16x f%d+0x%x (/lib/l%d.so)\n), rand 2**40, rand 50, rand 4096, rand 3 for 0 .. rand 12; print qq(\n) }" >in
  stackfold in >one 2>account.one
  for threads in 2 3 7; do
    stackfold -j "$threads" in >out 2>account
    same one out
    same account.one account
  done
  for compat in flamegraph inferno; do
    stackfold --compat "$compat" in >one 2>/dev/null
    stackfold --compat "$compat" -j 2 in >out 2>/dev/null
    same one out
  done
'

# --- against the references

test_that 'real profiles fold as stackcollapse-perf.pl and inferno-collapse-perf fold them' '
  while IFS=$'"'\\t'"' read -r input reference compat flags; do
    equals_reference "$D/$input" "$D/$reference" "$compat" "$flags"
  done < <(tail -n +2 "$D/cases.tsv")
'
test_that 'every prefix of a real profile keeps its whole samples' '
  file=$D/inferno-empty-line.txt
  for bytes in $(seq 60 "$(wc -c <"$file")"); do
    head -c "$bytes" "$file" >cut
    stackfold -q --lenient --format perf-script cut >out 2>err || grep -q "holds no stacks" err
  done
'
if [ -d "${CORPUS_DIR:-}" ]; then
  test_that 'so do all profiles of the corpus' '
    while IFS=$'"'\\t'"' read -r input format source licence bytes reference expected; do
      case $format:$expected:$reference in perf-script:-:*) continue ;; perf-script:*STALE*) continue ;; perf-script:*) ;; *) continue ;; esac
      compat=flamegraph
      case $reference in inferno*) compat=inferno ;; esac
      flags=$(grep -oE -- "--[a-z]+" <<<"$reference" | tr "\n" " ") || flags=
      equals_reference "$CORPUS_DIR/$input" "$CORPUS_DIR/$expected" "$compat" "$flags"
    done <"$CORPUS_DIR/INDEX.tsv"
  '
  test_that 'the last samples that the script loses are these' '
    tail -n +2 "$D/exceptions.tsv" | while IFS=$'"'\\t'"' read -r input stack value; do
      file=$CORPUS_DIR/perf-script/$input
      stackfold -q --compat flamegraph "$file" >whole
      without_last "$file" >cut
      : >part
      [ ! -s cut ] || stackfold -q --compat flamegraph cut >part
      printf "%s %s\n" "$stack" "$value" | cat - part | stackfold -q >want
      same want whole
    done
  '
else
  skip 'CORPUS_DIR is not set' 'so do all profiles of the corpus'
  skip 'CORPUS_DIR is not set' 'the last samples that the script loses are these'
fi
finish
