#!/bin/bash
# The profilers that use perf, and smaps, on a service of which is known exactly how much it computes, touches, maps, calls.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
export R=$WORK/results/counted/local T=$WORK/targets/counted TOOLS_DIR=$WORK/watchers ASSAY_MACHINE_LOCK=$WORK/machine.lock
export ASSAY_RUN=$R
profilers='perf-cpu perf-faults smaps counters probe'

# What the graph makes before a profile is taken.
scripts() { # scripts FOLDER NAME...: its generated scripts, of the target as it stands now
  targetspec "$T" >"$R/target.tsv" 2>/dev/null
  (
    cd "$ROOT" || exit
    for name in "${@:2}"; do
      # shellcheck disable=SC2086
      mk/steps/script.sh $name "$T" "$R" "$1" local $profilers >"$1/$name.sh" && chmod +x "$1/$name.sh" || exit
    done
  )
}
sources() { # sources FOLDER: its two arms, which are the same
  mkdir -p "$1"
  echo 0123456789 | tee "$1/commit-A" >"$1/commit-B"
  printf 'artifact\tmade\t-\t-\t-\n' >"$1/source.gate"
  tar -C "$T/src" -cf "$1/source-A.tar" .
}
with() { # with LINE...: the target with these lines in place of those of the same fields
  local line
  for line; do sed -i "/^${line%% *} /d" "$T/target.mk" && echo "$line" >>"$T/target.mk"; done
  case $* in *build_symbols*) scripts "$R/baseline" build profile ;; *) scripts "$R/baseline" profile ;; esac
}
# profile PROFILER [both]: with one client alone; both: with two at once as well.
profile() { (cd "$ROOT" && MODES="alone${2:+ concurrent}" X=$R/profiles mk/steps/profile.sh "$R/baseline" "$1" A "$R/profiles"); }
share() { # share FUNCTION PROFILER MODE: what it holds, and its part of all in per cent
  rankalloc --function "$1" "$R/profiles/$2-$3.folded" | awk -F '\t' '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } { print $at["cumulative"], $at["cumulative_percent"] }'
}
fact() { sed -n "s/^$2 $3=//p" "$R/profiles/$1.facts"; } # fact PROFILER MODE NAME
check() { awk "BEGIN { exit !($1) }" || { echo "does not hold: $1"; return 1; }; }
sum_of() { awk -v pattern="$1" '$0 ~ pattern { sum += $NF } END { printf "%.0f\n", sum }' "$2"; } # sum_of PATTERN FOLDED
total() { awk '{ sum += $NF } END { printf "%.0f\n", sum }' "$R/profiles/$1.folded"; }
left_over() { grep -hcF ":$WORK/" /sys/kernel/tracing/uprobe_events 2>/dev/null || true; }
export -f scripts sources with profile share fact check sum_of total left_over
export profilers

mkdir -p "$WORK/targets" "$R"
cp -r "$ROOT/tests/targets/counted" "$T"
sources "$R/baseline"
scripts "$R/baseline" build deploy workload collect profile teardown || exit 1

# --- smaps: no perf ---------------------------------------------------------------------------------------------------

test_that 'smaps: 64 MiB of anonymous memory, the stack of a thread, and the files of the service are regions of their own' '
  profile smaps
  folded=$R/profiles/smaps-alone.folded
  cat "$folded"
  anonymous=$(sum_of "^service;anonymous;" "$folded") stacks=$(sum_of "^service;stacks;" "$folded")
  # 64 MiB, the 8 that it began with, and what libc takes; a stack of 256 KiB, and that of the first thread.
  check "$anonymous >= 72 * 1048576 && $anonymous < 74 * 1048576"
  check "$stacks >= 262144 && $stacks < 262144 + 200000"
  grep -q "^service;files;libc.so.6;r-xp " "$folded"
  grep -q "^service;files;service;r-xp " "$folded"
  [ "$(total smaps-alone)" = "$(fact smaps alone resident_bytes)" ]
  check "$(fact smaps alone percent_of_the_peak) >= 95 && $(fact smaps alone percent_of_the_peak) < 103"
  grep -qx "unit bytes" "$R/profiles/smaps.facts"
