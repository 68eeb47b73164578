#!/bin/bash
# symbolize: programs compiled here, of which functions, lines and inlined frames are known.
. "${0%/*}/harness.sh"
export XDG_CACHE_HOME=$WORK/cache

# What symbolize is to say for an address follows from the labels: each function of the chain stands on a line that a
# comment marks, and the instruction is found by the value that it stores.
cat >chain.c <<'END'
volatile int sink;
static inline __attribute__((always_inline)) void innermost(void) {
  sink = 0x1234567;                                             /* line 3 */
}
static inline __attribute__((always_inline)) void middle(int times) {
  sink = 1;
  if (times > 3) innermost();                                   /* line 7 */
}
__attribute__((noinline)) void outermost(int times) {
  middle(times);                                                /* line 10 */
  sink = 0x7654321;                                             /* line 11 */
}
int main(int count, char **arguments) {
  (void)arguments;
  outermost(count);
  return 0;
}
END
cat >shape.cc <<'END'
#include <vector>
namespace geometry {
template <typename T> struct shape {
  volatile T area;
  __attribute__((noinline)) void grow(std::vector<T> const &by);
  bool operator<(shape const &other) const;
};
template <typename T> void shape<T>::grow(std::vector<T> const &by) { area = area + by[0] + 0x1234567; }
template <typename T> __attribute__((noinline)) bool shape<T>::operator<(shape const &other) const {
  return area * 0x7654321 < other.area;
}
}
int main(int count, char **) {
  geometry::shape<int> a = {count};
  std::vector<int> by = {count};
  a.grow(by);
  return a < a;
}
END
# address_of FILE PATTERN: of the first instruction that matches, as the symbol table counts.
address_of() {
  objdump -d --no-show-raw-insn "$1" | awk -v p="$2" 'index($0, p) { sub(":", "", $1); print "0x" $1; found = 1; exit }
    END { exit !found }'
}
# in_file FILE ADDRESS: its offset in the file.
in_file() {
  local type offset start size
  while read -r type offset start _ size _; do
    if [ "$type" = LOAD ] && (($2 >= start && $2 < start + size)); then printf '0x%x\n' $(($2 - start + offset)); fi
  done < <(readelf -lW "$1")
}
build_id() { readelf -n "$1" | awk '/Build ID:/ { print $3; exit }'; }
export -f address_of in_file build_id
compile() { # NAME OPTION...
  local name=$1
  shift
  gcc -O2 -fcf-protection=none -o "$name" "$@" chain.c
}
chain='outermost (chain.c:10);middle (chain.c:7);innermost (chain.c:3)'
export chain

compile plain -g
for version in 2 3 4 5; do
  compile "dwarf$version" "-gdwarf-$version"
  # shellcheck disable=SC2016
  test_that "DWARF $version: an inlined chain is known to the line, outermost first" '
    f=dwarf'$version'
    { address_of $f "\$0x1234567"; address_of $f "\$0x7654321"; } >in
    printf "%s\n" "$chain" "outermost (chain.c:11)" >want
    symbolize -q --exe $f --lines <in >out
    same want out
    symbolize -q --no-cache --exe $f --lines in >out
    same want out
  '
done
test_that 'options say what of it is written' '
  address_of plain "\$0x1234567" >in
  test "$(symbolize -q --exe plain in)" = "outermost;middle;innermost"
  test "$(symbolize -q --exe plain --no-inlines in)" = outermost
  test "$(symbolize -q --exe plain --no-inlines --lines in)" = "outermost (chain.c:10)"
  test "$(symbolize -q --exe plain --annotate in)" = "outermost;middle_[i];innermost_[i]"
  test "$(symbolize -q --exe plain --annotate --lines in)" = \
    "outermost (chain.c:10);middle_[i] (chain.c:7);innermost_[i] (chain.c:3)"
  test "$(symbolize -q --exe plain --lines --paths=full in)" = \
    "outermost ($PWD/chain.c:10);middle ($PWD/chain.c:7);innermost ($PWD/chain.c:3)"
'
for linker in -flto -gz '-gsplit-dwarf -gdwarf-5' -ffunction-sections; do
  # shellcheck disable=SC2086
  compile other -g $linker
  want=$chain
  # Of a split unit the line table alone is in the program.
  [ "${linker#-gsplit}" = "$linker" ] || want='outermost (chain.c:3)'
  # shellcheck disable=SC2016
  test_that "gcc $linker: $want" '
    test "$(address_of other "\$0x1234567" | symbolize --exe other --lines 2>err)" = "'"$want"'"
    if test "'"$want"'" != "$chain"; then grep -q "split DWARF" err; fi
  '
