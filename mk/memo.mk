# Staleness by content: `new` asks make to look at an output whose command changed, `run` has memo compare what the
# output was made from, and run its command only if that differs. guard is make's direct child, so that nothing that a
# phase started outlives make.
#
#   NAME.cmd = the command; it may use $@, $* and $X, not $^ or $<; its standard output is the file
#   FILE: prerequisites $$(call new,NAME) ; $(call run,NAME)

X     = $(@D)
q     = '$(subst ','\'',$1)'
same  = $(and $(findstring x$1x,x$2x),$(findstring x$2x,x$1x))
new   = $(if $(call same,$($1.cmd),$(file <$(@D)/.$(@F).cmd)),,FORCE)
run   = $(V.at)$(bin)/guard -- $(bin)/memo $(call q,$@) $(call q,$($1.cmd)) $(filter-out FORCE,$^)

# -B: everything afresh, a new attempt at measuring included.
ifneq ($(findstring B,$(firstword -$(MAKEFLAGS))),)
export ASSAY_FRESH := 1
endif

.PHONY: FORCE
FORCE:
