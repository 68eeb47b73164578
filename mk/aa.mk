# The target against itself: what its metrics vary by while nothing changes, and so what a plan can find. Under R/aa/, as
# if it were an experiment whose patch is empty:
#
#   source.gate         both arms are the base            <- base.gate
#   *.sh                the generated scripts             (mk/lifecycle.mk)
#   measure.gate        samples.tsv: all blocks           <- build.gate, the scripts, RUNS, SEED, MAX_BLOCKS
#   noise.tsv, report.txt                                 <- samples.tsv

ifdef R

aa-source.cmd = $(phase) source -- $(steps)/aa-source.sh $R
$R/aa/source.gate: $R/baseline/base.gate $(steps)/aa-source.sh $$(call new,aa-source)
	$(call run,aa-source)

# The target's own metrics, whatever METRIC says: what they vary by does not depend on which of them is asked about.
aa-metrics.cmd = $(steps)/metrics.sh $(call q,$T) $X ''
$R/aa/metrics.tsv: $R/target.tsv $(bin)/targetspec $(steps)/metrics.sh $$(call new,aa-metrics)
	$(call run,aa-metrics)

$(script.names:%=$R/aa/%.sh): $R/aa/source.gate

# A fault of the target is found by the baseline's one run first.
aa-build.cmd = $(phase) build source -- $(steps)/build.sh $R aa
$R/aa/build.gate: $R/aa/source.gate $R/aa/build.sh $(steps)/build.sh $$(call new,aa-build) | $R/baseline/baseline.gate
	$(call run,aa-build)

aa-measure.cmd = $(phase) measure source build -- $(steps)/aa.sh $R $(RUNS) $(SEED) $(MAX_BLOCKS)
$R/aa/measure.gate: $R/aa/build.gate $R/aa/source.gate $R/aa/metrics.tsv $(call run-scripts-in,$R/aa) \
  $$(call new,aa-measure) | $(bin)/abplan $(bin)/readmetrics $(steps)/aa.sh $(steps)/blocks.sh $(steps)/run.sh
	$(call run,aa-measure)

aa-noise.cmd = noisefloor --guards $X/metrics.tsv $X/samples.tsv
$R/aa/noise.tsv: $R/aa/measure.gate $R/aa/metrics.tsv $(bin)/noisefloor $$(call new,aa-noise)
	$(call run,aa-noise)

aa-report.cmd = noisefloor --guards $X/metrics.tsv --report $X/samples.tsv
$R/aa/report.txt: $R/aa/measure.gate $R/aa/metrics.tsv $(bin)/noisefloor $$(call new,aa-report)
	$(call run,aa-report)

# Who asks for it wants it measured, whatever other goals make do with.
$R/aa/noise.tsv $R/aa/report.txt: ASSAY_HEAVY := yes

.PHONY: aa
aa: $R/aa/report.txt $R/aa/noise.tsv ## the target against itself: noise floor, smallest effect, advice
	@cat $<

endif
