# What is optimized, and how it is built, started, measured and profiled. Data: nothing here is expanded.
name         := pyserver
description  := a store of tagged items behind HTTP: threads and the standard library of Python 3.11
source       := folder:src
build        := /usr/bin/python3 -m py_compile server.py
# Python needs no other build for a profiler to find names.
build_symbols := same
start        := /usr/bin/python3 server.py
ready        := http /health

primary      := peak_rss_mb lower MiB
# Latencies are at reference speed (see workload.sh), but for latency_p99_wall_ms.
secondary    := latency_p50_ms lower ms, latency_p99_ms lower ms, latency_p99_wall_ms lower ms, throughput_qps higher req/s
guards       := latency_p99_ms +10%, peak_rss_mb +10%, error_rate max=0, restarts max=0
equal        := data_digest, total_requests
# src/selfcheck.py is outside: a change must not need another check.
editable     := server.py

profilers    := peak_rss_mb=tracemalloc, latency_p99_ms=python-cpu, default=python-cpu
evidence_min := 5%
impact_min   := 50 MiB or 10%

# Seconds. A workload takes about 5, with a profiler about 10.
limit_build    := 60
limit_deploy   := 30
limit_workload := 120
limit_profile  := 300
limit_validate := 60
ccache         := no
