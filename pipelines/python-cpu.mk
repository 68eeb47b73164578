# python-cpu: where the CPU time of Python threads goes, sampled on each thread's own CPU clock. Samples, by stacks.
pipelines += python-cpu
pipeline.python-cpu.files := pipelines/python-cpu.mk pipelines/python-cpu.sh.in pipelines/python-cpu.py pipelines/pynames.py
