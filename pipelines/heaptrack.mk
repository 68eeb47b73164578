# heaptrack: which functions allocated the memory that is in use at the peak and at the end of the workload, every allocation
# counted. Bytes, by whole stacks. For any dynamically linked program of one process.
pipelines += heaptrack
pipeline.heaptrack.files    := pipelines/heaptrack.mk pipelines/heaptrack.sh.in pipelines/native.sh
pipeline.heaptrack.packages := heaptrack
