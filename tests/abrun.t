#!/usr/bin/env bash
# abrun: commands measured against each other, in blocks, until abstat can decide.
. "${0%/*}/harness.sh"

# Programs to measure. `touch N` writes to N MiB; `cpu` uses 20 ms of CPU time and says how much it was; `many` prints
# 100 metrics with names of 3000 bytes, and is tiny.
cat >touch.c <<'C'
#include <stdlib.h>
#include <string.h>
int main(int count, char **words) {
  size_t size = strtoul(words[count - 1], NULL, 10) << 20;
  volatile char *bytes = malloc(size);
  for (size_t i = 0; i < size; i += 512) bytes[i] = 1;
  return bytes[size / 2] != 1;
}
C
cat >cpu.c <<'C'
#include <stdio.h>
#include <sys/resource.h>
int main(void) {
  struct rusage used;
  do getrusage(RUSAGE_SELF, &used);
  while (used.ru_utime.tv_sec == 0 && used.ru_utime.tv_usec + used.ru_stime.tv_usec < 20000);
  return printf("METRIC own_us=%ld\n", (long)(used.ru_utime.tv_usec + used.ru_stime.tv_usec)) < 0;
}
C
cat >many.c <<'C'
#include <stdio.h>
int main(void) {
  for (int i = 0; i < 100; i++) printf("METRIC a%03000d=%d\n", i, i);
  return 0;
}
C
for program in touch cpu many; do "${CC:-cc}" -O1 -o $program $program.c || exit 1; done

# `x BASE` prints a metric that varies a little, in the same way each time: its runs are counted in the file n.
cat >x <<'SH'
#!/bin/bash
n=0; [ ! -e n ] || read -r n <n
echo $((n + 1)) >n
echo "some text METRIC no=1"
echo "METRIC x=$(($1 + n * 7 % 5))"
SH
# Beside it abrun finds this abstat, which wants another block each time, and keeps a copy of what it is given.
mkdir never
cp "$BUILD/bin/abrun" never/
cat >never/abstat <<'SH'
#!/bin/bash
echo "$*" >>"$WORK/asked"
cat >"$WORK/given"
printf 'metric\trole\tverdict\treason\testimate\tci_low\tci_high\tp\tnext\n'
printf 'x\tprimary\tINCONCLUSIVE\tmore-data\t0.0492\t0.0411\t0.0563\t0.0025\t1\n'
SH
chmod +x x never/abstat

# column NAME FILE: the values of one column, without the header.
column() { awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } NR > 1 { print $c }' "$2"; }
# values ARM METRIC FILE
values() { awk -F '\t' -v arm="$1" -v metric="$2" '$4 == arm && $5 == metric { print $6 }' "$3"; }
# until_gone PID: waits for the end of a process, 20 s at most; one that nobody has asked for yet has ended too.
until_gone() {
  for ((i = 0; i < 400; i++)); do
    grep -Eq "^[0-9]+ \(.*\) [^Z]" "/proc/$1/stat" 2>/dev/null || return 0
    sleep 0.05
  done
  echo "process $1 is still there"
  return 1
}
until_there() {
  for ((i = 0; i < 400; i++)); do [ ! -s "$1" ] || return 0; sleep 0.05; done
  echo "no file $1"
  return 1
}
export -f column values until_gone until_there

test_that 'a command that is clearly better is kept, as soon as abstat can tell' '
  rm -f n; abrun -p x:lower -s 3 -o samples.tsv -- ./x 1000 -- ./x 900 >report 2>progress
  head -n 1 report | grep -q "^KEEP .*x: .* better"
  [ "$(column block samples.tsv | tail -n 1)" = 2 ]
  grep -Eq "^block 1 of 4: x \+[0-9.]+ % \(interval .*\), p 0.05: more data; the next block takes " progress
  grep -Eq "^block 2 of 4: x \+[0-9.]+ % \(interval .*\), p 0.0025: KEEP$" progress'

test_that 'one that is clearly worse is not, after one block' '
  rm -f n; abrun -p x:lower -s 3 -o samples.tsv -- ./x 900 -- ./x 1000 >report 2>progress
  head -n 1 report | grep -q "^DISCARD"
  grep -q "^block 1 of 4: x .*: DISCARD (worse)$" progress
  [ "$(column block samples.tsv | tail -n 1)" = 1 ]'

test_that '--exit-code tells the verdict' '
  rm -f n; says 0 "" abrun -x -p x:lower -s 3 -- ./x 1000 -- ./x 900
  rm -f n; says 3 "" abrun -x -p x:higher -s 3 -- ./x 1000 -- ./x 900
  rm -f n; says 4 "" abrun -x -q -b 1 -p x:lower -s 3 -- ./x 1000 -- ./x 900
  rm -f n; says 0 "" abrun -p x:higher -s 3 -- ./x 1000 -- ./x 900'

