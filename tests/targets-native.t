#!/bin/bash
# The native targets: they are whole, their patches apply, kvserver answers rightly, and what checks it sees wrong answers.
. "${0%/*}/harness.sh"

kvserver=$ROOT/targets/kvserver
export kvserver
cp -R "$kvserver/src" base
rm -f base/kvserver base/kvload

# built FOLDER: its server, every warning an error. What is as in base is not compiled again.
built() {
  local file objects=()
  for file in "$1"/*.c; do
    if [ "$1" != base ] && cmp -s "$file" "base/${file##*/}" && cat "$1"/*.h | cmp -s - <(cat base/*.h); then
      objects+=("base/$(basename "$file" .c).o")
    else
      cc -c -std=c11 -D_GNU_SOURCE -Wall -Wextra -Wshadow -Wstrict-prototypes -Wwrite-strings -Werror -o "${file%.c}.o" "$file"
      objects+=("${file%.c}.o")
    fi
  done
  cc -o "$1/kvserver" "${objects[@]}"
}
# with_server FOLDER COMMAND...: COMMAND while its server runs; HOST, PORT, STATE and SOURCE as scripts of a target get them.
with_server() {
  local folder=$1 code=0 deadline=$((SECONDS + 60))
  shift
  rm -rf "$folder.state"
  export HOST=127.0.0.1 STATE=$WORK/$folder.state SOURCE=$WORK/$folder PORT
  mkdir "$STATE"
  (cd "$folder" && procwatch start --state "$STATE" --port -- ./kvserver) || return
  PORT=$(cat "$STATE/port")
  until (exec 3<>"/dev/tcp/$HOST/$PORT") 2>/dev/null; do
    if [ $SECONDS -gt $deadline ]; then echo 'the server never listened'; code=1; break; fi
    sleep 0.02
  done
  [ $code != 0 ] || "$@" || code=$?
  procwatch report --state "$STATE" >"$folder.report" || code=1
  procwatch stop --state "$STATE"
  return $code
}
validate() { bash "$kvserver/validate.sh"; }
# mutant NAME FILE FROM TO: base with one text changed in one file, and what validate.sh says of it.
mutant() {
  cp -R base "$1"
  FROM=$3 TO=$4 perl -0pi -e 'BEGIN { ($from, $to) = @ENV{"FROM", "TO"} } s/\Q$from\E/$to/ or die "not there: $from\n"' "$1/$2"
  built "$1"
  if with_server "$1" validate 2>"$1.err"; then echo "$1: validate.sh sees nothing wrong"; return 1; fi
  grep -q '^validate: ' "$1.err" || { cat "$1.err"; return 1; }
}
patched() { # NAME: base with an experiment's patch
  cp -R base "$1"
  (cd "$1" && GIT_CEILING_DIRECTORIES=$WORK git apply "$kvserver/experiments/$1.patch")
}
export -f built with_server validate mutant patched

built base || echo 'kvserver cannot be built'

test_that 'the description of each is valid, and each has hints' '
  for target in kvserver redis; do targetspec "$ROOT/targets/$target" >$target.tsv 2>err; [ ! -s err ]; done
  targetspec --list-profilers "$ROOT/targets/kvserver" | grep -q "peak_rss_mb	gperftools-heap"
  grep -qE "^source	debian:redis=[0-9:.~a-z-]+$" redis.tsv
  for script in "$ROOT"/targets/{kvserver,redis}/*.sh; do bash -n "$script"; done'

test_that 'the messages and scopes of all patches are as they must be; the one that tunes constants is told from the others' '
  for target in kvserver redis; do
    editable=$(targetspec --fields editable "$ROOT/targets/$target" | cut -f 2 | tail -n 1)
    for patch in "$ROOT/targets/$target"/experiments/*.patch; do
      patchlint --editable "$editable" "$patch" >lint
      for gate in message scope structural; do
        want=pass; case $gate-$(basename "$patch") in structural-larger-reads.patch) want=fail ;; esac
        [ "$(awk -F "\t" -v g=$gate "\$1 == g { print \$2 }" lint)" = $want ] || { echo "$patch: $gate"; cat lint; exit 1; }
      done
    done
  done'

test_that 'kvserver answers rightly, and its workload sends the same in each run and prints every metric' '
  make -s -C base release WARNING="-Wall -Wextra -Wshadow -Werror"
  run() { validate; for n in 1 2; do KEYS=2000 GROUPS_OF_REQUESTS=2 LARGE=50000 ROUNDS=20 bash "$kvserver/workload.sh" >metrics.$n; done; }
  with_server base run
  for n in 1 2; do grep -E "^(data_digest|total_requests|error_rate)=" metrics.$n >fixed.$n; done
  same fixed.1 fixed.2; grep -qx "error_rate=0.000000" fixed.1
  targetspec --metrics "$kvserver" | sed 1d | cut -f 1 | sort >wanted
  cat metrics.1 base.report | sed "s/=.*//" | sort -u >printed
  [ -z "$(comm -23 wanted printed)" ] || { comm -23 wanted printed; exit 1; }
  [ -x base/kvserver ]'
