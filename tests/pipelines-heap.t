#!/bin/bash
# The profilers of native programs and of those that serve their profiles: each captures a service whose memory and CPU use are
# known exactly, by the scripts that are generated for a target, and says what is wrong where it cannot.
# shellcheck disable=SC2016,SC2317 # the commands of a test, which call the functions here, are expanded by its own shell
# shellcheck source=tests/harness.sh
. "${0%/*}/harness.sh"
# shellcheck source=tests/project.sh
. "$ROOT/tests/project.sh"
cp -a "$ROOT/tests/targets/exact" "$project/targets/exact"
cp "$ROOT/tests/data/stackfold-pprof/encode.pl" .
results=$project/results/exact/local
profiles=$results/profiles
export profiles
MiB=1048576
export MiB

library() { /sbin/ldconfig -p | grep "lib$1\.so\." >/dev/null; }
available=()
if library tcmalloc; then available+=(gperftools-heap); fi
if library profiler; then available+=(gperftools-cpu); fi
if library jemalloc; then available+=(jemalloc-heap); fi
if command -v heaptrack >/dev/null; then available+=(heaptrack); fi
is_there() { [[ " ${available[*]} " == *" $1 "* ]]; }
if_there() { # PROFILER SENTENCE COMMANDS
  if is_there "$1"; then test_that "$2" "$3"; else skip "the package of $1 is not installed" "$2"; fi
}

# sum FOLDED PATTERN...: the value of the stacks that match all of them
sum() {
  local stacks pattern
  stacks=$(cat "$1")
  for pattern in "${@:2}"; do stacks=$(grep -E -- "$pattern" <<<"$stacks" || true); done
  awk '{ sum += $NF } END { printf "%.0f\n", sum }' <<<"$stacks"
}
check() { # EXPRESSION: arithmetic with fractions; prints it where it does not hold
  awk "BEGIN { exit !($1) }" || { echo "does not hold: $1"; return 1; }
}
# holds FOLDED MANY FEW: in MiB, within a hundredth; and what else is in use is less than 1 MiB.
holds() {
  cat "$1"
  check "(1 - $(sum "$1" ';use_memory[^;]*;keep_many \(service.c:34\);make_piece \(service.c:27\) [0-9]+$') / ($2 * $MiB)) ^ 2 <= 0.0001"
  check "(1 - $(sum "$1" ';use_memory[^;]*;keep_few \(service.c:38\);make_piece \(service.c:27\) [0-9]+$') / ($3 * $MiB)) ^ 2 <= 0.0001"
  check "$(sum "$1") - $(sum "$1" ';use_memory ') < $MiB"
}
# capture PROFILER NAME=VALUE...: profile.sh of the baseline, run by hand in a copy of its folder
capture() {
  (cd copy && env ARM=A MODES=alone PROFILER="$1" OUT="$PWD/out" STATE="$PWD/state/A" "${@:2}" ./profile.sh)
}
fold() { # PROFILER [END]: what is in copy/out, alone, as the graph does it
  (cd "$project" && . mk/steps/pipeline.sh && . <(pipelines_text "$1") &&
    "$1.fold${2:-}" "$WORK/copy/out/$1-alone.raw" "$(cd -P "$WORK/copy/built/A-symbols" && pwd)")
}
export -f sum check holds capture fold

sed -i "/^profilers/d" "$project/targets/exact/target.mk"
i=0
metrics=(peak_rss_mb cpu_seconds answers default)
list=
for profiler in "${available[@]}"; do list+="${list:+, }${metrics[i++]}=$profiler"; done
[ "$i" -gt 3 ] || list+="${list:+, }default=${available[0]:-python-cpu}"
echo "profilers := $list" >>"$project/targets/exact/target.mk"