test_that 'the order is the one that abplan prints for the seed' '
  never/abrun -p x:lower -b 3 -k 2 -s 9 --tsv -- ./x 10 -- ./x 20 2>err >samples.tsv
  awk "\$5 == \"x\" || NR == 1" samples.tsv | cut -f 1-4 >got.tsv
  abplan --blocks 3 --runs 2 --seed 9 >want.tsv
  same want.tsv got.tsv'

test_that 'abstat is the one beside abrun; it gets what was asked, the seed, the limits and the samples' '
  rm -f asked; never/abrun -p x:lower -g wall_s:lower:50% -e y -c z -m 2% -a .05 -A --strict-overlap -b 2 -k 4 -s 9 \
    -o samples.tsv -n old,new -- sh -c "echo METRIC x=1; echo METRIC y=2; echo METRIC z=3" \
    -- sh -c "echo METRIC x=1; echo METRIC y=2; echo METRIC z=4" >/dev/null 2>err
  options="--primary=x:lower --guard=wall_s:lower:50% --equal=y --control=z --mei=2% --alpha=.05 --strict-overlap"
  options+=" --max-blocks=2 --runs=4 --base=old"
  { echo "$options"; echo "$options --seed=9"; echo "$options --seed=9"; echo "$options --seed=9 --report"; } >want
  same want asked
  same samples.tsv given'

test_that 'samples.tsv has a row for every metric of every run, with its unit and role' '
  rm -f n; abrun -p x:lower -g wall_s:lower:500% -c user_s -b 1 -s 5 -o samples.tsv -- ./x 1000 -- ./x 1000 >/dev/null 2>err
  [ "$(head -n 1 samples.tsv)" = "$(printf "block\torder\trun\tarm\tmetric\tvalue\tunit\trole\tstatus\tenv_bytes\tseed")" ]
  awk -F "\t" "NR > 1 && \$3 == 1 { print \$5, \$7, \$8, \$9, \$11 }" samples.tsv >got
  printf "%s ok 5\n" "wall_s s guard" "cpu_s s -" "user_s s control" "sys_s s -" "peak_rss_mb MiB -" "major_faults - -" \
    "minor_faults - -" "voluntary_switches - -" "involuntary_switches - -" "x - primary" >want
  same want got
  [ "$(wc -l <samples.tsv)" = 61 ]
  [ "$(column value samples.tsv | grep -Ecv "^[0-9]+(\.[0-9]+)?$")" = 0 ]'

test_that 'CPU time is the sum of its parts, to the microsecond' '
  abrun -b 1 -s 5 --tsv -- ./cpu -- ./cpu 2>err >samples.tsv
  awk "\$5 == \"cpu_s\" { cpu = \$6 } \$5 == \"user_s\" { user = \$6 }
    \$5 == \"sys_s\" { d = cpu - user - \$6; n++; if (d * d > 1e-13 || cpu < 0.018) bad = 1 } END { exit bad || n != 6 }" samples.tsv'

test_that 'CPU time is also that of descendants which were waited for' '
  abrun -b 1 -s 5 --tsv -- sh -c "./cpu; true" -- sh -c "./cpu; true" 2>err >samples.tsv
  awk "\$5 == \"cpu_s\" { cpu = \$6 } \$5 == \"own_us\" { n++; if (cpu * 1e6 < \$6 - 1000) bad = 1 } END { exit bad || n != 6 }" samples.tsv'

test_that 'peak RSS is to the point: 32 and 24 MiB differ by 8' '
  abrun -b 1 -s 5 -p peak_rss_mb:lower --tsv -- ./touch 32 -- ./touch 24 2>err >samples.tsv
  values A peak_rss_mb samples.tsv | sort -n >a; values B peak_rss_mb samples.tsv | sort -n >b
  paste a b | awk "NR == 2 { d = \$1 - \$2 - 8; if (d * d > 0.04) { print d; bad = 1 } } END { exit bad || NR != 3 }"'

# A sanitizer's own memory is in every process that it is in.
case $BUILD in *asan*) export tiny=8 ;; *) export tiny=4 ;; esac
test_that 'a tiny command stays tiny in a large abrun' '
  PATH="$WORK/never:$PATH"; abrun -b 1 -k 1 -w 0 -s 5 -p peak_rss_mb:lower --tsv -D ::: -- \
    never/abrun -q -b 2 -k 20 -p wall_s:lower -o inner.tsv -- ./many -- ./many ::: true 2>err >outer.tsv
  awk "\$5 == \"peak_rss_mb\" { n++; if (\$6 >= $tiny) { print; bad = 1 } } END { exit bad || n != 80 }" inner.tsv
  values A peak_rss_mb outer.tsv | awk "{ n++; if (\$1 <= 16) bad = 1 } END { exit bad || n != 1 }"'