test_that 'another number of keys sends other data' '
  run() { SCALE=2100 GROUPS_OF_REQUESTS=2 LARGE=50000 ROUNDS=20 bash "$kvserver/workload.sh" >other; }
  with_server base run; ! grep -qx "$(grep data_digest metrics.1)" other'
test_that 'its parts work alone, as profiles need them' '
  run() { for mode in alone concurrent; do
    MODE=$mode PROFILER=gperftools-heap WORKLOAD=$WORK/small bash "$kvserver/profile_workload.sh" | grep -qx "error_rate=0.000000"; done; }
  printf "#!/bin/bash\nKEYS=1000 GROUPS_OF_REQUESTS=1 LARGE=1000 ROUNDS=5 exec bash \"\$kvserver/workload.sh\"\n" >small; chmod +x small
  with_server base run'
test_that 'a server that is gone is an error of the workload and of the check' '
  export HOST=127.0.0.1 PORT=1 STATE=$WORK SOURCE=$WORK/base
  says 1 "^kvload: cannot connect" bash "$kvserver/workload.sh"
  says 1 "^validate: no reply" bash "$kvserver/validate.sh"'

test_that 'a server that answers wrongly is seen: order, limits, replaced, appended and removed values, errors' '
  mutant unsorted store.c "links[level] = &lists[level];" "links[level] = level ? &lists[level] : store->first;"
  mutant beyond commands.c "pairs.count < limit" "pairs.count <= limit"
  mutant stale store.c "  buffer_free(&entry->value);
  buffer_append(&entry->value, value, length);" "  if (!entry->value.bytes) buffer_append(&entry->value, value, length);"
  mutant cut buffer.c "memcpy(buffer->bytes + buffer->length, bytes, length);" "memcpy(buffer->bytes + buffer->length, bytes, length > 1500 ? 1500 : length);"
  mutant kept store.c "  *link = entry->in_bucket;" "  if (link) return store->count--, true;"'

test_that 'every patch applies to the source, and the server that it makes answers rightly' '
  for patch in "$kvserver"/experiments/*.patch; do
    name=$(basename "$patch" .patch); patched "$name"; built "$name"; with_server "$name" validate
  done'

if command -v redis-benchmark >/dev/null; then
  test_that 'redis-benchmark drives it, with its own requests and with ranges' '
    run() {
      redis-benchmark -h "$HOST" -p "$PORT" -t ping,set,get,mset -n 400 -c 4 -P 4 --csv >own 2>&1
      redis-benchmark -h "$HOST" -p "$PORT" -n 400 -c 4 --csv RANGE key: key:~ 10 >ranges 2>&1
      [ "$(redis-cli -h "$HOST" -p "$PORT" RANGE key: key:~ 1 | wc -l)" = 2 ]
    }
    with_server base run; [ "$(wc -l <own)" = 6 ]; [ "$(wc -l <ranges)" = 2 ]; ! grep -i warn own ranges'
else skip 'redis-tools is not installed' 'redis-benchmark drives it, with its own requests and with ranges'; fi

finish
