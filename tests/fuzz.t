#!/bin/bash
# The fuzz target: it knows every parser of stackfold, and none of them comes to harm from the others' test data.
. "${0%/*}/harness.sh"

# The target as the filter is built, without afl-cc; the compiler's line and the libraries are those recorded.
test_that 'the fuzz target builds with the compiler of the filters' '
  flags=$(<"$BUILD/obj/.flags")
  cd "$ROOT"
  eval "${flags%% -Wl,--as-needed*} -Itools -o $WORK/target tests/fuzz/stackfold.c $BUILD/obj/stackfold/*.o \
    $BUILD/obj/libassay.a -Wl,--as-needed${flags#* -Wl,--as-needed}"'
test_that 'its formats are those that stackfold lists' '
  ./target | sort >formats
  [ -s formats ]
  says 2 "is not one of" stackfold --format none
  sed "s/.* is not one of //; s/ (try.*//; s/, /\n/g" says.err | sort >listed
  same listed formats'
test_that 'each parser takes or refuses the test data of all, and what it takes adds up' '
  while read -r format; do
    for file in "$DATA"/stackfold*/*; do
      status=0
      ./target "$format" "$file" >said 2>&1 </dev/null || status=$?
      [ $status -le 1 ] || { echo "$format $file: $status"; cat said; exit 1; }
    done
  done <formats'
test_that 'an input that is made to crash is a finding: exit 1, and the input is kept; the test data are the seeds' '
  cat >crash <<"END"
#!/bin/bash
if [ $# = 0 ]; then echo folded; elif grep -q crash "$2"; then echo "ERROR: made up" >&2; kill -ABRT $$; fi
END
  mkdir bin fuzz
  cat >bin/afl-fuzz <<"END"
#!/bin/bash
mkdir -p afl/default/{queue,crashes,hangs}
cat corpus/* >seen
echo "a;b 1" >afl/default/queue/id:0; echo "crash 1" >afl/default/crashes/id:0; echo "fine 1" >afl/default/crashes/id:1
printf "execs_done : 7\nexecs_per_sec : 7\nedges_found : 1\ntotal_edges : 2\ncorpus_count : 1\n" >afl/default/fuzzer_stats
END
  chmod +x crash bin/afl-fuzz; mv crash fuzz/stackfold
  unset CORPUS_DIR
  PATH=$WORK/bin:$PATH says 1 "" "$ROOT/tests/fuzz.sh" fuzz/stackfold "$BUILD/bin/stackfold" 1
  grep -qFxf "$DATA/stackfold/simple.folded" fuzz/folded/seen
  grep -q "finding: folded: ERROR: made up" says.out
  [ "$(cat fuzz/folded/findings/*[0-9a-f])" = "crash 1" ]'
test_that 'a finding that does no harm any more is gone after the next run' '
  sed -i "s/grep -q crash/false/" fuzz/stackfold
  PATH=$WORK/bin:$PATH "$ROOT/tests/fuzz.sh" fuzz/stackfold "$BUILD/bin/stackfold" 1 >out
  grep -Eq "^folded +7 .* 0$" out
  [ -z "$(ls fuzz/folded/findings)" ]'
finish
