# perf-cpu: where the CPU time of any program goes, the kernel's share included where this user may see it. Nanoseconds, by
# stacks. Settings: unwind = fp (frame pointers; the default) or dwarf (copies of the stacks are unwound, for programs and
# libraries without frame pointers), stack_bytes of such a copy (8192), hz = samples a second of CPU time (997; 499 with
# dwarf), event = what is sampled (cpu-clock; cycles and the like where the machine has them).
#
# For frame pointers build_symbols needs -fno-omit-frame-pointer. Even so gcc gives none to a function that calls no other
# and keeps nothing on the stack: its caller is then missing from its stacks, which dwarf shows.
pipelines += perf-cpu
pipeline.perf-cpu.files    := pipelines/perf-cpu.mk pipelines/perf-cpu.sh.in pipelines/perf.sh pipelines/native.sh
pipeline.perf-cpu.packages := linux-perf
