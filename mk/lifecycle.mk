# The lifecycle, under R = results/TARGET/ENV/: what each file is made from, with what command. The commands themselves
# are the scripts in mk/steps/ (bookkeeping) and those that scriptgen writes into each folder (everything that builds,
# deploys or measures). A phase ends in PHASE.gate: gate rows, and digests of what it made.
#
#   target.tsv          the target's description                 <- target.mk
#   baseline/           base.gate, scripts, baseline.gate        <- the source; one whole run of the unchanged target
#   profiles/           PROFILER.gate, PROFILER-MODE.folded      <- the baseline's profile.sh
#   EXP/                parent, lint, source, verify, build, measure, decide, explain .gate -> verdict.tsv

ifdef R

steps := mk/steps
export PATH := $(abspath $(bin)):$(PATH)
# What ends a measuring is frozen when it starts, so it is no part of the command that makes it stale.
export RULE MEI MAX_BLOCKS MAX_TIME
export ASSAY_TARGET := $T
# Both modes of the profile workload, whatever the caller's environment says.
unexport MODES
export ASSAY_HEAVY := $(if $(filter verdict,$(MAKECMDGOALS)),no,yes)

script.names := build deploy workload collect profile validate teardown $(if $(wildcard $T/holdout_workload.sh),holdout)
scripts-in    = $(foreach s,$(script.names),$1/$s.sh)
run-scripts-in = $(foreach s,deploy workload collect validate teardown,$1/$s.sh)
each          = $(ACTIVE:%=$R/%/$1)
phase         = $(steps)/phase.sh $X

# --- the lock: this make alone works on this target and environment ------------------------------------------------

.PHONY: $R/.run/lock
$R/.run/lock: | $(filter.paths)
	@mkdir -p $(@D); $(bin)/guard --hold $@.pid $$PPID --sweep ASSAY_RUN=$(call q,$(ASSAY_RUN)); rm -f $(@D)/ran $(@D)/pending

# --- what the target needs, and the profilers that it names ----------------------------------------------------------

pipelines.used := $(foreach p,$(pipelines),$(if $(filter %=$p,$(target-text)),$p))
packages.own   := $(shell sed -nE 's/^[[:blank:]]*packages[[:blank:]]*:=[[:blank:]]*(([a-z0-9][a-z0-9.+-]+[[:blank:]]*)*)$$/\1/p' $T/target.mk)
packages.used  := $(sort $(packages.own) $(if $(filter debian:%,$(target-text)),dpkg-dev) $(foreach p,$(pipelines.used),$(pipeline.$p.packages)))
packages.stamp := $(if $(packages.used),build/deps-$(subst $(space),-,$(packages.used)).stamp)
$(if $(packages.used),$(eval $(call packages-rule,$(packages.stamp),$(packages.used))))

# --- the target and its baseline -----------------------------------------------------------------------------------

target.cmd = targetspec $(call q,$T)
$R/target.tsv: $T/target.mk $(wildcard $T/workload.sh $T/profile_workload.sh $T/validate.sh) $(bin)/targetspec $$(call new,target) | $R/.run/lock $(packages.stamp)
	$(call run,target)

# A bundled source is looked at as a whole; memo compares its content.
source.folder := $(patsubst %/,%,$(wildcard $(addprefix $T/,$(addsuffix /,$(patsubst folder:%,%,$(filter folder:%,$(target-text)))))))
source.newer   = $(if $(source.folder),$(if $(wildcard $@),$(if $(shell find $(source.folder) -newer $@ -print -quit),FORCE),))

base.cmd = $(phase) base -- $(steps)/base.sh $(call q,$T) $R
$R/baseline/base.gate: $R/target.tsv $(steps)/base.sh $(source.folder) $$(source.newer) $$(call new,base) | $R/.run/lock
	$(call run,base)

baseline.cmd = $(phase) baseline base -- $(steps)/baseline.sh $R
$R/baseline/baseline.gate: $R/baseline/base.gate $R/baseline/metrics.tsv $(call scripts-in,$R/baseline) $$(call new,baseline) | $(steps)/baseline.sh $(steps)/run.sh $(bin)/readmetrics
	$(call run,baseline)

