#!/usr/bin/env bash
# The linker that lays out the same code in another order, for fresh builds of what is confirmed.
. "${0%/*}/harness.sh"
for name in first second third fourth; do printf 'int %s(void) { return 1; }\n' "$name" >"$name.c"; done
printf 'int first(void), second(void), third(void), fourth(void);\nint main(void) { return first() + second() + third() + fourth() != 4; }\n' >main.c
cc -c ./*.c
# order PROGRAM: its functions by address.
order() { nm -n "$1" | awk '$3 ~ /^(first|second|third|fourth|main)$/ { printf "%s ", $3 }'; }
link() { LAYOUT_LOG=$PWD/log LAYOUT_SEED=$1 COMPILER_PATH=$ROOT/mk/layout cc -o "program-$1" main.o first.o second.o third.o fourth.o; }
export -f order link

test_that 'the same seed gives the same order, others give others, and the program works' '
  : >log; for seed in 1 2 3 4; do link $seed; ./program-$seed; order program-$seed; echo; done >orders
  mv program-1 again; link 1; [ "$(order again)" = "$(order program-1)" ]
  [ "$(sort -u orders | wc -l)" -ge 3 ]; [ "$(sort -u log)" = 5 ]'
test_that 'without it the order is that of the command' '
  cc -o plain main.o first.o second.o third.o fourth.o; [ "$(order plain)" = "main first second third fourth " ]'
test_that 'a link of one object is left as it is, and the log says so' '
  printf "int main(void) { return 0; }\n" >alone.c; : >log
  LAYOUT_LOG=$PWD/log LAYOUT_SEED=3 COMPILER_PATH=$ROOT/mk/layout cc -o alone alone.c; ./alone; [ "$(cat log)" = 1 ]'
test_that 'a link that fails is a failure' '
  printf "int missing(void);\nint main(void) { return missing(); }\n" >bad.c
  ! LAYOUT_SEED=3 COMPILER_PATH=$ROOT/mk/layout cc -o bad bad.c first.o 2>err; grep -q missing err; [ ! -e bad ]'
finish
