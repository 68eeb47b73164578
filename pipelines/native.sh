# --- what the profilers of native programs share ------------------------------------------------------------------
# shellcheck shell=bash

# native.need PROFILER PACKAGE FILE: FILE is there, or one line says which package brings it.
native.need() {
  [ -z "$3" ] || [ ! -e "$3" ] || return 0
  echo "$1: $2 is not installed; as root: apt-get install -y --no-install-recommends $2" >&2
  return 1
}

# native.library NAME: the path of libNAME.so.*, in LD_LIBRARY_PATH or where the system has it; nothing where there is none.
native.library() {
  local folders folder
  IFS=: read -ra folders <<<"${LD_LIBRARY_PATH:-}"
  for folder in "${folders[@]}"; do
    if compgen -G "$folder/lib$1.so.*"; then return; fi
  done | head -n 1 | grep . && return
  { ldconfig -p 2>/dev/null || /sbin/ldconfig -p; } |
    awk -v name="lib$1.so." 'index($1, name) == 1 && /x86-64|AArch64|libc6\)/ { path = $NF } END { if (path) print path }'
}

# native.tree: the processes of the service, the first one first.
native.tree() {
  local pids=() at=0 file children
  read -ra pids <"$STATE/service.pid"
  while [ $at -lt ${#pids[@]} ]; do
    for file in "/proc/${pids[at]}/task"/*/children; do
      read -ra children 2>/dev/null <"$file" || true
      pids+=("${children[@]}")
    done
    at=$((at + 1))
  done
  printf '%s\n' "${pids[@]}"
}

# native.with LIBRARY: those of them that have the library loaded.
native.with() {
  local pid
  for pid in $(native.tree); do
    if grep -qF "${1##*/}" "/proc/$pid/maps" 2>/dev/null; then echo "$pid"; fi
  done
}

# native.loaded PROFILER LIBRARY: is it loaded into any? Where it is not, the line says why.
native.loaded() {
  local pid program why=
  [ -z "$(native.with "$2")" ] || return 0
  pid=$(native.tree | tail -n 1)
  program=$(readlink "/proc/$pid/exe" || true)
  if [ -z "$program" ]; then why='the service has ended'
  elif [ -u "$program" ] || [ -g "$program" ]; then
    why="$program is a set-uid or set-gid program, for which the system ignores LD_PRELOAD: let build_symbols install it without (chmod ug-s)"
  elif ! grep -qE '/(ld-|ld64|ld\.so|libc\.so|libc-)' "/proc/$pid/maps"; then
    why="$program is linked statically, so nothing can be loaded into it: let build_symbols link without -static, or take perf-cpu or perf-faults"
  else
    why="$program was started without LD_PRELOAD, or with another one: does start (or a script that it runs) clear the environment?"
  fi
  echo "$1: ${2##*/} is not loaded into the service: $why" >&2
  return 1
}

# native.modules FOLDER: adds to FOLDER/build_ids.tsv which files the processes run code from, and their build ids.
native.modules() {
  local pid path id
  [ -e "$1/build_ids.tsv" ] || printf 'path\tbuild_id\n' >"$1/build_ids.tsv"
  for pid in $(native.tree); do
    awk '$2 ~ /x/ && $6 ~ /^\// { $1 = $2 = $3 = $4 = $5 = ""; sub(/^ +/, ""); print }' "/proc/$pid/maps" 2>/dev/null || true
  done | sort -u | while IFS= read -r path; do
    id=$(readelf -n "$path" 2>/dev/null | sed -n 's/^ *Build ID: *//p' | head -n 1) || id=
    printf '%s\t%s\n' "$path" "${id:--}"
  done >>"$1/build_ids.tsv"
}

# native.ask PROFILER PROCESS SIGNAL: sends the signal, where the process has a handler for it. Else it would die.
native.ask() {
  local caught
  caught=$(sed -n 's/^SigCgt:[^0-9a-f]*//p' "/proc/$2/status")
  if ((!((0x$caught >> ($3 - 1)) & 1))); then
    echo "$1: process $2 has no handler for signal $3, by which the profiler is asked: did the program take it away?" >&2
    return 1
  fi
  kill -s "$3" "$2"
}

# native.until PROFILER TEXT COMMAND...: waits until COMMAND succeeds; TEXT is the error after 60 s.
native.until() {
  local deadline=$((SECONDS + 60))
  until "${@:3}"; do
    if [ "$SECONDS" -ge "$deadline" ]; then
      echo "$1: $2 within 60 s: is it stopped, or the disk full?" >&2
      return 1
    fi
    sleep 0.02
  done
}

# native.whole FILE: no process of the service has the file open any more.
native.whole() {
  local pid file
  file=$(realpath "$1")
  for pid in $(native.tree); do
    if [ -n "$(find "/proc/$pid/fd" -lname "$file" 2>/dev/null)" ]; then return 1; fi
  done
}

# native.plain_peak FOLDER: MiB that the service took at most in the pass without a profiler.
native.plain_peak() { sed -n 's/^peak_rss_mb=//p' "$1/plain.txt"; }

# native.relative FOLDER: frames NAME (FOLDER/FILE:LINE) become NAME (FILE:LINE), since the source of each arm lies elsewhere.
native.relative() { awk -v folder="($1/" '{ while (i = index($0, folder)) $0 = substr($0, 1, i) substr($0, i + length(folder)); print }'; }

# native.folded FOLDER SOURCE-ROOT LIBRARY COMMAND...: what COMMAND prints, folded stacks with addresses, with functions and lines instead.
# The innermost frames of the LIBRARY are the allocator's own: those who called it allocate. COMMAND writes
# FOLDER/modules.tsv, and the build ids that were running are put into it, so that no other file is taken for one of them.
# FOLDER/frames.tsv says which module, file and line each frame is of.
native.folded() {
  local folder=$1 source=$2 library=$3
  shift 3
  "$@" | sed -E "s/(;?\[${library//./\\.}[^];]*\])+ ([0-9]+)\$/ \2/; s/^ ([0-9]+)\$/[${library}] \1/" >"$folder/.addresses"
  awk -F '\t' -v OFS='\t' 'NR == FNR { id[$1] = $2; next }
    FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; print; next }
    ($(at["path"]) in id) && id[$(at["path"])] != "-" { $(at["build_id"]) = id[$(at["path"])] } { print }' \
    "$folder/build_ids.tsv" "$folder/modules.tsv" >"$folder/.modules"
  mv "$folder/.modules" "$folder/modules.tsv"
  symbolize --modules "$folder/modules.tsv" --lines --frames "$folder/frames.tsv" "$folder/.addresses" | native.relative "$source"
  rm -f "$folder/.addresses"
}
