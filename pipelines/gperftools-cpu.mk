# gperftools-cpu: which functions take the CPU time of the workload. Samples of 4 ms of the process's CPU time, by stacks of at
# most 254 frames. For any dynamically linked program.
pipelines += gperftools-cpu
pipeline.gperftools-cpu.files    := pipelines/gperftools-cpu.mk pipelines/gperftools-cpu.sh.in pipelines/native.sh
pipeline.gperftools-cpu.packages := libgoogle-perftools-dev
