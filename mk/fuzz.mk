# Fuzzing: build/fuzz/stackfold, one program for all of stackfold's parsers, from tests/fuzz/stackfold.c and stackfold's
# own sources, by afl-cc (package afl++, which brings clang) with sanitizers; beside it what the runs found
# (tests/fuzz.sh). The parsers are those that the program lists: a new format is fuzzed without another line.

fuzz.packages := mk/packages-fuzz
build/deps-fuzz.stamp: $(fuzz.packages) mk/steps/deps.sh $(dpkg.status)
	@mkdir -p $(@D); mk/steps/deps.sh $(fuzz.packages) $@

# The dictionary is the constants of comparisons, which the compiler notes. afl-cc's own instrumentation (4.04) reads
# behind its array of guards; clang's does not. The conversion that is not warned about is in a macro of afl-cc.
fuzz.env     := AFL_QUIET=1 AFL_LLVM_INSTRUMENT=LLVM-NATIVE AFL_LLVM_DICT2FILE=$(abspath build/fuzz)/dictionary
fuzz.cc       = $(fuzz.env) afl-clang-fast -std=c11 -D_GNU_SOURCE -DASSAY_VERSION='"$(version)"' \
  -Itools/lib -Itools -Ibuild/obj $(warnings) -O1 -g -fno-omit-frame-pointer \
  -fsanitize=address$(comma)undefined -fno-sanitize-recover=all -Wno-shorten-64-to-32
fuzz.sources := tests/fuzz/stackfold.c $(sort $(wildcard tools/stackfold/*.c tools/lib/*.c)) \
  $(call generated-of,stackfold,.c) $(lib.protos:=.c)
fuzz.headers := $(sort $(wildcard tools/stackfold/*.h tools/lib/*.h))

build/fuzz/stackfold: $(fuzz.sources) $(fuzz.headers) mk/fuzz.mk mk/tools.mk build/deps-fuzz.stamp $(deps.stamp) | $(call texts-of,lib)
	@mkdir -p $(@D); rm -f $(@D)/dictionary; echo '  building $@' >&2
	$(V.at)$(unmarked) $(fuzz.cc) -o $@.$$$$ $(fuzz.sources) -Wl,--wrap=exit $(link.libs) && mv -f $@.$$$$ $@

.PHONY: fuzz
fuzz: build/fuzz/stackfold $(bin)/stackfold $(bin)/guard ## fuzz each parser of stackfold for FUZZ_TIME seconds
	@$(bin)/guard -- tests/fuzz.sh $< $(bin)/stackfold $(FUZZ_TIME)
