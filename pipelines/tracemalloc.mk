# tracemalloc: which Python code allocated the memory that is live near the traced peak. Bytes, by stacks of 25 frames.
pipelines += tracemalloc
pipeline.tracemalloc.files := pipelines/tracemalloc.mk pipelines/tracemalloc.sh.in pipelines/tracemalloc.py pipelines/pynames.py
