name := remote
description := A pinned clone, with all else left to defaults
source := git:https://example.org/remote.git
commit := 0123456789abcdef0123456789ABCDEF01234567
build := make -j2
start := build/server
primary := throughput_qps higher req/s
editable := src/
profilers := default=perf
