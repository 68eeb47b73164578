#!/bin/bash
# rankalloc: which frames are blamed and shown (allocators, --focus and the like), by file and module, several profiles beside
# each other, JSON and a budget of bytes, and hostile input.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
export D=$DATA/rankalloc

rows() { tail -n +2 | cut -f "$1"; } # fields of the rows
export -f rows
cat >mixed <<'END'
main;App::load;std::vector<int, std::allocator<int> >::_M_realloc_insert<int>(int&&);__gnu_cxx::new_allocator<int>::allocate(unsigned long, void const*);operator new(unsigned long);malloc 100
main;std::vector<Foo<A>::type> load<Foo>();operator new(unsigned long);malloc@plt 30
main;go;runtime.growslice;runtime.mallocgc 10
malloc;_int_malloc 4
main;App::load;realloc;_int_realloc.isra.0;sysmalloc 50
main;malloc;hook;callback 7
main;mallocator 6
main;vec (a.rs:3);alloc::raw_vec::finish_grow (raw_vec.rs:9);__rust_realloc (alloc.rs:1);__rdl_realloc (alloc.rs:2) 20
PyDict_SetItem;insertdict;insertion_resize;dictresize;new_keys_object;PyObject_Malloc;_PyObject_Malloc;pymalloc_alloc;new_arena 3
END

# --- allocators

test_that 'what allocators take counts for the function that calls them' '
  rankalloc -n 0 mixed | rows 2,3,5 >out
  printf "%s\t%s\t%s\n" "std::vector<int, std::allocator<int> >::_M_realloc_insert<int>(int&&)" 100 100 App::load 50 150 \
    "std::vector<Foo<A>::type> load<Foo>()" 30 30 vec 20 20 go 10 10 callback 7 7 mallocator 6 6 _int_malloc 4 4 \
    new_keys_object 3 3 PyDict_SetItem 0 3 dictresize 0 3 hook 0 7 insertdict 0 3 insertion_resize 0 3 main 0 223 malloc 0 11 >want
  same want out
'
test_that '--raw counts allocators as all others' '
  rankalloc --raw -n 0 mixed | rows 2,3,5 | grep -E "^(malloc|malloc@plt|sysmalloc|_int_malloc|operator new.*|runtime.mallocgc|App::load)	" >out
  printf "%s\t%s\t%s\n" malloc 100 111 sysmalloc 50 50 malloc@plt 30 30 runtime.mallocgc 10 10 _int_malloc 4 4 App::load 0 150 \
    "operator new(unsigned long)" 0 130 >want
  same want out
'
test_that 'cumulative values of what is shown are the same with and without allocators' '
  rankalloc -n 0 --cum mixed | rows 2,5 | sort >plain
  rankalloc -n 0 --cum --raw mixed | rows 2,5 | sort >raw
  comm -23 plain raw >only; grep -v "^malloc	" only >differences || true
  same /dev/null differences
'
test_that '--function counts all that is below the function, were it an allocator itself' '
  test "$(rankalloc --function realloc mixed | rows 3,5)" = "$(printf "50\t50")"
  test "$(rankalloc --function malloc mixed | rows 5)" = 111
  test "$(rankalloc --raw --function malloc mixed | rows 3,5)" = "$(printf "100\t111")"
  test "$(rankalloc --raw --function App::load mixed | rows 5)" = 150
'
test_that 'users add allocators; what is built in can be listed, and each of its patterns fits itself' '
  printf "# ours\n\nApp::*\nmallocator\r\n" >more
  test "$(rankalloc --allocators more --function main mixed | rows 3)" = 56
  rankalloc --list allocators | grep -v "^#" | grep . | tr -d "*" | grep -v "<>" | sed "s/^/root;/; s/$/ 1/" >in
  test "$(wc -l <in)" -gt 250
  test "$(rankalloc -n 0 in | rows 2)" = root
  rankalloc --list structures | grep -q "^dictresize	Python dict, growth of the hash table"
  printf "a\tb\n" >bad; says 1 "bad:1: a tab follows the pattern" rankalloc --allocators bad mixed
  printf "x\n" >bad; says 1 "bad:1: a pattern, a tab" rankalloc --structures bad mixed
  printf "a\0b\n" >bad; says 1 "holds a NUL" rankalloc --allocators bad mixed
  says 1 "cannot be opened" rankalloc --allocators none mixed
