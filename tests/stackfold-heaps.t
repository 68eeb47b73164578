#!/usr/bin/env bash
# stackfold: heap, CPU, contention and thread profiles of gperftools, heap profiles of jemalloc, text profiles of Go.
. "${0%/*}/harness.sh"
export D=$DATA/stackfold-heaps
export C=${CORPUS_DIR:-}

# as_reference REFERENCE COLUMN PROFILE VALUE [leaf]: the stacks of PROFILE are those of another tool's result, to the
# last frame and count.
as_reference() {
  perl "$ROOT/tests/pprof-reference.pl" "$1" "$2" "$3" ${5:+"$5"} | sort >want
  [ -s want ]
  stackfold -q -v "$4" "$3" >got 2>err
  same want got
}
# by_row PROFILE COLUMN: the rows of a heap profile that is no sample, without a parser's help: value, then addresses.
by_row() {
  zstd -dcqf "$1" | perl -ne '
    BEGIN { no warnings "portable"; our $column = shift @ARGV }
    next unless /^ *(\d+): *(\d+) \[ *(\d+): *(\d+)\] @(.*)/;
    my $value = ($1, $2, $3, $4)[$column] or next;
    $sums{join ";", map { sprintf "[0x%x]", hex($_) - 1 } reverse split " ", $5} += $value;
    END { print "$_ $sums{$_}\n" for sort keys %sums }' "$2"
}
# as_jeprof PROFILE COLUMN: what jeprof computes for each stack, in its own order of operations.
as_jeprof() {
  perl -ne '
    BEGIN { no warnings "portable"; our $column = shift @ARGV }
    last if /^MAPPED/;
    $rate = $1 if m,^heap_v2/(\d+),;
    $stack = $1 if /^@ (.*)/;
    next unless defined $stack && /^ *t\*: (\d+): (\d+) \[(\d+): (\d+)\]/;
    my @counts = ($1, $2, $3, $4);
    for my $i (0, 2) {
      next if $counts[$i] == 0 || $rate <= 1;
      my $scale = 1 / (1 - exp(-($counts[$i + 1] / $counts[$i]) / $rate));
      $_ *= $scale for @counts[$i, $i + 1];
    }
    printf "%s %d\n", (join ";", map { sprintf "[0x%x]", hex($_) - 1 } reverse split " ", $stack), $counts[$column]
      if int $counts[$column];' "$2" "$1" | sort
}
# without_mappings PROFILE: frames are bare addresses then.
without_mappings() { zstd -dcqf "$1" | sed '/^MAPPED_LIBRARIES:/,$ { /^MAPPED_LIBRARIES:/!d }'; }
# conserved VALUE FILE: the sum of the output is what the account says was kept.
conserved() {
  stackfold -v "$1" "$2" >got 2>err || return
  [ "$(awk '{ sum += $NF } END { printf "%.0f", sum }' got)" = "$(sed -nE 's/.*out ([0-9]+);.*/\1/p' err)" ]
}
export -f as_reference by_row as_jeprof without_mappings conserved

# --- heap profiles of gperftools

test_that 'a row is a stack, its addresses return addresses, leaf first' '
  printf "heap profile:  3:  300 [ 4:  400] @ heapprofile\n" >in
  printf "  2:  200 [ 3:  300] @ 0x00001101 0x00002001\n  1:  100 [ 1: 100] @ 0x1101\n" >>in
  printf "\nMAPPED_LIBRARIES:\n1000-2000 r-xp 00000500 00:00 7  /bin/a b\n2000-3000 r-xp 00000000 00:00 0 \n" >>in
  printf "[0x2000];[a_b+0x600] 200\n[a_b+0x600] 100\n" >want
  stackfold --modules list in >got 2>err; same want got
  printf "module\tpath\tbuild_id\na_b\t/bin/a b\t\n" | same - list
  grep -x "stackfold: read 2 records, kept 2 in 2 stacks, dropped 0; value in 300, out 300; 0.00 % truncated, 100.00 % unresolved" err
