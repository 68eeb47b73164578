#!/bin/bash
# environment.sh fingerprint|full: the machine on which runs are made. The fingerprint is what must be equal for samples to
# stand beside each other; full is environment.json.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
cpu=$(sed -n '/^model name/ { s/^[^:]*: //p; q }' /proc/cpuinfo)
cpus=$(getconf _NPROCESSORS_ONLN)
kernel=$(uname -srm)
memory_kb=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
machine=$(cat /etc/machine-id 2>/dev/null || echo not_available)
if [ "$1" = fingerprint ]; then
  printf '%s|%s|%s|%s|%s\n' "$machine" "$cpu" "$cpus" "$kernel" "$memory_kb"
  exit
fi
governor=$(cat /sys/devices/system/cpu/cpu0/cpufreq/scaling_governor 2>/dev/null || echo not_available)
compiler=$(cc --version 2>/dev/null | sed -n 1p || echo not_available)
libc=$(getconf GNU_LIBC_VERSION 2>/dev/null || echo not_available)
python=$(/usr/bin/python3 --version 2>/dev/null || echo not_available)
os=$(. /etc/os-release 2>/dev/null && echo "${PRETTY_NAME:-not_available}")
jq -n --arg cpu "$cpu" --argjson cpus "$cpus" --arg kernel "$kernel" --argjson memory_kb "${memory_kb:-0}" \
  --arg governor "$governor" --arg compiler "$compiler" --arg libc "$libc" --arg python "$python" --arg os "$os" \
  --arg load "$(cut -d ' ' -f 1-3 /proc/loadavg)" --arg clock "$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource 2>/dev/null || echo not_available)" \
  '{cpu: $cpu, cpus: $cpus, memory_kb: $memory_kb, kernel: $kernel, os: $os, governor: $governor, clock_source: $clock,
    compiler: $compiler, libraries: {libc: $libc, python: $python}, load_at_start: $load}'