metrics.cmd = $(steps)/metrics.sh $(call q,$T) $X $(call q,$(METRIC))
$R/baseline/metrics.tsv: $R/target.tsv $(bin)/targetspec $(steps)/metrics.sh $$(call new,metrics) | $R/.run/lock
	$(call run,metrics)

# --- profiles of the baseline, one for each pipeline that the target names ------------------------------------------

# What counts calls for the gate `exercised` is about an experiment's function, and has nothing to say of the baseline.
pipelines.baseline := $(foreach p,$(pipelines.used),$(if $(filter-out exercised=%,$(filter %=$p,$(target-text))),$p))
pipelines.explaining := $(foreach p,$(pipelines.baseline),$(if $(filter-out exercised=% also=%,$(filter %=$p,$(target-text))),$p))
$(foreach p,$(pipelines.explaining),$(if $(pipeline.$p.metrics),$(error $T/target.mk: $p gives metrics and no stacks, so it explains no metric of the target; name it as also=$p)))
pipelines.text := pipelines/settings.sh.in $(steps)/pipeline.sh
profile.gates  := $(pipelines.baseline:%=$R/profiles/%.gate)

profile.cmd = $(phase) $* -- $(steps)/profile.sh $R/baseline $* A $X
$(profile.gates): $R/profiles/%.gate: $R/baseline/baseline.gate $R/baseline/base.gate $(call scripts-in,$R/baseline) $$(pipeline.$$*.files) $(pipelines.text) $(bin)/stackfold $(bin)/symbolize $(steps)/profile.sh $$(call new,profile)
	$(call run,profile)

stacks.cmd = $(steps)/stacks.sh $R $(pipelines.baseline)
$R/profiles/baseline-stacks.txt: $(profile.gates) $(bin)/rankalloc $(steps)/stacks.sh $$(call new,stacks)
	$(call run,stacks)

