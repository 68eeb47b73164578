# table.awk -v what=INPUT -v by=cpu|wall -v size=MB -v rounds=N TOOLS RESULTS: the rows of one input in the table of
# the benchmark. TOOLS has a line a tool, ours first: name, goal (or -), command. RESULTS has a line a run: the tool's
# number, the round, "CPU-s wall-s peak-MB status", what it said. Times are medians of the rounds; the ratio is the
# median of the rounds' ratios of the tool's time to ours; our own goal is MB/s.
BEGIN { FS = "\t"; row = "%-34s %-28s %9s %8s %8s %8s %7s  %s\n" }
function median(   i, j, swap) { # of list[1..rounds]
  for (i = 2; i <= rounds; i++)
    for (j = i; j > 1 && list[j] < list[j - 1]; j--) { swap = list[j]; list[j] = list[j - 1]; list[j - 1] = swap }
  return list[int((rounds + 1) / 2)]
}
function median_of(values, tool,   round) {
  for (round = 1; round <= rounds; round++) list[round] = values[tool, round]
  return median()
}
function median_ratio(tool,   round) {
  for (round = 1; round <= rounds; round++) list[round] = time[tool, round] / time[1, round]
  return median()
}
function judged(figure, goal, unit) { return "goal " goal unit ": " (figure >= goal ? "reached" : "missed") }
FILENAME == ARGV[1] { name[FNR] = $1; goal[FNR] = $2; tools = FNR; next }
{
  split($3, figure, " ")
  cpu[$1, $2] = figure[1]; wall[$1, $2] = figure[2]; peak[$1, $2] = figure[3]
  time[$1, $2] = by == "cpu" ? figure[1] : figure[2]
  if (time[$1, $2] < 1e-4) time[$1, $2] = 1e-4
  ran[$1] = 1
  if (figure[4] != 0) failed[$1] = "failed, status " figure[4] ": " $4
}
END {
  for (tool = 1; tool <= tools; tool++) {
    has_goal = goal[tool] != "-"
    problem = !ran[tool] ? "not there" (has_goal ? "; goal " goal[tool] " times" : "") : failed[tool]
    if (problem) { printf row, tool == 1 ? what : "", name[tool], "-", "-", "-", "-", "-", problem; continue }
    speed = size / median_of(time, tool)
    ratio = failed[1] ? 0 : median_ratio(tool)
    if (tool == 1) said = has_goal ? judged(speed, goal[1], " MB/s") : ""
    else said = has_goal && !failed[1] ? judged(ratio, goal[tool], " times, " (by == "cpu" ? "CPU" : "wall")) : ""
    printf row, tool == 1 ? what : "", name[tool], sprintf("%.1f", speed), sprintf("%.3f", median_of(cpu, tool)),
      sprintf("%.3f", median_of(wall, tool)), sprintf("%.0f", median_of(peak, tool)),
      tool == 1 || failed[1] ? "" : sprintf("%.2f", ratio), said
  }
}
