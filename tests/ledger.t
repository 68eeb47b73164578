#!/bin/bash
# ledger: rows are appended whole, numbered and chained; whatever breaks that is found.
# shellcheck source=tests/harness.sh disable=SC2016,SC2317 # the commands in quotes are run later, by bash -c
. "${0%/*}/harness.sh"
export AWKWARD="a b'c\"d \$(e)"

test_that 'append puts the row number and the hash of the line before in front of the fields' '
  printf "%s\n" "{\"status\":\"keep\", \"n\":[1,-2.5e+3,null]}" | ledger append --file h
  printf "  { \"b\" : \"\\\\u00e9\\\\ud83d\\\\ude00\" }\r\n" | ledger append -f h
  printf "{ }" | ledger append --file h
  { one="{\"row\":1,\"previous\":\"\",\"status\":\"keep\", \"n\":[1,-2.5e+3,null]}"
    two="{\"row\":2,\"previous\":\"$(printf %s "$one" | sha256sum | cut -c1-64)\",\"b\" : \"\\u00e9\\ud83d\\ude00\" }"
    three="{\"row\":3,\"previous\":\"$(printf %s "$two" | sha256sum | cut -c1-64)\"}"
    printf "%s\n" "$one" "$two" "$three"; } >expected
  same expected h
  [ "$(jq -c "[.row, .status // .b]" h | head -n 1)" = "[1,\"keep\"]" ]'

test_that 'check counts the rows of a whole history, from a file or from standard input' '
  echo rows=3 >expected
  ledger check --file h >got
  same expected got
  ledger check -f - <h >got
  same expected got
  : >empty
  [ "$(ledger check --file empty)" = rows=0 ]'

test_that 'anything but one JSON object on one line is refused, and nothing is written' '
  cp h before
  while IFS= read -r bad; do
    printf "%b" "$bad" >bad
    says 1 "standard input: " ledger append --file h <bad || { echo "accepted: $bad"; exit 1; }
    same before h
    says 1 "" ledger append --file new <bad
    [ ! -e new ]
  done <<"END"

[]
1
"a"
null
{
}
{}{}
{} x
{"a"}
{"a":}
{"a":1,}
{,"a":1}
{"a":1 "b":2}
{a:1}
{1:1}
{"a":1;"b":2}
{"a":[1,]}
{"a":[,1]}
{"a":[1 2]}
{"a":[1}
{"a":tru}
{"a":True}
{"a":NaN}
{"a":Infinity}
{"a":01}
{"a":-}
{"a":+1}
{"a":1.}
{"a":.5}
{"a":1e}
{"a":1e+}
{"a":0x1}
{"a":"}
{"a":"\\x"}
{"a":"\\u12g4"}
{"a":"\\u12"}
{"a":"\\ud800"}
{"a":"\\ud800\\u0041"}
{"a":"\\udc00"}
{"a":"\0001"}
{"a":"\t"}
{"a":"\0200"}
{"a":"\0303"}
{"a":"\0300\0200"}
{"a":"\0340\0200\0200"}
{"a":"\0355\0240\0200"}
{"a":"\0364\0220\0200\0200"}
{"a":"\0370\0210\0200\0200\0200"}
\0357\0273\0277{}
{\0302\0240}
{}\0000
{"a":1}/**/
{"a":\n1}
{"a":\r1}
{"row":1}
{"a":1,"previous":"x"}
{"r\\u006fw":1}
END
  says 1 "expected no more than 256 levels at byte" ledger append --file h \
    < <(printf "{\"a\":"; printf "[%.0s" {1..300}; printf "]%.0s" {1..300}; printf "}")
  says 1 "expected .a value. at byte 6|expected a value at byte 6" ledger append --file h <<<"{\"a\":}"
  says 1 "has the field \"row\"" ledger append --file h <<<"{\"a\":2,\"row\":1}"
  says 1 "takes several lines.*jq -c" ledger append --file h <<<"{
}"
  same before h'

test_that 'what stands in the grammar is accepted and kept byte for byte' '
  rm -f good
  n=0
  while IFS= read -r row; do
    n=$((n + 1))
    printf "%b\n" "$row" | ledger append --file good || { echo "refused: $row"; exit 1; }
    printf "%b" "${row#\{}" >own
    tail -n 1 good | cut -d, -f3- >kept
    same kept <(printf "%b\n" "${row#\{}")
  done <<"END"
{"a":{"row":1,"previous":2}}
{"rows":1,"ro":2,"":3,"previous ":4}
{"a":[[],{},[[]],true,false,null,"",0,-0,1e5,1E-5,0.5,-1.25e+3]}
{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\ud83d\\ude00"}
{"a":"\0303\0251 \0342\0202\0254 \0360\0237\0230\0200 \0364\0217\0277\0277 \0177"}
{"a":1,"a":2}
{"a"\t:\t[ 1 , 2 ] }
END
  [ "$(ledger check --file good)" = "rows=$n" ]'

test_that 'an edited, removed, inserted or reordered row is found by the number of its line' '
  rm -f c; for i in 1 2 3 4 5; do ledger append --file c <<<"{\"a\":$i}"; done
  sed "2s/\"a\":2/\"a\":7/" c >e; says 1 "e:3: does not follow line 2" ledger check --file e
  sed 2d c >e;                    says 1 "e:2: is row 3, expected 2" ledger check --file e
  sed 1d c >e;                    says 1 "e:1: is row 2, expected 1" ledger check --file e
  sed "3p" c >e;                  says 1 "e:4: is row 3, expected 4" ledger check --file e
  sed "3s/\"row\":3/\"row\":3.0/" c >e; says 1 "e:3: is row 3.0, expected 3" ledger check --file e
  sed "3s/^/ /" c >e;             says 1 "e:4: does not follow line 3" ledger check --file e
  sed "3s/\"a\":3/\"a\":/" c >e;  says 1 "e:3: not one JSON object: expected a value at byte" ledger check --file e
  sed "3s/\"a\"/\"row\"/" c >e;   says 1 "e:3: has the field \"row\" 2 times" ledger check --file e
  sed "3s/\"previous\"/\"x\"/" c >e; says 1 "e:3: has the field \"previous\" 0 times" ledger check --file e
  sed "1s/\"previous\":\"\"/\"previous\":\"0\"/" c >e; says 1 "e:1: .*is not empty" ledger check --file e
  sed "3s/\$/\r/" c >e;           says 1 "e:4: does not follow line 3" ledger check --file e
  sed "2G" c >e;                  says 1 "e:3: not one JSON object" ledger check --file e
  [ ! -s says.out ]
  [ "$(ledger check --file c)" = rows=5 ]'

test_that 'a torn last line is reported by check, and ended and reported by the next append' '
  head -c -9 c >torn
  says 1 "torn:5: line 5 is not whole" ledger check --file torn
  says 0 "torn:5: line 5 is not whole" ledger append --file torn <<<"{\"a\":6}"
  [ "$(tail -n 1 torn | jq .row)" = 6 ]
  [ "$(sed -n 5p torn | tr -d "\n" | sha256sum | cut -c1-64)" = "$(tail -n 1 torn | jq -r .previous)" ]
  [ "$(head -n 4 torn)" = "$(head -n 4 c)" ]
  says 1 "torn:5: not one JSON object" ledger check --file torn
  head -c -1 c >torn
  says 0 "line 5 is not whole" ledger append --file torn <<<"{}"
  [ "$(ledger check --file torn)" = rows=6 ]'

test_that '8 processes that append 20 rows each make one whole history' '
  rm -f many
  for process in 1 2 3 4 5 6 7 8; do
    for row in {1..20}; do echo "{\"process\":$process,\"of\":$row}" | ledger append --file many; done &
  done
  wait
  [ "$(ledger check --file many)" = rows=160 ]
  [ "$(jq -c "[.process,.of]" many | sort -u | wc -l)" = 160 ]'

test_that 'append waits for the lock, and follows a history that was replaced meanwhile' '
  rm -f l; ledger append --file l <<<"{}"
  mkfifo gate
  flock l sh -c "echo locked >gate; read -r line <gate; cp l new; mv new l" &
  read -r line <gate
  ledger append --file l <<<"{\"a\":1}" &
  appender=$!
  for try in {1..500}; do grep -q "^[0-9]*: -> FLOCK .* $appender " /proc/locks && break; sleep 0.01; done
  [ "$(wc -l <l)" = 1 ]
  echo go >gate
  wait
  [ "$(ledger check --file l)" = rows=2 ]'

# Prints how many appends were killed, and how many of them left a torn line; fails when a row that is not whole was not
# reported, or one that was acknowledged is missing.
cat >kill.pl <<'END'
use strict; use Time::HiRes qw(usleep time);
srand 7;
sub run { my ($input, @command) = @_;
  my $pid = fork // die;
  if (!$pid) { open STDIN, "<", $input; open STDOUT, ">", "out"; open STDERR, ">", "err"; exec @command or die }
  return $pid }
sub slurp { open my $f, "<", $_[0] or return ""; local $/; <$f> // "" }
sub check { waitpid run("/dev/null", qw(ledger check --file k)), 0; return $? >> 8 }
my $begun = time; unlink "k";
waitpid run("large", qw(ledger append --file k)), 0; $? == 0 or die;
my $whole = time - $begun;
my ($known, $killed, $torn) = (1, 0, 0);
for my $try (1 .. 200) {
  if ($try % 5 == 0) { unlink "k"; $known = 0 }
  my $pid = run("large", qw(ledger append --file k));
  usleep rand($try % 2 ? 1e6 : 3e5) * $whole; kill 9, $pid; waitpid $pid, 0;
  if ($? == 0) { $known++ } else { $killed++ }
  next if !-e "k";
  my $lines = () = slurp("k") =~ /^./mg;
  if (check() == 0) {
    slurp("out") eq "rows=$lines\n" or die "check counts wrong";
    $lines == $known or $lines == $known + 1 or die "$lines rows, $known were acknowledged";
    $known = $lines;
  } else {
    slurp("err") =~ /k:$lines: line $lines is not whole/ or die "not reported: " . slurp("err");
    waitpid run("small", qw(ledger append --file k)), 0;
    $? == 0 && slurp("err") =~ /line $lines is not whole/ or die "append does not report it: " . slurp("err");
    my $found = check(); # nothing, where just the newline was torn off
    ($found ? slurp("err") =~ /k:$lines: / : slurp("out") eq "rows=" . ($lines + 1) . "\n") or die "check is silent";
    $torn++; unlink "k"; $known = 0;
  }
}
print "killed $killed, torn $torn\n"; exit($killed < 25);
END
test_that 'kill -9 at any moment leaves no half row that is not reported, and loses none that was acknowledged' '
  { printf "{\"a\":\""; head -c 300000 /dev/zero | tr "\0" x; echo "\"}"; } >large
  echo "{}" >small
  perl kill.pl'

test_that 'a write that finds no room leaves the file as it was' '
  rm -f full; for i in 1 2 3; do ledger append --file full <<<"{\"a\":$i}"; done
  cp full before
  { printf "{\"a\":\""; head -c 3000 /dev/zero | tr "\0" x; echo "\"}"; } >row
  (ulimit -f 1
    says 1 "full: the row cannot be written: File too large; the file is as it was" ledger append --file full <row)
  same before full
  ledger append --file full <row
  [ "$(ledger check --file full)" = rows=4 ]'

test_that 'what is not a file that can be appended to is an error' '
  says 1 "/dev/full: is not a regular file" ledger append --file /dev/full <<<"{}"
  says 1 "no/such: cannot be opened" ledger append --file no/such <<<"{}"
  mkdir folder
  says 1 "folder: cannot be opened" ledger append --file folder <<<"{}"
  says 1 "none: cannot be opened" ledger check --file none
  mkfifo pipe
  says 1 "pipe: is not a regular file" timeout 5 ledger append --file pipe <<<"{}"
  says 1 "cannot write standard output" bash -c "ledger check --file h >/dev/full"
  mkdir "$AWKWARD"
  ledger append --file "$AWKWARD/h" <<<"{}"
  [ "$(ledger check --file "$AWKWARD/h")" = rows=1 ]'

test_that 'bad usage is exit 2; help and version are printed' '
  says 2 "no command given" ledger
  says 2 "unknown command" ledger add --file h
  says 2 "file FILE is missing" ledger append
  says 2 "unexpected argument" ledger check --file h h
  says 2 "unknown option" ledger check --fil
  says 2 "unknown option" ledger check --nothing
  ledger --help | grep -q "^usage: ledger append"
  ledger check -h | grep -q "^usage: ledger append"
  ledger --version | grep -q "^ledger (Assay)"'

finish
