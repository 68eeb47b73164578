# counters: what perf stat counts of the service while the profile workload runs: name=value metrics, no stacks. Software
# events everywhere, those of the hardware where the machine has them. Setting: events = further ones, separated by blanks.
pipelines += counters
pipeline.counters.files    := pipelines/counters.mk pipelines/counters.sh.in pipelines/perf.sh pipelines/native.sh
pipeline.counters.packages := linux-perf
pipeline.counters.metrics  := yes