first=${available[0]:-gperftools-heap}
export first
# Most of it is done with the generated scripts alone, in a copy of their folder.
scripts_of() { # TARGET: copy/, with the service built
  local scripts=() script
  for script in build deploy workload collect profile teardown; do scripts+=("results/$1/local/baseline/$script.sh"); done
  make -C "$project" TARGET="$1" "${scripts[@]}" >scripts.log 2>&1 || cat scripts.log >&2
  rm -rf copy
  cp -R "$project/results/$1/local/baseline" copy
  (cd copy && rm -rf built state && ARM=A VARIANT=symbols ./build.sh >/dev/null 2>&1)
}
scripts_of exact
if_there gperftools-heap 'the step of the graph writes the profiles of the peak and of the end, and vouches for both' '
  cd "$project" && MODES=alone ASSAY_RUN=$results X=$profiles mk/steps/profile.sh results/exact/local/baseline gperftools-heap A results/exact/local/profiles >gate
  for file in gperftools-heap-alone{,-end}.folded; do
    grep "^artifact.made.$(sha256sum <"$profiles/$file" | cut -d " " -f 1)..*$file\$" gate
  done'
if_there gperftools-heap 'gperftools-heap finds what is in use at the peak, with function and line' '
  holds "$profiles/gperftools-heap-alone.folded" 64 32'
if_there gperftools-heap 'gperftools-heap finds what is left at the end of the workload' '
  holds "$profiles/gperftools-heap-alone-end.folded" 16 32'
if_there gperftools-heap 'gperftools-heap says how much was in use, exactly, and how large the service is without it' '
  grep -qx "alone peak_bytes=$((96 * MiB))" "$profiles/gperftools-heap.facts"
  grep -qx "alone end_bytes=$((48 * MiB))" "$profiles/gperftools-heap.facts"
  check "($(sed -n "s/^alone unprofiled_peak_rss_mb=//p" "$profiles/gperftools-heap.facts") - 97) ^ 2 < 9"'
if_there gperftools-heap 'the report shows the peak, the end, and the facts' '
  (cd "$project" && MODES=alone mk/steps/stacks.sh results/exact/local gperftools-heap) >stacks.txt
  grep "^gperftools-heap, profile workload alone, what is left at its end" stacks.txt
  grep "  peak_bytes=$((96 * MiB))" stacks.txt'

test_that 'shellcheck passes on the scripts with all of these profilers' 'shellcheck copy/profile.sh copy/deploy.sh'
for profiler in jemalloc-heap heaptrack; do
  export profiler
  if_there $profiler "$profiler finds what is in use at the peak, with function and line" '
    capture $profiler
    fold $profiler >folded
    holds folded 64 32'
  if_there $profiler "$profiler finds what is left at the end of the workload" '
    fold $profiler _end >folded
    holds folded 16 32'
done
if_there gperftools-cpu 'gperftools-cpu shares the samples as the CPU time is shared' '
  capture gperftools-cpu
  fold gperftools-cpu | tee folded
  heavy=$(sum folded ";main .*;compute [^;]*;heavy ") light=$(sum folded ";main .*;compute [^;]*;light ")
  check "$heavy + $light > 50 && ($heavy / ($heavy + $light) - 2 / 3) ^ 2 < 0.15 ^ 2"
  check "($heavy + $light) >= 0.95 * $(sum folded)"'
if_there gperftools-cpu 'gperftools-cpu sees threads that the service starts later, and keeps a call that all stacks have' '
  capture gperftools-cpu ASK=thread
  fold gperftools-cpu | tee folded
  check "$(sum folded ";one_call [^;]*;heavy ") > 40"
  check "$(sum folded ";one_call [^;]*;heavy ") >= 0.95 * $(sum folded)"'
if_there jemalloc-heap 'jemalloc-heap counts a child made by fork at its own peak' '
  capture jemalloc-heap ASK=fork
  fold jemalloc-heap | tee folded
  check "(1 - $(sum folded ";fork_child[^;]*;keep_few|;answer[^;]*;keep_few") / (16 * $MiB)) ^ 2 <= 0.0001"'
