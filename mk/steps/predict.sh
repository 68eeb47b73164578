#!/bin/bash
# predict.sh R RUNS MAX_BLOCKS EXP...: how long one experiment will take, and these experiments in all; one that a gate
# before measuring has ended costs nothing. It rests on what things took, TSV `what seconds`, what being run, build,
# holdout, or profile and its profiler's name:
#   .check/times.tsv, baseline/times.tsv   the newer one
#   profiles/PROFILER.seconds              one number
#   EXP/runs/*/seconds                     a number for each run; the newest, if it is newer than the first
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
R=$1 runs=$2 max_blocks=$3
shift 3
newest() { sort -rn | head -n 1 | cut -d ' ' -f 2-; } # of lines TIME PATH
times=$(find "$R/.check/times.tsv" "$R/baseline/times.tsv" -maxdepth 0 -printf '%T@ %p\n' 2>/dev/null | newest) || true
known() {
  local file
  # A second workload that was never run is taken for as long as the first.
  [ ! -e "$R/baseline/holdout.sh" ] || [ -z "$times" ] || awk -F '\t' '$1 == "run" { print "holdout\t" $2 }' "$times"
  [ -z "$times" ] || tail -n +2 "$times"
  for file in "$R"/profiles/*.seconds; do
    [ ! -e "$file" ] || printf 'profile %s\t%s\n' "$(basename "$file" .seconds)" "$(cat "$file")"
  done
  file=$(find "$R" -mindepth 4 -maxdepth 4 -path '*/runs/*/seconds' ${times:+-newer "$times"} -printf '%T@ %p\n' \
    2>/dev/null | newest) || true
  [ -z "$file" ] || awk '{ sum += $1 } END { if (NR) printf "run\t%.2f\n", sum / NR }' "$file"
}
count=0
for exp; do
  ! awk -F '\t' '$2 == "fail" { found = 1 } END { exit !found }' "$R/$exp/lint.gate" 2>/dev/null || continue
  count=$((count + 1))
done
missing=$([ -e "$R/profiles/baseline-stacks.txt" ] && echo 0 || echo 1)
# By the seeds' rule the first block decides.
enough=$([ "$max_blocks" = 1 ] || [ "${RULE:-}" = seed ] && echo 1 || echo 2)

# An experiment may end in its first run: the change breaks the target. The least where it does not is a first block
# that settles it. A change that is kept needs a second block, a profile, and two blocks more
# to confirm it, with fresh builds of both arms before each; then one of the holdout workload, if there is one. Each
# series of runs begins with one of each arm that is not counted. An experiment of which nothing is known is taken for
# the mean of the three.
known | awk -F '\t' -v k="$runs" -v blocks="$max_blocks" -v enough="$enough" -v count="$count" -v missing="$missing" \
  -v name="$(basename "$(dirname "$R")")" '
  function span(s) {
    if (s < 90) return sprintf("%.*f s", s < 9.5, s)
    return s < 5400 ? sprintf("%.*f minutes", s < 570, s / 60) : sprintf("%.1f hours", s / 3600)
  }
  function runs_in(n) { return 2 * k * n + 2 }
  { seconds[$1] = $2 }
  END {
    if (!("run" in seconds)) {
      print "how long it will take is not known yet: make TARGET=" name " check-target finds out"
      exit
    }
    for (what in seconds) if (what ~ /^profile /) { all += seconds[what]; profilers++ }
    run = seconds["run"]; build = seconds["build"] + 0; profile = profilers ? all / profilers : 0
    after = profile + 4 * build + runs_in(2) * run + ("holdout" in seconds ? runs_in(1) * seconds["holdout"] : 0)
    broken = build + 2 * run
    least = build + runs_in(1) * run
    kept = build + runs_in(enough) * run + after
    most = build + runs_in(blocks) * run + after
    once = missing ? build + 2 * run + seconds["holdout"] + all : 0
    total = once + count * (broken + least + kept) / 3
    printf "a run takes %s, a build %s, a profile %s\n", span(run),
      "build" in seconds ? span(build) : "an unknown time", profilers ? span(profile) : "an unknown time"
    printf "one experiment takes %s where the first block settles it (%d runs), %s where it is confirmed\n",
      span(least), runs_in(1), span(kept)
    printf "(%d runs), %s at most (%d runs)\n", runs_in(enough) + runs_in(2), span(most), runs_in(blocks) + runs_in(2)
    if (count)
      printf "the %d experiment%s of this target about %s (%.0f s)%s\n", count, count == 1 ? "" : "s", span(total),
        total, missing ? ", " span(once) " of it for the baseline and its profiles" : ""
  }'
