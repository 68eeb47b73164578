#!/bin/bash
# stackfold: perf.data of perf record, compared with what perf script printed for the same captures.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
export D=$DATA/stackfold-perfdata

# Folds the text of perf script by module and offset.
fold_script() { perl "$D/fold-script.pl" "$@" | sort; }
# The sum of the values of folded stacks is what the account in says.err says was kept.
conserved() { test "$(awk '{ sum += $NF } END { printf "%.0f", sum }' says.out)" = "$(sed -nE 's/.*, out ([0-9]+);.*/\1/p' says.err)"; }
# Replaces bytes of a file: patched FILE OFFSET HEX.
patched() { perl -0777 -pe "substr(\$_, $2, length('$3') / 2) = pack('H*', '$3')" "$1"; }
export -f fold_script conserved patched

# --- the same stacks as perf script

for capture in threads pipe compressed build-ids events period; do
  export capture
  test_that "$capture.data: modules, offsets, commands and periods as perf script has them" '
    says 0 "" stackfold --compat flamegraph "$D/$capture.data"
    same "$D/$capture.folded" says.out
    conserved
  '
done
test_that 'the command keeps its blanks, but with --compat' '
  stackfold -q "$D/threads.data" | grep "^first one;"
  stackfold -q "$D/threads.data" | grep "^second:2;"
  stackfold -q --compat flamegraph "$D/threads.data" | grep "^first_one;"
'
test_that 'a thread, a forked child, what the child executes, and a library loaded later are told apart' '
  stackfold -q --modules modules "$D/threads.data" >out
  sed -E "s/;.*//" out | sort -u >commands
  printf "%s\n" "first one" "second:2" sh threads >want
  same want commands
  grep -q "^threads;.*;\[library.so+0x[0-9a-f]*\] " out
  grep -q "^sh;.*\[dash+0x" out
  cut -f 1,2 modules | grep -P "^dash\t/usr/bin/dash$"
  cut -f 1,3 modules | grep -P "^threads\t[0-9a-f]{40}$"
'
test_that 'build ids of the mappings are in the list of modules' '
  stackfold -q --modules modules "$D/build-ids.data" >out
  sed 1d modules | grep -v "^kernel.kallsyms" | while IFS=$(printf "\t") read -r name path build_id; do
    [[ $build_id =~ ^[0-9a-f]{40}$ ]] || { echo "no build id: $name $path"; exit 1; }
  done
'
test_that '--pid and --tid show the process and the thread' '
  stackfold -q --pid "$D/threads.data" >out
  stackfold -q --tid "$D/threads.data" >threads
  process=$(sed -nE "s/^first one-([0-9]+);.*/\1/p" out | sort -u)
  grep -q "^threads-$process;" out
  grep -Eq "^first one-$process/[0-9]+;" threads
  ! grep -q "^first one-$process/$process;" threads
  for file in out threads; do sed -E "s/^([^;]*)-[0-9]+(\/[0-9]+)?;/\1;/" $file | stackfold -q >plain; stackfold -q "$D/threads.data" >want; same want plain; done
'
test_that '--kernel marks frames of the kernel' '
  stackfold -q --kernel "$D/pipe.data" >out
  grep -q "\[kernel.kallsyms+0x[0-9a-f]*\]_\[k\]" out
  sed "s/_\[k\]//g" out >plain
  stackfold -q "$D/pipe.data" >want
  same want plain
'

# --- events

test_that 'of several events that of the first sample is taken; others by name; what is dropped is counted' '
  says 0 "of other events\)" stackfold "$D/events.data"
  for event in cpu-clock page-faults context-switches; do
    stackfold --event-filter $event "$D/events.data" >$event 2>err
    kept=$(sed -nE "s/.* kept ([0-9]+) in .*/\1/p" err)
    echo "$kept" >>counts
  done
  test "$(awk "{ sum += \$1 } END { print sum }" counts)" = "$(sed -nE "s/.*read ([0-9]+) records.*/\1/p" says.err)"
  says 1 "events.data: has no event .cycles.; its events are cpu-clock, page-faults, context-switches" stackfold --event-filter cycles "$D/events.data"
'

# --- copies of stacks

