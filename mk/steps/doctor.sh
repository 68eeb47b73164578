#!/bin/bash
# doctor.sh RESULTS PACKAGES PACKAGES-CHECK: how well can this machine measure, and is every tool there? One line a
# finding, with its fix: ok, warn, or note where there is nothing to do or to see. It changes and blocks nothing.
# doctor.sh --complete PACKAGES: exit status 0 when all of the packages are installed; prints nothing.
#
# ASSAY_DOCTOR_ROOT, a folder with proc/ and sys/, is looked at instead of / .
set -euo pipefail
export LC_ALL=C
# shellcheck source=mk/steps/findings.sh
. "${BASH_SOURCE[0]%/*}/findings.sh"
findings_layout 13 100
root=${ASSAY_DOCTOR_ROOT:-}
cpus=$root/sys/devices/system/cpu
unseen() { finding note "$1" "not visible here${2:+: $2}"; }
# fact PATH VARIABLE: the first line of the file.
fact() { [ -r "$root$1" ] && { IFS= read -r "${2?}" <"$root$1" || [ -n "${!2}" ]; } 2>/dev/null; }
exceeds() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a + 0 > b + 0) }'; }
percent() { awk -v part="$1" -v all="$2" 'BEGIN { printf "%.1f %%", 100 * part / all }'; }
# memory_field NAME: in KiB.
memory_field() {
  awk -v name="$1:" '$1 == name { print $2; found = 1 } END { exit !found }' "$root/proc/meminfo" 2>/dev/null
}
cpu_count() { grep -c '^cpu[0-9]' "$root/proc/stat" 2>/dev/null; }

# --- what stands still ------------------------------------------------------------------------------------------------

