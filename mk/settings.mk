# The settings that may stand on the command line, and the check that they are text of their own alphabet. It stands
# first: make expands what it finds on the command line into the environment of every recipe and $(shell).
#
#   TARGET   what to optimize: a folder in targets/, or the path of a folder elsewhere
#   EXP      one experiment of the target (default: all)
#   NAME     what new-target is to write: targets/NAME/
#   ENV      where it runs: a folder in templates/env/ (default: local)
#   RESULTS  where results go (default: results)
#   METRIC   primary metric instead of the target's, for experiments that name none
#   RUNS     runs of each arm in a block, at least 3 (default: 3)
#   RULE     decision rule: blocked, or seed for the methodology's literal one (default: blocked)
#   MEI      minimum effect of interest, percent of the baseline's mean (default: 1%; 0% with RULE=seed)
#   MAX_BLOCKS  blocks at most before a verdict (default: 4)
#   MAX_TIME    seconds of measuring at most for an experiment, 0 for any (default: 0)
#   MORE     1 goes on measuring by the present settings where the runs do not suffice for them
#   FUNCTION a function of the profile, for peek, list and diff
#   PROFILER the profiler whose profile is shown (default: the target's first; for diff, that of the evidence)
#   MODE     the profile workload alone or concurrent (default: alone; for diff, that of the evidence)
#   SCALE    sizes such as 1k,10k,100k,1M at which a kept change must have the same sign (default: none)
#   SEED     seed of the order of runs (default: 1)
#   FUZZ_TIME   seconds that fuzz gives each parser (default: 60)
#   PEER_INFERNO     for bench: the folder of inferno-collapse-perf and inferno-flamegraph
#   PEER_FLAMEGRAPH  for bench: the folder of stackcollapse-perf.pl and flamegraph.pl
#   PEER_BLAZESYM    for bench: the folder of blazecli; PEER_GIMLI: of gimli's addr2line
#   BENCH_INPUTS     for bench: a folder of inputs to take instead of those that it makes
#   BENCH_SYMBOLIZE  for bench: a folder that holds the binaries for symbolize; BENCH_FOLDED: folded stacks for stackflame
#   BENCH_STREAM     for bench: gigabytes to send through a pipe (default: 2); BENCH_ROUNDS: of symbolize's (default: 3)
#   V        1 shows the commands
#   CC       compiler of the filters; CFLAGS its flags; asan=1 for sanitizers
#   PREFIX   where install puts things (default: /usr/local); DESTDIR in front of it

settings := TARGET EXP NAME ENV RESULTS METRIC RUNS MEI RULE MAX_BLOCKS MAX_TIME MORE SCALE SEED FUNCTION PROFILER MODE \
  FUZZ_TIME PEER_INFERNO PEER_FLAMEGRAPH PEER_BLAZESYM PEER_GIMLI BENCH_INPUTS BENCH_STREAM BENCH_SYMBOLIZE BENCH_FOLDED \
  BENCH_ROUNDS   V CC CFLAGS PREFIX DESTDIR asan

$(foreach v,$(settings),$(if $(filter-out undefined default,$(origin $v)),$(eval override $v := $$(value $v))))
command-line := $(foreach v,$(.VARIABLES),$(if $(findstring command,$(origin $v)),$v))
$(if $(filter-out $(settings) -*-%,$(command-line)),$(error no such setting: $(filter-out $(settings),$(command-line)); the settings are: $(settings)))

empty  :=
space  := $(empty) $(empty)
comma  := ,
hash   := \#
define newline


endef
digits  := 0 1 2 3 4 5 6 7 8 9
letters := a b c d e f g h i j k l m n o p q r s t u v w x y z A B C D E F G H I J K L M N O P Q R S T U V W X Y Z
path-alphabet := $(letters) $(digits) . _ - / +
name-alphabet := $(filter-out /,$(path-alphabet))

# $(call without,TEXT,CHARACTERS): what is left of TEXT, blanks made visible.
without = $(if $2,$(call without,$(subst $(firstword $2),,$1),$(wordlist 2,$(words $2),$2)),$(subst $(space),?,$(subst $(newline),?,$1)))
# $(call alphabet,SETTING,CHARACTERS,WORDS): an error unless the setting's value is made of these alone.
alphabet = $(if $(call without,$($1),$2),$(error $(1:.text=): '$(subst $(newline), ,$($(1:.text=)))' holds a character that is not allowed; allowed: $3))

