# The filters: build/bin/NAME from tools/NAME.c, tools/NAME/*.c (parts of a larger one) and the library tools/lib/*.c.
# A new filter is a new file; nothing here names one. A schema *.proto in tools/NAME/ or tools/lib/ becomes C in build/obj/,
# and a text tools/NAME/*.txt, *.css or *.js a string that C includes. asan=1 builds with sanitizers, into a folder of its
# own.

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
cc.cmd    = $(CC) -std=c11 -D_GNU_SOURCE -DASSAY_VERSION='"$(version)"' -Itools/lib -I$(build.dir)/obj -ffp-contract=off $(warnings) $(CFLAGS) $(sanitize)
link.libs := -Wl,--as-needed -lgsl -lgslcblas -lmd -lprotobuf-c -ljson-c -lpcre2-8 -lzstd -llzma -lbz2 -llz4 -lz -ldw -lelf -liberty -lpthread -lm

# Every output appears by rename, since two makes may build at once; and a compiler carries no run's mark, by which what is
# left over from an earlier run is ended.
unmarked     := env -u ASSAY_RUN
lib.protos   := $(patsubst tools/%.proto,$(build.dir)/obj/%.pb-c,$(sort $(wildcard tools/lib/*.proto)))
lib.objects  := $(patsubst tools/%.c,$(build.dir)/obj/%.o,$(sort $(wildcard tools/lib/*.c))) $(lib.protos:=.o)
filters      := $(patsubst tools/%.c,%,$(sort $(wildcard tools/*.c)))
filter.paths := $(addprefix $(bin)/,$(filters))
written-of    = $(patsubst tools/%.c,$(build.dir)/obj/%.o,tools/$1.c $(sort $(wildcard tools/$1/*.c)))
texts        := txt css js
generated-of  = $(patsubst tools/%.proto,$(build.dir)/obj/%.pb-c$2,$(sort $(wildcard tools/$1/*.proto)))
texts-of      = $(patsubst tools/%,$(build.dir)/obj/%.h,$(sort $(foreach t,$(texts),$(wildcard tools/$1/*.$t))))
objects-of    = $(written-of) $(call generated-of,$1,.o)

# What compiles and links is recorded, so that another compiler or flag rebuilds.
$(build.dir)/obj/.flags: $(if $(call same,$(cc.cmd) $(link.libs),$(file <$(build.dir)/obj/.flags)),,FORCE) | $(deps.stamp)
	@mkdir -p $(@D); printf %s $(call q,$(cc.cmd) $(link.libs)) >$@

$(build.dir)/obj/%.o: tools/%.c $(build.dir)/obj/.flags
	@mkdir -p $(@D)
	$(V.at)$(unmarked) $(cc.cmd) -MMD -MP -MF $(@:.o=.d) -MT $@ -c -o $@.$$$$ $< && mv -f $@.$$$$ $@

# What protoc-c writes is not ours to warn about.
.PRECIOUS: $(build.dir)/obj/%.pb-c.c $(build.dir)/obj/%.pb-c.h
$(build.dir)/obj/%.pb-c.c $(build.dir)/obj/%.pb-c.h: tools/%.proto $(build.dir)/obj/.flags
	@mkdir -p $(@D)
	$(V.at)new=$(build.dir)/obj/proto.$$$$; mkdir -p $$new && $(unmarked) protoc-c --proto_path=tools --c_out=$$new $< && \
	  mv -f $$new/$*.pb-c.[ch] $(@D)/ && rm -r $$new

$(build.dir)/obj/%.pb-c.o: $(build.dir)/obj/%.pb-c.c
	$(V.at)$(unmarked) $(cc.cmd) -w -c -o $@.$$$$ $< && mv -f $@.$$$$ $@

define text.rule
$(build.dir)/obj/%.$1.h: tools/%.$1 $(build.dir)/obj/.flags
	@mkdir -p $$(@D)
	$$(V.at)sed 's/[\\"]/\\&/g; s/.*/"&\\n"/' $$< >$$@.$$$$$$$$ && mv -f $$@.$$$$$$$$ $$@
endef
$(foreach t,$(texts),$(eval $(call text.rule,$t)))

$(lib.objects): | $(call texts-of,lib)
$(build.dir)/obj/libassay.a: $(lib.objects)
	$(V.at)rm -f $@.$$$$; ar rcs $@.$$$$ $^ && mv -f $@.$$$$ $@

define filter.rule
$(call written-of,$1): | $(call generated-of,$1,.h) $(call texts-of,$1) $(lib.protos:=.h)
$(bin)/$1: $(call objects-of,$1) $(build.dir)/obj/libassay.a
	@mkdir -p $$(@D); echo '  building $$@' >&2
	$$(V.at)$$(unmarked) $$(CC) $$(CFLAGS) $$(sanitize) -o $$@.$$$$$$$$ $$^ $$(link.libs) && mv -f $$@.$$$$$$$$ $$@
endef
$(foreach f,$(filters),$(eval $(call filter.rule,$f)))

-include $(wildcard $(build.dir)/obj/*.d $(build.dir)/obj/*/*.d)

.PHONY: tools
tools: $(filter.paths) ## build the filters into build/bin/
