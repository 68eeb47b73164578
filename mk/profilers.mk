# What the profilers cost: bench-profilers captures services that allocate much with each pipeline that is there.

.PHONY: bench-profilers
bench-profilers: $(filter.paths) ## what each profiler costs the service that it watches: CPU time, memory
	@tests/bench-profilers.sh $(abspath $(bin)) $(sort $(pipelines))
