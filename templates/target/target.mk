# @NAME@: what is optimized, and how it is built, started, measured and profiled. Lines `field := value`. It is data:
# nothing in a value is expanded. `man -l tools/targetspec.1` is the reference, `make TARGET=@NAME@ check-target` tries
# all of it.

# The name of this folder, and one line on what it is.
name         := @NAME@
description  := a counter of words behind HTTP, to be replaced by what you want to make faster

# Where the source is: a folder in this one, or a commit of a repository elsewhere:
#   source     := git:https://example.org/project.git
#   commit     := 40 hexadecimal digits
#   depth      := 1, or a larger number, or full
#   submodules := none, or all, or their paths
# or a source package of Debian, pinned by its version and the SHA-256 of its .dsc:
#   source     := debian:redis=5:7.0.15-1~deb12u7
#   sha256     := 64 hexadecimal digits
source       := folder:src

# Debian packages that its build or its workload needs; they are installed before anything of it runs.
#   packages   := redis-tools

# The command that builds it as it is measured, run in the source without a shell; none if there is nothing to build.
build        := /usr/bin/python3 -m py_compile server.py
# The same for profiles, where a profiler must be able to name functions: for C, with -g -fno-omit-frame-pointer.
build_symbols := same

# The command that starts it, run in the source. It must stay in the foreground, serve on HOST and PORT from its
# environment, keep its files in the folder STATE, and end by SIGTERM.
start        := /usr/bin/python3 server.py
# When it is believed to serve: tcp (PORT accepts a connection), or http and a path that answers 200.
ready        := http /health

# The metric that experiments are about: its name, which direction is better, its unit. workload.sh prints it, or it is
# one that is always there: peak_rss_mb, rss_mb, cpu_seconds, minor_faults, major_faults, restarts.
primary      := latency_p99_ms lower ms
# Others that are worth watching, and that an experiment may name as its own.
secondary    := peak_rss_mb lower MiB, latency_p50_ms lower ms, throughput_qps higher req/s
# What must not get worse while the primary gets better: by a percentage of the baseline, or above a fixed number.
guards       := peak_rss_mb +10%, error_rate max=0, restarts max=0
# What must be the same number in every run, so that all runs do the same work.
equal        := data_digest, total_requests
# Where the target has them: metrics that no change can move, such as the client's own CPU time, which tell that the
# machine was another; and those of primary and secondary that are the same in every run of the same code.
#   control       := client_cpu_seconds
#   deterministic := allocations

# What a patch may change: files of the source, and folders with a slash at the end.
editable     := server.py

# Which profiler of pipelines/ explains which metric.
# also=PIPELINE takes one more profile; exercised=probe counts the calls of each experiment's function, in native programs.
profilers    := peak_rss_mb=tracemalloc, default=python-cpu
# How they are to work, as pipelines/NAME.mk says: PIPELINE.SETTING=VALUE, ...
#   profiler_settings := perf-cpu.unwind=dwarf
# The least share of the profile that a function must hold to be worth a change, and the saving that is worth one.
evidence_min := 5%
impact_min   := 1 ms or 10%

# Seconds after which a step is given up. Several times what it takes on this machine is right.
limit_build    := 60
limit_deploy   := 30
limit_workload := 60
limit_profile  := 120
limit_validate := 30
# yes: use ccache for the build, where it is installed.
ccache         := no
