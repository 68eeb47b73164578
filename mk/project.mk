# The project itself: tests, benchmarks, installation, cleaning.

.PHONY: check bench install clean distclean
# Those that take a minute or more first, so that none of them is left running alone at the end.
tests.long := $(wildcard $(addprefix tests/,lifecycle.t new-target.t interrupt.t gates.t))
check: $(filter.paths) build/deps-check.stamp ## the tests
	@ASSAY_BUILD=$(abspath $(build.dir)) prove --timer --failures --comments -j 4 $(tests.long) $(filter-out $(tests.long),$(sort $(wildcard tests/*.t)))

bench.settings := $(filter PEER_% BENCH_%,$(settings))
bench: $(filter.paths) ## speed of the filters beside their peers
	@env $(foreach v,$(bench.settings),$(if $($v),$v=$(call q,$($v)))) tests/bench.sh $(abspath $(bin))

# The filters and their man pages; the graph stays where it is checked out.
install: $(filter.paths) ## filters and man pages into PREFIX (DESTDIR in front)
	@install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(filter.paths) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(wildcard tools/*.1) $(DESTDIR)$(PREFIX)/share/man/man1

clean: ## remove what was built
	@rm -rf build build-asan
distclean: clean ## remove what was built, and all results in results/
	@rm -rf results