'
test_that 'four values, bytes in use unless another is asked for' '
  printf "heap profile: 1: 2 [3: 4] @ heapprofile\n1: 2 [3: 4] @ 0x11\nMAPPED_LIBRARIES:\n" >in
  for want in inuse_space=2 inuse_objects=1 alloc_objects=3 alloc_space=4; do
    test "$(stackfold -q -v ${want%=*} in)" = "[0x10] ${want#*=}"
  done
  test "$(stackfold -q in)" = "[0x10] 2"
  says 1 "which has no value .bytes." stackfold -v bytes in
'
test_that 'equal stacks are added; rows without the value or without frames are dropped and counted' '
  printf "heap profile: 6: 60 [9: 90] @ heapprofile\n1: 10 [1: 10] @ 0x11 0x21\n2: 20 [2: 20] @ 0x11 0x21\n" >in
  printf "0: 0 [3: 30] @ 0x31\n3: 30 [3: 30] @\nMAPPED_LIBRARIES:\n" >>in
  stackfold in >got 2>err; echo "[0x20];[0x10] 30" | same - got
  grep "read 4 records, kept 2 in 1 stacks, dropped 2 (1 without a frame, 1 without this value); value in 60, out 30;" err
'
test_that 'what the profiler left out at 1 MiB is said and accounted for, and is no error' '
  printf "heap profile: 6: 60 [9: 90] @ heapprofile\n1: 10 [1: 10] @ 0x11\nMAPPED_LIBRARIES:\n" >in
  stackfold in >got 2>err; echo "[0x10] 10" | same - got
  grep "in:1: the header counts 60, its rows 10; the profiler left the rest out" err
  grep "read 2 records, kept 1 in 1 stacks, dropped 1 (1 lost by the profiler); value in 60, out 10;" err
  says 1 "not all of the input was used" stackfold --strict in
'
test_that 'heap_v2 is un-sampled by its rate, row by row, as go tool pprof does' '
  as_reference "$D/pprof-cppbench.heap.gopprof-raw.txt" 0 "$D/pprof-cppbench.heap" inuse_objects
  as_reference "$D/pprof-cppbench.heap.gopprof-raw.txt" 1 "$D/pprof-cppbench.heap" inuse_space
  for header in heap_v2/1 heap_v2/0 heap_v2 heapprofile; do
    printf "heap profile: 10: 80 [10: 80] @ $header\n10: 80 [10: 80] @ 0x11\nMAPPED_LIBRARIES:\n" >in
    test "$(stackfold -q in 2>err)" = "[0x10] 80"
    case $header in *v2 | */0) grep "gives no sampling rate" err ;; *) test ! -s err ;; esac
  done
'
test_that 'heap/RATE with its counts in columns is the older kind of sample, un-sampled as google-pprof does' '
  printf "heap profile:  2:  100 [ 3:  1500000] @ heap/1024\n 2: 100 [3: 1500000] @ 0x11\nMAPPED_LIBRARIES:\n" >in
  test "$(stackfold -q in)" = "[0x10] 1024"; test "$(stackfold -q -v inuse_objects in)" = "[0x10] 20"
  test "$(stackfold -q -v alloc_space in)" = "[0x10] 1500000"
  sed -i "s/  / /g" in; says 1 "in:3: lists mappings, which no profile of Go does; try --format gperftools-heap" stackfold in
'
test_that 'modules of one name are told apart by a number' '
  printf "heap profile: 1: 2 [1: 2] @ heapprofile\n1: 2 [1: 2] @ 0x1011 0x2011 0x3011 0x4011 0x4012\nMAPPED_LIBRARIES:\n" >in
  printf "%x000-%x000 r-xp 0 0:0 0 %s\n" 1 2 "/a/x#2" 2 3 /b/x 3 4 /c/x 4 5 /d/x >>in
  test "$(stackfold -q in)" = "[x#4+0x11];[x#4+0x10];[x#3+0x10];[x+0x10];[x#2+0x10] 2"
