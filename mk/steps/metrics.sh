#!/bin/bash
# metrics.sh T X METRIC: the metrics of an experiment (metric, direction, unit, role, guard) on stdout. The primary is the
# one that its patch names, else METRIC if set, else the target's.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
T=$1 X=$2 metric=$3
named=
[ ! -e "$X/fields.tsv" ] || named=$(value "$X/fields.tsv" metric)
primary=${named:-$metric}
# A metric that the target does not have ends the experiment at the gate `message`.
if [ -n "$named" ] && ! targetspec --metrics --primary "$named" "$T" >/dev/null 2>&1; then primary=$metric; fi
rows=$(targetspec --metrics ${primary:+--primary "$primary"} "$T")
# The baseline is compared with nothing: guards do not concern it.
if [ "${X##*/}" = baseline ]; then cut -f 1-4 <<<"$rows"; else printf '%s\n' "$rows"; fi
