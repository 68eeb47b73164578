# perf-faults: which code touches memory for the first time, every page fault by its stack. Bytes: faults times the size of
# a page. Huge pages are off for the service while it is profiled, since one fault would stand for many pages. A file that
# is mapped counts a fault for all the pages that the kernel brings in with it; a page that is read first and written later
# counts twice. Settings: unwind and stack_bytes as for perf-cpu.
pipelines += perf-faults
pipeline.perf-faults.files    := pipelines/perf-faults.mk pipelines/perf-faults.sh.in pipelines/perf.sh pipelines/native.sh
pipeline.perf-faults.packages := linux-perf
