# A native target whose memory and CPU use are known exactly: for the tests of the profilers.
name        := exact
description := a service that allocates 96 MiB, frees 48 of them, or computes for as long as it is told
source      := folder:src
build       := cc -O2 -pthread -o service service.c
build_symbols := cc -O2 -g -fno-omit-frame-pointer -pthread -o service service.c
start       := ./service
primary     := peak_rss_mb lower MiB
secondary   := cpu_seconds lower s, answers higher 1
editable    := service.c
profilers   := peak_rss_mb=gperftools-heap, cpu_seconds=gperftools-cpu, answers=heaptrack, default=jemalloc-heap
limit_deploy   := 30
limit_workload := 60
limit_profile  := 120
