# --- what the profilers that use perf share -------------------------------------------------------------------------
# shellcheck shell=bash
# perf is attached to the service's processes (what they start later is followed) for the time of the workload alone.
perf_pids=()

# perf.usable PROFILER EVENT: perf can take the event of a process of this user, or one line says why not and what to do.
perf.usable() {
  local words paranoid
  if ! command -v perf >/dev/null; then
    echo "$1: perf is not installed; as root: apt-get install -y --no-install-recommends linux-perf" >&2
    return 1
  fi
  if words=$(perf stat -x '|' -e "$2" -- true 2>&1) && [[ $words != *'<not supported>'* ]]; then return 0; fi
  paranoid=$(cat /proc/sys/kernel/perf_event_paranoid 2>/dev/null) || paranoid=none
  case $words in
  *'not found for kernel'* | *'is not installed'*)
    words="the perf that is installed is not for this kernel, $(uname -r): install its own (Debian: linux-perf; Ubuntu: linux-tools-$(uname -r))" ;;
  *)
    if [[ $words == *'<not supported>'* ]]; then
      words="this machine has no event $2: see perf list"
    elif [ "$paranoid" = none ]; then
      words='this kernel has no perf_event_open (CONFIG_PERF_EVENTS): profile on another machine, or take gperftools-cpu or gperftools-heap'
    elif [[ ${words,,} =~ permi|access ]]; then
      words="perf_event_open is refused to $(id -un) (perf_event_paranoid is $paranoid): as root, sysctl kernel.perf_event_paranoid=1; in a container, give it the capability PERFMON and a seccomp profile with perf_event_open"
    else
      words="perf cannot take the event $2 here: $(grep -v '^ *$' <<<"$words" | head -n 1)"
    fi
    ;;
  esac
  echo "$1: $words" >&2
  return 1
}

# perf.unwinding PROFILER: its settings unwind and stack_bytes are ones that it can work with.
perf.unwinding() {
  case $(setting "$1.unwind" fp) in
  fp) ;;
  dwarf)
    if [ "$(uname -m)" != x86_64 ]; then
      echo "$1: copies of stacks are unwound on x86_64 alone, and this is $(uname -m): set $1.unwind=fp and build with frame pointers" >&2
      return 1
    fi
    ;;
  *)
    echo "$1: the setting $1.unwind is '$(setting "$1.unwind" fp)'; it must be fp or dwarf" >&2
    return 1
    ;;
  esac
  perf.number "$1" stack_bytes "$(setting "$1.stack_bytes" 8192)" 1024 65528
}

# perf.callgraph PROFILER: what perf record calls it.
perf.callgraph() {
  if [ "$(setting "$1.unwind" fp)" = dwarf ]; then echo "dwarf,$(setting "$1.stack_bytes" 8192)"; else echo fp; fi
}

# perf.buffer: what each CPU keeps until perf comes to write it. Root may take more than the 516 KiB that others have: 64 MiB
# for all CPUs, at most 16 for one, a power of two.
perf.buffer() {
  local cpus kib=16384
  cpus=$(getconf _NPROCESSORS_CONF)
  if [ "$(id -u)" != 0 ]; then kib=512; fi
  while [ $((kib * cpus)) -gt 65536 ] && [ $kib -gt 512 ]; do kib=$((kib / 2)); done
  echo "${kib}K"
}

# perf.number PROFILER NAME VALUE LEAST MOST: a setting that must be a whole number.
perf.number() {
  if [[ $3 =~ ^[1-9][0-9]{0,8}$ ]] && [ "$3" -ge "$4" ] && [ "$3" -le "$5" ]; then return 0; fi
  echo "$1: the setting $1.$2 is '$3'; it must be a whole number from $4 to $5" >&2
  return 1
}

# perf.named PROFILER: the programs of the service that were built here have symbols, or a debug file by build id.
perf.named() {
  local pid program id
  for pid in $(native.tree); do
    program=$(readlink "/proc/$pid/exe") || continue
    # shellcheck disable=SC2153 # profile.sh sets it
    case $program in "$SOURCE"/*) ;; *) continue ;; esac
    if readelf -SW "$program" 2>/dev/null | grep -qE ' \.(symtab|debug_info) '; then continue; fi
    id=$(readelf -n "$program" 2>/dev/null | sed -n 's/^ *Build ID: *//p' | head -n 1) || id=
    if [ -n "$id" ] && [ -e "/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug" ]; then continue; fi
    echo "$1: $program has no symbols, so that no function of it could be named: let build_symbols compile with -g and not strip it" >&2
    return 1
  done
}