$(foreach v,TARGET RESULTS PREFIX DESTDIR $(filter PEER_% BENCH_INPUTS BENCH_SYMBOLIZE BENCH_FOLDED,$(settings)),$(call alphabet,$v,$(path-alphabet),letters digits . _ - / +))
$(foreach v,EXP NAME ENV METRIC RULE PROFILER MODE,$(call alphabet,$v,$(name-alphabet),letters digits . _ - +))
$(foreach v,RUNS MAX_BLOCKS MAX_TIME MORE SEED FUZZ_TIME BENCH_STREAM BENCH_ROUNDS V asan,$(call alphabet,$v,$(digits),digits))
$(call alphabet,MEI,$(digits) . %,a percentage such as 2%)
mei.number := $(subst %,,$(MEI))
$(if $(MEI),$(if $(call without,$(mei.number),.),$(if $(filter $(mei.number)\%,$(MEI)),,$(error MEI: '$(MEI)' is no percentage; allowed: one such as 2%)),$(error MEI: '$(MEI)' is no percentage; allowed: one such as 2%)))
$(call alphabet,SCALE,$(digits) k M $(comma),sizes such as 1k$(comma)10k$(comma)1M)
# $(call size,TEXT): TEXT where it is a size: a whole number that does not begin with 0, and perhaps k or M behind it.
size.number = $(patsubst %M,%,$(patsubst %k,%,$1))
size.wrong  = $(call without,$(size.number),$(digits))$(filter 0%,$1)$(if $(size.number),,$1)
size        = $(if $(size.wrong),,$(filter $1,$(addprefix $(size.number),k M) $(size.number)))
SCALE.words := $(subst $(comma), ,$(SCALE))
$(if $(SCALE),$(if $(filter $(SCALE),$(subst $(space),$(comma),$(strip $(SCALE.words)))),,$(error SCALE: '$(SCALE)' is no list of sizes; allowed: sizes such as 1k$(comma)10k$(comma)1M)))
$(foreach s,$(SCALE.words),$(if $(call size,$s),,$(error SCALE: '$s' is no size; allowed: sizes such as 1k$(comma)10k$(comma)1M)))
FUNCTION.text := $(subst $(space),,$(FUNCTION))
$(call alphabet,FUNCTION.text,$(path-alphabet) : < > ( ) [ ] { } * & ~ ! = ? @ ^ | ; $(comma),letters digits blanks commas . _ - / + : < > ( ) [ ] { } * & ~ ! = ? @ ^ | ;)
$(if $(filter-out alone concurrent,$(MODE)),$(error MODE: '$(MODE)' is neither alone nor concurrent))
ifneq ($(origin CC),default)
$(call alphabet,CC,$(path-alphabet),a command without arguments)
endif
CFLAGS.text := $(subst $(space),,$(CFLAGS))
$(call alphabet,CFLAGS.text,$(path-alphabet) = $(comma),letters digits . _ - / + = and commas)

override TARGET  := $(patsubst %/,%,$(TARGET))
override ENV     := $(or $(ENV),local)
override RESULTS := $(patsubst %/,%,$(or $(RESULTS),results))
override RUNS    := $(or $(RUNS),3)
override RULE    := $(or $(RULE),blocked)
override MEI     := $(or $(MEI),$(if $(filter seed,$(RULE)),0%,1%))
override MAX_BLOCKS := $(or $(MAX_BLOCKS),4)
override MAX_TIME   := $(or $(MAX_TIME),0)
override SEED    := $(or $(SEED),1)
override FUZZ_TIME  := $(or $(FUZZ_TIME),60)
override BENCH_STREAM := $(or $(BENCH_STREAM),2)
override PREFIX  := $(or $(PREFIX),/usr/local)

$(if $(filter blocked seed,$(RULE)),,$(error RULE: '$(RULE)' is no rule; allowed: blocked seed))
$(if $(filter 0,$(MAX_BLOCKS)),$(error MAX_BLOCKS: '0' measures nothing; allowed: 1 or more))
$(if $(filter-out 0 1,$(MORE)),$(error MORE: '$(MORE)' is neither 0 nor 1))
$(foreach v,FUZZ_TIME BENCH_STREAM,$(if $(filter 0,$($v)),$(error $v: '0' is too little; allowed: 1 or more)))
$(if $(filter 0 1 2,$(RUNS)),$(error RUNS: '$(RUNS)' is too few; allowed: 3 or more))
$(if $(wildcard templates/env/$(ENV)/deploy.sh.in),,$(error ENV: there is no templates/env/$(ENV)/; environments: $(notdir $(wildcard templates/env/*))))

V.at := $(if $(filter-out 0,$(V)),,@)
