# jemalloc-heap: which functions allocated the memory that is in use at the peak and at the end of the workload, by samples
# of the allocations. Bytes, by stacks of at most 128 frames. For any dynamically linked program; costs little.
pipelines += jemalloc-heap
pipeline.jemalloc-heap.files    := pipelines/jemalloc-heap.mk pipelines/jemalloc-heap.sh.in pipelines/jemalloc-heap.c pipelines/native.sh
pipeline.jemalloc-heap.packages := libjemalloc2
