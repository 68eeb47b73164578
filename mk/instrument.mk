# Knowing the instrument: the machine (doctor), and a target before it is measured (new-target, check-target).

# doctor installs nothing: what measures the noise is built where everything for it is there already.
doctor.complete = $(shell mk/steps/doctor.sh --complete mk/packages && echo yes)
doctor.needs := $(if $(filter doctor,$(MAKECMDGOALS)),$(if $(doctor.complete),$(bin)/machinenoise))

.PHONY: doctor new-target check-target
doctor: $(doctor.needs) ## how well this machine can measure, and which tools are missing
	@PATH=$(call q,$(abspath $(bin))):$$PATH mk/steps/doctor.sh $(RESULTS) mk/packages mk/packages-check

new-target: ## write targets/NAME/, a small target that works, to begin with
	@mk/steps/new-target.sh $(call q,$(NAME))

ifdef R
check.experiments = $(foreach e,$(EXPS),$(call q,$e=$(call parent-of,$e)))
check.needs       = $R/baseline/base.gate $R/baseline/metrics.tsv $(call scripts-in,$R/baseline)
check-target: $(check.needs) ## does a target do what it must? how long will it take?
	$(V.at)$(bin)/guard -- $(steps)/check-target.sh $(call q,$T) $R $(RUNS) $(MAX_BLOCKS) $(check.experiments)
else
check-target:
	@echo 'make $@: which target? make TARGET=NAME $@; make help lists the settings' >&2; exit 2
endif
