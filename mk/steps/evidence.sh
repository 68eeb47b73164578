# How hot is a function in a profile? Sourced by verify.sh and explain.sh.
# shellcheck shell=bash

# hottest FUNCTION FOLDER PROFILER: `MODE PERCENT VALUE`, in the mode where its cumulative share is the greatest.
hottest() {
  local mode
  for mode in alone concurrent; do
    printf '%s %s\n' "$mode" "$(share_in "$1" "$2/$3-$mode.folded")"
  done | sort -k 2,2nr -k 1,1 | head -n 1
}

# share_in FUNCTION FOLDED: `PERCENT VALUE`, cumulative, of all stacks that the function is in (--raw: an allocator is a
# function like any other).
share_in() {
  rankalloc --raw --function "$1" "$2" >"$X/.share"
  printf '%s %s\n' "$(column "$X/.share" cumulative_percent)" "$(column "$X/.share" cumulative)"
  rm -f "$X/.share"
}