'
test_that 'a value past 64 bits, before or after un-sampling, is an error' '
  printf "heap profile: 1: 1 [1: 1] @ heapprofile\n1: 18446744073709551616 [1: 1] @ 0x11\nMAPPED_LIBRARIES:\n" >in
  says 1 "^stackfold: in:2: is no row of a heap profile" stackfold in
  printf "heap profile: 1: 1 [1: 1] @ heapprofile\n1: 18446744073709551615 [1: 1] @ 0x11\n1: 1 [1: 1] @ 0x11\nMAPPED_LIBRARIES:\n" >in
  says 1 "add up to more than 64 bits" stackfold in
  printf "heap profile: 1: 1 [1: 1] @ heap_v2/18446744073709551615\n9223372036854775807: 9223372036854775808 [1: 1] @ 0x11\n" >in
  says 1 "in:2: un-sampled, its value is past 64 bits" stackfold in
  printf "heap profile: 1: 1 [1: 1] @ heapprofile\n1: 1 [1: 1] @ 0x11111111111111111\nMAPPED_LIBRARIES:\n" >in
  says 1 "in:2: is no row" stackfold in
'
test_that 'a negative count, which a race leaves, is a row without the value' '
  printf "heap profile: 1: 2 [1: 2] @ heapprofile\n-1: -2 [1: 2] @ 0x11\n1: 2 [1: 2] @ 0x21\nMAPPED_LIBRARIES:\n" >in
  test "$(stackfold in 2>err)" = "[0x20] 2"; grep "1 without this value" err
'
test_that 'growth profiles have the values space and objects' '
  printf "heap profile: 2: 4096 [ 2: 4096] @ growthz\n 2: 4096 [ 2: 4096] @ 0x11 0x21\nMAPPED_LIBRARIES:\n" >in
  test "$(stackfold -q in)" = "[0x20];[0x10] 4096"
  test "$(stackfold -q -v objects in)" = "[0x20];[0x10] 2"
  says 1 "is gperftools-growth, which has no value .inuse_space." stackfold -v inuse_space in
'
test_that 'mappings without columns are read, and paths that begin with a variable' '
  printf "heap profile: 1: 2 [1: 2] @ heapprofile\n1: 2 [1: 2] @ 0x1011 0x2011 0x3011\n--- Memory map: ---\n" >in
  printf "build=/home/me\n  1000-2000: \$build/server\n  2000-3000: \$unset/lib.so\n3000-4000 r-xp 0 0:0 0 \$build/x\n" >>in
  test "$(stackfold -q --modules list in)" = "[x+0x10];[lib.so+0x10];[server+0x10] 2"; stackfold in 2>&1 >/dev/null | grep "unresolved$"
  printf "module\tpath\tbuild_id\nlib.so\t\$unset/lib.so\t\nserver\t\$build/server\t\nx\t\$build/x\t\n" | same - list
'

# --- jemalloc

test_that 'jemalloc: the sum over the threads counts, un-sampled as jeprof does' '
  for value in inuse_objects inuse_space; do
    case $value in inuse_objects) column=0 ;; *) column=1 ;; esac
    as_jeprof "$D/local-dbbench.0.f.heap" $column >want
    without_mappings "$D/local-dbbench.0.f.heap" | stackfold -q -v $value >got; same want got
  done
  stackfold -q "$D/local-dbbench.0.f.heap" >got
  grep -x "\[db_bench+0x137830\];\[libc.so.6+0x27304\];.*\[libjemalloc.so.2+0xa262f\] [0-9]*" got || head got
  test "$(awk "{ sum += \$NF } END { print sum }" got)" = 220524
