# The filters: build/bin/NAME from tools/NAME.c, tools/NAME/*.c (parts of a larger one) and the library tools/lib/*.c.
# A new filter is a new file; nothing here names one. asan=1 builds with sanitizers, into a folder of its own.

CC        ?= cc
ifeq ($(origin CC),default)
CC        := cc
endif
version   := 0.1.0
build.dir := build$(if $(asan),-asan)
bin       := $(build.dir)/bin

warnings  := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wvla -Wwrite-strings
sanitize  := $(if $(asan),-fsanitize=address$(comma)undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
CFLAGS    ?= -O2
cc.cmd    = $(CC) -std=c11 -D_GNU_SOURCE -DASSAY_VERSION='"$(version)"' -Itools/lib -ffp-contract=off $(warnings) $(CFLAGS) $(sanitize)
link.libs := -Wl,--as-needed -larchive -lgsl -lgslcblas -lmd -lm

lib.objects  := $(patsubst tools/%.c,$(build.dir)/obj/%.o,$(sort $(wildcard tools/lib/*.c)))
filters      := $(patsubst tools/%.c,%,$(sort $(wildcard tools/*.c)))
filter.paths := $(addprefix $(bin)/,$(filters))
objects-of    = $(patsubst tools/%.c,$(build.dir)/obj/%.o,tools/$1.c $(sort $(wildcard tools/$1/*.c)))

# What compiles and links is recorded, so that another compiler or flag rebuilds.
$(build.dir)/obj/.flags: $(if $(call same,$(cc.cmd) $(link.libs),$(file <$(build.dir)/obj/.flags)),,FORCE) | $(deps.stamp)
	@mkdir -p $(@D); printf %s $(call q,$(cc.cmd) $(link.libs)) >$@

$(build.dir)/obj/%.o: tools/%.c $(build.dir)/obj/.flags
	@mkdir -p $(@D)
	$(V.at)$(cc.cmd) -MMD -MP -c -o $@ $<

$(build.dir)/obj/libassay.a: $(lib.objects)
	$(V.at)rm -f $@; ar rcs $@ $^

define filter.rule
$(bin)/$1: $(call objects-of,$1) $(build.dir)/obj/libassay.a
	@mkdir -p $$(@D); echo '  building $$@' >&2
	$$(V.at)$$(CC) $$(CFLAGS) $$(sanitize) -o $$@ $$^ $$(link.libs)
endef
$(foreach f,$(filters),$(eval $(call filter.rule,$f)))

-include $(wildcard $(build.dir)/obj/*.d $(build.dir)/obj/*/*.d)

.PHONY: tools
tools: $(filter.paths) ## build the filters into build/bin/