done
if command -v clang >/dev/null; then
  for version in 4 5; do
    clang -O2 -gdwarf-$version -o clang$version chain.c
    # shellcheck disable=SC2016
    test_that "clang, DWARF $version: the same chain" '
      test "$(address_of clang'$version' "\$0x1234567" | sed -n 1p | symbolize -q --exe clang'$version' --lines)" = "$chain"
    '
  done
else
  skip 'clang is not installed' 'clang: the same chain'
fi

test_that 'C++ names: full, simple, as they are' '
  g++ -O2 -g -o shape shape.cc
  { address_of shape "x1234567"; address_of shape "x7654321"; } >in
  printf "%s\n" "geometry::shape<int>::grow(std::vector<int, std::allocator<int> > const&)" \
    "geometry::shape<int>::operator<(geometry::shape<int> const&) const" >want
  symbolize -q --no-inlines --exe shape in >out
  same want out
  printf "%s\n" "geometry::shape::grow" "geometry::shape::operator<" >want
  symbolize -q --no-inlines --exe shape --demangle=simple in >out
  same want out
  printf "%s\n" "_ZN8geometry5shapeIiE4growERKSt6vectorIiSaIiEE" "_ZNK8geometry5shapeIiEltERKS1_" >want
  symbolize -q --no-inlines --exe shape --demangle=no in | sed "s/\.isra\.0//" >out # by some compilers
  same want out
  says 2 "full, simple, no" symbolize --demangle=maybe in
'

test_that 'folded stacks: modules by the list that stackfold writes, offsets in files, sums of equal stacks' '
  at=$(in_file plain "$(address_of plain "\$0x1234567")")
  next=$(in_file plain "$(address_of plain "\$0x7654321")")
  printf "module\tpath\tbuild_id\nplain\t%s\t%s\n" "$PWD/plain" "$(build_id plain)" >modules
  printf "%s\n" "main;[plain+$at] 5" "main;[plain+$next];[other.so+0x10] 2" "main;x y;[0x12] 1" \
    "main;outermost (chain.c:10);middle (chain.c:7);innermost (chain.c:3) 3" >in
  printf "%s\n" "main;outermost (chain.c:10);middle (chain.c:7);innermost (chain.c:3) 8" \
    "main;outermost (chain.c:11);[other.so+0x10] 2" "main;x y;[0x12] 1" >want
  says 0 "^plain	7	7	0	-$" symbolize --modules modules --lines in
  same want says.out
  grep -q "^other.so	2	0	2	its file is not known" says.err
  grep -q "^(no module)	1	0	1	" says.err
'
test_that 'addresses of a process: /proc/PID/maps and the list of gperftools' '
  address=$(address_of plain "\$0x1234567")
  at=$(in_file plain "$address")
  printf "55550000%04x-55550000%04x r-xp %08x 08:01 77   %s\n" 0x1000 0x3000 $((at / 4096 * 4096)) "$PWD/plain" >maps
  run=$(printf "0x55550000%04x" $((0x1000 + at % 4096)))
  test "$(echo "$run" | symbolize -q --maps maps --lines)" = "$chain"
  printf "x;[%s] 1\n" "$run" | symbolize -q --maps maps --lines >out
  test "$(cat out)" = "x;$chain 1"
  { echo "MAPPED_LIBRARIES:"; cat maps; } >libraries
  test "$(echo "$run" | symbolize -q --maps libraries --lines)" = "$chain"
  echo "no such thing" >none
  says 1 "none: holds no mapping" symbolize --maps none </dev/null
'
test_that 'what it reads for addresses, and what is none' '
  address=$(address_of plain "\$0x1234567")
  at=$(in_file plain "$address")
  printf "%s\n" "$address" "${address#0x}" " $address " "" "plain+$at" "[plain+$at]" >in
  test "$(symbolize -q --exe plain --lines in | sort -u)" = "$chain"
  test "$(symbolize -q --exe plain --lines in | wc -l)" = 5
  echo oh >>in
  says 1 "in:7: .oh. is no address" symbolize --exe plain in
  test ! -s says.out
  echo 0x11112222333344445 >in
  says 1 "no address" symbolize --exe plain in