'
test_that 'jemalloc: heap_v2/1 recorded everything and is not scaled' '
  printf "heap_v2/1\n  t*: 2: 16 [0: 0]\n  t0: 2: 16 [0: 0] main\n@ 0x11 0x21\n  t*: 1000: 1000 [0: 0]\n  t0: 1000: 1000 [0: 0]\n\nMAPPED_LIBRARIES:\n" >in
  test "$(stackfold in 2>err)" = "[0x20];[0x10] 1000"; grep "read 1 records, kept 1 in 1 stacks, dropped 0;" err
'
test_that 'jemalloc: rows as older versions wrote them are read too' '
  printf "heap profile: 1: 2 [1: 2] @ heap_v2/1\n1: 2 [1: 2] @ 0x11\nMAPPED_LIBRARIES:\n" >in
  test "$(stackfold -q -f jemalloc in)" = "[0x10] 2"
'
test_that 'jemalloc: a stack without a sum, a second sum and foreign lines' '
  printf "heap_v2/1\n@ 0x11\n  t0: 1: 1 [0: 0]\n@ 0x21\n  t*: 1: 1 [0: 0]\nMAPPED_LIBRARIES:\n" >in
  test "$(stackfold in 2>err)" = "[0x20] 1"; grep "dropped 1 (1 without this value)" err
  printf "heap_v2/1\n@ 0x21\n  t*: 1: 1 [0: 0]\n  t*: 1: 1 [0: 0]\nMAPPED_LIBRARIES:\n" >in
  says 1 "in:4: gives the counts of a stack a second time" stackfold in
  printf "heap_v2/1\n@ 0x21\nhello\nMAPPED_LIBRARIES:\n" >in
  says 1 "in:3: is no line of a heap profile" stackfold in
'

# --- contention and threads

test_that 'contentions and delays are multiplied by the period, and cycles become nanoseconds' '
  as_reference "$D/pprof-cppbench.contention.gopprof-raw.txt" 0 "$D/pprof-cppbench.contention" contentions
  as_reference "$D/pprof-cppbench.contention.gopprof-raw.txt" 1 "$D/pprof-cppbench.contention" delay
  printf -- "--- contention\n 10 2 @ 0x11\n" >in
  test "$(stackfold -q in)" = "[0x10] 10"
  printf -- "--- contentionz 1 ---\nformat = java\n" >in; says 1 "in:2: is an attribute of a profile of Java" stackfold in
'
test_that 'each thread counts 1, and one with the stack of the previous too' '
  as_reference "$D/pprof-cppbench.thread.gopprof-raw.txt" 0 "$D/pprof-cppbench.thread" thread
  as_reference "$D/pprof-cppbench.thread.none.gopprof-raw.txt" 0 "$D/pprof-cppbench.thread.none" thread
'
test_that 'a thread without a stack, threads without a trace, and a last thread that may go on' '
  printf -- "--- Thread 1 (name: a/1) stack: ---\n  [same as previous thread]\n--- Thread 2 (name: b/2) stack: ---\n" >in
  printf -- "--- Thread 3 (name: c/3) stack: ---\n  PC: 0x10 0x10 0x21\n--- Thread 4 (name: d/4) stack: ---\n" >>in
  printf -- "  [same as previous thread]\n   creator: 0x31\n--- Thread 5 (name: e/5) stack: ---\n  0x10: main\n" >>in
  stackfold in >got 2>err || true; echo "[0x20];[0x10] 2" | same - got
  grep "in:10: ends in the middle of the threads" err; grep "kept 2 in 1 stacks, dropped 3 (2 without a frame, 1 cut off)" err
  printf -- "---- no stack trace for 7 threads\n--- Memory map: ---\n" >>in
  stackfold in >got 2>err; printf "[0x10] 1\n[0x20];[0x10] 2\n" | same - got
  grep "read 12 records, kept 3 in 2 stacks, dropped 9 (2 without a frame, 7 unreadable to the profiler); value in 12, out 3;" err
