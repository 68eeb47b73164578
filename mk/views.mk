# Views of the profiles that lie in R/profiles/ (and, of a changed build, in R/EXP/profiles/B/). A profile that is there is
# shown as it is, whatever was edited since; one that is not is made first.

ifdef R

view.profiler := $(or $(PROFILER),$(firstword $(pipelines.used)))
view.mode     := $(or $(MODE),alone)
view.folded   := $R/profiles/$(view.profiler)-$(view.mode).folded
view.made     := $(if $(wildcard $(view.folded) $R/profiles/$(view.profiler).facts),,$(profile.gates))
view.function  = $(if $(FUNCTION),,@echo "make $@: which function? make TARGET=$(TARGET) $@ FUNCTION=NAME; make TARGET=$(TARGET) stacks shows some" >&2; exit 2)
$(if $(filter peek list tree flame,$(MAKECMDGOALS)),$(if $(filter $(view.profiler),$(pipelines.used)),,$(error PROFILER: the target has no profiler '$(view.profiler)'; it has: $(strip $(pipelines.used)))))

.PHONY: peek list tree diff flame
peek: $(view.made) $(bin)/stackpeek ## callers and callees of FUNCTION in a profile
	$(view.function)
	@stackpeek -- $(call q,$(FUNCTION)) $(view.folded)
list: $(view.made) $(bin)/stacklist ## the lines of FUNCTION with their values, as they were profiled
	$(view.function)
	@$(steps)/list.sh $(call q,$T) $R $(view.profiler) $(view.mode) $(call q,$(FUNCTION))
tree: $(view.made) $(bin)/stacktree ## a profile as an indented tree of calls
	@stacktree $(view.folded)
diff: $(bin)/stackdiff ## the profile of EXP beside the baseline's: what grew, what shrank
	@$(steps)/diff.sh $R $(call q,$(EXP)) $(call q,$(PROFILER)) $(call q,$(MODE)) $(call q,$(FUNCTION))
flame: $(view.made) $(bin)/stackflame ## a profile as an interactive flame graph (SVG)
	@stackflame --title $(call q,$(notdir $T): $(view.profiler)$(comma) $(view.mode)) $(view.folded) >$(view.folded:.folded=.svg.new)
	@mv -f $(view.folded:.folded=.svg.new) $(view.folded:.folded=.svg)
	@echo $(view.folded:.folded=.svg)

endif