test_that 'without --symfs copies of stacks are not unwound: leaf and kernel alone, truncated, and a line that says what to do' '
  says 0 "53 samples hold copies of stack memory .* --symfs" stackfold "$D/dwarf.data.zst"
  conserved
  ! grep -v "^\[truncated\];" says.out
  grep -q "^\[truncated\];first one;\[threads+0x[0-9a-f]*\] " says.out
'
test_that 'files that are not there, or not those that were recorded, are not used to unwind' '
  mkdir empty
  says 0 "not below the folder of --symfs.*/threads" stackfold --symfs empty "$D/dwarf.data.zst"
  stackfold -q "$D/dwarf.data.zst" >want 2>err
  same want says.out
  path=$(stackfold -q --modules modules "$D/dwarf.data.zst" 2>err >out; sed -nE "s/^threads\t([^\t]*)\t.*/\1/p" modules)
  mkdir -p "other$(dirname "$path")"
  cp "$BUILD/bin/stackfold" "other$path"
  says 0 "have another build id than when they were recorded.*/threads" stackfold --symfs other "$D/dwarf.data.zst"
  same want says.out
'

# --- input that is cut off, malformed, or of another machine

test_that 'a capture that is cut off anywhere gives its whole samples, and says at which byte it ends' '
  for file in threads.data compressed.data pipe.data; do
    size=$(stat -c %s "$D/$file")
    for cut in 9 15 60 110 200 300 1000 5000 $((size / 2)) $((size - 3000)); do
      head -c $cut "$D/$file" >in
      status=0
      stackfold --lenient in >out 2>err || status=$?
      if [ $status != 0 ]; then grep -E "holds no stacks|were dropped|in the middle of" err; continue; fi
      if [ $file = pipe.data ] && ! grep -q "cut off" err; then continue; fi
      grep -E "^stackfold: in: ends in the middle of .*, at byte [0-9]+; the file was cut off" err
      says 1 "in the middle of" stackfold in
    done
  done
'
test_that 'a capture whose perf record was killed has no size, and is read to its end' '
  patched "$D/threads.data" 48 0000000000000000 >whole
  head -c 20000 whole >in
  says 0 "perf record was killed" stackfold --lenient in
  conserved
  grep -q "^first one;" says.out
'
test_that 'sizes and offsets that cannot be are errors with the byte' '
  patched "$D/threads.data" 8 0000000000000080 >in; says 1 "byte 8: a header of 9223372036854775808 bytes" stackfold in
  patched "$D/threads.data" 16 0100000000000000 >in; says 1 "byte 16: descriptions of events have 1 bytes" stackfold in
  patched "$D/threads.data" 24 ffffffffffffffff >in; says 1 "byte 24: .* do not lie before the records" stackfold in
  patched "$D/threads.data" 32 ffffffffffffff7f >in; says 1 "byte 24: .* do not lie before the records" stackfold in
  patched "$D/threads.data" 40 ffffffffffffffff >in; says 1 "byte 40: .* cannot be in a file" stackfold in
  start=$(perl -0777 -ne "print unpack q(Q<), substr(\$_, 40, 8)" "$D/threads.data")
  patched "$D/threads.data" $((start + 6)) 0400 >in; says 1 "byte $start: a record of 4 bytes; 8 are the least" stackfold in
  says 1 "is no perf.data" stackfold -f perf-data "$D/threads.c"
'
test_that 'the other byte order is refused' '
  printf "2ELIFREP\0\0\0\0\0\0\0\x68" >in
  says 1 "^stackfold: in: was recorded on a machine of the other byte order" stackfold in
'
test_that 'random changes of bytes crash nothing' '
  for file in threads.data compressed.data pipe.data events.data; do
    for seed in 1 2 3 4 5 6 7 8; do
      perl -0777 -pe "srand $seed; for my \$i (1 .. 20) { substr(\$_, int rand length, 1) = chr int rand 256 }" "$D/$file" >in
      status=0
      timeout 20 stackfold --lenient in >out 2>err || status=$?
      [ $status -le 1 ] || { echo "$file seed $seed: $status"; cat err; exit 1; }
    done
  done
'

# --- captures of this machine

