#!/bin/bash
# stackfold over every file of the corpus: it is read, and nothing of it is lost, or it is refused by an error that names
# its format. Which formats are read is what --help lists.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"

# What the index calls a format, the formats of stackfold that it may be, and the error where it is not read.
names() {
  cat <<'END'
perf-script	perf-script	output of perf script
perf-data	perf-data	perf.data of perf record
heap-gperftools	gperftools-heap gperftools-growth gperftools-contention	(a heap profile of gperftools|a pprof profile)
cpu-gperftools	gperftools-cpu	a CPU profile of gperftools
heap-jemalloc	jemalloc	a heap profile of jemalloc
go-text	go-text gperftools-heap gperftools-growth gperftools-contention	(a heap profile of gperftools|a pprof profile|goroutines of a Go program)
java-legacy-pprof	go-text gperftools-heap gperftools-cpu	a (CPU|heap) profile of Java
pprof	pprof	a pprof profile
heaptrack	heaptrack	a heaptrack recording
dhat	dhat	a DHAT profile
bpftrace	bpftrace	output of bpftrace
folded	folded	(text in UTF-16|folded stacks of two profiles)
callgrind	callgrind	a callgrind profile .*callgrind_annotate
massif	massif	a massif profile .*ms_print
dtrace	dtrace	output of DTrace .*stackcollapse.pl
ghc-prof	ghc-prof	a profile of a GHC program .*inferno-collapse-ghcprof
hprof-text	hprof	an hprof profile .*gprof2dot
instruments-deepcopy	instruments	a copy from Instruments .*stackcollapse-instruments.pl
macos-sample	sample	a report of macOS sample .*stackcollapse-sample.awk
pmcstat	pmcstat	a call graph of pmcstat .*stackcollapse-pmc.pl
speedscope	speedscope	a file of speedscope
stackprof	stackprof	a stackprof profile .*stackprof --stackcollapse
v8-cpuprofile	v8	a CPU profile of V8 .*speedscope
vsprof-csv	vsprof	a call tree of Visual Studio .*stackcollapse-vsprof.pl
vtune-csv	vtune	a report of VTune .*stackcollapse-vtune.pl
xctrace-xml	xctrace	an export of xctrace .*inferno-collapse-xctrace
hyperfine-json	-	results of hyperfine .*abstat
pi-autoresearch	-	a log of experiments .*abstat
benchfmt	-	benchmark results of Go .*abstat
benchfmt/benchseries-even	-	benchmark results of Go .*abstat
binaries-list	-	a list of build ids
symbolize	-	a list of (addresses|symbols)
END
}
# Files that are malformed, empty or no profile at all: an error of their own.
malformed() {
  cat <<'END'
folded/inferno-fractional.txt	:1: the value '31.23' is fractional
perf-script/inferno-no-events.txt	holds no stacks
unknown/inferno-unknown-format.txt	in no format that is known
vsprof-csv/inferno-incorrect-header.csv	in no format that is known
END
}
export -f names malformed

# The output's lines are sorted and unique, and their sum is what the account says went out, no more than came in.
conserved() {
  sort -cu says.out
  perl -ne '/^(?:\S.*)? (\d+)$/s or die "line $.: $_"; $sum += $1; END { printf "%s\n", $sum + 0 }' says.out >sum
  perl -ne '($in, $out) = /; value in (\d+), out (\d+);/ and print "$out\n" and ($in >= $out or die)' says.err >out
  same out sum
  perl -ne 'if (/: read (\d+) records, kept (\d+) in (\d+) stacks, dropped (\d+)(?: \((.*?)\))?; value/) {
      ($read, $kept, $stacks, $dropped, $why) = ($1, $2, $3, $4, $5); $sum = 0; $sum += $_ for ($why // "") =~ /(\d+) /g;
      print "$stacks\n"; $read == $kept + $dropped && $sum == $dropped or die "$_" }' says.err >stacks
  test "$(cat stacks)" = "$(wc -l <says.out)"
}
check() { # PATH FORMAT
  local file=$CORPUS_DIR/$1 own error got=0 formats listed='' path pattern
  while IFS=$'\t' read -r path pattern; do
    if [ "$path" = "$1" ]; then says 1 "$pattern" stackfold "$file"; return; fi
  done < <(malformed)
  IFS=$'\t' read -r _ formats error < <(names | grep -F "$2	" | awk -F'\t' -v f="$2" '$1 == f')
  [ -n "$formats" ] || { echo "no such format in the test's table"; return 1; }
  for own in $formats; do if grep -qx -- "$own" listed; then listed=1; fi; done
  stackfold "$file" >says.out 2>says.err || got=$?
  if [ "$got" = 0 ] || { [ "$got" = 1 ] && grep -q "(exit 1; --lenient: 0)" says.err; }; then
    conserved
    return
  fi
  # A profile in which nothing was recorded.
  if [ "$got" = 1 ] && grep -q ": holds no stacks$" says.err && [ "$1" = pprof/local-go-regexp.mutex.pb.gz ]; then return; fi
  if [ "$got" = 1 ] && [ -n "$error" ] && grep -Eq "is $error.*, which is not read" says.err; then
    # Who reads the format must recognize its files, but for those that are of another shape.
    [ -z "$listed" ] || grep -Eq "UTF-16|two profiles" says.err || [[ $formats == *" "* ]] || { cat says.err; return 1; }
    return
  fi
  cat says.err
  return 1
}
export -f conserved check

if [ -d "${CORPUS_DIR:-}" ]; then
  stackfold --help | sed "1,/^Formats:/d" | sed -nE "s/^  ([a-z-]+) .*/\1/p" >listed
  test_that 'every format of the index has a name here' '
    tail -n +2 "$CORPUS_DIR/INDEX.tsv" | cut -f2 | sort -u | grep -vxE "format|unknown" >formats
    names | cut -f1 | sort -u >known
    test -z "$(comm -23 formats known)"
  '
  tail -n +2 "$CORPUS_DIR/INDEX.tsv" | cut -f1,2 | sort -u >files
  while read -r format; do
    test_that "$format: each file is read and nothing is lost, or refused by name" "
      awk -F'\t' -v f='$format' '\$2 == f { print \$1 }' files | while read -r path; do
        check \"\$path\" '$format' >result 2>&1 || { echo \"\$path\"; cat result; touch failed; }
      done
      test ! -e failed || { rm failed; false; }"
  done < <(cut -f2 files | sort -u)
else
  skip 'CORPUS_DIR is not set' 'every file of the corpus is read and nothing is lost, or refused by name'
fi
finish