'
test_that 'smaps: what processes share is parted among them where the target asks for it' '
  before=$(total smaps-alone)
  (cd "$ROOT" && . mk/steps/pipeline.sh && settings="smaps.value=pss" && pipelines_text smaps) >pipeline
  . ./pipeline
  after=$(smaps.fold "$R/profiles/smaps-alone.raw" . | awk "{ sum += \$NF } END { printf \"%.0f\", sum }")
  check "$after < $before && $after > 72 * 1048576"
'
test_that 'smaps: hostile names of files and commands stay one frame' '
  printf "%s\n" "= 7 a;b" "55e0-55f0 r--p 00000000 08:01 12 /tmp/x;y 5" "Rss: 8 kB" "Pss: 4 kB" "7f00-8f00 rw-p 0 00:00 0" "Rss: 12 kB" \
    "Pss: 12 kB" "- 9f10" "9f00-a000 rw-p 0 00:00 0 " "Rss: 4 kB" "bad line" "zz-yy" "Rss:" >smaps.txt
  /usr/bin/python3 "$ROOT/pipelines/smaps.py" fold smaps.txt rss >out
  printf "%s\n" "a:b;anonymous;rw-p 12288" "a:b;files;x:y 5;r--p 8192" "a:b;stacks;rw-p 4096" | same - out
'

if ! perf record -q -N -e page-faults -o /dev/null -- true 2>/dev/null; then
  for name in perf-cpu perf-faults counters probe; do skip 'perf cannot be used here' "$name: what is known of the service"; done
  finish
fi

# --- perf-cpu -----------------------------------------------------------------------------------------------------------

cpu='
  read -r heavy heavy_percent < <(share heavy perf-cpu alone)
  read -r light light_percent < <(share light perf-cpu alone)
  echo "heavy $heavy ns, $heavy_percent %; light $light ns, $light_percent %"
  check "($heavy / ($heavy + $light) - 2 / 3) ^ 2 < 0.05 ^ 2"
  check "$heavy > 0.9e8 && $heavy < 10e8"
  check "$heavy_percent + $light_percent > 90"
  grep -qE "^service;.*;main \(service.c:[0-9]+\);.*;heavy \(service.c:3[0-9]\)(;| )" "$R/profiles/perf-cpu-alone.folded"
  grep -qx "unit ns" "$R/profiles/perf-cpu.facts"
'
test_that 'perf-cpu: two functions share the CPU time 2 to 1, by frame pointers' "profile perf-cpu; $cpu"
test_that 'perf-cpu: the same by copies of the stacks that are unwound, in a program without frame pointers' "
  with 'profiler_settings := perf-cpu.unwind=dwarf' 'build_symbols := cc -O2 -g -fomit-frame-pointer -pthread -o service service.c'
  profile perf-cpu; $cpu
"
test_that 'a service that did nothing while it was looked at gives an error with advice' '
  (cd "$ROOT" && . mk/steps/pipeline.sh && settings= && pipelines_text perf-cpu perf-faults) >pipeline
  . ./pipeline
  mkdir -p nothing; perf record -q -N -D -1 -e page-faults -o nothing/perf.data -- true 2>err # never switched on
  says 1 "^perf-faults: no page fault was seen: .*a workload that repeats itself reuses memory" perf-faults.finish nothing
  says 1 "^perf-cpu: no sample was taken: .*does the workload reach it" perf-cpu.finish nothing
'
test_that 'perf-cpu: a program without symbols is refused before the workload runs' '
  with "profiler_settings := " "build_symbols := cc -O2 -s -pthread -o service service.c"
  says 1 "perf-cpu: /.*/service has no symbols, .*let build_symbols compile with -g" profile perf-cpu
  with "build_symbols := $(sed -n "s/^build_symbols := //p" "$ROOT/tests/targets/counted/target.mk")"