'

# --- CPU profiles

test_that 'CPU profiles: only what is not the leaf is a return address; samples or nanoseconds' '
  as_reference "$D/local-xz.cpu.gopprof-raw.txt" 0 "$D/local-xz.cpu" samples
  as_reference "$D/local-xz.cpu.gopprof-raw.txt" 1 "$D/local-xz.cpu" cpu
'
test_that 'CPU profiles: 32 and 64 bits, both byte orders' '
  for word in L\< L\> Q\< Q\>; do
    perl -e "print pack(shift() . q(*), 0, 3, 0, 1000, 0, 2, 2, 0x1010, 0x2011, 1, 1, 0x1020, 0, 1, 0)" $word >in
    printf "1000-2000 r-xp 00000000 00:00 7 /bin/a\n2000-3000 r-xp 00000000 00:00 7 /bin/b\n" >>in
    printf "[a+0x20] 1\n[b+0x10];[a+0x10] 2\n" >want
    stackfold -q in >got; same want got
    printf "[a+0x20] 1000000\n[b+0x10];[a+0x10] 2000000\n" >want
    stackfold -q -v cpu in >got; same want got
  done
'
test_that 'CPU profiles: frames of the signal that took the sample are left out as pprof does, aloud' '
  as_reference "$D/pprof-go.crc32.cpu.gopprof-raw.txt" 0 "$D/pprof-go.crc32.cpu" samples
  grep "0x430c4b\] stands above the leaf of all stacks" err
  perl -e "print pack(q(Q<*), 0, 3, 0, 1000, 0, 1, 3, 0x10, 0x21, 0x31, 0, 1, 0)" >in
  test "$(stackfold -q in 2>err)" = "[0x30];[0x20];[0x10] 1"; test ! -s err
  perl -e "print pack(q(Q<*), 0, 3, 0, 1000, 0, 1, 3, 0x10, 0x10, 0x31, 1, 2, 0x10, 0x51, 0, 1, 0)" >in
  printf "[0x30];[0x10] 1\n[0x50];[0x10] 1\n" >want
  stackfold -q in >got; same want got
'
test_that 'CPU profiles: --all-frames keeps what all stacks have in common, but for a leaf that is there twice' '
  perl -e "print pack(q(Q<*), 0, 3, 0, 1000, 0, 1, 3, 0x10, 0x31, 0x41, 2, 3, 0x20, 0x31, 0x41, 0, 1, 0)" >in
  printf "[0x10] 1\n[0x20] 2\n" >want
  stackfold -q in 2>err >got; same want got; grep -c "stands above the leaf" err | same <(echo 2) -
  printf "[0x40];[0x30];[0x10] 1\n[0x40];[0x30];[0x20] 2\n" >want
  stackfold -q --all-frames in 2>err >got; same want got; test ! -s err
  perl -e "print pack(q(Q<*), 0, 3, 0, 1000, 0, 1, 3, 0x10, 0x31, 0x41, 2, 4, 0x20, 0x20, 0x31, 0x41, 0, 1, 0)" >in
  printf "[0x40];[0x30];[0x10] 1\n[0x40];[0x30];[0x20] 2\n" >want
  stackfold -q --all-frames in >got; same want got
'
test_that 'CPU profiles: a value past 64 bits and a profile of Java are errors' '
  perl -e "print pack(q(Q<*), 0, 3, 0, 1000, 0, ~0, 1, 0x10, 0, 1, 0)" >in
  says 1 "in: byte 64: a stack.s value is past 64 bits" stackfold -v cpu in
  perl -e "print pack(q(Q<*), 0, 3, 1, 1000, 0, 1, 1, 0x10, 0, 1, 0)" >in
  says 1 "is a CPU profile of Java in pprof.s old form .*, which is not read" stackfold in
'

# --- Go

