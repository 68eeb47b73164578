#!/bin/bash
# noise.sh R METRIC: one line that says what the metric varies by while nothing changes, from `make aa`; nothing where
# that was not run on the present base, or does not know.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
R=$1 metric=$2
noise=$R/aa/noise.tsv
[ -e "$noise" ] && cmp -s "$R/aa/commit-A" "$R/baseline/commit-A" || exit 0
awk -F '\t' -v metric="$metric" '
  NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
  $at["metric"] == metric && $at["smallest_effect"] != "NA" {
    printf "noise floor of %s (make aa): cv %.2g %%, smallest effect that %s runs an arm find %.2g %%\n", metric,
      100 * $at["cv"], $at["n"], 100 * $at["smallest_effect"] }' "$noise"