'
test_that 'rows of --frames: one for each frame and module, with the whole path of its file' '
  address=$(address_of plain "\$0x1234567")
  printf "%s\n" "$address" "$address" >in
  symbolize -q --exe plain --lines --annotate --frames rows in >/dev/null
  id=$(build_id plain)
  printf "frame\tmodule\tbuild_id\tpath\toffset\tfunction\tfile\tline\tinlined\n" >want
  printf "%s\tplain\t$id\tplain\t%s\t%s\t%s\t%s\t%s\n" \
    "outermost (chain.c:10)" "$address" outermost "$PWD/chain.c" 10 0 \
    "middle_[i] (chain.c:7)" "$address" middle "$PWD/chain.c" 7 1 \
    "innermost_[i] (chain.c:3)" "$address" innermost "$PWD/chain.c" 3 1 >>want
  same want rows
  says 1 "cannot be written" symbolize --exe plain --frames /nonexistent/rows in
'

# ---- where symbols come from ----

test_that 'a stripped program: its frames stay; symbols alone; a debug file by build id' '
  address=$(address_of plain "\$0x1234567")
  at=$(in_file plain "$address")
  mkdir -p root/bin
  strip -o root/bin/plain plain
  printf "module\tpath\tbuild_id\nplain\t/bin/plain\t%s\n" "$(build_id plain)" >modules
  echo "[plain+$at] 4" >in
  says 0 "^plain	4	0	4	it is stripped" symbolize --root root --modules modules --lines in
  same in says.out
  cp plain root/bin/plain
  strip -g root/bin/plain
  test "$(symbolize -q --root root --modules modules --lines in)" = "outermost 4"
  strip -o root/bin/plain plain
  id=$(build_id plain)
  mkdir -p "root/usr/lib/debug/.build-id/${id:0:2}"
  objcopy --only-keep-debug plain "root/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug"
  test "$(symbolize -q --root root --modules modules --lines in)" = "$chain 4"
  test "$(symbolize -q --root root/ --modules modules --lines in)" = "$chain 4"
'
test_that 'a debug file by .gnu_debuglink: beside it, in .debug, below /usr/lib/debug; none with another CRC' '
  gcc -O2 -g -fcf-protection=none -Wl,--build-id=none -o linked chain.c
  address=$(address_of linked "\$0x1234567")
  mkdir -p link/opt/.debug link/usr/lib/debug/opt
  objcopy --only-keep-debug linked linked.debug
  strip -o link/opt/linked linked
  objcopy --add-gnu-debuglink=linked.debug link/opt/linked
  printf "module\tpath\tbuild_id\nlinked\t/opt/linked\t\n" >modules
  echo "[linked+$(in_file linked "$address")] 4" >in
  test "$(symbolize -q --root link --modules modules --lines in)" = "$(cat in)"
  for place in opt/linked.debug opt/.debug/linked.debug usr/lib/debug/opt/linked.debug; do
    cp linked.debug link/$place
    test "$(symbolize -q --root link --modules modules --lines in)" = "$chain 4"
    rm link/$place
  done
  gcc -O1 -g -Wl,--build-id=none -o another chain.c
  cp another link/opt/linked.debug
  says 0 "its CRC is not the one" symbolize --root link --modules modules --lines in
  same in says.out
'
test_that 'another build id than that of the capture is refused, with what to do; --force; --strict' '
  at=$(in_file plain "$(address_of plain "\$0x1234567")")
  printf "module\tpath\tbuild_id\nplain\t%s\t%s\n" "$PWD/plain" 0123456789abcdef >modules
  echo "[plain+$at] 4" >in
  says 0 "its build id is $(build_id plain), that of the capture 0123456789abcdef.*--force" \
    symbolize --modules modules --lines in
  same in says.out
  grep -q "^plain	4	0	4	its build id is" says.err
  says 1 "" symbolize --strict --modules modules --lines in
  same in says.out
  says 0 "^plain	4	4	0	FORCED" symbolize --force --strict --modules modules --lines in
  test "$(cat says.out)" = "$chain 4"
'
test_that 'a small symbol table packed in .gnu_debugdata' '
  address=$(address_of plain "\$0x1234567")
  objcopy -S --keep-symbol=outermost plain small
  objcopy --only-keep-debug plain mini
  strip -g mini
  strip -o packed plain
  xz -k mini
  objcopy --add-section .gnu_debugdata=mini.xz packed
  test "$(echo "$address" | symbolize -q --exe packed)" = outermost
'
if command -v dwz >/dev/null; then
  test_that 'names in a file that several debug files share (dwz -m)' '
    cp plain first
    gcc -O2 -g -fcf-protection=none -DOTHER -o second chain.c
    dwz -m shared first second 2>/dev/null
    readelf -SW first | grep -q gnu_debugaltlink
    test "$(address_of first "\$0x1234567" | symbolize -q --exe first --lines)" = "$chain"
  '