test_that 'Go: comments name the frames of a row; what they do not name is an address' '
  printf "goroutine profile: total 3\n2 @ 0x101 0x201 0x301 0x401\n# labels: {\"a\":\"b\"}\n" >in
  printf "#\t0x200\tmain.(*T).run+0x1a\t\t/src/a b.go:7\n#\t0x300\tmain.inner[...]+0x1\t/src/m.go:1\n" >>in
  printf "#\t0x300\tmain.outer+0x1\t\t/src/m.go:2\n\n1 @ 0x101\n#\t0x101\tmain.f+0x0\t/src/f.go:3\n" >>in
  printf "[0x400];main.outer (/src/m.go:2);main.inner[...] (/src/m.go:1);main.(*T).run (/src/a b.go:7);[0x100] 2\n" >want
  printf "main.f (/src/f.go:3) 1\n" >>want
  stackfold -q in >got; same want got
  test "$(stackfold -q -v count in | wc -l)" = 2; stackfold -q -v goroutine in >/dev/null
  says 1 "has no value .delay.; it has count" stackfold -v delay in
'
test_that 'Go: a function that calls itself keeps each of its frames' '
  printf "threadcreate profile: total 1\n1 @ 0x101 0x101 0x101 0x201\n" >in
  for i in 1 2 3; do printf "#\t0x100\tmain.f+0x1\t/f.go:1\n"; done >>in; printf "#\t0x200\tmain.main+0x1\t/f.go:9\n" >>in
  test "$(stackfold -q in)" = "main.main (/f.go:9);main.f (/f.go:1);main.f (/f.go:1);main.f (/f.go:1) 1"
'
test_that 'Go: heap profiles are un-sampled with half the rate of the header' '
  column=0
  for value in alloc_objects alloc_space inuse_objects inuse_space; do
    as_reference "$D/pprof-gobench.heap.gopprof-raw.txt" $column "$D/pprof-gobench.heap" $value
    column=$((column + 1))
  done
  test "$(stackfold -q "$D/pprof-gobench.heap" | cksum)" = "$(cksum <got)"
'
test_that 'Go: profiles of mutexes and of blocking' '
  for head in "--- mutex:" "--- contention:"; do
    printf -- "$head\ncycles/second=2000000000\nsampling period=5\n1000 2 @ 0x101\n#\t0x100\tmain.f+0x1\t/f.go:1\n" >in
    test "$(stackfold -q in)" = "main.f (/f.go:1) 2500"
    test "$(stackfold -q -v contentions in)" = "main.f (/f.go:1) 10"
  done
'
test_that 'Go: dumps of goroutines, each of which counts 1' '
  printf "panic: oh no\n\ngoroutine 7 [running]:\nmain.(*T).f(0xc000, {0x1, 0x2}, ...)\n\t/src/m.go:1 +0x9f\n" >in
  printf "main.main()\n\t/src/m.go:9 +0x1\n\ngoroutine 8 [select, 2 minutes]:\nmain.g(...)\n\t/src/a b.go:4\n" >>in
  printf "...4 frames elided...\ncreated by main.(*T).start in goroutine 1\n\t/src/m.go:8 +0x7\n\n" >>in
  printf "goroutine 9 [running]:\n\tgoroutine running on other thread; stack unavailable\ncreated by main.main\n\t/src/m.go:8 +0x7\nexit status 2\n" >>in
  sed -i "/^exit/d" in
  printf "[truncated];main.g (/src/a b.go:4) 1\nmain.main (/src/m.go:9);main.(*T).f (/src/m.go:1) 1\n" >want
  stackfold in >got 2>err; same want got
  grep "read 3 records, kept 2 in 2 stacks, dropped 1 (1 unreadable to the profiler).*1 other lines skipped" err
'

# --- cut off, malformed