'
test_that 'a name only begins like an allocator, or is another function of the same template: it is blamed' '
  for name in mallocator "free_users" "runtime.mallocgcx.f" "std::allocator<int> make<int>()" "std::vector<std::allocator<x>::allocate> f()" \
    "[malloc]" "my::operator new" "xje_malloc" "Allocator" "PyObject_MallocX"; do
    test "$(printf "%s;%s 1\n" root "$name" | rankalloc -n 1 | rows 2)" = "$name" || [ "$name" = runtime.mallocgcx.f ]
  done
  for name in "malloc" "malloc (malloc.c:12)" "malloc@@GLIBC_2.2.5" "_int_malloc.isra.0" "_int_free.part.0.constprop.3" \
    "std::allocator<std::pair<int, f(int)> >::allocate(unsigned long)" "je_malloc" "operator new[](unsigned long)" \
    "alloc::raw_vec::RawVec<T,A>::grow_one" "runtime.(*mcache).nextFree" "tcmalloc::ThreadCache::FetchFromCentralCache"; do
    test "$(printf "%s;%s 1\n" root "$name" | rankalloc -n 1 | rows 2)" = root
  done
'

# --- paths

test_that 'paths name the function and the data structure' '
  rankalloc --paths -n 0 mixed | rows 2,5,6 >out
  printf "%s\t%s\t%s\n" 100 "std::vector<int, std::allocator<int> >::_M_realloc_insert<int>(int&&)" "std::vector, growth" \
    50 App::load "a block that was grown (realloc)" 30 "std::vector<Foo<A>::type> load<Foo>()" "" 20 vec "Rust Vec or String, growth" \
    10 go "Go slice, growth" 7 callback "" 6 mallocator "" 4 _int_malloc "" 3 new_keys_object "Python dict, its table" >want
  same want out
  printf "mallocator\tour own table\n" >more
  rankalloc --paths -n 0 --structures more mixed | grep "our own table" | grep -q mallocator
'
test_that 'stacks that differ only in allocators are one path; the greatest stack says of which structure' '
  printf "m;f;malloc 5\nm;f;realloc;_int_realloc 6\nm;f;calloc 1\n" >in
  test "$(rankalloc --paths in | rows 2,6,7)" = "$(printf "12\ta block that was grown (realloc)\tm;f")"
  printf "m;f;malloc 5\nm;f;realloc;_int_realloc 4\n" >in
  test "$(rankalloc --paths in | rows 2,6,7)" = "$(printf "9\t\tm;f")"
  test "$(rankalloc --paths --raw in | wc -l)" = 3
'

# --- focus, ignore, hide, show

