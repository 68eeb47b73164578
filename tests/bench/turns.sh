# For the benchmarks: tools that do the same work by turns, and a table of what each took. Sourced in the folder where the
# benchmark works, which needs the program measure there; rounds is the number of turns
# that each tool has (3).
# shellcheck shell=bash
benches=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
: "${rounds:=3}"
rm -f tools # of a run that was ended

# compiled PROGRAM [OPTION...]: tests/bench/PROGRAM.c, here.
compiled() {
  if [ "$1" -nt "$benches/$1.c" ]; then return; fi
  gcc -O2 -D_GNU_SOURCE "${@:2}" -o "$1" "$benches/$1.c"
}

# Each tool is a line of the file tools: NAME, GOAL (how many times the first tool's time it is to take; - if none), COMMAND.
tool() { printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>tools; }
before_run() { :; }
run() { # COMMAND: "CPU-s wall-s peak-MB status", and the first line that it said
  before_run
  ./measure measured bash -c "exec $1" >/dev/null 2>said </dev/null
  printf '%s\t%s\n' "$(cat measured)" "$(head -n 1 said | tr '\t' ' ' | cut -c 1-100)"
}
take_turns() { # all tools, round by round, into the file results
  local round number command
  : >results
  for ((round = 1; round <= rounds; round++)); do
    number=0
    while IFS=$'\t' read -r _ _ command; do
      number=$((number + 1))
      if ! command -v "${command%% *}" >/dev/null; then continue; fi
      printf '%s\t%s\t%s\n' $number $round "$(run "$command")" >>results
    done <tools
  done
}
table() { # SIZE WHAT cpu|wall TOOLS RESULTS: SIZE is the input's, in what the second column counts
  awk -v what="$2" -v by="$3" -v size="$1" -v rounds="$rounds" -f "$benches/table.awk" "$4" "$5"
}
compare() { # SIZE WHAT [wall]: the tools that were named since the last table, by CPU time or wall time
  take_turns
  table "$1" "$2" "${3:-cpu}" tools results
  rm tools
}