else
  skip 'dwz is not installed' 'names in a file that several debug files share'
fi

if [ "$(uname -m)" = x86_64 ]; then
  test_that 'stubs of the procedure linkage table, as the disassembler names them' '
    printf "%s\n" "#include <stdlib.h>" "int main(void) { return rand() + abs(atoi(\"1\")); }" >stubs.c
    for flags in "" -fcf-protection=full "-Wl,-z,now" "-fno-plt" "-Wl,-z,lazy -fcf-protection=none"; do
      gcc -O0 -o stubs $flags stubs.c
      objdump -d --no-show-raw-insn stubs | sed -n "s/^0*\([0-9a-f]*\) <\(.*@plt\)>:/0x\1 \2/p" >both
      test "$flags" = -fno-plt || grep -q "rand@plt" both
      cut -d " " -f 1 both >in
      cut -d " " -f 2 both >want
      symbolize -q --exe stubs <in >out
      same want out
      strip stubs
      symbolize -q --exe stubs <in >out
      same want out
    done
  '
else
  skip 'the stubs of x86-64 alone are read' 'stubs of the procedure linkage table, as the disassembler names them'
fi

# ---- what is no file ----

test_that 'functions of the kernel, of a JIT compiler, of the vdso' '
  printf "%s\n" "ffffffff81000000 T _text" "ffffffff81000010 t first" "ffffffff81000020 T second	[ext4]" >symbols
  printf "module\tpath\tbuild_id\nkernel.kallsyms\t[kernel.kallsyms]\tabcd\nperf-12.map\t%s\t\nvdso\t[vdso]\t\n" \
    "$PWD/perf-12.map" >modules
  printf "%s\n" "700 10 Lprog::main; x" "710 8 other" >perf-12.map
  printf "%s\n" "a;[kernel.kallsyms+0x18]_[k];[kernel.kallsyms+0x20]_[k] 1" "[perf-12.map+0x70f];[perf-12.map+0x718] 2" >in
  printf "%s\n" "Lprog::main: x;[perf-12.map+0x718] 2" "a;first_[k];second_[k] 1" >want
  symbolize -q --modules modules --kallsyms symbols in >out
  same want out
  says 0 "running kernel" symbolize --modules modules in
  grep -q "a;\[kernel.kallsyms+0x18\]_\[k\];" says.out
  printf "%s\n" "Lprog::main: x_[j];[perf-12.map+0x718] 2" "a;first_[k];second_[k] 1" >want
  symbolize -q --annotate --modules modules --kallsyms symbols in >out
  same want out
'

# ---- hostile files ----

test_that 'what is no file that can be read costs its own frames alone' '
  at=$(in_file plain "$(address_of plain "\$0x1234567")")
  mkfifo pipe
  : >empty
  echo text >script
  for name in pipe empty script nothing /dev/zero .; do
    printf "module\tpath\tbuild_id\nplain\t%s\t\nbad\t%s\t\n" "$PWD/plain" "$name" >modules
    printf "%s\n" "[bad+0x10];[plain+$at] 4" >in
    says 0 "^bad	4	0	4	it " symbolize --modules modules --lines in
    test "$(cat says.out)" = "[bad+0x10];$chain 4"
  done
'
test_that 'a program cut anywhere, or with bytes changed, never brings it down' '
  { address_of plain "\$0x1234567"; address_of plain "\$0x7654321"; } >in
  size=$(stat -c %s plain)
  for ((cut = 60; cut < size; cut += size / 25)); do
    head -c $cut plain >cut
    symbolize -q --no-cache --exe cut --lines in >out 2>err
    test "$(wc -l <out)" = 2
    if grep -E "reader down|anitizer" err; then exit 1; fi
  done
  perl -e "
    local \$/; open F, q(plain); my \$all = <F>; srand 7;
    for my \$n (1 .. 40) {
      my \$bytes = \$all;
      substr(\$bytes, rand length \$bytes, 1) = chr rand 256 for 1 .. \$n * 8;
      open O, qq(>changed\$n); print O \$bytes; close O
    }"
  for n in {1..40}; do
    symbolize -q --no-cache --exe changed$n --lines in >out 2>err || { cat err; exit 1; }
    test "$(wc -l <out)" = 2
    if grep -E "reader down|anitizer" err; then exit 1; fi
  done
'

# ---- the cache ----