if_there gperftools-cpu 'a capture without a sample is an error, with advice' '
  says 1 "^gperftools-cpu: no sample was taken: .*give the profile workload more to do" capture gperftools-cpu ASK=nothing'
if_there "$first" 'a service that is linked statically is an error, with advice, before the workload' '
  source=$(cd -P copy/built/A-symbols && pwd)
  cc -static -O2 -g -pthread -o "$source/service.static" "$source/service.c"
  mv "$source/service" "$source/service.dynamic"
  mv "$source/service.static" "$source/service"
  code=0
  says 1 "^$first: .* is not loaded into the service: .*/service is linked statically.*without -static" capture $first || code=1
  if [ -e "copy/out/$first-alone.raw/workload-heap.txt" ]; then code=1; fi
  mv "$source/service.dynamic" "$source/service"
  exit $code'
if [ "$(id -u)" = 0 ] && [[ $(findmnt -no OPTIONS -T .) != *nosuid* ]]; then
  if_there "$first" 'a set-uid service is an error, with advice' '
    source=$(cd -P copy/built/A-symbols && pwd)
    chown 65534 "$source/service" && chmod 4755 "$source/service"
    code=0
    says 1 "^$first: .*/service is a set-uid or set-gid program.*chmod" capture $first || code=1
    chown 0 "$source/service" && chmod 755 "$source/service"
    exit $code'
else
  skip 'only root on a file system with set-uid programs can make one' 'a set-uid service is an error, with advice'
fi
for profiler in gperftools-heap gperftools-cpu jemalloc-heap heaptrack; do
  export profiler
  case $profiler in gperftools*) package=libgoogle-perftools-dev ;; jemalloc*) package=libjemalloc2 ;; *) package=heaptrack ;; esac
  export package
  if_there $profiler "$profiler says at once which package is missing, and the command that installs it" '
    mkdir -p bare
    for tool in bash env awk sed grep mkdir dirname date; do ln -sf "$(command -v $tool)" bare; done
    printf "#!/bin/sh\n" >bare/ldconfig && chmod +x bare/ldconfig
    says 1 "^$profiler: $package is not installed; as root: apt-get install -y --no-install-recommends $package\$" \
      capture $profiler PATH="$PWD/bare"'
done

test_that 'what only some profilers need is installed for the targets that name them, before anything of theirs runs' '
  mkdir fake
  printf "#!/bin/bash\nfor last; do :; done\n[ \"\$last\" = libjemalloc2 ] || printf \"install ok installed\"\n" >fake/dpkg-query
  printf "#!/bin/bash\necho \"\$*\" >>%q\n" "$WORK/calls" >fake/apt-get
  printf "#!/bin/bash\necho 0\n" >fake/id
  chmod +x fake/*
  sed "s/^name .*/name := other/; s/^profilers.*/profilers := default=jemalloc-heap/" "$project/targets/exact/target.mk" >target.mk
  cp -R "$project/targets/exact" "$project/targets/other" && mv target.mk "$project/targets/other"
  PATH="$WORK/fake:$PATH" make -C "$project" TARGET=mini results/mini/local/target.tsv
  [ ! -e calls ]
  rm -f "$project"/build/deps-libjemalloc2.stamp
  PATH="$WORK/fake:$PATH" make -C "$project" TARGET=other results/other/local/target.tsv
  grep "^install .*libjemalloc2\$" calls
  [ -e "$project"/build/deps-libjemalloc2.stamp ]'

