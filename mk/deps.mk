# What the project needs from the distribution: mk/packages lists it, build/deps.stamp says that it was all there when
# dpkg's status file last changed. Missing packages are installed with apt-get, as root or by sudo. What a profiler needs
# beyond that (pipeline.NAME.packages) is installed for the targets that name it, before anything of theirs runs.

deps.stamp := build/deps.stamp
dpkg.status := $(wildcard /var/lib/dpkg/status)

$(deps.stamp): mk/packages mk/steps/deps.sh $(dpkg.status)
	@mkdir -p $(@D); mk/steps/deps.sh mk/packages $@

build/deps-check.stamp: mk/packages-check mk/steps/deps.sh $(dpkg.status)
	@mkdir -p $(@D); mk/steps/deps.sh mk/packages-check $@

# $(call packages-rule,STAMP,PACKAGE...)
define packages-rule
$1: mk/steps/deps.sh $(dpkg.status) | $(deps.stamp)
	@mkdir -p $$(@D); mk/steps/deps.sh <(printf '%s\n' $2) $$@
endef

.PHONY: deps
deps: $(deps.stamp) ## install what is missing of the packages that the project needs
