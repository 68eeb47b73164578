# The project itself: tests, benchmarks, installation, cleaning.

.PHONY: check bench install clean distclean
check: $(filter.paths) build/deps-check.stamp ## the tests
	@ASSAY_BUILD=$(abspath $(build.dir)) prove --timer --failures --comments -j 2 tests/*.t

bench: $(filter.paths) ## speed of the filters beside their peers
	@tests/bench.sh $(abspath $(bin))

# The filters and their man pages; the graph stays where it is checked out.
install: $(filter.paths) ## filters and man pages into PREFIX (DESTDIR in front)
	@install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(filter.paths) $(DESTDIR)$(PREFIX)/bin
	install -m 644 $(wildcard tools/*.1) $(DESTDIR)$(PREFIX)/share/man/man1

clean: ## remove what was built
	@rm -rf build build-asan
distclean: clean ## remove what was built, and all results in results/
	@rm -rf results
