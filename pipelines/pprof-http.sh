# --- what the profilers that fetch profiles from the service share -------------------------------------------------
# shellcheck shell=bash

# pprof-http.begin KIND FOLDER PROGRAM: starts the PROGRAM that fetches, once the first fetch was answered.
pprof-http.begin() {
  local url=${PPROF_URL:-http://$HOST:$PORT/debug/pprof}
  [ -n "${PPROF_URL:-}" ] || [ ! -e "$STATE/pprof-url" ] || url=$(cat "$STATE/pprof-url")
  python3 -c "$3" "$1" "$url" "$2" &
  fetcher=$!
  until [ -e "$2/begun" ]; do
    if ! kill -0 "$fetcher" 2>/dev/null; then wait "$fetcher"; fi
    sleep 0.02
  done
}
pprof-http.end() {
  touch "$1/stop"
  wait "$fetcher"
}
pprof-http.finish() {
  rm -f "$1/begun" "$1/stop"
  printf 'profiles=%d\n' "$(find "$1" -name '*.[0-9]*.pb.gz' | wc -l)" >"$1/facts.txt"
}
# pprof-http.check PROFILER
pprof-http.check() {
  command -v python3 >/dev/null || {
    echo "$1: python3 is not installed; as root: apt-get install -y --no-install-recommends python3" >&2
    return 1
  }
}
# pprof-http.folded VALUE SOURCE-ROOT FILE...: files of the source by their path in it, since it lies elsewhere in each arm.
pprof-http.folded() {
  stackfold --quiet --format pprof --value "$1" --context "${@:3}" | native.relative "$2" | stackfold --quiet --format folded -
}
