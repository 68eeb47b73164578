#!/bin/bash
# verdict: which gates give which status.
. "${0%/*}/harness.sh"

gates() { # GATE=STATUS[:VALUE]...: a gate file of these rows, on top of passing ones
  printf 'gate\tstatus\tvalue\tlimit\tevidence\n'
  local gate text
  for gate in parent message scope structural same-version evidence exercised stable valid deterministic significant constraints explained confirmed; do
    text=pass
    for pair; do [ "${pair%%=*}" = $gate ] && text=${pair#*=}; done
    [ "$text" = none ] || printf '%s\t%s\t%s\t-\tbecause of %s\n' $gate "${text%%:*}" "$(case $text in *:*) echo "${text#*:}" ;; *) echo - ;; esac)" $gate
  done
}
status_of() { gates "$@" >g && verdict g | tail -n 1 | cut -f 3; }
export -f gates status_of

while read -r want rows; do
  test_that "$rows gives $want" "[ \"\$(status_of ${rows//,/ })\" = $want ]"
done <<'END'
keep parent=pass
rejected parent=fail:discard
rejected message=fail
rejected scope=fail
rejected structural=fail:numbers-only
rejected same-version=fail
rejected evidence=fail:2%
rejected exercised=fail:0
crash stable=fail:crash
timeout stable=fail:timeout
invalid valid=fail
invalid deterministic=fail
discard significant=fail:DISCARD
inconclusive significant=fail:INCONCLUSIVE
constraint_violation constraints=fail:FAIL
discard significant=fail:DISCARD,constraints=fail:FAIL
discard significant=fail:INCONCLUSIVE,constraints=fail:FAIL
constraint_violation significant=fail:IMPROVED,constraints=fail:FAIL
inconclusive constraints=fail:OPEN
discard explained=fail
discard confirmed=fail
crash stable=fail:crash,valid=fail
rejected scope=fail,stable=fail:crash
END
test_that 'every gate has its row, also those that no phase speaks of' \
  'gates >g; verdict g >v; [ "$(cut -f 1 v | tail -n +2 | wc -l)" = 18 ]; grep -q "^impact	n/a	" v; grep -q "^holdout	n/a	" v; grep -q "^protected	n/a" v'
test_that 'the reason names the gate and its evidence' \
  'gates scope=fail:other.c >g; verdict g | tail -n 1 | cut -f 5 | grep -qx "scope: other.c: because of scope"'
test_that 'nothing is kept by silence' 'gates stable=none >g; says 1 "stable.* neither passed nor failed" verdict g'
test_that 'a row that says something replaces n/a' \
  'gates valid=n/a >g; printf "gate\tstatus\tvalue\tlimit\tevidence\nvalid\tpass\t-\t-\t-\n" >h; [ "$(verdict g h | tail -n 1 | cut -f 3)" = keep ]'
test_that 'the same gate twice is an error' 'gates >g; says 1 "h?.*given before" verdict g g'
test_that 'a gate of an unknown name is an error with file and line' \
  'printf "gate\tstatus\tvalue\tlimit\tevidence\nmood\tpass\t-\t-\t-\n" >g; says 1 "^verdict: g:2: .mood. is no gate" verdict g'
test_that 'a status of an unknown name is an error' \
  'printf "gate\tstatus\tvalue\tlimit\tevidence\nscope\tperhaps\t-\t-\t-\n" >g; says 1 "g:2: status .perhaps." verdict g'
test_that 'an empty gate file is an error' ': >g; says 1 "g: is empty" verdict g'
test_that 'a gate file without rows is an error' 'printf "gate\tstatus\tvalue\tlimit\tevidence\n" >g; says 1 "holds no gate rows" verdict g'
test_that 'exit codes on request' \
  'gates >g; verdict -x g >/dev/null; gates scope=fail >g; says 3 "" verdict -x g; gates significant=fail:INCONCLUSIVE >g; says 4 "" verdict -x g'
test_that 'a full disk is a failure' '[ -w /dev/full ]; gates >g; ! verdict g >/dev/full'
test_that 'bad usage is exit 2' 'says 2 "gate file is expected" verdict; says 2 "try" verdict --nonsense'
finish
