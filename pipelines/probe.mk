# probe: how often a named function is called, by which callers, and with `bytes` how much it is asked for: every call, by a
# uprobe of perf. Calls, by stacks. 0 calls is a result. It needs root, or what lets perf probe write the kernel's list of
# uprobes. A call costs about a microsecond more, or some, so that the service is slower the more often it is called.
#
# With exercised=probe in the field `profilers` it looks at each experiment's Function, and the gate `exercised` takes its
# evidence from it. Settings: function = the one to look at in the baseline (also=probe), as profiles/baseline-stacks.txt
# spells it; bytes = an argument of the function that is a number of bytes, by its name or register, as size or %di; file =
# the program or library that it is in, where that is none of those that were built (a path, the build's folder first);
# unwind and stack_bytes as for perf-cpu: with frame pointers the caller is missing where the function has none of its own.
pipelines += probe
pipeline.probe.files    := pipelines/probe.mk pipelines/probe.sh.in pipelines/perf.sh pipelines/native.sh
pipeline.probe.packages := linux-perf
