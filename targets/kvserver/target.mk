# What is optimized, and how it is built, started, measured and profiled. Data: nothing here is expanded.
name         := kvserver
description  := an ordered in-memory key-value server in C, RESP2 over TCP, one thread and epoll
source       := folder:src
build        := make -s release
# Optimized as the other, so that the same functions are inlined, with what names them and finds their callers.
build_symbols := make -s symbols
start        := ./kvserver
ready        := tcp

primary      := peak_rss_mb lower MiB
# All but the last two are at reference speed (see src/load/kvload.c).
secondary    := cpu_per_request_us lower us, latency_p50_us lower us, latency_p99_us lower us, latency_p99_wall_us lower us, throughput_qps higher req/s
guards       := latency_p99_us +15%, peak_rss_mb +10%, error_rate max=0, restarts max=0
equal        := data_digest, total_requests
# The client that measures, and how both are compiled, are no part of a change.
editable     := server.c connection.c connection.h commands.c commands.h request.c request.h store.c store.h buffer.c buffer.h

profilers    := peak_rss_mb=gperftools-heap, default=perf-cpu, also=heaptrack
evidence_min := 5%
impact_min   := 50 MiB or 10%

# Seconds. A workload takes about 3, under a heap profiler about 10.
limit_build    := 120
limit_deploy   := 10
limit_workload := 60
limit_profile  := 180
limit_validate := 30
ccache         := no
