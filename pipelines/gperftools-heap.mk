# gperftools-heap: which functions allocated the memory that is in use at the peak and at the end of the workload, every
# allocation counted. Bytes, by stacks of at most 32 frames. For any dynamically linked program; slow where it allocates much.
pipelines += gperftools-heap
pipeline.gperftools-heap.files    := pipelines/gperftools-heap.mk pipelines/gperftools-heap.sh.in pipelines/native.sh
pipeline.gperftools-heap.packages := libgoogle-perftools-dev
