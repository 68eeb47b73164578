#!/bin/bash
# aa-series.sh COUNT FOLDER: COUNT experiments of the pyserver against itself that are decided by its latency and as many
# that are decided by its memory, in turn, each measured block by block until abstat decides, as `make experiment` does.
# FOLDER gets samples-METRIC-NN.tsv of each, and series.tsv: the metric, the seed of its plan, when it began and ended
# (seconds since 1970), and the verdict. Goes on where it was interrupted. Both arms are the same code: a KEEP is false.
#
#   SCALE (20000) is the size of the workload.
cd "$(dirname "$0")/.."
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
# shellcheck source=mk/steps/abstat.sh
. mk/steps/abstat.sh
# shellcheck source=mk/steps/blocks.sh
. mk/steps/blocks.sh
count=$1 folder=$2
export SCALE=${SCALE:-20000} ASSAY_RUN=$PWD/results/pyserver/local PATH=$PWD/build/bin:$PATH
R=results/pyserver/local X=results/pyserver/local/aa-series
make TARGET=pyserver baseline >/dev/null
mkdir -p "$X/logs" "$folder"
cp -p "$R"/baseline/{build,deploy,workload,collect,validate,teardown}.sh "$R"/baseline/{tools.tar,source-A.tar} "$X"
cp "$X/source-A.tar" "$X/source-B.tar"
link_builds
[ -e "$folder/series.tsv" ] || printf 'metric\tnumber\tseed\tbegan\tended\tverdict\treason\truns\n' >"$folder/series.tsv"
for ((number = 1; number <= count; number++)); do
  for primary in latency_p99_ms peak_rss_mb; do
    series=$X/runs/$primary-$number
    [ ! -e "$folder/samples-$primary-$number.tsv" ] || continue
    if [ ! -e "$series/stop-rule" ]; then
      series_plan "$series" 3 4 "aa $primary $number"
      series_rule "$series" 4 0 --rule blocked --mei 1% --runs 3 --max-blocks 4 --primary "$primary:lower"
      date +%s >"$series/began"
    fi
    targetspec --metrics --primary "$primary" targets/pyserver | cut -f 1-4 | replace "$X/metrics.tsv"
    guard --machine exclusive --for 'the A/A series' -- true
    series_run "$series" workload "$primary $number of $count"
    series_samples "$series" | replace "$folder/samples-$primary-$number.tsv"
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$primary" "$number" "$(cat "$series/seed")" "$(cat "$series/began")" "$(date +%s)" \
      "$(cell "$series/look.tsv" "$primary" verdict)" "$(cell "$series/look.tsv" "$primary" reason)" "$(find "$series" -name '[0-9]*.tsv' | wc -l)" >>"$folder/series.tsv"
  done
done