'
test_that 'settings that a profiler does not have, or cannot work with, are refused before anything is built' '
  while IFS="|" read -r setting message; do
    with "profiler_settings := $setting"
    says 1 "$message" env PROFILER="${setting%%.*}" "$R/baseline/profile.sh" --check
  done <<END
perf-cpu.unwnd=fp|perf-cpu: there is no setting perf-cpu.unwnd; there are: unwind stack_bytes hz event
perf-cpu.unwind=magic|perf-cpu.unwind is .magic.; it must be fp or dwarf
perf-cpu.hz=0|perf-cpu.hz is .0.; it must be a whole number from 1 to 10000
perf-faults.stack_bytes=99999|perf-faults.stack_bytes is .99999.; it must be a whole number from 1024 to 65528
perf-cpu.event=nothing|perf cannot take the event nothing here
smaps.value=vss|smaps.value is .vss.; it must be rss or pss
counters.events=nothing|counters.events names .nothing., which perf does not know
probe.bytes=%di|there is no function to look at
END
  with "profiler_settings := "
'

# --- perf-faults ----------------------------------------------------------------------------------------------------------

test_that 'perf-faults: each new page is counted once, for the function that writes to it first' '
  profile perf-faults both
  for mode in alone concurrent; do
    clients=1; [ $mode = alone ] || clients=2
    [ "$(share touch_some perf-faults $mode | cut -d " " -f 1)" = $((clients * 1000 * 4096)) ]
    [ "$(share touch_more perf-faults $mode | cut -d " " -f 1)" = $((clients * 3000 * 4096)) ]
    check "$(total perf-faults-$mode) < $clients * 4000 * 4096 + 100 * 4096"
  done
  grep -qx "unit bytes" "$R/profiles/perf-faults.facts"
  [ "$(fact perf-faults alone huge_pages)" = off ]
'
# --- counters -------------------------------------------------------------------------------------------------------------

test_that 'counters: CPU time and page faults as metrics; what the machine has not is named' '
  ASK="compute touch" profile counters
  facts=$(grep "^alone" "$R/profiles/counters.facts")
  echo "$facts"
  check "$(fact counters alone task_clock_ms) >= 150 && $(fact counters alone task_clock_ms) < 1500"
  check "$(fact counters alone page_faults) >= 4000 && $(fact counters alone page_faults) < 4100"
  check "$(fact counters alone page_faults) == $(fact counters alone minor_faults) + $(fact counters alone major_faults)"
  if [[ $(perf stat -e cycles -- true 2>&1) == *"not supported"* ]]; then
    [[ $(fact counters alone not_supported_here) == *cycles,instructions* ]]
  else check "$(fact counters alone cycles) > 1e6"; fi
  grep -qx "unit metrics" "$R/profiles/counters.facts"
  grep -q "^task_clock_ms=[0-9.]*$" "$R/profiles/counters-alone.raw/metrics.txt"
  [ ! -e "$R/profiles/counters-alone.folded" ]
'

# --- what cannot be used is said at once, and what to do ------------------------------------------------------------------

test_that 'perf that is missing, refused, or of another kernel: one line each says what to do' '
  mkdir empty; for tool in bash env awk sed grep id uname cat dirname head tr; do ln -s "$(command -v $tool)" empty/$tool; done
  PATH=$PWD/empty says 1 "^perf-cpu: perf is not installed; as root: apt-get install -y --no-install-recommends linux-perf$" \
    env PROFILER=perf-cpu bash "$R/baseline/profile.sh" --check
  while IFS="|" read -r words message; do
    printf "#!/bin/bash\necho \"%s\" >&2\nexit 1\n" "$words" >empty/perf; chmod +x empty/perf
    PATH=$PWD/empty says 1 "$message" env PROFILER=perf-faults bash "$R/baseline/profile.sh" --check
    [ "$(wc -l <says.err)" = 1 ]
  done <<END