# perf.attach PROFILER FOLDER COMMAND ARGUMENT...: starts perf COMMAND on the service, and returns when it counts.
perf.attach() {
  local profiler=$1 folder=$2 control answer part said tries pids
  perf_service=$(cat "$STATE/service.pid")
  for tries in 1 2 3; do
    rm -f "$folder/.control" "$folder/.answer"
    mkfifo "$folder/.control" "$folder/.answer"
    exec {control}<>"$folder/.control" {answer}<>"$folder/.answer"
    pids=$(native.tree | paste -s -d ,)
    perf "${@:3}" -p "$pids" -D -1 --control "fifo:$folder/.control,$folder/.answer" \
      >>"$folder/perf.log" 2>&1 </dev/null {control}>&- {answer}>&- &
    perf_pids+=($!)
    echo enable >&"$control"
    # Where perf has ended, it answers no more. A read whose time is over may have got the first letters.
    said=''
    until read -r -t 0.5 -u "$answer" part; do
      said+=$part
      if ! kill -0 "${perf_pids[-1]}" 2>/dev/null; then break; fi
    done
    said+=$part
    exec {control}>&- {answer}>&-
    rm -f "$folder/.control" "$folder/.answer"
    [[ $said != ack* ]] || return 0
    kill "${perf_pids[-1]}" 2>/dev/null || true
    wait "${perf_pids[-1]}" || true
    unset 'perf_pids[-1]'
    # A process may have ended between the look at the tree and perf's; else it is no use to try again.
    if [ "$tries" = 3 ] || ! grep -q 'No such process' "$folder/perf.log"; then break; fi
  done
  echo "$profiler: perf cannot be attached to the service: $({ grep -v '^ *$' "$folder/perf.log" || true; } | tail -n 3 | paste -s -d ' ')" >&2
  return 1
}

# perf.detach PROFILER FOLDER: ends what perf.attach started, and waits until it has written its file.
perf.detach() {
  local pid code failed=''
  for pid in "${perf_pids[@]}"; do kill -INT "$pid" 2>/dev/null || true; done
  for pid in "${perf_pids[@]}"; do
    code=0
    wait "$pid" || code=$?
    # An interrupt is how it ends.
    case $code in 0 | 130) ;; *) failed="perf ended with $code" ;; esac
  done
  perf_pids=()
  [ "$(cat "$STATE/service.pid" 2>/dev/null || true)" = "$perf_service" ] ||
    failed='the service ended and was started again while it was profiled, and perf followed the first one only'
  [ -z "$failed" ] || { echo "$1: $failed: $(tail -n 1 "$2/perf.log")" >&2; return 1; }
}

# perf.cancel: what was interrupted leaves no perf behind.
perf.cancel() {
  [ ${#perf_pids[@]} = 0 ] || kill "${perf_pids[@]}" 2>/dev/null || true
  perf_pids=()
}

# perf.taken FOLDER: has the capture any sample?
perf.taken() { [ -n "$(perf script -F comm -i "$1/perf.data" 2>/dev/null | head -n 1 || true)" ]; }

# perf.stacks PROFILER FOLDER SOURCE-ROOT OPTION...: the capture as folded stacks with functions and lines; stackfold's account
# of it in FOLDER/account.txt, samples that were lost in facts.txt, what the frames refer to in FOLDER/frames.tsv.
perf.stacks() {
  local profiler=$1 folder=$2 source=$3 options=("${@:4}")
  # Stacks that were copied are unwound by the tables in the programs' files; this machine's own are the ones that ran.
  [ "$(setting "$profiler.unwind" fp)" != dwarf ] || options+=(--symfs /)
  if ! stackfold --format perf-data --modules "$folder/modules.tsv" "${options[@]}" "$folder/perf.data" \
    >"$folder/.addresses" 2>"$folder/account.txt"; then
    cat "$folder/account.txt" >&2
    return 1
  fi
  sed -i '/^samples_lost=/d' "$folder/facts.txt"
  sed -n 's/.*, dropped \([1-9][0-9]*\).*/samples_lost=\1/p' "$folder/account.txt" >>"$folder/facts.txt"
  symbolize --modules "$folder/modules.tsv" --lines --frames "$folder/frames.tsv" "$folder/.addresses" | native.relative "$source" ||
    return
  rm -f "$folder/.addresses"
}
