# A target for the tests of the lifecycle: real, and done in a second.
name        := mini
description := a small service that remembers too much
source      := folder:src
build       := /usr/bin/python3 -m py_compile server.py
start       := /usr/bin/python3 server.py
ready       := http /health
primary     := peak_rss_mb lower MiB
secondary   := latency_p99_ms lower ms, cpu_seconds lower s, answer_bytes lower B
guards      := answer_bytes +40%, error_rate max=0, restarts max=0
equal       := data_digest
editable    := server.py
profilers   := default=tracemalloc
limit_deploy   := 20
limit_workload := 20