# Profiles that the service serves itself: three functions, whose values are known.
mkdir -p "$project/targets/serving/src"
(
  cd "$project/targets/serving" || exit 1
  cp ../exact/hints.md ../exact/validate.sh .
  cat >target.mk <<'END'
name        := serving
description := serves profiles in the form of pprof
source      := folder:src
build       := none
start       := /usr/bin/python3 server.py
ready       := http /health
primary     := peak_rss_mb lower MiB
secondary   := answers higher 1
editable    := server.py
profilers   := peak_rss_mb=pprof-http-heap, answers=pprof-http-cpu
END
  cat >workload.sh <<'END'
curl() { exec 3<>"/dev/tcp/$HOST/$PORT"; printf 'GET %s HTTP/1.0\r\n\r\n' "$1" >&3; cat <&3 >/dev/null; exec 3>&-; }
curl /peak
curl /over
echo answers=1
END
  cp workload.sh profile_workload.sh
  printf 'exit 0\n' >validate.sh
  # The state changes when a profile of it was fetched: nothing waits for a time.
  cat >src/server.py <<'END'
import http.server, os, threading
state = "begin"
fetched = threading.Event()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        global state
        path = self.path.partition("?")[0]
        content = b"ok"
        if path in ("/peak", "/over"):
            fetched.clear()
            state = path[1:]
            if path == "/peak" and os.path.exists("fetched-by-profiler"):
                fetched.wait(30)
        elif path.startswith("/debug/pprof/"):
            open("fetched-by-profiler", "w").close()
            if path == "/debug/pprof/profile":
                fetched.wait(0.2)
            content = open(state if path.endswith("heap") else "cpu", "rb").read()
            fetched.set()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(content)
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
END
  encode() { perl ../../../encode.pl; }
  named() {
    printf '%s\n' 'location 1 1 400010 1:10' 'location 2 1 400020 2:20' 'location 3 1 400030 3:30' 'mapping 1 400000 500000 0 service -' \
      'function 1 main - main.go' 'function 2 keepMany - main.go' 'function 3 keepFew - main.go'
  }
  heap() { # MANY FEW
    { printf 'type %s\n' 'inuse_objects count' 'inuse_space bytes'; echo "sample 2,1 1,$1"; echo "sample 3,1 1,$2"; named; } | encode
  }
  heap 1000 0 >src/begin
  heap 64000 32000 | gzip >src/peak
  heap 16000 32000 >src/over
  { printf 'type %s\n' 'samples count' 'cpu nanoseconds'; echo 'sample 2,1 2,20000000'; echo 'sample 3,1 1,10000000'; named; } | encode >src/cpu
)
scripts_of serving
export main='main (main.go:10)'
test_that 'pprof-http-heap takes the profile with the most in use for the peak, and one at the end' '
  capture pprof-http-heap
  fold pprof-http-heap >folded
  printf "%s\n" "$main;keepFew (main.go:30) 32000" "$main;keepMany (main.go:20) 64000" | same - folded
  fold pprof-http-heap _end >folded
  printf "%s\n" "$main;keepFew (main.go:30) 32000" "$main;keepMany (main.go:20) 16000" | same - folded'
test_that 'pprof-http-cpu adds the profiles that were fetched while the workload ran' '
  capture pprof-http-cpu
  n=$(sed -n "s/^profiles=//p" copy/out/pprof-http-cpu-alone.raw/facts.txt)
  [ "$n" -ge 1 ]
  fold pprof-http-cpu >folded
  printf "%s\n" "$main;keepFew (main.go:30) $((n * 10000000))" "$main;keepMany (main.go:20) $((n * 20000000))" | same - folded'
test_that 'a service that serves no profile is an error that names the address and the way out' '
  address=http://127.0.0.1:1/x
  says 1 "^pprof-http-heap: $address/heap.gc=1: .*refused.*PPROF_URL" capture pprof-http-heap PPROF_URL=$address'
test_that 'what is no profile is an error that shows how it begins' '
  echo no profile >"$(cd -P copy/built/A-symbols && pwd)/begin"
  says 1 "^pprof-http-heap: http://.* answers with 11 bytes that are no profile of pprof: b.no profile" capture pprof-http-heap'
finish