if command -v perf >/dev/null && perf record -q -e cpu-clock -o /dev/null true 2>/dev/null && command -v cc >/dev/null; then
  cc -O1 -fno-omit-frame-pointer -fno-optimize-sibling-calls "$D/threads.c" -o threads -lpthread
  cc -O1 -shared -fPIC -fno-omit-frame-pointer "$D/library.c" -o library.so
  test_that 'a capture made here gives the stacks of perf script, names of kernel functions included' '
    perf record -q -F 499 -g -e cpu-clock -o data ./threads >out
    perf script --no-inline -i data >text 2>err
    fold_script text >want
    stackfold -q --compat flamegraph data | sed -E "s/#[0-9]+\+/+/g" | sort >out
    same want out
  '
  test_that 'perf record into a pipe of stackfold' '
    { perf record -q -F 199 -g -e cpu-clock:u -o - ./threads 2>err; } | stackfold -q >out
    grep -q "^first one;.*\[threads+0x" out
  '
  test_that 'with --symfs copies of stacks are unwound by the files of this machine' '
    perf record -q -F 199 --call-graph dwarf,2048 -e cpu-clock:u -o data ./threads >out
    says 0 "" stackfold --symfs / data
    conserved
    sed -E "s/\+0x[0-9a-f]+//g" says.out | grep "^first one;\[libc.so.6\];\[libc.so.6\];\[threads\];\[threads\];\[threads\];\[threads\];\[threads\];\[threads\];\[threads\];\[threads\] "
  '
else
  for name in 'a capture made here gives the stacks of perf script, names of kernel functions included' \
    'perf record into a pipe of stackfold' 'with --symfs copies of stacks are unwound by the files of this machine'; do
    skip 'perf record does not work here' "$name"
  done
fi

# --- the corpus

if [ -d "${CORPUS_DIR:-}" ]; then
  # Of 138,896 samples 5 differ: 2 hold numbers that are no addresses and lie in what the process had mapped before it
  # executed another program, where perf still looks; 3 hold a number that looks like a mark of the kernel, behind which
  # the text does not show that the next address is no return address.
  test_that 'mix.fp of the corpus: the stacks of perf script' '
    says 0 "read 138896 records, kept 138896 " stackfold --compat flamegraph "$CORPUS_DIR/big/mix.fp.perf.data.zst"
    conserved
    zstd -dc "$CORPUS_DIR/big/mix.fp.script.txt.zst" >text
    fold_script --offsets text >want
    sort says.out >out
    comm -23 want out >missing
    comm -13 want out >added
    printf "%s\n" "cc1;[x86_64-linux-gnu-gcc-12+0x85443];[0x8abe697d0000000a];[cc1+0x15a1e27] 200040" \
      "cc1;[x86_64-linux-gnu-gcc-12+0xffff];[0x9ffffffff];[cc1+0xa91a04] 200040" \
      "python3.11;[0x95397f];[python3.11+0x1bc0e9] 200040" "python3.11;[0x95397f];[python3.11+0x1bc0fa] 400080" >want
    same want missing
    printf "%s\n" "cc1;[0x40ffff];[0x9ffffffff];[cc1+0xa91a04] 200040" \
      "cc1;[0x485443];[0x8abe697d0000000a];[cc1+0x15a1e27] 200040" \
      "python3.11;[0x953980];[python3.11+0x1bc0e9] 200040" "python3.11;[0x953980];[python3.11+0x1bc0fa] 400080" >want
    same want added
  '
  test_that 'mix.fp of the corpus: what stands before a number that is no address is kept, where perf drops the stack' '
    stackfold -q --compat flamegraph "$CORPUS_DIR/big/mix.fp.perf.data.zst" >as-perf
    says 0 "" stackfold "$CORPUS_DIR/big/mix.fp.perf.data.zst"
    conserved
    grep "^cc1 " as-perf
    ! grep "^cc1 " says.out
    test "$(awk "{ sum += \$NF } END { printf \"%.0f\", sum }" as-perf)" = 27784755840
  '
  test_that 'clang.dwarf of the corpus: all samples, leaves and kernel frames' '
    says 0 "read 5169 records, kept 5169 " stackfold "$CORPUS_DIR/big/clang.dwarf.perf.data.zst"
    conserved
  '
else
  for name in 'mix.fp of the corpus: the stacks of perf script' \
    'mix.fp of the corpus: what stands before a number that is no address is kept, where perf drops the stack' \
    'clang.dwarf of the corpus: all samples, leaves and kernel frames'; do
    skip 'CORPUS_DIR is not set' "$name"
  done
fi
finish