test_that 'the environment has a length drawn for each run, recorded and the same for the same seed' '
  for i in 1 2; do
    never/abrun -p pad:lower -b 4 -k 4 -s 21 --tsv -- sh -c "echo METRIC pad=\${#ASSAY_PADDING}" \
      -- sh -c "echo METRIC pad=\${#ASSAY_PADDING}" 2>err | awk "\$5 == \"pad\" { print \$6, \$10 }" >pads.$i
  done
  same pads.1 pads.2
  awk "\$1 != \$2 || \$1 > 4096 { bad = 1 } { if (!seen[\$1]++) distinct++; if (\$1 > 2048) long++ }
    END { exit bad || !(NR == 32 && distinct > 25 && long > 5 && long < 27) }" pads.1'

test_that 'without --seed each measurement has one of its own, which is said and recorded' '
  for i in 1 2; do abrun -b 1 --tsv -- true -- true 2>err.$i >samples.$i; done
  seed=$(column seed samples.1 | sort -u); [ "$seed" -gt 0 ]
  grep -q "^seed $seed; at most 1 block of 3 runs of each of 2 commands$" err.1
  [ "$seed" != "$(column seed samples.2 | sort -u)" ]'

test_that 'warm-ups are made and not recorded' '
  rm -f n; abrun -w 2 -b 1 -p x:lower --tsv -- ./x 10 -- ./x 20 2>err >samples.tsv
  [ "$(cat n)" = 10 ]; [ "$(grep -c "	x	" samples.tsv)" = 6 ]
  rm -f n; abrun -w 0 -b 1 -p x:lower --tsv -- ./x 10 -- ./x 20 2>err >samples.tsv
  [ "$(cat n)" = 6 ]; [ "$(grep -c "	x	" samples.tsv)" = 6 ]'

test_that '--max-time begins no block that would end too late, and says so' '
  never/abrun -b 9 --max-time 0.000001 -p x:lower -s 3 -o samples.tsv -- ./x 10 -- ./x 20 >/dev/null 2>err
  [ "$(column block samples.tsv | sort -u)" = 1 ]
  grep -q "^block 1 of 9: .*: more data; the next block takes .*, more than is left of --max-time$" err
  never/abrun -b 3 --max-time 1000 -p x:lower -s 3 -o samples.tsv -- ./x 10 -- ./x 20 >/dev/null 2>err
  [ "$(column block samples.tsv | tail -n 1)" = 3 ]'

test_that 'the report is that of abstat on the same samples' '
  rm -f n; abrun -p x:lower -s 3 -o samples.tsv -- ./x 1000 -- ./x 900 >got 2>err
  abstat -p x:lower -s 3 --report samples.tsv >want
  same want got'

test_that '--quiet prints nothing' '
  rm -f n; abrun -q -p x:lower -s 3 -- ./x 1000 -- ./x 900 >out 2>err
  [ ! -s out ]; [ ! -s err ]'

test_that '--names names the arms, the first is the base' '
  rm -f n; abrun -n old,new.2 -p x:lower -s 3 -o samples.tsv -- ./x 1000 -- ./x 900 >report 2>err
  [ "$(column arm samples.tsv | sort -u | tr "\n" " ")" = "new.2 old " ]
  head -n 1 report | grep -q ^KEEP'

test_that '--delimiter parts commands that hold a -- themselves' '
  abrun -D ::: -b 1 -k 1 -w 0 -O out -- echo a -- b ::: true >/dev/null 2>err
  [ "$(cat out)" = "a -- b" ]'

test_that 'commands are started without a shell' '
  abrun -b 1 -k 1 -w 0 -O out -- echo "\$HOME; *" "a  b" -- true >/dev/null 2>err
  [ "$(cat out)" = "\$HOME; * a  b" ]'

test_that '--shell runs each command as a line of the shell' '
  abrun -S -b 1 -s 3 -p x:lower --tsv -- "echo METRIC x=\$((40 + 2))" -- "exec printf \"METRIC x=%d\" 1" 2>err >samples.tsv
  [ "$(values A x samples.tsv | sort -u)" = 42 ]; [ "$(values B x samples.tsv | sort -u)" = 1 ]'

test_that 'standard input is empty, signals and terminal are as for a daemon' '
  (trap "" PIPE; abrun -b 1 -k 1 -w 0 -v -- sh -c "cat; cut -d \" \" -f 6 /proc/\$\$/stat; echo \$\$; kill -PIPE \$\$; echo not here" -- true) \
    2>err >/dev/null || true
  [ "$(grep -cxE "[0-9]+" err)" = 2 ]; [ "$(grep -xE "[0-9]+" err | sort -u | wc -l)" = 1 ]
  grep -q "ended by signal 13" err; ! grep -q "not here" err'