test_that 'a file cut off anywhere gives its whole records, or an error, and says so' '
  for name in local-dbbench.0.f.heap pprof-cppbench.heap pprof-cppbench.thread local-xz.cpu pprof-gobench.heap; do
    size=$(stat -c %s "$D/$name")
    for part in 3 17 33 51 70; do
      head -c $((size * part / 100)) "$D/$name" >in
      status=0; stackfold -q in >got 2>err || status=$?
      [ $status = 1 ]; grep -E "cut off|holds no stacks|is no |is not " err
      if [ -s got ]; then stackfold -q --lenient in 2>/dev/null | same - got; fi
    done
  done
'
test_that 'the warning says where' '
  printf "heap profile: 2: 4 [2: 4] @ heapprofile\n1: 2 [1: 2] @ 0x11\n1: 2 [1: 2] @ 0x2" >in
  says 1 "in:3: ends in the middle of a row; the file was cut off" stackfold in; echo "[0x10] 2" | same - says.out
  printf "heap profile: 2: 4 [2: 4] @ heapprofile\n1: 2 [1: 2] @ 0x11\n" >in
  says 1 "in:2: ends in the middle of the rows .the header counts more." stackfold in
  says 0 "" stackfold --lenient in
  printf "heap_v2/1\n@ 0x11\n  t*: 1: 2 [0: 0]\n" >in; says 1 "in:3: .*MAPPED_LIBRARIES is not there" stackfold in
  printf "goroutine profile: total 3\n1 @ 0x101\n" >in
  says 1 "in:2: .*the stacks .1 of the 3 that the header counts were read" stackfold in
  perl -e "print pack(q(Q<*), 0, 3, 0, 1000, 0, 2, 1, 0x10, 3, 9)" >in
  says 1 "in: ends in the middle of the stacks, at byte 80; " stackfold in; echo "[0x10] 2" | same - says.out
  printf "heap_v2/1\n@ 0x11\n  t*: 1: 2 [0: 0]\nMAPPED_LIBRARIES:\n1000-2000 r-xp 0 0:0 0 /bin/li" >in
  says 1 "in:5: ends in the middle of the list of mappings" stackfold in; echo "[0x10] 2" | same - says.out
'
test_that 'a stack of 100,000 frames and a line of NULs' '
  perl -e "print qq(heap_v2/1\n@), q( 0x1011) x 100000, qq(\n  t*: 1: 2 [0: 0]\nMAPPED_LIBRARIES:\n)" >in
  test "$(stackfold -q in | tr -cd ";" | wc -c)" = 99999
  { printf "heap_v2/1\n"; head -c 100000 /dev/zero; printf "\n"; } >in
  says 1 "in:2: is no line of a heap profile" stackfold in
  perl -e "print pack(q(Q<*), 0, 3, 0, 1000, 0, 1, 1 << 62, 0x10)" >in
  says 1 "ends in the middle of the stacks" stackfold in
'

# --- the corpus