test_that 'the cache: same answers, not with --no-cache, made anew where it is damaged or of another file' '
  { address_of plain "\$0x1234567"; address_of plain "\$0x7654321"; } >in
  rm -rf kept
  symbolize -q --no-cache --exe plain --lines in >want
  symbolize -q --cache kept --exe plain --lines in >out
  same want out
  file=kept/$(build_id plain).index
  test -s "$file"
  test "$(ls kept | wc -l)" = 1
  strace=$(stat -c %i "$file")
  symbolize -q --cache kept --exe plain --lines in >out 2>err
  same want out
  test ! -s err
  test "$(stat -c %i "$file")" = "$strace" # not written again
  size=$(stat -c %s "$file")
  for at in 0 8 50 100 $((size / 3)) $((size / 2)) $((size * 3 / 4)) $((size - 9)); do
    symbolize -q --cache kept --exe plain --lines in >out
    cp "$file" whole
    printf "\377\1\177" | dd of="$file" bs=1 seek=$at conv=notrunc status=none
    cmp -s whole "$file" && continue
    symbolize -q --cache kept --exe plain --lines in >out 2>err
    same want out
    [ $at -lt 8 ] || grep -q "damaged; it is made anew" err
    cmp whole "$file"
    head -c $at whole >"$file"
    symbolize -q --cache kept --exe plain --lines in >out 2>err
    same want out
    cmp whole "$file"
  done
  says 1 "cannot be used as the cache" symbolize --cache plain/x --exe plain in
'
test_that 'a cache says what was read of another part of the module too' '
  rm -rf kept
  gcc -O2 -g -c -fcf-protection=none -o chain.o chain.c
  printf "%s\n" "extern volatile int sink;" "void far(void) { sink = 0x2345678; }" >far.c
  gcc -O2 -g -c -fcf-protection=none -o far.o far.c
  gcc -o both chain.o far.o
  near=$(address_of both "\$0x1234567") far=$(address_of both "\$0x2345678")
  test "$(echo $near | symbolize -q --cache kept --exe both --lines)" = "$chain"
  first=$(stat -c %s kept/*)
  test "$(echo $far | symbolize -q --cache kept --exe both --lines)" = "far (far.c:2)"
  test "$(stat -c %s kept/*)" -gt "$first"
  for at in $near $far; do echo $at | symbolize -q --cache kept --exe both --lines; done >out
  printf "%s\n" "$chain" "far (far.c:2)" >want
  same want out
'
test_that 'in a pipe the list of modules may be a file that the other end is still to write, or stand before the stacks' '
  offset=$(in_file plain "$(address_of plain 0x1234567)")
  list=$(printf "module\tpath\tbuild_id\nplain\t%s\t%s" "$PWD/plain" "$(build_id plain)")
  rm -f late
  { sleep 0.2; echo "$list" >late; echo "main;[plain+$offset] 4"; } | symbolize -q --modules late >out
  grep "^main;.*innermost 4$" out
  { echo "$list" | sed "1d; s/^/# module\t/"; echo "main;[plain+$offset] 4"; } >in
  symbolize -q --modules - in | same out -
  symbolize -q in >unresolved; grep -F "[plain+$offset]" unresolved
  stackfold -q in | grep -F "main;[plain+$offset] 4"
  sed "s/module\t/module\tx/; s/plain\t/plain/" in >bad; says 1 "bad:1: is no remark on a module" symbolize --modules - bad
'
test_that 'names of Rust, of both kinds, are demangled' '
  for name in _ZN7mycrate3foo17h0123456789abcdefE _RNvNtCs1234_7mycrate3foo3bar; do
    printf "%s\n" ".globl $name" ".type $name,@function" "$name: nop" ".size $name,1"
  done >rust.s
  printf "%s\n" ".globl main" "main: nop" ".section .note.GNU-stack,\"\",@progbits" >>rust.s
  gcc -o rust rust.s
  nm rust | awk "/mycrate/ { print \"0x\" \$1 }" | symbolize -q --exe rust >out
  printf "mycrate::foo::bar\nmycrate::foo\n" | same - out
'
test_that 'usage, errors of writing' '
  says 2 "" symbolize --nothing
  says 2 "wants an argument" symbolize --exe
  says 1 "cannot write standard output" bash -c "symbolize -q --exe plain <in >/dev/full"
  says 1 "cut off" bash -c "printf \"main;x 4\nmain;y\" | symbolize -q"
  symbolize --help >out
  grep -q -- --debuginfod out
'
finish