test_that 'what commands print is dropped, shown by --show-output, and kept by --output' '
  abrun -b 1 -k 1 -w 0 -- sh -c "echo one; echo two >&2" -- true >out 2>err
  ! grep -q one out err; ! grep -q two out err
  abrun -b 1 -k 1 -w 0 -v -- sh -c "echo one; echo two >&2" -- true >out 2>err
  grep -qx one err; grep -qx two err; ! grep -q one out
  abrun -b 1 -k 1 -w 0 -O kept -- sh -c "echo one; echo two >&2" -- true >out 2>err
  [ "$(cat kept)" = one ]; ! grep -q two err
  abrun -b 1 -k 2 -w 0 -M none -O kept -- sh -c "echo METRIC one; echo two >&2" -- true >out 2>err
  [ "$(cat kept)" = "$(printf "METRIC one\nMETRIC one")" ]'

test_that 'METRIC lines are found wherever lines begin, with either line end, the last without' '
  cat >prints <<"SH"
#!/bin/bash
printf "x METRIC a=0\n METRIC b=0\nMETRI\nMETRIC"; printf " c=1.50\r\nMETRIC c=1.5\n\0\0\nMETRICS are\nMET"
printf "RIC d/e.f:g-h=-2e3"
SH
  chmod +x prints
  abrun -b 1 -s 1 -p c:lower --tsv -- ./prints -- ./prints 2>err >samples.tsv
  [ "$(column metric samples.tsv | sort -u | grep -v _ | tr "\n" " ")" = "c d/e.f:g-h " ]
  [ "$(values A c samples.tsv | sort -u)" = 1.50 ]; [ "$(values A d/e.f:g-h samples.tsv | sort -u)" = -2e3 ]'

test_that '--metrics-from reads standard error instead, or nothing' '
  abrun -M stderr -b 1 -s 1 --tsv -- sh -c "echo METRIC a=1 >&2; echo METRIC b=1" \
    -- sh -c "echo METRIC a=1 >&2; echo METRIC b=1" 2>err >samples.tsv
  [ "$(column metric samples.tsv | grep -cx a)" = 6 ]; ! column metric samples.tsv | grep -qx b
  abrun -M none -b 1 -s 1 --tsv -- sh -c "echo METRIC of it" -- true 2>err >samples.tsv
  [ "$(wc -l <samples.tsv)" = 55 ]'

bad_metric() { # bad_metric PATTERN PRINTF-FORMAT
  test_that "METRIC $2 is an error" "says 1 '^abrun: the warm-up of arm A printed .METRIC .*: $1' \
    abrun -- printf $(printf %q "METRIC $2") -- true"
}
bad_metric 'the value is not a finite decimal number' 'x=nan\n'
bad_metric 'the value is not a finite decimal number' 'x=0x10\n'
bad_metric 'the value is not a finite decimal number' 'x= 1\n'
bad_metric 'the value is not a finite decimal number' 'x=\n'
bad_metric 'the value is not a finite decimal number' 'x=1e999'
bad_metric "a name is a letter or ._." '1x=1\n'
bad_metric "a name is a letter or ._." '=1\n'
bad_metric "a name is a letter or ._." 'a\tb=1\n'
bad_metric 'METRIC name=value is expected' 'x\n'
bad_metric 'METRIC name=value is expected' '\n'
bad_metric 'the line holds a NUL byte' 'x=1\0\n'
bad_metric 'it had another value before' 'x=1\nMETRIC x=2\n'
test_that 'what a metric line holds reaches no terminal' '
  says 1 "METRIC \?\[31mx\?=1" abrun -- printf "METRIC \033[31mx\001=1\n" -- true
  ! grep -q "[[:cntrl:]]" says.err'
test_that 'a metric line without end, and metrics without number, are errors' '
  says 1 "too long for a name and a number" abrun -S -- "printf \"METRIC x=\"; head -c 50000000 /dev/zero | tr \"\\0\" 1" -- true
  says 1 "there are 1000 metrics before it" abrun -- seq -f "METRIC m%g=1" 100000 -- true'
test_that 'a metric that abrun measures itself cannot be printed' '
  says 1 "printed the metric .wall_s., which is measured by abrun" abrun -- echo METRIC wall_s=1 -- true'
test_that 'all runs print the same metrics, or it is an error that says which did not' '
  says 1 "the warm-up of arm B printed no METRIC .x., as the warm-up of arm A did" abrun -- echo METRIC x=1 -- true
  says 1 "the warm-up of arm A printed no METRIC .x., as the warm-up of arm B did" abrun -- true -- echo METRIC x=1
  says 1 "run [0-9] of arm B printed no METRIC .x., as run" abrun -w 0 -s 1 -- echo METRIC x=1 -- echo METRIC y=1'
test_that 'a metric that is asked for and not printed is an error before the first block' '
  says 1 "^abrun: --guard: there is no metric .ops.: the warm-up of arm A printed no line .METRIC ops=VALUE." \
    abrun -g ops:higher:5% -- true -- true'