check_load() {
  local line count
  if ! fact /proc/loadavg line || ! count=$(cpu_count); then unseen load; return; fi
  if exceeds "${line%% *}" "$(awk -v n="$count" 'BEGIN { print n / 4 }')"; then
    finding warn load "${line%% *} on $count CPUs in the last minute; end what else runs, or wait"
  else finding ok load "${line%% *} on $count CPUs in the last minute"; fi
}
check_governor() {
  local governors
  governors=$(cat "$cpus"/cpu[0-9]*/cpufreq/scaling_governor 2>/dev/null | sort -u | paste -s -d ' ')
  case $governors in
  '') unseen governor ;;
  performance) finding ok governor performance ;;
  *) finding warn governor "$governors; cpupower frequency-set -g performance" ;;
  esac
}
check_turbo() {
  local value
  if fact /sys/devices/system/cpu/intel_pstate/no_turbo value; then
    if [ "$value" = 1 ]; then finding ok turbo off
    else finding warn turbo "on, speed follows heat; echo 1 >${cpus#"$root"}/intel_pstate/no_turbo"; fi
  elif fact /sys/devices/system/cpu/cpufreq/boost value; then
    if [ "$value" = 0 ]; then finding ok turbo off
    else finding warn turbo "on, speed follows heat; echo 0 >${cpus#"$root"}/cpufreq/boost"; fi
  else unseen turbo; fi
}
check_swap() {
  local total free used
  if ! total=$(memory_field SwapTotal) || ! free=$(memory_field SwapFree); then unseen swap; return; fi
  used=$(((total - free) / 1024))
  if [ "$total" = "$free" ]; then finding ok swap 'none in use'
  else finding warn swap "$used MiB in use, runs may wait for the disk; swapoff -a, if memory suffices"; fi
}
check_memory() {
  local available
  available=$(memory_field MemAvailable) || { unseen memory; return; }
  if [ "$available" -lt 1048576 ]; then
    finding warn memory "$((available / 1024)) MiB available, 1024 or more are better; end what else runs"
  else finding ok memory "$((available / 1024)) MiB available"; fi
}
check_disk() {
  local folder=$1 free
  while [ ! -e "$folder" ]; do folder=$(dirname "$folder"); done
  free=$(df -Pk "$folder" 2>/dev/null | awk 'NR == 2 { print int($4 / 1024) }')
  if [ -z "$free" ]; then unseen disk
  elif [ "$free" -lt 2048 ]; then
    finding warn disk "$free MiB free for results, 2048 or more are better; make room, or set RESULTS"
  else finding ok disk "$free MiB free for results"; fi
}
check_heat() {
  local count
  count=$(cat "$cpus"/cpu[0-9]*/thermal_throttle/*_throttle_count 2>/dev/null |
    awk '{ sum += $1 } END { if (NR) print sum }')
  if [ -z "$count" ]; then unseen heat
  elif [ "$count" != 0 ]; then
    finding warn heat "slowed down $count times because too hot; cool better, or turn turbo off"
  else finding ok heat 'never slowed down'; fi
}
check_clock() {
  local source
  fact /sys/devices/system/clocksource/clocksource0/current_clocksource source || { unseen clock; return; }
  case $source in
  tsc | kvm-clock | arch_sys_counter | hyperv_clocksource_tsc_page) finding ok clock "$source" ;;
  *) finding warn clock "$source, slow to read; boot with clocksource=tsc, if the CPU's counter is steady" ;;
  esac
}
check_virtual() {
  local kind='' container=''
  if [ -z "$root" ] && command -v systemd-detect-virt >/dev/null; then
    kind=$(systemd-detect-virt --vm 2>/dev/null) || kind=''
    container=$(systemd-detect-virt --container 2>/dev/null) || container=''
  elif [ ! -r "$root/proc/cpuinfo" ]; then unseen virtual; return
  elif grep -qE '^flags.*\<hypervisor\>' "$root/proc/cpuinfo"; then kind='a virtual machine'; fi
  kind=${kind/#none/} container=${container/#none/}
  kind=${kind:-$container}${container:+${kind:+ ($container)}}
  if [ -z "$kind" ]; then finding ok virtual 'no virtual machine'
  else finding note virtual "$kind: neighbours are not seen here; steal and noise tell of them"; fi
}
check_smt() {
  local value
  fact /sys/devices/system/cpu/smt/active value || { unseen smt; return; }
  if [ "$value" = 0 ]; then finding ok smt off
  else finding note smt "on, threads slow each other; echo off >${cpus#"$root"}/smt/control"; fi
}
check_pages() {
  local value
  fact /sys/kernel/mm/transparent_hugepage/enabled value || { unseen 'huge pages'; return; }
  case $value in
  *'[always]'*)
    finding note 'huge pages' 'always; steadier: echo madvise >/sys/kernel/mm/transparent_hugepage/enabled'
    ;;
  *) value=${value#*[}; finding ok 'huge pages' "${value%%]*}" ;;
  esac
}
check_aslr() {
  local value
  fact /proc/sys/kernel/randomize_va_space value || { unseen aslr; return; }
  if [ "$value" = 0 ]; then finding warn aslr 'off, all runs share a layout; sysctl -w kernel.randomize_va_space=2'
  else finding ok aslr 'on: layouts differ from run to run, and average out'; fi
}
check_perf() {
  local value
  fact /proc/sys/kernel/perf_event_paranoid value || { unseen perf; return; }
  if [ "$value" -gt 2 ] && [ "$(id -u)" != 0 ]; then
    finding warn perf "closed to users (paranoid $value); sysctl -w kernel.perf_event_paranoid=1"
  else finding ok perf "paranoid $value"; fi
}
check_ptrace() {
  local value
  fact /proc/sys/kernel/yama/ptrace_scope value || { unseen ptrace; return; }
  if [ "$value" = 3 ] || { [ "$value" = 2 ] && [ "$(id -u)" != 0 ]; }; then
    finding warn ptrace "closed (scope $value), python-cpu needs it; sysctl -w kernel.yama.ptrace_scope=1"
  else finding ok ptrace "scope $value"; fi
}

# --- what happens while a fixed amount of work is repeated ------------------------------------------------------------

# The cgroups that this process is in, from its own up; each may have a limit. Version 2, else 1.
cgroup_folders() {
  local base=$root/sys/fs/cgroup path
  path=$(sed -n 's/^0:://p' "$root/proc/self/cgroup" 2>/dev/null)
  while [ -n "$path" ] && [ "$path" != / ]; do printf '%s\n' "$base$path"; path=${path%/*}; done
  printf '%s\n' "$base" "$base/cpu" "$base/cpu,cpuacct"
}
# `QUOTA PERIOD TIMES` of the first cgroup with a limit; nothing where none has. Fails where no cgroup shows itself.
cgroup_limit() {
  local folder quota period times seen=''
  while read -r folder; do
    if [ -r "$folder/cpu.max" ]; then seen=yes; read -r quota period <"$folder/cpu.max"
    elif [ -r "$folder/cpu.cfs_quota_us" ] && [ -r "$folder/cpu.cfs_period_us" ]; then
      seen=yes
      read -r quota <"$folder/cpu.cfs_quota_us"
      read -r period <"$folder/cpu.cfs_period_us"
    else continue; fi
    case $quota in max | -1) continue ;; esac
    times=$(awk '$1 == "nr_throttled" { n = $2 } END { print n + 0 }' "$folder/cpu.stat" 2>/dev/null) || times=0
    echo "$quota $period $times"
    return
  done < <(cgroup_folders)
  [ -n "$seen" ]
}
# PID, clock ticks of CPU time, command; of each process.
processes() {
  cat "$root"/proc/[0-9]*/stat 2>/dev/null | sed -nE 's/^([0-9]+) \((.*)\) . (.*)$/\1\t\3\t\2/p' |
    awk -F '\t' '{ split($2, field, " "); print $1 "\t" field[11] + field[12] "\t" $3 }' || true
}
# `ALL STEAL BUSY`, in clock ticks of all CPUs; busy is neither idle nor waiting for a disk nor stolen.
machine_time() {
  awk '$1 == "cpu" { for (i = 2; i <= 9; i++) sum += $i; print sum, $9 + 0, sum - $5 - $6 - $9 }' "$root/proc/stat" \
    2>/dev/null
}

check_cgroup() { # BEFORE: what cgroup_limit said then
  local quota period times before=0 now
  now=$(cgroup_limit) || { unseen cgroup; return; }
  [ -n "$now" ] || { finding ok cgroup 'no limit of CPU time'; return; }
  read -r quota period times <<<"$now"
  [ -z "$1" ] || before=${1##* }
  quota=$(awk -v q="$quota" -v p="$period" 'BEGIN { printf "%.3g", q / p }')
  if [ "$times" = 0 ]; then finding note cgroup "at most $quota CPUs, never held back yet"
  else
    finding warn cgroup "at most $quota CPUs, held back $times times ($((times - before)) just now); raise cpu.max"
  fi
}
check_steal() { # TICKS STOLEN: passed while looking
  if [ "$1" -le 0 ]; then unseen steal
  elif exceeds "$2" "$(awk -v all="$1" 'BEGIN { print 0.005 * all }')"; then
    finding warn steal "$(percent "$2" "$1") taken by the host; use a machine with CPUs of its own, or wait"
  else finding ok steal 'nothing taken by the host'; fi
}
# How many clock ticks (of 10 ms, as proc(5) counts) of CPU time the work of machinenoise took, from its TSV.
noise_ticks() {
  awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    { ms += $(at["n"]) * $(at["mean_ms"]) * (1 - $(at["waiting"])) } END { printf "%.0f", ms / 10 }' "$1"
}
check_others() { # BEFORE TICKS BUSY: processes then; since then all ticks, and those that others were busy
  local busy share
  [ "$2" -gt 0 ] || { unseen others; return; }
  busy=$(join -t $'\t' <(sort -k 1,1 "$1") <(processes | sort -k 1,1) |
    awk -F '\t' -v all="$2" -v count="$(cpu_count)" '
      { share = 100 * ($4 - $2) * count / all }
      share >= 5 { printf "%.0f\t%s (%s) %.0f %%\n", share, $5, $1, share }' |
    sort -k 1,1nr | head -n 3 | cut -f 2 | tr '\000-\011\013-\037' '?' | paste -s -d , | sed 's/,/, /g')
  share=$(awk -v n="$(cpu_count)" -v all="$2" -v busy="$3" 'BEGIN { printf "%.0f", 100 * busy * n / all }')
  if [ -n "$busy" ]; then finding warn others "end, or wait for: $busy of a CPU"
  elif [ "$share" -ge 30 ]; then
    finding warn others "processes that come and go take $share % of a CPU; end what starts them, or wait"
  else finding ok others 'no other process takes 5 % of a CPU'; fi
}
check_noise() { # TSV of machinenoise
  local status subject text
  while IFS=$'\t' read -r status subject text; do finding "$status" "$subject" "$text"; done < <(awk -F '\t' '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    function is(name) { return $(at[name]) }
    function say(status, text) { printf "%s\tnoise %s\t%s\n", status, is("work"), text }
    {
      range = sprintf("cv %.1f %%; %.2f to %.2f ms, median %.2f", 100 * is("cv"), is("min_ms"), is("max_ms"),
        is("median_ms"))
      if (is("cv") > 0.03) say("warn", range "; end what else runs, plan more RUNS"); else say("ok", range)
      if (is("levels") == 2)
        say("warn", sprintf("two levels, %.2f and %.2f ms (%.0f %% of it); see governor and turbo", is("low_ms"),
          is("high_ms"), 100 * is("high_share")))
      drift = is("drift") + 0
      if (drift > 0.02 || drift < -0.02)
        say("warn", sprintf("%.1f %% %s at the end than at the beginning; wait until it is steady",
          100 * (drift < 0 ? -drift : drift), drift < 0 ? "faster" : "slower"))
      if (is("waiting") > 0.01)
        say("warn", sprintf("waited for a CPU %.1f %% of the time; end what else runs", 100 * is("waiting")))
    }' "$1")
}
watch_noise() {
  local scratch limit before after ticks=0 stolen=0 busy=0
  local -a begin end
  scratch=$(mktemp -d)
  # shellcheck disable=SC2064 # the folder of now
  trap "rm -rf '$scratch'" EXIT
  limit=$(cgroup_limit) || limit=''
  before=$(machine_time) || before=''
  processes >"$scratch/processes"
  if ! command -v machinenoise >/dev/null; then : >"$scratch/noise"
  elif ! machinenoise >"$scratch/noise" 2>"$scratch/error"; then
    finding note noise "not measured: $(head -n 1 "$scratch/error")"
  fi
  after=$(machine_time) || after=''
  if [ -n "$before" ] && [ -n "$after" ]; then
    read -ra begin <<<"$before"
    read -ra end <<<"$after"
    ticks=$((end[0] - begin[0])) stolen=$((end[1] - begin[1]))
    busy=$((end[2] - begin[2] - $(noise_ticks "$scratch/noise")))
  fi
  check_others "$scratch/processes" "$ticks" "$busy"
  check_steal "$ticks" "$stolen"
  check_cgroup "$limit"
  if [ -s "$scratch/noise" ]; then check_noise "$scratch/noise"
  elif ! command -v machinenoise >/dev/null; then
    finding note noise 'not measured, the filters are not built; make tools, then make doctor'
  fi
}

# --- tools ------------------------------------------------------------------------------------------------------------

package_version() { # PACKAGE: fails where it is not installed
  local state
  state=$(dpkg-query -W -f='${Status}\t${Version}' "$1" 2>/dev/null) || return
  [ "${state%%$'\t'*}" = 'install ok installed' ] && printf '%s\n' "${state#*$'\t'}"
}
command_version() { { "$1" --version 2>/dev/null || true; } | grep -oEm 1 '[0-9]+(\.[0-9A-Za-z]+)+' | head -n 1; }
check_packages() { # LIST WHO
  local package version
  while read -r package; do
    if version=$(package_version "$package"); then finding ok "$package" "$version"
    else finding warn "$package" "missing, $2 it; apt-get install $package"; fi
  done <"$1"
}
check_make() {
  local version
  version=$(command_version make) || { unseen make; return; }
  if [ "$(printf '4.3\n%s\n' "$version" | sort -V | head -n 1)" = 4.3 ]; then finding ok make "$version"
  else finding warn make "$version is too old, 4.3 is needed; apt-get install make"; fi
}
check_command() { # COMMAND PACKAGE PURPOSE: one that is not needed
  if ! command -v "$1" >/dev/null; then finding note "$1" "not here; $3; apt-get install $2"
  else finding ok "$1" "$(command_version "$1" || echo 'there, its version is not known')"; fi
}
check_tools() { # PACKAGES PACKAGES-CHECK
  check_make
  if command -v dpkg-query >/dev/null; then
    check_packages "$1" 'every goal needs'
    check_packages "$2" 'make check needs'
  else unseen packages "no dpkg; by your system's names: $(paste -s -d ' ' "$1")"; fi
  check_command clang clang 'tests use it as a second compiler'
  check_command perf linux-perf 'CPU profiles of native code'
  check_command heaptrack heaptrack 'heap profiles of native code'
  check_command gdb gdb 'to look into a process that hangs'
  check_command valgrind valgrind 'to look for memory errors'
  check_command ccache ccache 'for targets with ccache := yes'
  check_command datamash datamash 'make bench compares with it'
}

if [ "$1" = --complete ]; then
  while read -r package; do package_version "$package" >/dev/null || exit 1; done <"$2"
  exit 0
fi
results=$1 needed=$2 needed_by_tests=$3
for check in load governor turbo heat clock virtual smt memory swap pages aslr perf ptrace; do
  "check_$check" || unseen "$check"
done
check_disk "$results" || unseen disk
watch_noise || unseen noise
findings_layout 23 100
echo
check_tools "$needed" "$needed_by_tests" || unseen tools
echo
echo "$(counted "$(found warn)" warning), $(counted "$(found note)" note); nothing is blocked by them"
