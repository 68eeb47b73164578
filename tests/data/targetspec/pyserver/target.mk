# A bundled Python service: every field that such a target may have.
name        := pyserver
description := An HTTP service; it counts "tags" & keeps a history ($(touch x), `x`, 'y')
source      := folder:src
build       := /usr/bin/python3 -m py_compile server.py
build_symbols := none
start       := /usr/bin/python3 server.py --title ${HOST};rm -rf /
ready       := http /health
primary     := peak_rss_mb lower MiB
secondary   := latency_p50_ms lower ms, latency_p99_ms lower ms,throughput_qps higher req/s
guards      := latency_p99_ms +10%, peak_rss_mb +10%, error_rate max=0, restarts max=0
equal       := data_digest , stats/items

editable    := server.py  lib/
profilers   := peak_rss_mb=tracemalloc, latency_p99_ms=python-cpu, default = python-wall
evidence_min := 2.5%
impact_min  := 20 MiB or 5%
limit_build := 10
limit_deploy := 20
limit_workload := 40
limit_profile := 50
limit_validate := 60
  # a comment, and blanks around a field
  ccache  :=   yes	
