# What is made from verdicts, and the goals about a target:
#   EXP/record.tsv, EXP/README.md       <- verdict.tsv, stats.tsv
#   results.jsonl (history, appended)   <- each verdict reached
#   results.tsv, summary.md, status.json <- the records of all experiments that have one

ifdef R

record.cmd = $(steps)/record.sh $(call q,$T) $R $(notdir $X) $(call parent-of,$(notdir $X))
$(call each,record.tsv): $R/%/record.tsv: $R/%/verdict.tsv $R/%/fields.tsv $R/%/decide.gate $R/%/confirm.gate $R/%/metrics.tsv $(steps)/record.sh $$(call new,record)
	$(call run,record)

append.cmd = $(steps)/append.sh $R $(notdir $X)
$(call each,history.gate): $R/%/history.gate: $R/%/record.tsv $R/%/verdict.tsv $$(call new,append) | $(bin)/ledger $(steps)/append.sh
	$(call run,append)

readme.cmd = $(steps)/readme.sh $(call q,$T) $R $(notdir $X) $(ENV)
$(call each,README.md): $R/%/README.md: $R/%/record.tsv $R/%/fields.tsv $R/%/verdict.tsv $R/%/decide.gate $R/%/confirm.gate $(wildcard $R/aa/noise.tsv) templates/experiment.md.in $(bin)/scriptgen $(steps)/readme.sh $(steps)/noise.sh $$(call new,readme)
	$(call run,readme)

# The ledger and the summary speak of every experiment that has a record by the time that they are made; what is pending
# does not hold them up.
others  := $(filter-out $(ACTIVE),$(EXPS))
records  = $(call each,record.tsv) $(wildcard $(others:%=$R/%/record.tsv))
there    = $(shell for e in $(EXPS); do [ ! -e $R/$$e/record.tsv ] || echo $$e; done)
now      = $(V.at)ASSAY_HEAVY=yes $(bin)/guard -- $(bin)/memo $(call q,$@) $(call q,$($1.cmd)) $2
if-light = $(if $(filter no,$(ASSAY_HEAVY)),FORCE)

results.cmd = awk 'FNR > 1 || NR == 1' $(foreach e,$(there),$R/$e/record.tsv)
$R/results.tsv: $(records) $(if-light) $$(call new,results)
	$(call now,results,$(foreach e,$(there),$R/$e/record.tsv))

summary.cmd = $(steps)/summary.sh $R $(words $(EXPS))
$R/summary.md: $R/results.tsv $(call each,history.gate) $(if-light) templates/summary.md.in $(bin)/scriptgen $(steps)/summary.sh $$(call new,summary)
	$(call now,summary,$R/results.tsv $(wildcard $R/results.jsonl) templates/summary.md.in $(bin)/scriptgen $(steps)/summary.sh $(foreach e,$(there),$R/$e/verdict.tsv))

status.cmd = $(steps)/status.sh $R
$R/status.json: $R/results.tsv $(steps)/status.sh $$(call new,status)
	$(call now,status,$R/results.tsv $(steps)/status.sh)

documents = $(foreach e,$(ACTIVE),$R/$e/README.md $R/$e/history.gate) $R/results.tsv $R/summary.md $R/status.json

.PHONY: describe baseline profile stacks candidates verify measure experiment verdict summary status frontier aa teardown
describe: $(bin)/targetspec ## what the target is, its metrics, hints and experiments
	@$(steps)/describe.sh $(call q,$T) $(EXPS)
baseline: $R/baseline/baseline.gate ## one run of the unchanged target, and its metrics
	@cat $R/baseline/metrics.log
profile: $(profile.gates) ## profiles of the unchanged target
	@ls $R/profiles/*.folded
stacks: $R/profiles/baseline-stacks.txt ## where its memory and time go: the top 10 paths
	@cat $<
candidates: $R/candidates.md ## what could be changed, with the evidence
	@cat $<
verify: $(WANTED:%=$R/%/verify.gate) ## is the function of each experiment hot?
	@for e in $(WANTED); do printf '%s\n' "$$e:"; awk -F '\t' 'NR > 1 && $$1 != "artifact" { print "  " $$1 ": " $$2 ": " $$5 }' $R/$$e/verify.gate; done
measure: $(WANTED:%=$R/%/measure.gate) ## run both arms of each experiment
	@for e in $(WANTED); do printf '%s\n' "$$e:"; awk -F '\t' 'NR > 1 && $$1 != "artifact" { print "  " $$1 ": " $$2 ": " $$3 }' $R/$$e/measure.gate; done
# How long it will take, where there is anything to measure: after the profiles, and what needs none of it.
.PHONY: $R/.run/predicted
first = $(foreach e,$(WANTED),$(if $(call parent-experiment-of,$e),,$e))
undecided = $(foreach e,$(WANTED),$(if $(wildcard $R/$e/verdict.tsv),,$e))
$R/.run/predicted: $(first:%=$R/%/lint.gate)
	@[ -z "$(undecided)" ] || $(steps)/predict.sh $R $(RUNS) $(MAX_BLOCKS) $(undecided) >&2
experiment: $R/profiles/baseline-stacks.txt $R/candidates.md $(if $(undecided),$R/.run/predicted) $(WANTED:%=$R/%/verdict.tsv) $$(documents) ## the whole lifecycle, to a verdict on each experiment
	@$(steps)/finish.sh $R $(WANTED)
verdict: $(WANTED:%=$R/%/verdict.tsv) $$(documents) ## decide again from what was measured; says what is pending
	@$(steps)/finish.sh $R $(WANTED)
summary: $(bin)/verdict ## the summary of what was measured
	@$(steps)/show.sh $R summary.md
status: $(bin)/verdict ## the state of the experiments as JSON
	@$(steps)/show.sh $R status.json
frontier: ## kept experiments whose parents were all kept
	@$(steps)/frontier.sh $R
teardown: $R/.run/lock ## end what an interrupted run left behind
	@echo 'nothing runs for $R'

else
needs-target := describe baseline profile stacks candidates verify measure experiment verdict summary status frontier aa teardown \
  peek list tree diff flame
.PHONY: $(needs-target)
$(needs-target):
	@echo "make $@: which target? make TARGET=NAME $@; targets here: $(notdir $(patsubst %/target.mk,%,$(wildcard targets/*/target.mk)))" >&2; exit 2
endif
