#!/bin/bash
# stackpprof: what it writes is read back with nothing lost, and opens in go tool pprof and speedscope with the same totals.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
export D=$DATA/stackpprof

# round_trip FILE OPTION...: FILE as stackfold writes it comes back byte by byte.
round_trip() {
  local file=$1
  shift
  stackpprof "$@" "$file" >profile.pb.gz
  stackfold -q --format pprof --context profile.pb.gz >back.folded
  same "$file" back.folded
}
export -f round_trip

printf 'module\tpath\tbuild_id\nlibx.so\t/usr/lib/libx.so\tab12\nlibx.so#2\t/opt/lib/libx.so\tcd34\nprog\t/srv/prog\t\nvdso\t[vdso]\t\n' >modules.tsv
printf 'frame\tmodule\tbuild_id\tpath\toffset\tfunction\tfile\tline\tinlined\n' >frames.tsv
{
  printf 'outer (a.c:10)\tprog\t\t/srv/prog\t0x1234\touter\ta.c\t10\t0\n'
  printf 'middle (a.c:20)\tprog\t\t/srv/prog\t0x1234\tmiddle\ta.c\t20\t1\n'
  printf 'inner (b.h:3)\tprog\t\t/srv/prog\t0x1234\tinner\tb.h\t3\t1\n'
  printf 'plain\tlibx.so\tab12\t/usr/lib/libx.so\t0x10\tplain\t\t\t0\n'
} >>frames.tsv
LC_ALL=C sort >mixed.folded <<'END'
[0x7f00];[libx.so+0x10];[libx.so#2+0xfffffffffffff];[vdso+0x0] 1
[truncated];[other.so+0x20];main;outer (a.c:10);middle (a.c:20);inner (b.h:3) 9223372036854775807
main;outer (a.c:10) 5
main;outer (a.c:10);middle (a.c:20) 6
main;outer (a.c:10);middle (a.c:20);inner (b.h:3);plain 7
middle (a.c:20);plain;inner (b.h:3) 8
[0x7f00];inner (b.h:3);x_[i];f_[i] (c.c:1) 9
a b;<x>&"y'z\;operator new(unsigned long);f (x.c:0);f (x.c:007);f (x.c:???);f (:3);(x.c:3) 10
[m+0x0A];[m+0x01];[+0x1];[a b+0x1];[m+0x12345678123456789];[];[x];[libx.so#3+0x4] 11
END
printf 'latin\351;\346\225\260;f (\346\225\260.py:3) 12\n' >>mixed.folded
LC_ALL=C sort -o mixed.folded mixed.folded

# --- nothing is lost

test_that 'stacks come back as they were: inlined, unresolved, cut short, with lines, with any bytes, up to 2^63 - 1' '
  round_trip mixed.folded
  round_trip mixed.folded --modules modules.tsv
  round_trip mixed.folded --frames frames.tsv
  round_trip mixed.folded --modules modules.tsv --frames frames.tsv
'
test_that 'paths and build ids of modules come back' '
  stackpprof --modules modules.tsv --frames frames.tsv mixed.folded >p.pb.gz
  stackfold -q --modules back.tsv p.pb.gz >/dev/null
  LC_ALL=C join -t "$(printf "\t")" <(tail -n +2 modules.tsv | LC_ALL=C sort) <(tail -n +2 back.tsv | LC_ALL=C sort) |
    awk -F"\t" "\$2 != \$4 || \$3 != \$5 { exit 1 } END { if (NR != 4) exit 1 }"
'
test_that 'real profiles come back, from perf, from an allocation profile and from Go' '
  zstd -dc "$DATA/stackflame/clang.folded.zst" | stackfold -q >real.folded
  round_trip real.folded
  stackfold -q "$DATA/rankalloc/deepcopy.folded" >real.folded
  round_trip real.folded
  for f in "$DATA"/stackfold-pprof/*.gz; do
    stackfold -q --modules modules.real --context "$f" >real.folded
    round_trip real.folded --modules modules.real
  done
'
test_that 'random frames come back' '
  perl -e "srand 7; my @c = (split(//, q{ab0x1[]()+:.#_<&é }), q{_[i]}, q{ (}, q{:1)}, q{[m+0x});
    for (1 .. 3000) { my \$s = join q(;), map { my \$f = join q(), map { \$c[rand @c] } 0 .. rand 9; \$f } 0 .. rand 5;
      print qq(\$s ), 1 + int rand 1000, qq(\n) }" | stackfold -q >in
  test "$(wc -l <in)" -gt 1000
  round_trip in
  sed "s/ [0-9]*\$//" in | tr ";" "\n" | sort -u | awk "BEGIN {
    OFS = \"\t\"; print \"frame\", \"module\", \"build_id\", \"path\", \"offset\", \"function\", \"file\", \"line\", \"inlined\" }
    { gsub(/\\\\/, \"&&\"); print \$0, \"m\" NR % 5, \"\", \"/x/m\" NR % 5, \"0x10\", \"f\", \"\", \"\", NR % 2 }" >side
  round_trip in --frames side
'
test_that 'several values are one profile; the first is the default' '
  printf "a;b 5\na;c 1\n" >bytes; printf "a;b 2\na;d 3\n" >objects
  stackpprof --value space/bytes=bytes --value objects/count=objects >p.pb.gz
  stackfold -q p.pb.gz | same bytes -
  stackfold -q --value space p.pb.gz | same bytes -
  stackfold -q --value objects p.pb.gz | same objects -
'
test_that 'equal input gives equal bytes, whatever the order of its lines' '
  stackpprof --frames frames.tsv mixed.folded >one
  shuf --random-source=/dev/zero mixed.folded | stackpprof --frames frames.tsv >two
  cmp one two
  gzip -t <one
  test "$(od -An -tx1 -j4 -N4 one | tr -d " ")" = 00000000
'
test_that 'deep stacks, long names and many stacks are written' '
  perl -e "print join(q(;), map { qq(f\$_) } 1 .. 100000), qq( 5\n)" >deep
  perl -e "print q(n) x 3_000_000, qq( 5\n)" >long
  perl -e "print qq(main;f\$_;[m+0x), sprintf(q(%x), \$_), qq(] 1\n) for 1 .. 50000" | stackfold -q >wide
  for f in deep long wide; do round_trip $f; done
'

# --- other readers

if command -v go >/dev/null && go tool -n pprof >/dev/null 2>&1; then
  test_that 'go tool pprof reads it: values, units, build ids, inlined lines, the same total' '
    export PPROF_TMPDIR=$PWD HOME=$PWD
    grep -v 9223372036854775807 mixed.folded >small
    stackpprof --type space/bytes --modules modules.tsv --frames frames.tsv small >p.pb.gz
    go tool pprof -symbolize=none -raw p.pb.gz >raw 2>raw.err || { cat raw.err; exit 1; }
    grep -qx "space/bytes\[dflt\]" raw
    total=$(awk "{ sum += \$NF } END { print sum }" small)
    test "$(sed -n "/^Samples/,/^Locations/p" raw | awk -F: "/^ +[0-9]+:/ { sum += \$1 } END { print sum }")" = "$total"
    grep -E "^[0-9]+: 0x[0-9a-f]+/0x[0-9a-f]+/0x[0-9a-f]+ /usr/lib/libx.so ab12" raw
    grep -A2 -E "^ +[0-9]+: 0x[0-9a-f]+ M=[0-9]+ inner b.h:3 s=0" raw >inlined
    grep -A1 "middle a.c:20" inlined | grep "outer a.c:10"
    go tool pprof -symbolize=none -top -unit=B p.pb.gz >top 2>&1
    grep -E "of ${total}B total" top
    zstd -dc "$DATA/stackflame/clang.folded.zst" | stackfold -q >real.folded
    stackpprof real.folded >p.pb.gz
    go tool pprof -symbolize=none -top -nodecount=20 -nodefraction=0 p.pb.gz 2>/dev/null >top
    awk "/flat%/ { rows = 1; next } rows { name = \$6; for (i = 7; i <= NF; i++) name = name \" \" \$i; print \$1, \$4, name }" top >got
    rankalloc --raw -n 20 real.folded | awk -F"\t" "NR > 1 { print \$3, \$5, \$2 }" >want
    same <(sort want) <(sort got)
  '
else
  skip 'go tool pprof is not installed (package golang-go)' 'go tool pprof reads it'
fi
# speedscope (MIT) is fetched once into the build folder, where the network is there; SPEEDSCOPE names another copy.
speedscope=${SPEEDSCOPE:-$BUILD/speedscope/package}
chromium=$(command -v chromium || command -v chromium-browser || true)
fetch_speedscope() {
  /usr/bin/python3 -c '
import hashlib, sys, urllib.request
data = urllib.request.urlopen("https://registry.npmjs.org/speedscope/-/speedscope-1.25.0.tgz", timeout=30).read()
if hashlib.sha256(data).hexdigest() != "2831f1e0d26df914b477e522d78b8485511495a6af81a0b88158f8b48f9e0d03":
    sys.exit("speedscope-1.25.0.tgz is not the file that it was")
sys.stdout.buffer.write(data)' >speedscope.tgz && tar -xzf speedscope.tgz
}
if [ ! -e "$speedscope/dist/release/index.html" ] && [ -z "${SPEEDSCOPE:-}" ] && [ -n "$chromium" ]; then
  mkdir -p "$BUILD/speedscope.new"
  (cd "$BUILD/speedscope.new" && fetch_speedscope) 2>&1 </dev/null | sed 's/^/# /' &&
    mv -T "$BUILD/speedscope.new" "$BUILD/speedscope" 2>/dev/null
  rm -rf "$BUILD/speedscope.new"
fi
export speedscope chromium
if [ -n "$chromium" ] && [ -e "$speedscope/dist/release/index.html" ]; then
  # The rows of speedscope: TOTAL SELF NAME.
  opened() {
    printf 'speedscope.loadFileFromBase64("%s", "%s")' "$1" "$(base64 -w0 "$1")" >load.js
    rm -rf profile
    timeout 200 "$chromium" --headless --no-sandbox --use-gl=angle --use-angle=swiftshader --enable-unsafe-swiftshader \
      --disable-dev-shm-usage --allow-file-access-from-files --user-data-dir="$PWD/profile" --virtual-time-budget=20000 \
      --dump-dom "file://$speedscope/dist/release/index.html#localProfilePath=$PWD/load.js&view=sandwich" 2>chromium.err |
      sed 's/<[^>]*>/\n/g' >dom
    grep -vE '^ *$' dom | tr '\n' ' ' >rows
  }
  export -f opened
  test_that 'speedscope opens both forms, with the same totals' '
    printf "main;<a>&\"b\";c 900\nmain;d (x.py:3) 334\n" >in
    stackpprof in >in.pb.gz
    stackpprof --format speedscope in >in.json
    for f in in.pb.gz in.json; do
      opened $f
      grep -F "1,234 (100%) 0 (&lt;0.01%) main" rows
      grep -F "900 (73%) 900 (73%) c" rows
      grep -F "334 (27%) 334 (27%) d" rows
      grep -F "900 (73%) 0 (&lt;0.01%) &lt;a&gt;&amp;\"b\"" rows
    done
  '
else
  skip 'speedscope or chromium is not there (registry.npmjs.org)' 'speedscope opens both forms, with the same totals'
fi
test_that 'the JSON for speedscope is valid, with any bytes, and its weights add up' '
  printf "a\x01b\\\\\";\xe9\xe5\x87\xbd;c (x.py:7) 5\na;;b 1\n" | sed "s/;;/;x;/" >in
  printf "c (x.py:7) 9\n" >other
  stackpprof --format speedscope --title "t\"<" --value cpu/nanoseconds=in --value n/count=other >out
  jq -e ".profiles | length == 2 and (.[0].weights | add) == 6 and .[0].endValue == 6 and .[0].unit == \"nanoseconds\" and
    (.[1].weights | add) == 9 and .[1].unit == \"none\" and all(.[]; (.samples | length) == (.weights | length))" out
  jq -e ".shared.frames | any(.name == \"c\" and .file == \"x.py\" and .line == 7)" out
  jq -e ". as \$p | .profiles[1].samples[0] | map(\$p.shared.frames[.].name) == [\"c\"]" out
  says 0 "the total of samples is past 2.53" stackpprof --format speedscope mixed.folded
'

# --- what is refused

test_that 'what the format cannot hold is an error that says so' '
  printf "a 1\nb 9223372036854775808\n" >in
  says 1 "^stackpprof: in:2: the value of this stack is past 2.63 - 1" stackpprof in
  printf "a 9223372036854775807\na 1\n" >in; says 1 "in:2: the value of this stack is past" stackpprof in
  printf "a;;b 1\n" >in; says 1 "in:1: a frame is empty" stackpprof in
  printf "a;[m+0xffffffffffffffff];[m+0x1] 1\n" >in; says 1 "offsets in module .m. and those before do not fit" stackpprof in
  says 1 "holds no stacks" stackpprof </dev/null
  printf "a 1\nb" >in; says 1 "in:2: ends in the middle of a line" stackpprof in
  printf "module\tpath\tbuild_id\nx\t/usr/y\t\n" >bad; printf "a 1\n" >in
  says 1 "^stackpprof: bad:2: the module .x. cannot have the path ./usr/y." stackpprof --modules bad in
  sed "s/0x1234/0xzz/" frames.tsv >bad
  says 1 "^stackpprof: bad:2: .0xzz. is no number" stackpprof --frames bad in
  says 1 "cannot write standard output" bash -c "stackpprof in >/dev/full"
'
test_that 'bad usage is exit 2' '
  says 2 "try .stackpprof --help" stackpprof --bogus
  says 2 "is not of the form NAME/UNIT=FILE" stackpprof --value a/b
  says 2 "is not of the form NAME/UNIT" stackpprof --value a=b
  says 2 "is not of the form NAME/UNIT" stackpprof --type a
  says 2 "two values have the name" stackpprof --value a/b=x --value a/c=y
  says 2 "names its own FILE" stackpprof --value a/b=x y
  says 2 "is neither pprof nor speedscope" stackpprof --format svg
'
test_that 'help and man page name every option' '
  stackpprof --help >help
  stackpprof --version | grep -E "^stackpprof \(Assay\) [0-9.]+$"
  grep -oE -- "--[a-z-]+" help | sort -u | while read -r option; do grep -q -- "Fl -${option#--}" "$ROOT/tools/stackpprof.1"; done
  test "$(wc -L <help)" -le 120
'
finish