candidates.cmd = $(steps)/candidates.sh $(call q,$T) $R $(pipelines.explaining)
$R/candidates.md: $(profile.gates) $(wildcard $T/experiments/*.patch) $(bin)/rankalloc $(bin)/patchlint $(bin)/scriptgen templates/candidates.md.in $(steps)/candidates.sh $$(call new,candidates)
	$(call run,candidates)

# --- an experiment: may it be measured at all? ----------------------------------------------------------------------

parent.cmd = $(phase) parent -- $(steps)/parent.sh $R $(call parent-of,$(notdir $X))
$(call each,parent.gate): $R/%/parent.gate: $$(foreach p,$$(call parent-experiment-of,$$*),$R/$$p/verdict.tsv) $(steps)/parent.sh $$(call new,parent) | $R/.run/lock
	$(call run,parent)

fields.cmd = $(steps)/fields.sh $(call q,$T/experiments/$(notdir $X).patch)
$(call each,fields.tsv): $R/%/fields.tsv: $T/experiments/%.patch $(bin)/patchlint $(steps)/fields.sh $$(call new,fields) | $R/.run/lock
	$(call run,fields)

lint.cmd = $(phase) lint parent -- $(steps)/lint.sh $(call q,$T) $X
$(call each,lint.gate): $R/%/lint.gate: $R/%/parent.gate $R/%/fields.tsv $T/experiments/%.patch $(wildcard $T/experiments/*.workload.sh) $R/target.tsv $(bin)/patchlint $(steps)/lint.sh $$(call new,lint)
	$(call run,lint)

$(call each,metrics.tsv): $R/%/metrics.tsv: $R/target.tsv $R/%/fields.tsv $(bin)/targetspec $(steps)/metrics.sh $$(call new,metrics)
	$(call run,metrics)

source.cmd = $(phase) source parent lint -- $(steps)/source.sh $(call q,$T) $R $(notdir $X) $(call parent-of,$(notdir $X))
$(call each,source.gate): $R/%/source.gate: $R/%/lint.gate $R/baseline/base.gate $T/experiments/%.patch $$(foreach p,$$(call parent-experiment-of,$$*),$R/$$p/source.gate) $(steps)/source.sh $$(call new,source)
	$(call run,source)

# --- the scripts: what they say depends on their template, the target's text of that name, and the two commits -------

# What counts the calls of an experiment's function has its name in the script.
$(if $(filter exercised=%,$(target-text)),$(eval $(call each,profile.sh): $R/%/profile.sh: $R/%/fields.tsv))
script.cmd = $(steps)/script.sh $(basename $(@F)) $(call q,$T) $R $X $(ENV) $(pipelines.used)
target-text-of = $(wildcard $T/$1.sh) $(if $(filter holdout,$1),$(wildcard $T/holdout_workload.sh)) $(if $(filter profile,$1),$(wildcard $T/profile_workload.sh) $(pipelines.text) $(foreach p,$(pipelines.used),$(pipeline.$p.files)),$(if $(filter workload,$1),$(wildcard $T/experiments/*.workload.sh)))
define script.rule
$R/baseline/$1.sh: $R/baseline/base.gate
$(call each,$1.sh): $R/%/$1.sh: $R/%/source.gate
$R/baseline/$1.sh $R/aa/$1.sh $(call each,$1.sh): $R/target.tsv templates/env/$(ENV)/$(if $(filter holdout,$1),workload,$1).sh.in $(call target-text-of,$1) $(bin)/scriptgen $(steps)/script.sh $$$$(call new,script)
	$$(call run,script)
	@[ ! -e $$@ ] || chmod +x $$@
endef
$(foreach s,$(script.names),$(eval $(call script.rule,$s)))

# --- is the targeted function hot? then build, measure, decide, explain -----------------------------------------------

verify.cmd = $(phase) verify parent lint source -- $(steps)/verify.sh $(call q,$T) $R $(call parent-of,$(notdir $X))
$(call each,verify.gate): $R/%/verify.gate: $R/%/lint.gate $R/%/fields.tsv $R/%/source.gate $R/%/metrics.tsv $(profile.gates) $(call scripts-in,$R/%) $(bin)/rankalloc $(steps)/verify.sh $(steps)/profile.sh $$(call new,verify)
	$(call run,verify)

build.cmd = $(phase) build parent lint source verify -- $(steps)/build.sh $R $(notdir $X)
$(call each,build.gate): $R/%/build.gate: $R/%/verify.gate $R/%/source.gate $R/%/build.sh $(steps)/build.sh $$(call new,build)
	$(call run,build)

measure.cmd = $(phase) measure parent lint source verify build -- $(steps)/measure.sh $R $(notdir $X) $(RUNS) $(SEED)$(if $(filter 1,$(MORE)), more)
$(call each,measure.gate): $R/%/measure.gate: $R/%/build.gate $R/%/source.gate $R/%/metrics.tsv $(call run-scripts-in,$R/%) $$(call new,measure) | $(bin)/abplan $(bin)/abstat $(bin)/readmetrics $(steps)/measure.sh $(steps)/blocks.sh $(steps)/run.sh
	$(call run,measure)

decide.cmd = $(phase) decide parent lint source verify build measure -- $(steps)/decide.sh $X $(RULE) $(MEI) $(RUNS) $(MAX_BLOCKS)
$(call each,decide.gate): $R/%/decide.gate: $R/%/measure.gate $R/%/metrics.tsv $(bin)/abstat $(steps)/decide.sh $(steps)/abstat.sh $$(call new,decide)
	$(call run,decide)

explain.cmd = $(phase) explain parent lint source verify build measure decide -- $(steps)/explain.sh
$(call each,explain.gate): $R/%/explain.gate: $R/%/decide.gate $R/%/verify.gate $R/%/build.gate $R/%/profile.sh $(bin)/rankalloc $(steps)/explain.sh $(steps)/profile.sh $$(call new,explain)
	$(call run,explain)

confirm.cmd = $(phase) confirm parent lint source verify build measure decide explain -- $(steps)/confirm.sh $R $(notdir $X) $(RUNS) $(SEED) $(call q,$(SCALE)) $(if $(wildcard $T/holdout_workload.sh),holdout,-)
$(call each,confirm.gate): $R/%/confirm.gate: $R/%/explain.gate $R/%/decide.gate $R/%/measure.gate $R/%/build.gate $(if $(wildcard $T/holdout_workload.sh),$R/%/holdout.sh) $$(call new,confirm) | $(steps)/confirm.sh
	$(call run,confirm)

phases      := parent lint source verify build measure decide explain confirm
verdict.cmd = $(bin)/verdict $(phases:%=$X/%.gate)
$(call each,verdict.tsv): $R/%/verdict.tsv: $(foreach p,$(phases),$R/%/$p.gate) $(bin)/verdict $$(call new,verdict)
	$(call run,verdict)

endif