if [ -d "$C" ]; then
  test_that 'corpus: CPU profiles equal go tool pprof, and google-pprof' '
    for name in local-py local-xz pprof-cppbench pprof-go.crc32; do
      as_reference "$C/cpu-gperftools/expected/$name.cpu.gopprof-raw.txt" 0 "$C/cpu-gperftools/$name.cpu" samples
      as_reference "$C/cpu-gperftools/expected/$name.cpu.gopprof-raw.txt" 1 "$C/cpu-gperftools/$name.cpu" cpu
    done
    for name in local-py local-xz; do
      as_reference "$C/cpu-gperftools/expected/$name.cpu.google-pprof-raw.txt" 0 "$C/cpu-gperftools/$name.cpu" samples
    done
  '
  test_that 'corpus: heap profiles of gperftools equal their rows, and google-pprof' '
    for profile in "$C"/heap-gperftools/local-*.heap.zst; do
      column=0
      for value in inuse_objects inuse_space alloc_objects alloc_space; do
        by_row "$profile" $column >want; without_mappings "$profile" | stackfold -q -v $value >got 2>err; same want got
        column=$((column + 1))
      done
      name=$C/heap-gperftools/expected/$(basename "$profile" .zst)
      test "Total: $(without_mappings "$profile" | stackfold -q 2>err | awk "{ sum += \$NF } END { print sum }") B" = \
        "$(head -n 1 "$name.google-pprof-text.txt")"
    done
    as_reference "$C/heap-gperftools/expected/local-clang.0002.heap.google-pprof-raw.txt.zst" 0 \
      "$C/heap-gperftools/local-clang.0002.heap.zst" inuse_space leaf
    grep "the header counts 122752669, its rows 121363744" err
  '
  # Exceptions: google-pprof leaves out frames named malloc and calloc, here two addresses of the dynamic linker, which
  # were called from one function. By the rows, e.g. "1: 73 [...] @ 0x7f97d9994f99 0x7f97d999067f ...", both stand.
  test_that 'corpus: google-pprof leaves out the allocator of the dynamic linker: three stacks, exceptions' '
    for number in 0001 0002; do
      ! as_reference "$C/heap-gperftools/expected/local-py.$number.heap.google-pprof-raw.txt.zst" 0 \
        "$C/heap-gperftools/local-py.$number.heap.zst" inuse_space leaf >/dev/null
      test "$(comm -23 want got | wc -l)" = 3
      test "$(comm -13 want got | grep -cE ";\[ld-linux-x86-64.so.2\+0x667e\];\[ld-linux-x86-64.so.2\+0x(acb9|af98)\] ")" = 6
      test "$(comm -13 want got | wc -l)" = 6
    done
  '
  test_that 'corpus: jemalloc profiles equal jeprof, stack by stack, and its total but for what is cut from each' '
    for profile in "$C"/heap-jemalloc/*.heap; do
      column=0
      for value in inuse_objects inuse_space alloc_objects alloc_space; do
        as_jeprof "$profile" $column >want; without_mappings "$profile" | stackfold -q -v $value >got 2>err || test ! -s want
        same want got
        [ $value != inuse_space ] || awk -v stacks="$(wc -l <got)" "
          NR == FNR { sum += \$NF; next } { exit !(\$2 >= sum && \$2 - sum < stacks) }" got \
          <(head -n 1 "$C/heap-jemalloc/expected/$(basename "$profile").jeprof-text.txt")
        column=$((column + 1))
      done
    done
  '
  test_that 'corpus: text profiles of Go have the addresses of go tool pprof, and all names that they give' '
    for profile in "$C"/go-text/*debug1.txt; do
      sed "/^#/d" "$profile" >in
      as_reference "$C/go-text/expected/$(basename "$profile").gopprof-raw.txt" 0 in goroutine
      stackfold -q "$profile" >got
      test "$(grep -oE "[^;]+ \([^;]+:[0-9]+\)" got | wc -l)" = "$(grep -c "^#.0x" "$profile")"
    done
    stackfold -q "$C/go-text/gonotes-1.net.http.pprof.goroutine.debug2.txt" >got
    test "$(awk "{ sum += \$NF } END { print sum }" got)" = 10
  '
  test_that 'corpus: the sum of the output is what the account says was kept' '
    for profile in "$C"/cpu-gperftools/*.cpu; do conserved samples "$profile"; conserved cpu "$profile"; done
    for profile in "$C"/heap-gperftools/*.heap* "$C"/heap-jemalloc/*.heap; do conserved inuse_space "$profile"; conserved inuse_objects "$profile"; done
    for profile in "$C"/heap-gperftools/*.contention; do conserved delay "$profile"; done
    for profile in "$C"/go-text/*.txt; do conserved count "$profile"; done
  '
else
  skip 'CORPUS_DIR is not set' 'the heap, CPU and Go profiles of the corpus'
fi
finish