test_that 'a base arm that fails ends the measurement' '
  says 1 "the warm-up of arm A ended with exit status 3; nothing can be compared" abrun -- sh -c "exit 3" -- true
  rm -f n; says 1 "run [1-4] of arm A was ended by signal 9" abrun -w 0 -s 1 -- sh -c "kill -9 \$\$" -- true
  says 1 "the warm-up of arm A passed the limit of 0.05 s" abrun -t 0.05 -- sleep 1000 -- true'
test_that 'the samples up to a failure of the base arm are kept, with it' '
  cat >fails-at-3 <<"SH"
#!/bin/bash
n=0; [ ! -e n ] || read -r n <n; echo $((n + 1)) >n
[ $n != 3 ]
SH
  chmod +x fails-at-3; rm -f n samples.tsv
  says 1 "run [0-9]* of arm A ended with exit status 1" abrun -s 1 -w 0 -k 5 -o samples.tsv -- ./fails-at-3 -- true
  [ "$(awk "\$5 == \"wall_s\" { print \$4, \$9 }" samples.tsv | tail -n 1)" = "A failed" ]
  [ "$(grep -c "A	wall_s" samples.tsv)" = 4 ]'
test_that 'a changed arm that fails is recorded, and not kept' '
  says 3 "run [0-9] of arm B ended with exit status 3" abrun -x -s 1 -o samples.tsv -p x:lower \
    -- echo METRIC x=5 -- sh -c "exit 3"
  head -n 1 says.out | grep -q ^DISCARD
  [ "$(values B x samples.tsv | sort -u)" = NA ]; [ "$(values A x samples.tsv | sort -u)" = 5 ]
  [ "$(awk "\$4 == \"B\" { print \$9 }" samples.tsv | sort -u)" = failed ]
  [ "$(awk "\$4 == \"A\" { print \$9 }" samples.tsv | sort -u)" = ok ]
  grep -q "^block 1 of 4: x.*: DISCARD (failures)$" says.err'
test_that 'a failed run keeps what it printed, and may print nonsense' '
  abrun -b 1 -s 1 -p x:lower -o samples.tsv -- sh -c "echo METRIC x=5; echo METRIC y=6" \
    -- sh -c "echo METRIC x=4; echo METRIC z; exit 1" >report 2>err
  [ "$(values B x samples.tsv | sort -u)" = 4 ]; [ "$(values B y samples.tsv | sort -u)" = NA ]
  abstat -p x:lower samples.tsv | grep -q failures'
test_that 'one failed run of many is not dropped' '
  cat >fails <<"SH"
#!/bin/bash
n=0; [ ! -e n ] || read -r n <n; echo $((n + 1)) >n
[ $n != 3 ]
SH
  chmod +x fails; rm -f n
  abrun -b 1 -s 1 -w 0 -k 5 -o samples.tsv -- true -- ./fails >report 2>err
  [ "$(awk "\$5 == \"wall_s\" && \$9 == \"failed\"" samples.tsv | wc -l)" = 1 ]; [ "$(wc -l <samples.tsv)" = 91 ]'
test_that '--ignore-failure takes an exit status for a result, not a signal' '
  abrun -i -b 1 -s 1 -o samples.tsv -E results.json -- sh -c "exit 3" -- sh -c "exit 4" >report 2>err
  [ "$(column status samples.tsv | sort -u)" = ok ]
  [ "$(jq -c "[.results[].exit_codes]" results.json)" = "[[3,3,3],[4,4,4]]" ]
  says 1 "ended by signal 15" abrun -i -- sh -c "kill \$\$" -- true'
test_that 'a run that takes too long is a timeout: killed with its process group' '
  abrun -t 0.2 -b 1 -s 1 -k 1 -w 0 -o samples.tsv -- true -- bash -c "sleep 1000 & echo \$! >\$WORK/child; wait" >report 2>err
  [ "$(values B wall_s samples.tsv)" = inf ]; [ "$(awk "\$4 == \"B\" { print \$9 }" samples.tsv | sort -u)" = timeout ]
  grep -q "run [12] of arm B passed the limit of 0.2 s" err
  until_gone "$(cat child)"'

test_that 'a child in the background that holds standard output open is not waited for, but ended' '
  timeout -s KILL 60 abrun -b 1 -k 1 -w 0 -- sh -c "sleep 1000 & echo \$! >\$WORK/child" -- true >report 2>err
  until_gone "$(cat child)"'
