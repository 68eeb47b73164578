# The target and its experiments, as far as make must know them: the folder, the names, the parents. What target.mk
# says is read by targetspec, never by make.

ifneq ($(TARGET),)
T := $(if $(findstring /,$(TARGET)),$(TARGET),targets/$(TARGET))
$(if $(wildcard $T/target.mk),,$(error TARGET: there is no $T/target.mk; targets here: $(notdir $(patsubst %/target.mk,%,$(wildcard targets/*/target.mk)))))
R := $(RESULTS)/$(notdir $T)/$(ENV)
export ASSAY_RUN := $(abspath $R)

# One line an experiment: NAME=PARENT; PARENT is - (the base), a name, or a word with ! for what is wrong with it.
experiments.found := $(shell awk -f mk/parents.awk $T/experiments/*.patch 2>/dev/null)
$(if $(filter !%,$(experiments.found)),$(error $T/experiments: a file name may hold letters digits . _ - + only, begin with a letter or digit, and be none of profiles candidates.md logs baseline aa: $(patsubst !%,'%',$(filter !%,$(experiments.found)))))
EXPS    := $(foreach e,$(experiments.found),$(firstword $(subst =, ,$e)))
parent-of = $(patsubst $1=%,%,$(filter $1=%,$(experiments.found)))
# The experiment that it builds on, if there is one.
parent-experiment-of = $(filter $(EXPS),$(call parent-of,$1))
$(if $(EXP),$(if $(filter $(EXP),$(EXPS)),,$(error EXP: there is no $T/experiments/$(EXP).patch; experiments of $(TARGET): $(EXPS))))
WANTED  := $(or $(EXP),$(EXPS))

# Those that this make may have to run: the wanted ones and their ancestors. The others have no rules, so nothing of theirs
# is looked at.
ancestors = $(if $1,$1 $(call ancestors,$(foreach e,$1,$(call parent-experiment-of,$e))))
ACTIVE  := $(sort $(call ancestors,$(WANTED)))

# The words of target.mk, to see which pipelines it names and which folder it bundles. Text, never expanded.
target-text := $(subst $(comma), ,$(file <$T/target.mk))
endif