Access to performance monitoring and observability operations is limited.|^perf-faults: perf_event_open is refused to .* .perf_event_paranoid is .*sysctl kernel.perf_event_paranoid=1; in a container
WARNING: perf not found for kernel 5.4.0-99|^perf-faults: the perf that is installed is not for this kernel, .*: install its own
The sys_perf_event_open() syscall returned with 38 (Function not implemented)|^perf-faults: perf cannot take the event page-faults here: The sys_perf
END
'

# --- probe ------------------------------------------------------------------------------------------------------------------

if ! words=$(with 'profiler_settings := probe.function=called, probe.bytes=size' && PROFILER=probe "$R/baseline/profile.sh" --check 2>&1); then
  skip "$words" 'probe: calls are counted'
  finish
fi
test_that 'probe: calls, bytes and callers of a function, each counted, in a child that the service makes as well' '
  with "profiler_settings := probe.function=called, probe.bytes=size"
  # The count misses none. What the other perf records may, on a machine that has no time for it, and then it says so.
  for try in 1 2 3; do
    ASK="call fork" ASSAY_FRESH=1 profile probe
    [ "$(fact probe alone calls)" = 24690 ]
    case $(fact probe alone bytes) in unknown,for_*_of_24690_calls_were_recorded) ;; *) break ;; esac
  done
  cat "$R/profiles/probe.facts"
  [ "$(fact probe alone calls)" = 24690 ]
  [ "$(fact probe alone bytes)" = 246900 ]
  [ "$(share often probe alone | cut -d " " -f 1)" = 24600 ]
  [ "$(share seldom probe alone | cut -d " " -f 1)" = 90 ]
  [ "$(total probe-alone)" = 24690 ]
  grep -qx "unit calls" "$R/profiles/probe.facts"
'
# The gate: each experiment is a message about a function; the two arms are the same.
propose() { # propose NAME FUNCTION: an experiment up to its gate `verify`, whose rows are printed
  local X=$R/$1
  sources "$X"
  printf 'field\tvalue\nfunction\t%s\nworkload\t\nmetric\t\n' "$2" >"$X/fields.tsv"
  (
    cd "$ROOT" || exit 1
    mk/steps/metrics.sh "$T" "$X" '' >"$X/metrics.tsv"
    cp "$R/baseline"/*.sh "$R/baseline/tools.tar" "$X"
    scripts "$X" profile
    MODES=${MODES:-alone} X=$X mk/steps/verify.sh "$T" "$R" -
  )
}
export -f propose
test_that 'exercised: a function that the workload calls passes, with the number of calls' '
  with "profiler_settings := " "profilers := default=perf-faults, exercised=probe"
  ASK="touch call" MODES="alone concurrent" propose warm touch_some | tee rows
  grep -q "^evidence	pass	2[0-9.]*%	" rows
  grep -q "^exercised	pass	calls=3	more than 0	touch_some is called 1 times by the profile workload alone, 2 concurrent" rows
  grep -q "^artifact	made	[0-9a-f]*	-	profiles/A/probe.facts" rows
'
test_that 'exercised: a function that is not on the path of the workload is stopped, though the profile holds it' '
  propose entered main | tee rows
  grep -q "^evidence	pass	9[0-9.]*%\|^evidence	pass	100.00%" rows
  grep -q "^exercised	fail	calls=0	more than 0	the profile workload never calls main: 0 calls, counted by probe; one that was" rows
  propose cold forgotten | tee rows
  grep -q "^exercised	fail	calls=0	more than 0	the profile workload never calls forgotten: 0 calls, counted by probe$" rows
  grep -qx "alone places=1" "$R/cold/profiles/A/probe.facts"
  [ -e "$R/cold/profiles/A/probe-alone.folded" ] && [ ! -s "$R/cold/profiles/A/probe-alone.folded" ]
'
test_that 'exercised: a function that does not exist is stopped, and where it was looked for is said' '
  propose missing nowhere | tee rows
  grep -q "^exercised	fail	0	more than 0	no function nowhere is in /.*/service: spell it as" rows
'
test_that 'probe: the kernel keeps no probe of ours, whatever happened' '[ "$(left_over)" = 0 ] || { cat /sys/kernel/tracing/uprobe_events; false; }'
finish