test_that 'one that has left for a session of its own is let be, and not waited for, whatever it writes' '
  timeout -s KILL 60 abrun -b 1 -k 1 -w 0 -p x:lower --tsv -- sh -c "setsid sh -c \"echo \\\$\\\$ >child; exec yes\" & while [ ! -s child ]; do :; done; echo; echo METRIC x=1" \
    -- echo METRIC x=1 >samples.tsv 2>err || { cat err; kill "$(cat child)"; exit 1; }
  kill "$(cat child)" 2>/dev/null || true
  [ "$(values A x samples.tsv)" = 1 ]' 
test_that 'a command that closes its standard output runs on' '
  abrun -b 1 -k 1 -w 0 -o samples.tsv -- sh -c "exec >&-; ./cpu 2>/dev/null; true" -- true >report 2>err
  values A cpu_s samples.tsv | awk "{ n++; if (\$1 <= 0.01) bad = 1 } END { exit bad || n != 1 }"'
test_that '100 MB of output are read without being kept' '
  abrun -b 1 -k 1 -w 0 -s 5 --tsv -D ::: \
    -- abrun -q -w 0 -b 1 -k 1 -- head -c 100000000 /dev/zero -- true ::: true 2>err >outer.tsv
  values A peak_rss_mb outer.tsv | awk "{ n++; if (\$1 >= 60) bad = 1 } END { exit bad || n != 1 }"'

test_that '--prepare runs before each run, and is not part of it' '
  rm -f prepared; abrun -P "echo METRIC no=1; echo p >>prepared; sleep 0.3" -b 1 -k 2 -w 1 --tsv -- true -- true 2>err >samples.tsv
  [ "$(wc -l <prepared)" = 6 ]; ! grep -q "	no	" samples.tsv
  values A wall_s samples.tsv | sort -n | awk "NR == 1 { bad = \$1 >= 0.3 } END { exit bad || NR != 2 }"
  says 1 "^abrun: --prepare .exit 7. ended with exit status 7; 0 is expected" abrun -P "exit 7" -- true -- true'
test_that 'a process that --prepare leaves behind serves the run' '
  cat >serve <<"SH"
#!/bin/bash
rm -f ask answer
(for ((i = 0; i < 400; i++)); do [ ! -e ask ] || { echo >answer; exit; }; sleep 0.05; done) >/dev/null 2>&1 &
SH
  cat >use <<"SH"
#!/bin/bash
echo >ask
for ((i = 0; i < 400; i++)); do [ ! -e answer ] || exit 0; sleep 0.05; done
exit 1
SH
  chmod +x serve use
  abrun -P ./serve -b 1 -k 1 -w 0 -- ./use -- ./use >report 2>err || { cat err; exit 1; }'

test_that '--export-json holds the fields of hyperfine, from the same runs as the samples' '
  abrun -b 1 -s 5 -o samples.tsv -E results.json -- ./cpu -- sh -c "./cpu; : \"it\\ s\"" >report 2>err
  jq -e "(.results | length) == 2 and (.results[0] | keys) == ([\"command\", \"mean\", \"stddev\", \"median\", \"user\",
    \"system\", \"min\", \"max\", \"times\", \"memory_usage_byte\", \"exit_codes\"] | sort)" results.json >/dev/null
  jq -r ".results[0].times[]" results.json | awk "{ printf \"%.9f\\n\", \$1 }" >got
  values A wall_s samples.tsv >want; same want got
  jq -r ".results[1].memory_usage_byte[]" results.json >got
  values B peak_rss_mb samples.tsv | awk "{ print \$1 * 1048576 }" >want; same want got
  jq -e ".results[] | (.times | sort) as \$t | (\$t[1] == .median) and (\$t[0] == .min) and (\$t[2] == .max)
    and (((\$t | add / 3) - .mean) | fabs < 1e-9) and (.stddev > 0) and .exit_codes == [0, 0, 0]" results.json >/dev/null
  jq ".results[0].user" results.json | awk "{ printf \"%.6f\\n\", \$1 }" >got
  values A user_s samples.tsv | awk "{ s += \$1 } END { printf \"%.6f\\n\", s / 3 }" >want; same want got
  jq -r ".results[].command" results.json >got
  printf "%s\n" "./cpu" "sh -c $(printf "\047./cpu; : \"it\\\\ s\"\047")" >want; same want got'
test_that 'bytes in a command that are no text are replaced in JSON' '
  abrun -b 1 -k 1 -w 0 -E results.json -- echo "$(printf "\377\302\344\272\272\001\"\\\\")" -- true >report 2>err
  [ "$(jq -r ".results[0].command | explode | tostring" results.json)" = "[101,99,104,111,32,39,65533,65533,20154,1,34,92,39]" ]
  [ "$(jq ".results[0].stddev" results.json)" = null ]'

