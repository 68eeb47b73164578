#!/bin/bash
# rankalloc: functions and paths by value, checked against another program; the report; what is refused.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
export D=$DATA/rankalloc

# The same by another program; without suffixes of lines, as the files here have none or the first argument says so.
rank_by_perl() { # rank_by_perl self|cum function|line FILE
  perl -e '
    my ($order, $by, $file) = @ARGV;
    open my $in, "<", $file or die;
    while (<$in>) {
      s/\r?\n//;
      next if /^# [^;]*$/ || !length;
      my ($stack, $value) = /^(.*) (\d+)$/ or die "$_";
      my @frames = split /;/, $stack, -1;
      if ($by eq "function") { s/ \([^()]+:\d+\)$// for @frames }
      $total += $value;
      $self{$frames[-1]} += $value;
      my %seen;
      $cumulative{$_} += $value for grep { !$seen{$_}++ } @frames;
    }
    sub percent { my $h = $total ? int(($_[0] * 20000 + $total) / (2 * $total)) : 0; sprintf "%d.%02d", $h / 100, $h % 100 }
    my %by = $order eq "cum" ? %cumulative : map { $_ => $self{$_} || 0 } keys %cumulative;
    print "rank\tfunction\tself\tself_percent\tcumulative\tcumulative_percent\n";
    for (sort { $by{$b} <=> $by{$a} || $a cmp $b } keys %by) {
      (my $name = $_) =~ s/\\/\\\\/g;
      my $self = $self{$_} || 0;
      print join("\t", ++$rank, $name, $self, percent($self), $cumulative{$_}, percent($cumulative{$_})), "\n";
    }' "$@"
}
# Random stacks with recursion: random_stacks LINES SEED.
random_stacks() {
  perl -e 'srand $ARGV[1]; @f = map { "f$_ (m.py:" . int($_ / 3) . ")" } 1 .. 30; push @f, "b c", "g(int, char)", "[unknown]";
    print join(";", map { $f[rand @f] } 1 .. 1 + rand 20), " ", int rand 1000, "\n" for 1 .. $ARGV[0]' "$1" "$2"
}
# One field, named by the header row, of the first row below it.
field() { awk -F'\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR == 2 { print $at[name] }'; }
export -f rank_by_perl random_stacks field

# --- functions

test_that 'functions by self value, the suffix of file and line cut off' '
  rankalloc "$D/deepcopy.folded" >out
  same "$D/functions.tsv" out
'
test_that 'functions by cumulative value, with file and line' '
  rankalloc --cum --by line <"$D/deepcopy.folded" >out
  same "$D/lines.tsv" out
'
test_that 'random stacks with recursion rank as by another program' '
  for seed in 1 2; do
    random_stacks 5000 "$seed" >in
    for by in function line; do
      rank_by_perl self "$by" in >want
      rankalloc -n 0 --by "$by" in >out
      same want out
      rank_by_perl cum "$by" in >want
      rankalloc -n 0 --by "$by" --cum in >out
      same want out
    done
  done
'
if [ -d "${CORPUS_DIR:-}" ]; then
  test_that 'real folded stacks rank as by another program' '
    for f in "$CORPUS_DIR"/folded/*.txt "$CORPUS_DIR"/big/expected/*.folded.zst; do
      case $f in *fraction* | *utf16*) continue ;; *.zst) zstd -dc "$f" >in ;; *) cp "$f" in ;; esac
      rank_by_perl self line in >want
      rankalloc --raw -n 0 --by line "$f" >out
      same want out
      rank_by_perl cum line in >want
      rankalloc --raw --cum -n 0 --by line "$f" >out
      same want out
    done
  '
else
  skip 'CORPUS_DIR is not set' 'real folded stacks rank as by another program'
fi
test_that 'a function counts once in its cumulative value, however deep its recursion' '
  printf "a;a;a 5\na;b;a 2\nb 1\n" >in
  printf "1\ta\t7\t87.50\t7\t87.50\n2\tb\t1\t12.50\t3\t37.50\n" >want
  rankalloc in | tail -n +2 >out
  same want out
'
test_that 'files are added together, standard input among them' '
  printf "a;b 5\n" >one; printf "b 2\r\n" >two
  printf "a;b 5\nb 2\nb 2\n" | rankalloc >want
  rankalloc one - two <two >out
  same want out
  gzip -c one >one.gz
  rankalloc one.gz two two >out
  same want out
'
test_that 'equals rank in byte order of their names, whatever the order of the lines' '
  printf "b 1\na 1\nab 1\nB 1\n\xc3\xa9 1\na(b) 1\n" >in
  printf "B\na\na(b)\nab\nb\n\xc3\xa9\n" >want
  rankalloc in | tail -n +2 | cut -f 2 >out
  same want out
  sort -r in | rankalloc | tail -n +2 | cut -f 2 >out
  same want out
'
test_that '-n limits the rows and 0 shows all' '
  random_stacks 1000 3 >in
  test "$(rankalloc in | wc -l)" = 11
  test "$(rankalloc -n 3 in | wc -l)" = 4
  test "$(rankalloc --top=0 in | wc -l)" = 34
  rankalloc -n 0 in | head -n 4 >want
  rankalloc -n 3 in >out
  same want out
'
test_that '--min-percent is exact, and of the value by which is ranked' '
  printf "a;b 1\na;c 2\na;d 5\na;e 92\n" >in
  test "$(rankalloc --min-percent 5 in | tail -n +2 | cut -f 2 | tr "\n" " ")" = "e d "
  test "$(rankalloc --min-percent 5.000001 in | tail -n +2 | cut -f 2 | tr "\n" " ")" = "e "
  test "$(rankalloc --cum --min-percent 92 in | tail -n +2 | cut -f 2 | tr "\n" " ")" = "a e "
  test "$(rankalloc --min-percent 100 in | wc -l)" = 1
  test "$(rankalloc --paths --min-percent 2 in | wc -l)" = 4
'
test_that 'values near 64 bits have their percentages right; a total past 64 bits is an error' '
  printf "a 12297829382473034410\nb 6148914691236517205\n" >in
  printf "66.67\n33.33\n" >want
  rankalloc in | tail -n +2 | cut -f 4 >out
  same want out
  printf "a 18446744073709551615\n\nb 1\n" >in
  says 1 "^rankalloc: in:3: .* more than 64 bits" rankalloc in
  test ! -s says.out
'
test_that 'values that are all 0 are 0 percent' '
  printf "a;b 0\n" | rankalloc | tail -n +2 >out
  printf "1\ta\t0\t0.00\t0\t0.00\n2\tb\t0\t0.00\t0\t0.00\n" >want
  same want out
'
test_that 'only a suffix of file and line is cut, by the brackets that belong together' '
  printf "%s 1\n" "f (x) (a.c:1)" "g (x:y)" "h (/src (1)/a.c:22)" "i(int) (a.c:???)" "j (:3)" "(k.c:3)" "l (a.c:1) " "m (a:1) x" >in
  printf "%s\n" "(k.c:3)" "f (x)" "g (x:y)" "h" "i(int)" "j (:3)" "l (a.c:1) " "m (a:1) x" | LC_ALL=C sort >want
  rankalloc in | tail -n +2 | cut -f 2 >out
  same want out
'
test_that 'a backslash in a name is escaped, a tab in the input is a question mark' '
  printf "a\\\\b;c\td 1\n" | rankalloc --paths | tail -n +2 | cut -f 7 >out
  printf "a\\\\\\\\b;c?d\n" >want
  same want out
'

# --- one function

test_that '--function writes one row with the rank among all' '
  rankalloc --function deepcopy "$D/deepcopy.folded" >out
  { head -n 1 "$D/functions.tsv"; grep -P "\tdeepcopy\t" "$D/functions.tsv"; } >want
  same want out
  rankalloc --cum --function deepcopy "$D/deepcopy.folded" | grep -P "^5\tdeepcopy\t10485760\t16.19\t52428800\t80.97$"
'
test_that '--function with file and line finds that line alone' '
  rankalloc --function "deepcopy (copy.py:172)" "$D/deepcopy.folded" >out
  test "$(field cumulative <out)" = 10485760
  test "$(field function <out)" = "deepcopy (copy.py:172)"
'
test_that '--function of a name that does not occur is a row of zeros; a part of a name does not match' '
  for name in deep "deepcopy (copy.py:1)" DEEPCOPY process.deepcopy; do
    rankalloc --function "$name" "$D/deepcopy.folded" >out
    test "$(wc -l <out)" = 2
    test "$(tail -n 1 out)" = "$(printf "0\t%s\t0\t0.00\t0\t0.00" "$name")"
  done
'

# --- paths

test_that 'paths are merged to their innermost frames' '
  rankalloc --paths --depth 5 "$D/deepcopy.folded" >out
  same "$D/paths.tsv" out
'
test_that 'paths of at least five frames, twelve by default, add up to the total' '
  random_stacks 3000 5 >in
  total=$(awk "{ sum += \$NF } END { print sum }" in)
  for depth in 5 8 12 100; do
    perl -ne "BEGIN { \$d = shift } /^(.*) (\d+)\$/; @f = split /;/, \$1; splice @f, 0, @f - \$d if @f > \$d; \$v{join q(;), @f} += \$2;
      END { print map { qq(\$v{\$_}\t) . (1 + tr/;//) . qq(\t\$_\n) } sort { \$v{\$b} <=> \$v{\$a} || \$a cmp \$b } keys %v }" "$depth" in >want
    rankalloc --paths -n 0 --depth "$depth" in | tail -n +2 | cut -f 2,4,7 >out
    same want out
    test "$(awk -F"\t" "{ sum += \$1 } END { print sum }" out)" = "$total"
  done
  rankalloc --paths --depth 12 in >want
  rankalloc --paths in >out
  same want out
  says 2 "depth .4. is less than 5" rankalloc --paths --depth 4 in
'
test_that 'paths by function merge the lines of a function' '
  rankalloc --paths --by function -n 2 "$D/deepcopy.folded" | tail -n 1 >out
  printf "2\t10485760\t16.19\t4\tingest\t\t<module>;serve;handle;ingest\n" >want
  same want out
'

# --- the report

test_that 'the report has total, paths with the leaf first, and functions' '
  rankalloc --report -n 4 --title "Allocations of the service" --unit bytes "$D/deepcopy.folded" >out
  same "$D/report.txt" out
  ! grep -P "[^\x00-\x7f]" out
  test "$(wc -L <out)" -le 120
'
test_that 'the report shows MiB of bytes alone' '
  rankalloc --report --unit samples "$D/deepcopy.folded" >out
  grep -x "Total: 64749568 samples in 7 stacks" out
  ! grep MiB out
  rankalloc --report "$D/deepcopy.folded" >out
  grep -x "Total: 64749568 in 7 stacks" out
  printf "a 18446744073709551615\n" | rankalloc --report --unit bytes >out
  grep -F "18446744073709551615 bytes (17592186044416.00 MiB) in 1 stacks" out
'
test_that 'the report has colours for a terminal alone, and not with NO_COLOR' '
  esc=$(printf "\033")
  rankalloc --report "$D/deepcopy.folded" >out
  ! grep -F "$esc" out
  rankalloc --report --color=always "$D/deepcopy.folded" >out
  grep -qF "$esc[1m" out
  on_terminal() { script -qec "$1" typescript >/dev/null; }
  if command -v script >/dev/null; then
    export TERM=xterm
    on_terminal "rankalloc --report \"\$D/deepcopy.folded\""; grep -qF "$esc[1m" typescript
    on_terminal "NO_COLOR=1 rankalloc --report \"\$D/deepcopy.folded\""; ! grep -F "$esc[1m" typescript
    on_terminal "rankalloc --report --color=never \"\$D/deepcopy.folded\""; ! grep -F "$esc[1m" typescript
    on_terminal "rankalloc \"\$D/deepcopy.folded\""; ! grep -F "$esc" typescript
  fi
'

# --- what is refused

test_that 'an input without stacks is an error' '
  says 1 "^rankalloc: <stdin>: holds no stacks" rankalloc </dev/null
  says 1 "^rankalloc: /dev/null: holds no stacks" rankalloc "$D/deepcopy.folded" /dev/null
  test ! -s says.out
'
test_that 'a malformed line is an error with file and line' '
  printf "a 1\nb\n" >in; says 1 "^rankalloc: in:2: the value is missing" rankalloc in
  printf "a 1\nb 1.5\n" >in; says 1 "^rankalloc: in:2: the value .1\.5. is fractional" rankalloc in
  printf "a 1\nb -1\n" >in; says 1 "^rankalloc: in:2: the value .-1. is negative" rankalloc in
  printf "a 1\nb;c" >in; says 1 "^rankalloc: in:2: ends in the middle of a line" rankalloc in
  test ! -s says.out
'
test_that 'a full disk is a failure' '
  says 1 "cannot write standard output" bash -c "rankalloc \"\$D/deepcopy.folded\" >/dev/full"
'
test_that 'bad usage is exit 2' '
  says 2 "try .rankalloc --help" rankalloc --bogus
  says 2 "option .-x. is unknown" rankalloc -x
  says 2 "wants an argument" rankalloc -n
  says 2 "top .-1. is negative" rankalloc -n -1
  says 2 "by .address. is none of" rankalloc --by address
  says 2 "min-percent .101. is not" rankalloc --min-percent 101
  says 2 "min-percent .1e1. is not" rankalloc --min-percent 1e1
  says 2 "exclude each other" rankalloc --paths --report
  says 2 "want --report" rankalloc --title x
  says 2 "want --report" rankalloc --color never
  says 2 "wants --paths or --report" rankalloc --depth 7
  says 2 "color .red. is not one of" rankalloc --report --color red
  says 2 "one row" rankalloc --function f -n 3
  says 2 "ranks functions" rankalloc --paths --cum
'
test_that 'help and man page name every option' '
  rankalloc --help >help
  rankalloc --version | grep -E "^rankalloc \(Assay\) [0-9.]+$"
  grep -oE -- "--[a-z-]+" help | sort -u | while read -r option; do grep -q -- "Fl -${option#--}" "$ROOT/tools/rankalloc.1"; done
  test "$(wc -L <help)" -le 120
'
finish
