# What is optimized, and how it is built, started, measured and profiled. Data: nothing here is expanded.
name         := redis
description  := Redis 7.0 as Debian 12 has it, its data in memory alone, with the allocator of the C library
source       := debian:redis=5:7.0.15-1~deb12u7
sha256       := 700c69619407c47eb51f015752bd3214256932f5e04a7f064a1fdef24c011319
packages     := ccache redis-tools
# The C library's allocator, so that a heap profiler can be loaded in its place.
build        := make -s -C src -j2 MALLOC=libc OPTIMIZATION=-O2 DEBUG= redis-server
# env cuts the words behind -S: there \_ is a blank between two words, and one within a word where quotes are around it.
build_symbols := /usr/bin/env -S make\_-s\_-C\_src\_-j2\_MALLOC=libc\_OPTIMIZATION=-O2\_DEBUG=-g\_"CFLAGS=-fno-omit-frame-pointer\_-mno-omit-leaf-frame-pointer\_-fno-optimize-sibling-calls"\_redis-server
# It also puts the port in.
start        := /usr/bin/env -S src/redis-server\_--bind\_${HOST}\_--port\_${PORT}\_--save\_''\_--appendonly\_no\_--dir\_${STATE}
ready        := tcp

primary      := peak_rss_mb lower MiB
secondary    := cpu_per_request_us lower us, latency_p99_ms lower ms, throughput_qps higher req/s
guards       := peak_rss_mb +10%, cpu_per_request_us +10%, error_rate max=0, restarts max=0
equal        := data_digest, total_requests
editable     := src/

profilers    := peak_rss_mb=gperftools-heap, default=perf-cpu, also=jemalloc-heap
evidence_min := 5%
impact_min   := 50 MiB or 10%

# Seconds. A build takes 40 on two idle cores, a workload about 4.
limit_build    := 900
limit_deploy   := 20
limit_workload := 120
limit_profile  := 300
limit_validate := 30
ccache         := yes