test_that '--confirm measures two fresh blocks of what was kept, in an order of their own, and reports on them' '
  rm -f n samples.tsv*; abrun -C -x -p x:lower -s 3 -o samples.tsv -E results.json -- ./x 1000 -- ./x 900 >report 2>err
  grep -q "^confirming with 2 fresh blocks, seed 4$" err; grep -q "^confirmation: x .*: KEEP$" err
  awk "\$5 == \"x\" || NR == 1" samples.tsv.confirm | cut -f 1-4 >got.tsv
  abplan --blocks 2 --seed 4 >want.tsv
  same want.tsv got.tsv
  abstat --confirm -p x:lower -s 4 --report samples.tsv.confirm >want; same want report
  [ "$(jq ".results[0].times | length" results.json)" = 6 ]; [ "$(column block samples.tsv | tail -n 1)" = 2 ]'
test_that '--confirm measures nothing more of what was not kept' '
  rm -f n samples.tsv*; says 3 "" abrun -C -x -p x:lower -s 3 -o samples.tsv -- ./x 900 -- ./x 1000
  [ ! -e samples.tsv.confirm ]; ! grep -q confirm says.err'
test_that 'a KEEP that a guard objects to is not confirmed' '
  rm -f n samples.tsv*; abrun -C -p x:lower -e y -s 3 -o samples.tsv -- sh -c "./x 1000; echo METRIC y=1" \
    -- sh -c "./x 900; echo METRIC y=2" >report 2>err
  [ ! -e samples.tsv.confirm ]; grep -q "equal y FAIL (correctness)" err'

