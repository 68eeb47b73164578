#!/bin/bash
# doctor: each thing about a machine that spoils measurements is a warning with its fix, and nothing is ever blocked.
. "${0%/*}/harness.sh"

# What doctor.sh needs of the system, and nothing else: whatever is not linked or faked here is missing.
mkdir base fake
for command in bash env awk sed grep cat sort head tail cut tr paste join df dirname mktemp rm id; do
  ln -s "$(command -v $command)" base/
done
fake() { printf '#!/bin/bash\n%s\n' "$2" >"$WORK/fake/$1"; chmod +x "$WORK/fake/$1"; }
put() {
  local file=$WORK/root/$1
  [ -d "${file%/*}" ] || mkdir -p "${file%/*}"
  printf '%s\n' "$2" >"$file"
}
ticks() { # USER IDLE STEAL
  put proc/stat "cpu  $1 0 0 $2 0 0 0 $3 0 0
cpu0 1 0 0 1 0 0 0 0 0 0
cpu1 1 0 0 1 0 0 0 0 0 0
cpu2 1 0 0 1 0 0 0 0 0 0
cpu3 1 0 0 1 0 0 0 0 0 0"
}
# process PID COMMAND TICKS
process() { put "proc/$1/stat" "$1 ($2) S 1 1 1 0 -1 4194304 100 0 0 0 $3 0 0 0 20 0 1 0 100 1000 10"; }
noise() { # CV LEVELS LOW HIGH SHARE DRIFT WAITING, of the work cpu
  printf 'work\tn\tmin_ms\tmedian_ms\tmax_ms\tmean_ms\tcv\tlevels\tlow_ms\thigh_ms\thigh_share\tdrift\twaiting\n'
  printf 'cpu\t500\t4.9\t5\t5.4\t5.01\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$@"
}
# A machine on which nothing spoils a measurement: 4 CPUs, in the folder root. after is run while the noise is measured.
quiet_machine() {
  rm -rf "$WORK/root" "$WORK/fake"
  cp -r "$WORK"/quiet/* "$WORK/"
}
make_quiet_machine() {
  local cpu
  put proc/loadavg '0.10 0.20 0.30 1/200 1234'
  put proc/cpuinfo 'flags		: fpu tsc'
  put proc/meminfo 'MemTotal: 16000000 kB
MemAvailable: 12000000 kB
SwapTotal: 2000000 kB
SwapFree: 2000000 kB'
  put proc/self/cgroup '0::/user/me'
  put sys/fs/cgroup/user/me/cpu.max 'max 100000'
  put sys/fs/cgroup/user/me/cpu.stat 'nr_throttled 0'
  put proc/sys/kernel/randomize_va_space 2
  put proc/sys/kernel/perf_event_paranoid 2
  put proc/sys/kernel/yama/ptrace_scope 1
  put sys/devices/system/clocksource/clocksource0/current_clocksource tsc
  put sys/devices/system/cpu/smt/active 0
  put sys/devices/system/cpu/intel_pstate/no_turbo 1
  put sys/kernel/mm/transparent_hugepage/enabled 'always [madvise] never'
  for cpu in 0 1 2 3; do
    put sys/devices/system/cpu/cpu$cpu/cpufreq/scaling_governor performance
    put sys/devices/system/cpu/cpu$cpu/thermal_throttle/core_throttle_count 0
  done
  ticks 1000 9000 0
  process 77 'web server' 100
  : >"$WORK/after"
  noise 0.004 1 - - - 0.001 0.0001 >"$WORK/noise"
  fake machinenoise '. "$WORK/after"; ticks "${busy:-1250}" 10750 "${stolen:-0}"; cat "$WORK/noise"'
  fake make 'echo GNU Make 4.3'
  fake id 'echo 1000'
  fake df 'printf "head\nx 9 9 9999999 1%% /\n"'
  fake dpkg-query 'printf "install ok installed\t1.0"'
}
make_quiet_machine
mkdir quiet
mv root fake after noise quiet/
doctor() { doctor_here >"$WORK/out" 2>"$WORK/err"; }
doctor_here() {
  ASSAY_DOCTOR_ROOT=$WORK/root PATH=$WORK/fake:$WORK/base \
    "$ROOT/mk/steps/doctor.sh" "$WORK/results" "$ROOT/mk/packages" "$ROOT/mk/packages-check"
}
line() { grep -Eq -- "$1" "$WORK/out" || { echo "no line matches: $1"; cat "$WORK/out" "$WORK/err"; return 1; }; }
# lone_warning PATTERN: there is this warning, and no other.
lone_warning() {
  doctor; [ ! -s "$WORK/err" ] || { cat "$WORK/err"; return 1; }
  line "^warn  $1"
  [ "$(grep -c ^warn "$WORK/out")" = 1 ] || { cat "$WORK/out"; return 1; }
  line '^1 warning, '
}
export -f fake put ticks process noise quiet_machine doctor doctor_here line lone_warning

test_that 'on a quiet machine nothing is warned of, and nothing is unseen' '
  quiet_machine; doctor; [ ! -s err ]
  ! grep ^warn out; ! grep "not visible" out; line "^0 warnings, "
  line "^ok    noise cpu     cv 0.4 %; 4.90 to 5.40 ms, median 5.00$"; line "^ok    turbo         off"
  line "^ok    cgroup        no limit"'

# --- one thing at a time ----------------------------------------------------------------------------------------------
while IFS='|' read -r what change pattern; do
  test_that "$what" "quiet_machine; $change; lone_warning '$pattern'"
done <<'END'
load|put proc/loadavg "1.80 1 1 2/3 4"|load +1.80 on 4 CPUs .*; end what else runs
a governor, on one CPU of four|put sys/devices/system/cpu/cpu2/cpufreq/scaling_governor powersave|governor +performance powersave; cpupower frequency-set -g performance
turbo by intel_pstate|put sys/devices/system/cpu/intel_pstate/no_turbo 0|turbo +on, .*; echo 1 >/sys/devices/system/cpu/intel_pstate/no_turbo
boost|rm -r root/sys/devices/system/cpu/intel_pstate; put sys/devices/system/cpu/cpufreq/boost 1|turbo +on, .*; echo 0 >/sys/devices/system/cpu/cpufreq/boost
heat|put sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count 12; put sys/devices/system/cpu/cpu1/thermal_throttle/package_throttle_count 3|heat +slowed down 15 times
swap|sed -i "s/SwapFree.*/SwapFree: 1488000 kB/" root/proc/meminfo|swap +500 MiB in use, .*; swapoff -a
memory|sed -i "s/MemAvailable.*/MemAvailable: 204800 kB/" root/proc/meminfo|memory +200 MiB available
disk space|fake df "printf \"head\\nx 9 9 102400 1%% /\\n\""|disk +100 MiB free for results, .*; make room
a clock that is slow to read|put sys/devices/system/clocksource/clocksource0/current_clocksource hpet|clock +hpet, .*; boot with clocksource=tsc
one layout for all runs|put proc/sys/kernel/randomize_va_space 0|aslr +off, .*; sysctl -w kernel.randomize_va_space=2
perf for root alone|put proc/sys/kernel/perf_event_paranoid 4|perf +closed to users \(paranoid 4\); sysctl
ptrace for root alone|put proc/sys/kernel/yama/ptrace_scope 2|ptrace +closed \(scope 2\), python-cpu needs it; sysctl
steal|echo stolen=100 >after|steal +4.8 % taken by the host
another process at work|echo "process 77 \"web server\" 300" >after|others +end, or wait for: web server \(77\) 40 % of a CPU
processes that come and go|echo busy=1550 >after|others +processes that come and go take [56][0-9] % of a CPU; end what starts them
a cgroup that holds back|put sys/fs/cgroup/user/cpu.max "150000 100000"; put sys/fs/cgroup/user/cpu.stat "nr_throttled 20"; echo put sys/fs/cgroup/user/cpu.stat \"nr_throttled 27\" >after|cgroup +at most 1.5 CPUs, held back 27 times \(7 just now\); raise cpu.max
a cgroup of version 1|rm -r root/sys/fs/cgroup/user; put sys/fs/cgroup/cpu/cpu.cfs_quota_us 50000; put sys/fs/cgroup/cpu/cpu.cfs_period_us 100000; put sys/fs/cgroup/cpu/cpu.stat "nr_throttled 3"|cgroup +at most 0.5 CPUs, held back 3 times \(0 just now\)
noise|noise 0.08 1 - - - 0 0 >noise|noise cpu +cv 8.0 %; 4.90 to 5.40 ms, median 5.00; end what else runs
two levels|noise 0.01 2 4.9 5.3 0.25 0 0 >noise|noise cpu +two levels, 4.90 and 5.30 ms \(25 % of it\);.* governor
drift|noise 0.01 1 - - - -0.05 0 >noise|noise cpu +5.0 % faster at the end
waiting for a CPU|noise 0.01 1 - - - 0 0.12 >noise|noise cpu +waited for a CPU 12.0 % of the time
a package that is missing|fake dpkg-query "[ \"\${!#}\" != jq ] && printf \"install ok installed\t1.0\""|jq +missing, every goal needs it; apt-get install jq
a package for the tests|fake dpkg-query "[ \"\${!#}\" != shellcheck ] && printf \"install ok installed\t1.0\""|shellcheck +missing, make check needs it; apt-get install shellcheck
an old make|fake make "echo GNU Make 4.2.1"|make +4.2.1 is too old, 4.3 is needed
END
test_that 'what is worth knowing but may stay is a note' '
  quiet_machine
  put proc/cpuinfo "flags		: fpu hypervisor tsc"; put sys/devices/system/cpu/smt/active 1
  put sys/kernel/mm/transparent_hugepage/enabled "[always] madvise never"
  put sys/fs/cgroup/user/me/cpu.max "200000 100000"
  doctor; line "^0 warnings, "
  line "^note  virtual +a virtual machine: "; line "^note  smt +on, .*; echo off >/sys/devices/system/cpu/smt/control"
  line "^note  huge pages +always; .*echo madvise >/sys/kernel/mm/"
  line "^note  cgroup +at most 2 CPUs, never held back"'
test_that 'root may use perf and ptrace whatever stands there' '
  quiet_machine; put proc/sys/kernel/perf_event_paranoid 4; put proc/sys/kernel/yama/ptrace_scope 2; fake id "echo 0"
  doctor; line "^ok    perf "; line "^ok    ptrace "'
test_that 'a tool that could be used is a note that says what for, and what installs it; one that is there is ok' '
  quiet_machine; fake gdb "echo GNU gdb 13.1"; doctor
  line "^note  valgrind +not here; .*; apt-get install valgrind"; line "^ok    gdb +13.1"'

# --- where little is to be seen ---------------------------------------------------------------------------------------
test_that 'what is not visible is a note, never a guess or a failure' '
  quiet_machine; rm -r root; mkdir root; rm fake/machinenoise
  doctor; [ ! -s err ]; line "^0 warnings, "
  for subject in load governor turbo heat clock virtual smt memory swap "huge pages" aslr perf ptrace \
    others steal cgroup; do
    line "^note  $subject +not visible here"
  done
  line "^note  noise +not measured, the filters are not built; make tools"'
test_that 'files that hold nothing or nonsense do not end it' '
  quiet_machine; find root -type f -exec sh -c "echo gibberish >\"\$1\"" x {} \;
  doctor; line " warnings?, "
  find root -type f -exec sh -c ": >\"\$1\"" x {} \;
  doctor; line " warnings?, "'
test_that 'a measurement of the noise that fails is a note that says why' '
  quiet_machine; fake machinenoise "echo machinenoise: no clock >&2; exit 1"; doctor
  line "^note  noise +not measured: machinenoise: no clock"'
test_that 'without dpkg, what is needed is named' '
  quiet_machine; rm fake/dpkg-query; doctor; line "^note  packages +not visible here: no dpkg; .*gcc git jq"'

# --- the form ---------------------------------------------------------------------------------------------------------
test_that 'lines are aligned, at most 100 columns, and without colour where no terminal is' '
  quiet_machine
  echo "process 77 \"a very long name\" 2000" >after
  for pid in 1001 1002 1003; do echo "process $pid \"a process of the longest name\" 1500" >>after; done
  for pid in 1001 1002 1003; do process $pid "a process of the longest name" 0; done
  put sys/devices/system/cpu/intel_pstate/no_turbo 0; put sys/devices/system/cpu/cpu2/cpufreq/scaling_governor powersave
  noise 0.25 2 1234.56 2345.67 0.25 0.5 0.5 >noise
  doctor
  awk "length > 100 { print; bad = 1 } END { exit bad }" out
  ! grep -q "$(printf "\033")" out
  aligned=$(grep -cE "^(ok   |warn |note ) [^ ].{12} [^ ]|^(ok   |warn |note ) [^ ].{22} [^ ]" out)
  [ "$aligned" = "$(grep -cE "^(ok|warn|note) " out)" ]
  [ "$(grep -c "\.\.\.$" out)" = 1 ]'
test_that 'no fix is cut off' '
  quiet_machine
  put sys/devices/system/cpu/intel_pstate/no_turbo 0; put proc/sys/kernel/randomize_va_space 0
  put sys/kernel/mm/transparent_hugepage/enabled "[always]"
  put sys/devices/system/cpu/cpu0/cpufreq/scaling_governor conservative
  put sys/devices/system/clocksource/clocksource0/current_clocksource acpi_pm
  put proc/loadavg "120.55 1 1 2/3 4"; put sys/devices/system/cpu/smt/active 1; put proc/sys/kernel/yama/ptrace_scope 3
  sed -i "s/SwapFree.*/SwapFree: 0 kB/; s/MemAvailable.*/MemAvailable: 1000 kB/" root/proc/meminfo
  echo stolen=5000 >after
  put sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count 123456; fake dpkg-query "exit 1"
  put sys/fs/cgroup/cpu.max "150000 100000"; put sys/fs/cgroup/cpu.stat "nr_throttled 2000000"
  noise 0.25 2 12.56 23.67 0.25 0.5 0.5 >noise
  doctor; [ "$(grep -c "^warn" out)" -gt 20 ]; ! grep "\.\.\.$" out'
test_that 'on a terminal it colours, but not with NO_COLOR' '
  quiet_machine; put proc/loadavg "9 9 9 1/1 1"
  command -v script >/dev/null || exit 0
  script -qec "bash -c doctor_here" /dev/null >shown </dev/null
  grep -q "$(printf "\033\\[33mwarn")" shown
  NO_COLOR=1 script -qec "bash -c doctor_here" /dev/null >shown </dev/null
  ! grep -q "$(printf "\033")" shown; grep -q "^warn" shown' 
test_that 'on this machine, as it is, through make and with no target' '
  . "$ROOT/tests/project.sh"
  make -C "$project" doctor >out 2>err; cat err
  line "^(ok|warn|note)  *load "; line "^(ok|warn)  *noise (cpu|memory) "; line "^(ok|warn)  *make "
  line "[0-9] warnings?, [0-9]+ notes?; nothing is blocked"
  awk "length > 100 { print; bad = 1 } END { exit bad }" out'
finish
