# pprof-http-heap, pprof-http-cpu: what a program of Go, or another that serves profiles in the form of pprof, says of its own
# memory (bytes in use, at the peak and at the end of the workload) and CPU time (nanoseconds). They are fetched from
# http://HOST:PORT/debug/pprof of the service, or from what PPROF_URL or the file STATE/pprof-url names.
pipelines += pprof-http-heap pprof-http-cpu
pipeline.pprof-http-heap.files    := pipelines/pprof-http.mk pipelines/pprof-http-heap.sh.in pipelines/pprof-http.sh pipelines/native.sh pipelines/pprof-http.py
pipeline.pprof-http-cpu.files     := pipelines/pprof-http.mk pipelines/pprof-http-cpu.sh.in pipelines/pprof-http.sh pipelines/native.sh pipelines/pprof-http.py
pipeline.pprof-http-heap.packages := python3
pipeline.pprof-http-cpu.packages  := python3
