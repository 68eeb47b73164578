# A native target for the tests of perf's profilers: how much it computes, touches, maps and calls is known exactly.
name        := counted
description := a service that does known amounts of one thing at a time
source      := folder:src
build       := cc -O2 -pthread -o service service.c
build_symbols := cc -O2 -g -fno-omit-frame-pointer -pthread -o service service.c
start       := ./service
primary     := peak_rss_mb lower MiB
secondary   := cpu_seconds lower s
editable    := service.c
profilers   := cpu_seconds=perf-cpu, default=perf-faults, also=smaps, also=counters, exercised=probe
limit_deploy   := 30
limit_workload := 60
limit_profile  := 120