interrupted() { # interrupted SIGNAL STATUS: the tenth run hangs; the signal comes then.
  test_that "SIG$1 ends the command, keeps the samples, and exits with $2" "
    cat >hangs <<'SH'
#!/bin/bash
n=0; [ ! -e n ] || read -r n <n; echo \$((n + 1)) >n
[ \$n != 9 ] || { sleep 1000 & echo \$! >\"\$WORK/child\"; wait; }
SH
    chmod +x hangs; rm -f n child samples.tsv
    set -m; env --default-signal never/abrun -w 1 -s 1 -p wall_s:lower -o samples.tsv -- ./hangs -- ./hangs >report 2>err & pid=\$!; set +m
    until_there child; kill -$1 \$pid; got=0; wait \$pid || got=\$?
    [ \$got = $2 ]; until_gone \"\$(cat child)\"
    grep -q 'ended by SIG$1: 1 whole block and 1 further run were measured; they are in samples.tsv' err
    [ \"\$(grep -c '	wall_s	' samples.tsv)\" = 7 ]; [ ! -s report ]"
}
interrupted INT 130
interrupted TERM 143
test_that 'a signal also ends --prepare and what it has started' '
  rm -f child; set -m
  abrun -P "sleep 1000 & echo \$! >child.new; mv child.new child; wait" -- true -- true >report 2>err & pid=$!
  set +m
  until_there child; kill -TERM $pid; got=0; wait $pid || got=$?; [ $got = 143 ]; until_gone "$(cat child)"
  grep -q "ended by SIGTERM: 0 whole blocks and 0 further runs were measured$" err'
test_that 'nothing is left running when abrun is killed' '
  rm -f n child; set -m
  abrun -- sh -c "sleep 1000 & echo \$\$ \$! >child.new; mv child.new child; wait" -- true >report 2>err & pid=$!
  set +m
  until_there child; kill -KILL $pid; wait $pid || true
  read -r shell child <child; until_gone $shell; until_gone $child'
test_that 'it works with closed standard streams' '
  abrun -b 1 -s 1 -p x:lower -o samples.tsv -- echo METRIC x=1 -- echo METRIC x=2 <&- >/dev/null 2>&-
  [ "$(values B x samples.tsv | sort -u)" = 2 ]'

test_that 'three commands are measured in one plan' '
  cp -r never three; cat >three/abstat <<"SH"
#!/bin/bash
cat >/dev/null
printf "metric\trole\tverdict\treason\testimate\tci_low\tci_high\tp\tnext\tarm\n"
printf "x\tprimary\tKEEP\teffect\t0.05\t0.04\t0.06\t0.0025\t0\tB\n"
printf "y\tguard\tPASS\twithin-limit\t0.05\t0.04\t0.06\t0.0025\t0\tB\n"
printf "x\tprimary\tINCONCLUSIVE\tscreened\t-0.05\tNA\tNA\tNA\t0\tC\n"
printf "y\tguard\tFAIL\tbeyond-limit\t0.05\t0.04\t0.06\t0.0025\t0\tC\n"
SH
  three/abrun -C -p x:lower -g y:lower:5% -s 3 -o samples.tsv -- sh -c "./x 1; echo METRIC y=1" \
    -- sh -c "./x 2; echo METRIC y=1" -- sh -c "./x 3; echo METRIC y=1" >report 2>err
  awk "\$5 == \"x\" || NR == 1" samples.tsv | cut -f 1-4 >got.tsv
  abplan --arms A,B,C --seed 3 >want.tsv; same want.tsv got.tsv
  grep -qF "block 1 of 4: B x +5.00 % (interval +4.00 to +6.00 %), p 0.0025: KEEP; C x -5.00 %: INCONCLUSIVE (screened), guard y FAIL (beyond-limit)" err
  [ "$(column arm samples.tsv.confirm | sort -u | tr -d "\n")" = AB ]'

test_that 'of three commands the better is kept, each judged against the base' '
  rm -f n samples.tsv*; abrun -C -x -p x:lower -s 3 -o samples.tsv -- ./x 1000 -- ./x 1000 -- ./x 900 >report 2>err
  grep -q "^block [2-4] of 4: B x .*; C x .*: KEEP$" err
  grep -q "^confirmation: .*x .*: KEEP$" err
  [ "$(column arm samples.tsv.confirm | sort -u | tr -d "\n")" = AC ]'

wrong() { # wrong PATTERN WORD...
  local pattern=$1
  shift
  test_that "bad usage: abrun $*" "says 2 $(printf %q "$pattern") abrun $(printf '%q ' "$@")"
}
wrong "commands are expected" -q
wrong "'true' is not expected; commands follow a '--'" true -- true
wrong 'one command alone' -- true
wrong "a command is empty" -- true --
wrong "a command is empty" --
wrong "a command is empty" -- -- true
wrong "with --shell a command is one word" -S -- echo a -- true
wrong "names are expected, one for each command" -n a -- true -- true
wrong "names are expected, one for each command" -n a,b,c -- true -- true
wrong "the arm 'a' is named twice" -n a,a -- true -- true
wrong "'' is no name of an arm" -n a, -- true -- true
wrong 'not a whole number from 1 to' -k 0 -- true -- true
wrong 'not a whole number from 1 to' -b 1001 -- true -- true
wrong 'not a whole number from 1 to' -w x -- true -- true
wrong 'not a whole number from 1 to' -s 4294967296 -- true -- true
wrong 'not a number of seconds' -t 0 -- true -- true
wrong 'not a number of seconds' -T -1 -- true -- true
wrong 'stdout, stderr or none' -M file -- true -- true
wrong '--tsv has no room' --tsv -C -- true -- true
wrong '^abstat: .*--mei' -m 2 -- touch ran -- touch ran
wrong '^abstat: .*--primary' -p wall_s -- touch ran -- touch ran
wrong '^abstat: .*--rule' -r best -- touch ran -- touch ran
wrong '^abstat: ' -A --nonsense -- touch ran -- touch ran
test_that 'what is asked wrongly is said before anything runs' '[ ! -e ran ]'

test_that 'a command that cannot be run is an error' '
  says 1 "^abrun: .no-such-command. cannot be run: no folder in PATH" abrun -- true -- no-such-command
  says 1 "^abrun: .\./no-such-command. cannot be run: No such file" abrun -- true -- ./no-such-command
  says 1 "^abrun: .\./touch\.c. cannot be run: Permission denied" abrun -- true -- ./touch.c
  mkdir -p folder; says 1 "^abrun: .\./folder. cannot be run: Permission denied" abrun -- ./folder -- true'
test_that 'what cannot be written is an error, before the measurement where that can be known' '
  rm -f ran; says 1 "^abrun: nowhere/samples.tsv: cannot be written: No such file" abrun -o nowhere/samples.tsv -- touch ran -- true
  says 1 "^abrun: folder: cannot be written: Is a directory" abrun -E folder -- touch ran -- true
  [ ! -e ran ]
  says 1 "^abrun: /dev/full: cannot be written: No space" abrun -b 1 -o /dev/full -- true -- true
  says 1 "^abrun: /dev/full: cannot be written: No space" abrun -b 1 -E /dev/full -- true -- true
  says 1 "cannot write the output of a command: No space" abrun -b 1 -O /dev/full -- echo one -- true
  got=0; abrun -b 1 --tsv -- true -- true >/dev/full 2>err || got=$?; [ "$got" = 1 ]; grep -q "cannot write standard output" err
  got=0; abrun -b 1 -- true -- true >/dev/full 2>err || got=$?; [ "$got" = 1 ]'
test_that 'files are written whole: nothing is left beside them' '
  mkdir whole; abrun -b 1 -o whole/samples.tsv -E whole/results.json -- true -- true >report 2>err
  [ "$(ls whole | tr "\n" " ")" = "results.json samples.tsv " ]; [ "$(stat -c %a whole/samples.tsv)" = "$(stat -c %a report)" ]'
test_that 'options of abstat that abrun gives itself are refused before anything runs' '
  for option in --report -x --max-blocks=9 --runs=2 --confirm; do says 2 "is set by abrun itself" abrun -A $option -- touch ran -- touch ran; done
  says 2 "is no option" abrun -A foo -- touch ran -- touch ran; [ ! -e ran ]'

finish
