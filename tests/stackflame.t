#!/bin/bash
# stackflame: valid XML with any frame, values as rankalloc has them, the same picture at every run, differences, errors.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
export D=$DATA/stackflame

# Random stacks with recursion, most of them rare: random_stacks LINES SEED.
random_stacks() {
  perl -e 'srand $ARGV[1]; @f = map { "f$_ (m.py:" . int($_ / 3) . ")" } 1 .. 30; push @f, "b c", "g(int, char)", "f", "f.part.0", "[unknown]";
    print join(";", map { $f[rand @f] } 1 .. 1 + rand 6), " ", int(10 ** rand 4), "\n" for 1 .. $ARGV[0]' "$1" "$2"
}
# What the SVG says of each name: the value of the stacks that hold it, as "VALUE NAME", sorted.
values_of() {
  perl -ne '
    if (/<metadata class="names"/ .. m{</metadata>}) {
      s/.*<metadata[^>]*>//; s{</metadata>}{};
      /^(\d+) (.*)$/ and push @names, [$1, $2];
    } elsif (/^<rect x="[^"]*" y="(\d+)"(.*)/) {
      my ($y, $rest) = ($1, $2);
      my ($name) = $rest =~ /data-n="(\d+)"/; my ($value) = $rest =~ /data-v="(\d+)"/;
      push @frames, [$y / 16, $name // -1, $value];
    }
    END { # frames of an icicle: the row is the depth
      my (@path, @sum);
      for my $frame (@frames) {
        my ($row, $name, $value) = @$frame;
        splice @path, $row;
        $sum[$name] += $value if $name >= 0 && !grep { $_ == $name } @path;
        push @path, $name;
      }
      my %entity = ("lt", "<", "gt", ">", "amp", "&", "quot", "\"", "#39", chr 39);
      for my $i (0 .. $#names) {
        (my $name = $names[$i][1]) =~ s/&(#?\w+);/$entity{$1}/g;
        print $names[$i][0] + ($sum[$i] || 0), " $name\n";
      }
    }' "$1" | sort
}
drawn_names() { grep -o '^<rect.* data-n="[0-9]*"' "$1" | grep -o 'data-n.*' | sort -u | wc -l; }
account() { sed -n 's/.*class="account soft"[^>]*data-whole="\([^"]*\)".*/\1/p' "$1"; }
# fill NAME SVG: the colour of the frame with the one label NAME.
fill() {
  perl -e 'my ($name, $file) = @ARGV; local $/; open my $in, "<", $file; $_ = <$in>;
    my ($list) = m{<metadata class="names"[^>]*>(.*?)</metadata>}s; my @names = map { s/^\d+ //r } split /\n/, $list;
    for (/^(<rect x=.*)$/mg) { next unless /data-n="(\d+)"/ && $names[$1] eq $name; /fill="#(..)(..)(..)"/; print join(" ", map hex, $1, $2, $3), "\n"; last }' "$1" "$2"
}
export -f random_stacks values_of drawn_names account fill

# --- XML

test_that 'any bytes in a frame give valid XML, and are there as far as XML can hold them' '
  long=$(printf "n%.0s" $(seq 4000))
  {
    printf "a<b>&\"c\x27]]>--><!--\\\\;<script>alert(1)</script>;%s 5\n" "$long"
    printf "nul\x00bell\x07esc\x1b[0mdel\x7f;latin\xe9;cut\xe5\x87 7\n"
    printf "over\xc0\xaflong;sur\xed\xa0\x80rogate;non\xef\xbf\xbe\xef\xbf\xbfchar;big\xf5\x80\x80\x80;c1\xc2\x85\xc2\x9f 7\n"
    printf "\xe5\x87\xbd\xe6\x95\xb0 \xf0\x9f\x94\xa5;; ;a b;\xe2\x80\xae 9\n"
  } >in
  for options in "" "--icicle" "--reverse" "--color=module" "--color=name" "--by=function" "--base in" "--min-width 1000"; do
    stackflame $options --title "<&>\"\x27" --unit "<u>&" in >out
    xmllint --noout out
    iconv -f UTF-8 -t UTF-16 out >/dev/null
  done
  stackflame in >out
  xmllint --xpath "string(//*[local-name()=\"metadata\"])" out >names
  grep -xF "0 a<b>&\"c\x27]]>--><!--\\" names || grep -F "0 a<b>&\"c" names
  grep -xF "0 <script>alert(1)</script>" names
  grep -xF "0 $long" names
  grep -xF "0 $(printf "\xe5\x87\xbd\xe6\x95\xb0 \xf0\x9f\x94\xa5")" names
  grep -xF "0 $(printf "sur\xef\xbf\xbdrogate")" names
  grep -xF "0 nul?bell?esc?[0mdel?" names
  test "$(xmllint --xpath "count(//*[local-name()=\"script\"])" out)" = 1
'
test_that 'labels are cut between characters, and as wide as their frames' '
  for width in 100 101 102 103 104 105 106 107 108 109 110 120 130 140; do
    printf "\xe5\x87\xbd\xe6\x95\xb0\xe5\x87\xbd\xe6\x95\xb0\xe5\x87\xbd\xe6\x95\xb0\xe5\x87\xbd\xe6\x95\xb0\xe5\x87\xbd\xe6\x95\xb0 1\n" |
      stackflame --width $width >out
    xmllint --noout out
    label=$(sed -n "/class=\"labels\"/,/<.g>/p" out | grep -o ">[^a<][^<]*\.\.</text>" | sed "s/^>//; s/<.*//")
    test -n "$label"
    columns=$(printf %s "${label%..}" | iconv -f UTF-8 -t UTF-16BE | wc -c) # two bytes and two columns each
    test $((columns + 2)) -le $(((width - 6) * 100 / 723))
  done
'
test_that 'nothing is loaded from anywhere, and the script is the one of this project' '
  stackflame --unit bytes "$D/../rankalloc/deepcopy.folded" >out
  ! grep -oE "(href|src|url|import|fetch|XMLHttp|http)[^ ]*" out | grep -v "^http://www.w3.org/"
  xmllint --xpath "string(//*[local-name()=\"script\"])" out | grep -vx "" >script
  grep -vx "" "$ROOT/tools/stackflame/flame.js" | same - script
'

# --- values

test_that 'what is said of each name is its cumulative value, drawn or not, in any order of the lines' '
  for seed in 1 2 3; do
    random_stacks 3000 $seed >in
    rankalloc -n 0 --cum --by line in | tail -n +2 | awk -F"\t" "{ print \$5, \$2 }" | sort >want
    for min in 0.001 1 20 1000; do
      stackflame --icicle --min-width $min in >out
      xmllint --noout out
      values_of out >got
      comm -23 got want | same /dev/null - # all of them are right,
      if [ $min = 0.001 ]; then same want got; fi # and where all is drawn, all are there
      test "$(wc -l <got)" -ge "$(drawn_names out)"
      shuf --random-source=/dev/zero in | stackflame --icicle --min-width $min | same out -
    done
  done
'
test_that 'what is drawn and what is not add up to the frames that there are; nothing drawn is narrower than a pixel' '
  random_stacks 5000 4 >in
  frames=$(perl -ne "/^(.*) \d+\$/; my \$path = q(); for (split /;/, \$1) { \$path .= qq(\$_;); \$seen{\$path} = 1 } END { print scalar keys %seen }" in)
  stackflame in >out
  account out | tr -d , >said
  read -r drawn _ all _ _ _ narrow _ <said
  test "$all" = "$frames"
  test $((drawn + narrow)) = "$frames"
  test "$drawn" -gt 100
  test "$narrow" -gt 1000
  test "$(grep -c "^<rect.*data-n=" out)" = "$drawn"
  awk -F\" "/^<rect x=/ && \$6 + 0 < 0.0833 { print; bad = 1 } END { exit bad }" out
  merged=$(grep -o "data-m=\"[0-9]*\"" out | grep -o "[0-9]*" | awk "{ sum += \$1 } END { print sum }")
  test "$merged" -le "$narrow"
'
test_that 'a function that ends a stack and one whose name begins as it are told apart' '
  printf "f 1\nf.part.0;x 2\nf;y 4\nf;y;z 8\n" | stackflame --icicle >out
  values_of out | same <(printf "12 y\n13 f\n2 f.part.0\n2 x\n8 z\n") -
  test "$(grep -c "^<rect.*data-n=" out)" = 5
'
test_that 'files are added; values of 64 bits are exact; what does not fit is an error' '
  printf "a 9223372036854775807\n" >one
  stackflame one one >out
  grep -q "data-total=\"18446744073709551614\"" out
  grep -qF "Total 18,446,744,073,709,551,614" out
  says 1 "^stackflame: one:1: the values add up to more than 64 bits" stackflame one one one
'
test_that 'names that are nowhere drawn are in the same order, whatever that of the lines' '
  for ((i = 0; i < 300; i++)); do echo "main;a$((i * 7 % 300));leaf_$((i % 5));b$((i % 7)) 1"; done >in
  LC_ALL=C sort in >sorted
  stackflame --min-width 10 sorted >want
  stackflame --min-width 10 in | same want -
  values=$(sed -n "/^<metadata/,/metadata>/p" want | grep -c .)
  test "$values" -gt 10
'
test_that '--reverse puts leaves at the root, --by function merges lines' '
  printf "a;b (x.py:1);c 1\na;b (x.py:2);c 2\n" >in
  stackflame --icicle --reverse --by function in >out
  values_of out | same <(printf "3 a\n3 b\n3 c\n") -
  test "$(sed -n "s/^<rect .* data-n=\"\([0-9]\)\".*/\1/p" out | tr -d "\n")" = 012
  grep -qx "0 a</metadata>" out
  test "$(grep -c "^<rect.*data-n=" out)" = 3
'
test_that 'stacks that are very deep, names that are very long, and many children take little time and memory' '
  perl -e "print join(q(;), map { qq(f\$_) } 1 .. 100000), qq( 5\n)" >deep
  perl -e "print q(n) x 3_000_000, qq( 5\n)" >long
  perl -e "print qq(main;f\$_ 1\n) for 1 .. 100000" >wide
  for f in deep long wide; do
    ([[ $BUILD == *-asan ]] || ulimit -v 400000; timeout 60 stackflame $f >out)
    xmllint --huge --noout out
    test "$(stat -c %s out)" -lt 2000000
  done
  stackflame deep >out
  account out | grep -F "1,000 of 100,000 frames are drawn; 99,000 are narrower than 1 pixel or too deep, merged"
  stackflame --max-depth 5 deep | grep -c "^<rect.*data-n=" | grep -x 5
'

# --- colours

test_that 'kinds of frames are told by their form' '
  while IFS="|" read -r kind frame; do
    printf "%s 3\n" "$frame" | stackflame >out; grep -qF ">$kind 100.00 %<" out || { echo "$frame is not: $kind"; exit 1; }
  done <<END
kernel|do_syscall_64_[k]
kernel|[kernel.kallsyms]
Python|ingest (server.py:31)
Python|<module> (<string>:1)
Python|py::handle
C++|std::vector<int, std::allocator<int> >::push_back(int const&)
C++|operator new(unsigned long)
C++|f(int)
C and other native|malloc
C and other native|qsort_r (msort.c:297)
C and other native|foo.part.0
C and other native|memcpy@@GLIBC_2.14
C and other native|python3.11
Rust|alloc::raw_vec::RawVec<T,A>::grow_one
Rust|term::searcher::get::hffa8fd0e9637bc76
Rust|main (src/main.rs:3)
Go|runtime.mallocgc
Go|net/http.(*conn).serve
Go|github.com/a/b.F
JVM|java.util.HashMap.put
JVM|org/example/App.main
JavaScript|LazyCompile:*f /srv/a.js:12
JavaScript|f (/srv/a.ts:12)
unresolved|[libc.so.6+0x1234]
unresolved|[0x7f00]
unresolved|[unknown]
compiled at run time|foo_[j]
END
'
test_that 'colours of a name are the same in every graph; modules come from names or from a table' '
  printf "a;b 1\n" | stackflame --icicle | grep -o "fill=\"#[0-9a-f]*\" data-n=\"1\"" >want
  printf "x;y 3\na;b 2\na;c 7\n" | stackflame --icicle >out
  grep -oF "$(cut -d " " -f 1 want)" out
  printf "[libx.so+0x1];[libx.so+0x2];g 1\n" >in
  printf "frame\tmodule\tline\ng\tliby.so.2\t7\n" >frames
  stackflame --color module --frames frames in | grep -F ">liby.so.2 100.00 %<"
  stackflame --color module in | grep -F ">no module known 100.00 %<"
  test "$(fill "[libx.so+0x1]" <(:) 2>/dev/null)" = ""
'

# --- differences

test_that 'a difference is red where there is more, blue where there is less, in callers too' '
  printf "main;same 50\nmain;up;leaf 10\nmain;down;leaf 40\nmain;gone 30\n" >base
  printf "main;same 50\nmain;up;leaf 60\nmain;down;leaf 20\nmain;new 5\n" >exp
  stackflame --base base exp >out
  xmllint --noout out
  read -r r g b < <(fill up out); test "$r" -gt $((b + 60))
  read -r r g b < <(fill down out); test "$b" -gt $((r + 60))
  read -r r g b < <(fill same out); test "$r" = "$b"
  read -r r g b < <(fill new out); test "$r" -gt "$b"
  account out | grep -F "7 of 8 frames are drawn; 1 are in BASE alone, with 23.08 % of it"
  grep -qF "BASE base: 130; EXP exp: 135; widths show EXP" out
  grep -qF "data-v=\"60\" data-b=\"10\"" out
  stackflame --base base --widths base exp >out
  xmllint --noout out
  account out | grep -F "7 of 8 frames are drawn; 1 are in EXP alone, with 3.70 % of it"
  read -r r g b < <(fill gone out); test "$b" -gt "$r"
'
test_that 'the form with three columns is the same difference' '
  printf "main;same 50\nmain;up;leaf 10\nmain;down;leaf 40\nmain;gone 30\n" >base
  printf "main;same 50\nmain;up;leaf 60\nmain;down;leaf 20\nmain;new 5\n" >exp
  printf "main;same 50 50\nmain;up;leaf 10 60\nmain;down;leaf 40 20\nmain;gone 30 0\nmain;new 0 5\n" >both
  stackflame --base base exp | sed "s/BASE base/BASE X/g; s/EXP exp/EXP X/g" >want
  stackflame --two-values both | sed "s/BASE both/BASE X/g; s/EXP both/EXP X/g" >out
  same want out
  says 1 "^stackflame: base:1: the first of two values is missing; a stack and two integers" stackflame --two-values base
'
test_that 'equal shares are no difference where it is normalized' '
  printf "a;b 10\na;c 30\n" >base; printf "a;b 20\na;c 60\n" >exp
  stackflame --base base --normalize exp >out
  for name in a b c; do read -r r g b < <(fill $name out); test "$r" = "$b"; done
  grep -qF "BASE made as large as EXP" out
  stackflame --base base exp >out
  read -r r g b < <(fill a out); test "$r" -gt "$b"
'

# --- what is refused

test_that 'bad input is an error with file and line, and a full disk is a failure' '
  says 1 "^stackflame: <stdin>: holds no stacks" stackflame </dev/null
  printf "a 1\nb\n" >in; says 1 "^stackflame: in:2: the value is missing" stackflame in
  printf "a 1\nb;c" >in; says 1 "^stackflame: in:2: ends in the middle of a line" stackflame in
  printf "a 0\n" >in; says 1 "all values are 0" stackflame in
  test ! -s says.out
  printf "a 1\n" >in; says 1 "cannot write standard output" bash -c "stackflame in >/dev/full"
  says 1 "nothere: cannot be opened" stackflame --base nothere in
'
test_that 'bad usage is exit 2' '
  says 2 "try .stackflame --help" stackflame --bogus
  says 2 "color .red. is not one of" stackflame --color red
  says 2 "min-width .0. is not a number of pixels" stackflame --min-width 0
  says 2 "min-width .nan. is not a number of pixels" stackflame --min-width nan
  says 2 "width .1e9. is not a number of pixels" stackflame --width 1e9
  says 2 "max-depth .0. is not" stackflame --max-depth 0
  says 2 "by .file. is neither" stackflame --by file
  says 2 "exclude each other" stackflame --base a --two-values
  says 2 "normalize wants" stackflame --normalize
  says 2 "widths wants" stackflame --widths base
  says 2 "no meaning in a difference" stackflame --base a --color name b
  says 2 "frames wants --color=module" stackflame --frames a
'
test_that 'help and man page name every option' '
  stackflame --help >help
  stackflame --version | grep -E "^stackflame \(Assay\) [0-9.]+$"
  grep -oE -- "--[a-z-]+" help | sort -u | while read -r option; do grep -q -- "Fl -${option#--}" "$ROOT/tools/stackflame.1"; done
  test "$(wc -L <help)" -le 120
'
finish