test_that 'focus, ignore, hide and show are those of go tool pprof' '
  stackfold -q --context "$DATA/stackfold-pprof/local-go-json.mem.pb.gz" >in
  for options in "$D"/filters/*.options; do
    mapfile -t list <"$options"
    rankalloc --raw -n 0 "${list[@]}" in | perl "$D/table.pl" go "${options%.options}.top" >differences
    same /dev/null differences || { echo "$options"; exit 1; }
  done
'
test_that 'percentages are of all, or of what is left with --relative' '
  test "$(rankalloc --focus callback mixed | rows 2-6 | head -n 1)" = "$(printf "callback\t7\t3.04\t7\t3.04")"
  test "$(rankalloc --relative --focus callback mixed | rows 2-6 | head -n 1)" = "$(printf "callback\t7\t100.00\t7\t100.00")"
'
test_that 'what is hidden is left out of paths, and its value counts for its caller' '
  test "$(rankalloc --hide "^callback$" --function hook mixed | rows 3,5)" = "$(printf "7\t7")"
  test "$(rankalloc --show "main|back" --paths mixed | grep 7 | cut -f 7 | grep callback)" = "main;callback"
  says 0 "none of the stacks is left" rankalloc --show nothing mixed
  test "$(wc -l <says.out)" = 1
'
test_that 'expressions are refused when they are none, are given twice, or take too long' '
  says 2 "focus .\(. is no regular expression: missing closing parenthesis .at byte 1" rankalloc --focus "(" mixed
  says 2 "given twice" rankalloc --hide a --hide b mixed
  perl -e "print \"a\" x 5000, \"b 1\n\"" >in
  says 1 "cannot be applied to the frame .a.*; write a simpler" rankalloc --focus "(a|aa|a+)+\$" in
  test ! -s says.out
'

# --- by file, by module

printf '%s\n' 'main (a.c:1);f (a.c:2);g (b/c.c:3) 5' 'main (a.c:1);[libx.so+0x10];[libx.so+0x20] 3' 'main (a.c:1);h_[k] 2' \
  '[truncated];[0x1f];[/usr/lib/liby.so] 1' 'main (a.c:1);f_[i] (a.c:7);f (a.c:2) 4' >placed
test_that 'by function the frames of one function are one, inlined or not' '
  test "$(rankalloc -n 0 placed | grep -P "\tf\t" | cut -f 3,5)" = "$(printf "4\t9")"
'
test_that 'by file, by line and by module' '
  rankalloc --cum -n 0 --by file placed | rows 2,3,5 >out
  printf "%s\t%s\t%s\n" a.c 4 14 "[unknown]" 6 6 b/c.c 5 5 "[truncated]" 0 1 >want
  same want out
  rankalloc --cum -n 0 --by module placed | rows 2,3,5 >out
  printf "%s\t%s\t%s\n" "[unknown]" 9 15 libx.so 3 3 "[kernel]" 2 2 "[truncated]" 0 1 liby.so 1 1 >want
  same want out
  test "$(rankalloc --by module placed | head -n 1 | cut -f 2)" = module
  test "$(rankalloc --by line --function "f (a.c:2)" placed 2>&1 | grep -c "no meaning")" = 1
'
test_that '--frames says in which modules frames are' '
  printf "frame\tmodule\tbuild_id\nmain (a.c:1)\tprogram\t\nf (a.c:2)\tprogram\t\ng (b/c.c:3)\tlibz.so\t\nf_[i] (a.c:7)\tlibz.so\t\nf_[i] (a.c:7)\tprogram\t\n" >frames
  rankalloc --cum -n 0 --by module --frames frames placed | rows 2,3,5 >out
  printf "%s\t%s\t%s\n" program 4 14 libz.so 5 5 "libz.so|program" 0 4 libx.so 3 3 "[kernel]" 2 2 "[truncated]" 0 1 \
    "[unknown]" 0 1 liby.so 1 1 >want
  same want out
  test "$(rankalloc --frames frames --focus "^libz" --function main placed | rows 5)" = 9
  printf "frame\n" >frames; says 1 "no field .module" rankalloc --frames frames placed
'

# --- several profiles

printf '%s\n' 'main;f 100' 'main;g 50' 'main;old 7' >before
printf '%s\n' 'main;f 140' 'main;g 20' 'main;new 9' 'main;k;malloc 0' >after
test_that '--base ranks by growth' '
  rankalloc -n 0 --base before after >out
  { printf "rank\tfunction\tself_base\tself\tself_change\tself_change_percent\tcumulative_base\tcumulative\tcumulative_change\tstate\n"
    printf "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n" 1 f 100 140 +40 +40.00 100 140 +40 grew 2 new 0 9 +9 NA 0 9 +9 new \
      3 k 0 0 0 NA 0 0 0 same 4 main 0 0 0 NA 157 169 +12 grew 5 old 7 0 -7 -100.00 7 0 -7 gone 6 g 50 20 -30 -60.00 50 20 -30 shrank; } >want
  same want out
  test "$(rankalloc --base before --cum -n 2 after | rows 2,9)" = "$(printf "f\t+40\nmain\t+12")"
  test "$(rankalloc --base before --function g after | rows 1,5)" = "$(printf "6\t-30")"
  test "$(rankalloc --base before --min-percent 10 after | rows 2 | tr "\n" " ")" = "f g "
  test "$(rankalloc --base before --paths -n 1 after | rows 2-6,10)" = "$(printf "100\t140\t+40\t+40.00\tgrew\tmain;f")"
'
test_that 'other profiles stand beside the one that is ranked' '
  printf "main;f 4\nmain;old 1\n" >counts
  rankalloc --objects counts --also earlier=before after >out
  { printf "rank\tfunction\tself\tself_percent\tcumulative\tcumulative_percent\tobjects\tmean_size\tearlier_self\tearlier_cumulative\n"
    printf "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n" 1 f 140 82.84 140 82.84 4 35 100 100 2 g 20 11.83 20 11.83 0 NA 50 50 \
      3 new 9 5.33 9 5.33 0 NA 0 0 4 k 0 0.00 0 0.00 0 NA 0 0 5 main 0 0.00 169 100.00 0 NA 0 157 6 old 0 0.00 0 0.00 1 0 7 7; } >want
  same want out
  test "$(rankalloc --paths --objects counts --also earlier=before -n 1 after | rows 2-6,10)" = "$(printf "140\t82.84\t4\t35\t100\tmain;f")"
  rankalloc --report --objects counts --unit bytes after >out
  grep -F "  1. 140 bytes (0.00 MiB), 82.84 %, 4 objects of 35.0 bytes on average" out
  says 2 "is not NAME=FILE" rankalloc --also before after
  says 2 "name of another field" rankalloc --also path=before after
  says 2 "twice" rankalloc --also a=before --also a=before after
  says 1 "none: cannot be opened" rankalloc --also a=none after
'

# --- JSON, budget

test_that 'JSON has the rows of the TSV, with names, a format and a version' '
  for options in "" --cum "--paths" "--base before" "--objects mixed" "--by module"; do
    rankalloc $options -n 5 mixed >tsv
    rankalloc $options -n 5 --format=json mixed >json
    jq -e ".format != null and .version == 1 and .total == 230 and (.rows | length) == $(($(wc -l <tsv) - 1))" json
    jq -r ".rows | (.[0] | keys_unsorted | @tsv), (.[] | [.[] | if type == \"array\" then join(\";\") elif . == null then \"NA\" else . end] | @tsv)" json |
      perl -pe "s/\t-?(?:\d+\.\d+|\d+)(?=\t|\$)/\t#/g" >from
    perl -pe "s/\t[-+]?(?:\d+\.\d+|\d+)(?=\t|\$)/\t#/g" tsv | same - from
  done
  test "$(rankalloc -n 2 --format=json mixed | jq -c "[.left_out.rows, .left_out.greatest, .rows[1].self, .rows[1].cumulative_percent]")" = "[14,30,50,65.22]"
'
test_that 'JSON is valid with any bytes in names' '
  printf "a\"b\\\\c;\xff\xc3(\xc3\xa9\xed\xa0\x80\xf4\x90\x80\x80;x\x01y 3\n" >in
  rankalloc --paths --format=json in | jq -e -r ".rows[0].path[]" >out
  printf "a\"b\\\\c\n\xef\xbf\xbd\xef\xbf\xbd(\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\nx?y\n" >want
  same want out
  rankalloc --paths --format=json in | iconv -f UTF-8 -t UTF-8 >/dev/null
'
test_that 'a budget holds the greatest rows that fit, and the last line says what was left out' '
  perl -e "print \"f\$_\", \"x\" x (\$_ % 37), \" \$_\n\" for 1 .. 500" >in
  for budget in 320 400 700 2000 5000; do
    for format in tsv json; do
      rankalloc --budget $budget --format $format in >out
      test "$(wc -c <out)" -le $budget
    done
    rankalloc --budget $budget in >out
    shown=$(($(wc -l <out) - 2))
    rankalloc -n $shown in >want; head -n -1 out | same want -
    test "$(tail -n 1 out)" = "# left out: $((500 - shown)) rows, the greatest of $((500 - shown))"
    rankalloc --budget $budget --format json in | jq -e "(.rows | length) + .left_out.rows == 500 and .left_out.greatest == 500 - (.rows | length)"
  done
  rankalloc -n 0 in >want
  rankalloc --budget 1000000 in | same want -
  perl -e "print \"long\" x 1000, \" 9\nshort 1\n\"" >in
  rankalloc --budget 300 in | tail -n +2 >out
  printf "2\tshort\t1\t10.00\t1\t10.00\n# left out: 1 row, the greatest of 9\n" | same - out
  says 2 "too little" rankalloc --budget 100 in
  says 2 "whole number" rankalloc --budget 0 in
  says 2 "neither tsv nor json" rankalloc --format xml in
  says 2 "no meaning with --report" rankalloc --report --budget 1000 in
'
test_that 'by default there are at most 40 lines' '
  perl -e "print \"m;f\$_;g \$_\n\" for 1 .. 500" >in
  for options in "" --cum --paths "--by line" "--base mixed" "--format=json" "--budget 3000 --top 10"; do
    test "$(rankalloc $options in | wc -l)" -le 40
  done
'

# --- hostile input

test_that 'lines of any length, depth and order have the values that another program finds' '
  perl -e "srand 3; @n = map { join q(), map { chr(97 + rand 26) } 1 .. 1 + rand 60 } 1 .. 300; push @n, q(), q( ), q(x y);
    for (1 .. 400) { \$d = \$_ % 50 == 0 ? 9000 : 1 + rand 30; print join(q(;), map { \$n[rand @n] } 1 .. \$d), q( ), int rand 99, qq(\n) }
    print q(n) x 200000, qq(;b 3\n), q(n;) x 70000, qq(n 4\n), q(n;) x 70000, qq(n 4\n);" >in
  perl -ne "/^(.*) (\d+)\$/; @f = split /;/, \$1, -1; \$s{\$f[-1]} += \$2; my %seen; \$c{\$_} += \$2 for grep { !\$seen{\$_}++ } @f;
    END { print map { \$_ . qq(\t) . (\$s{\$_} || 0) . qq(\t\$c{\$_}\n) } sort keys %c }" in >want
  rankalloc --raw -n 0 in | rows 2,3,5 | sort >out
  same want out
  sort in | rankalloc --raw -n 0 | rows 2,3,5 | sort >out
  same want out
  rankalloc --raw -n 0 --paths --depth 1000000 in | rows 2 | awk "{ s += \$1 } END { print s }" >out
  awk "{ s += \$NF } END { print s }" in | same - out
'
test_that 'frames that begin with one another are not taken for each other' '
  printf "%s\n" "a;bc 1" "a;b 2" "a;b;c 3" "a;b;cd 4" "a;b; 5" "a;b;;c 6" "a;b;c;d 7" "ab;c 8" "a 9" ";a 10" "; 11" >in
  for order in cat tac; do
    $order in | rankalloc --raw -n 0 | rows 2,3,5 >out
    printf "%s\t%s\t%s\n" "" 16 32 c 17 24 a 19 47 d 7 7 cd 4 4 b 2 27 bc 1 1 ab 0 8 | sort -t "	" -k 2,2nr -k 1,1 >want
    same want out
  done
'
test_that 'a budget and a table fail where they cannot be written' '
  says 1 "cannot write standard output" bash -c "rankalloc --format json mixed >/dev/full"
  says 1 "cannot write standard output" bash -c "rankalloc --budget 3000 mixed >/dev/full"
  says 1 "cannot write standard output" bash -c "rankalloc --list allocators >/dev/full"
'
finish
