#!/bin/bash
# targetspec: every field of a target is checked, and what passes is printed as it stands.
# shellcheck disable=SC2016
. "${0%/*}/harness.sh"

cp -r "$DATA/targetspec/pyserver" "$DATA/targetspec/remote" .
TAB=$(printf '\t')
export TAB

with() { # with TARGET FIELD VALUE: a fresh targets/x-folder copy of TARGET in which FIELD is VALUE
  rm -rf targets && mkdir targets && cp -r "$1" "targets/$1"
  awk -v field="$2" 'match($0, /^[ \t]*[a-z_]+/) && $1 == field { next } { print }' "$1/target.mk" >"targets/$1/target.mk"
  printf '%s := %s\n' "$2" "$3" >>"targets/$1/target.mk"
}
without() { # without TARGET FIELD
  with "$1" "$2" gone
  sed -i '$d' "targets/$1/target.mk"
}
accepts() { # accepts TARGET FIELD VALUE...: each value is taken and printed as it is
  local target=$1 field=$2 value
  shift 2
  for value; do
    with "$target" "$field" "$value"
    [ "$(targetspec --fields "$field" "targets/$target")" = "name${TAB}value
$field$TAB$value" ] || { echo "$field := $value is not printed as it is"; return 1; }
  done
}
refuses() { # refuses TARGET FIELD VALUE...: each gives the one error that names file, line, field, what was found
  local target=$1 field=$2 value line
  shift 2
  for value; do
    with "$target" "$field" "$value"
    line=$(wc -l <"targets/$target/target.mk")
    if targetspec "targets/$target" >out 2>err; then echo "$field := $value is accepted"; return 1; fi
    if [ -s out ] || [ "$(wc -l <err)" != 1 ]; then echo "$field := $value: not one error"; cat out err; return 1; fi
    case $(cat err) in
      "targetspec: targets/$target/target.mk:$line: field '$field': found '"*"', allowed: "?*) ;;
      *) echo "$field := $value:"; cat err; return 1 ;;
    esac
  done
}
fails() { # fails PATTERN ARGUMENT...
  local pattern=$1
  shift
  says 1 "$pattern" targetspec "$@" && [ ! -s says.out ]
}
export -f with without accepts refuses fails

test_that 'all fields are printed in a fixed order, defaults filled in' '
  for t in pyserver remote; do targetspec $t >out; same "$DATA/targetspec/$t.fields.tsv" out; done'

test_that 'fields picks fields in the order asked for' '
  targetspec --fields start,name,start remote >out
  printf "name\tvalue\nstart\tbuild/server\nname\tremote\nstart\tbuild/server\n" | same - out'

test_that 'hostile text in a value is printed as it is' '
  for field in description build build_symbols start impact_min; do
    accepts pyserver $field "a \"b\" '\''c'\'' \$(touch x) \`touch x\` ;rm -rf / # := \${HOME} * ~ é" "-n" ":= x"
  done
  [ ! -e x ]
  with pyserver description "a\\b"
  targetspec -f description targets/pyserver | tail -1 >out; printf "description\ta\\\\\\\\b\n" | same - out'

test_that 'a missing field is one error that names it and what is allowed' '
  for field in name description source build start primary editable profilers; do
    without pyserver $field
    fails "^targetspec: targets/pyserver/target.mk: field '\''$field'\'' is missing; allowed: .+" targets/pyserver
    [ "$(wc -l <says.err)" = 1 ]
  done
  without remote commit
  fails "target.mk: field '\''commit'\'' is missing; allowed: 40 hex" targets/remote'

test_that 'a field left out has its default' '
  while read -r field default; do
    without pyserver $field
    [ "$(targetspec -f $field targets/pyserver | tail -1)" = "$field$TAB$default" ] || { echo $field; exit 1; }
  done <<END
depth 1
submodules none
build_symbols same
ready tcp
evidence_min 5%
impact_min 50 MiB or 10%
limit_build 300
limit_deploy 30
limit_workload 120
limit_profile 300
limit_validate 60
ccache no
END
  for field in secondary guards equal; do
    [ "$(targetspec -f $field remote | tail -1)" = "$field$TAB" ]
  done'

test_that 'name: the alphabet, and the name of the folder' '
  refuses pyserver name "" other "py server" "py/server" "pyserver;rm"
  (cd pyserver && [ "$(targetspec -f name . | tail -1)" = "name${TAB}pyserver" ])
  [ "$(targetspec -f name pyserver/src/.. | tail -1)" = "name${TAB}pyserver" ]
  [ "$(targetspec -f name pyserver// | tail -1)" = "name${TAB}pyserver" ]'
test_that 'description: not empty' 'refuses pyserver description ""'
test_that 'source: an existing folder inside the target, or git' '
  accepts pyserver source folder:src folder:src/
  refuses pyserver source "" src folder: folder:/tmp folder:../pyserver/src folder:src/.. folder:. folder:none \
    folder:target.mk folder://src folder:src//. git: git:-x "git: x" svn:x
  accepts remote source git:https://x/y.git git:/srv/y "git:a b" git:user@host:y git:../y
  refuses remote source git: git:--upload-pack=x'
test_that 'commit: 40 hex digits, only with git' '
  refuses remote commit "" 0123 0123456789abcdef0123456789abcdef0123456g 0123456789abcdef0123456789abcdef012345678 HEAD
  refuses pyserver commit 0123456789abcdef0123456789abcdef01234567'
test_that 'source, sha256: a pinned source package of Debian' '
  without remote commit; sed "s/^source .*/source := debian:redis=5:7.0.15-1~deb12u7/" targets/remote/target.mk >x
  digest=$(printf "%064d" 7); mkdir -p packaged; cp remote/*.sh packaged
  { sed "s/^name .*/name := packaged/" x; echo "sha256 := $digest"; } >packaged/target.mk
  accepts packaged source debian:redis=5:7.0.15-1~deb12u7 debian:g++=1 debian:libx1.2=0+b
  refuses packaged source debian: debian:redis debian:redis= debian:=1 debian:Redis=1 debian:-o=1 debian:r=1 debian:redis=-1 \
    debian:redis=1/2 "debian:redis=1 x" "debian:redis=1;x" debian:redis/x=1
  accepts packaged sha256 "$digest" "${digest//00/fA}"; refuses packaged sha256 "" 1 "${digest}0" "${digest/0/g}"
  refuses pyserver sha256 "$digest"; refuses remote sha256 "$digest"
  for field in commit depth submodules; do refuses packaged $field 0123456789abcdef0123456789abcdef01234567; done
  without packaged sha256; fails "target.mk: field '\''sha256'\'' is missing; allowed: 64 hex" targets/packaged'
test_that 'packages: names separated by blanks' '
  accepts pyserver packages "" redis-tools "redis-tools g++ libx1.2-dev"
  refuses pyserver packages "a, b" "-y" "Redis" "redis=1" "redis;x" "red/is" "x"'
test_that 'depth: a positive integer or full, only with git' '
  accepts remote depth 1 50 full
  refuses remote depth "" 0 -1 1.5 all 99999999999999999999
  refuses pyserver depth 1'
test_that 'submodules: none, all or paths, only with git' '
  accepts remote submodules none all "contrib/a contrib/b"
  refuses remote submodules "" /a a/../b "a, b" "a ."
  refuses pyserver submodules none'
test_that 'build, build_symbols, start, impact_min: not empty' '
  for field in build build_symbols start impact_min; do refuses pyserver $field ""; done
  accepts pyserver build none; accepts pyserver build_symbols same none'
test_that 'ready: tcp, or http and a path' '
  accepts pyserver ready tcp "http /" "http /health?x=1"
  refuses pyserver ready "" http "http health" "http /a b" "https /" tcp: "http /é" "httpx /"'
test_that 'primary: one metric with direction and unit' '
  refuses pyserver primary "" peak_rss_mb "peak_rss_mb lower" "peak_rss_mb less MiB" "peak_rss_mb lower MiB x" \
    "1x lower MiB" "a lower MiB, b lower MiB" "peak;rss lower MiB" "a lower MiB,"'
test_that 'secondary: a list of metrics, none twice' '
  accepts remote secondary "" "a lower ms" "a lower ms, b higher %"
  refuses pyserver secondary "a lower ms," "a lower ms,, b lower ms" "a ms" "," "a lower ms, a lower ms" "peak_rss_mb lower MiB"'
test_that 'guards: a relative or an absolute limit for each metric' '
  accepts pyserver guards "" "latency_p99_ms +10%" "latency_p99_ms +2.5%, x max=0.5" "x max=-1"
  refuses pyserver guards latency_p99_ms "latency_p99_ms 10%" "latency_p99_ms +10" "latency_p99_ms +%" "latency_p99_ms -10%" \
    "latency_p99_ms ++10%" "x max=" "x max=inf" "x max=1%" "x min=0" "x max=0," "latency_p99_ms +10% +20%" ", x max=0" \
    "x max=0, x max=1" "1x max=0"'
test_that 'guards: a relative limit needs a metric with a direction' '
  refuses pyserver guards "x max=0, error_rate +10%"
  grep -q "found .error_rate +10%., allowed: +N% only for the primary or a secondary metric" err'
test_that 'equal: metrics that stand nowhere else' '
  accepts pyserver equal "" "a, b"
  refuses pyserver equal "a b" "a," "a, a" peak_rss_mb latency_p50_ms error_rate "1a"'
test_that 'editable: relative paths separated by blanks' '
  accepts pyserver editable server.py "server.py lib/ a/b.c" "..a .b"
  refuses pyserver editable "" /etc/ ../x "server.py ../x" lib/../x lib//x ./ . "a, b" a/./b /'
test_that 'profilers: a pipeline for every metric that can be primary' '
  accepts pyserver profilers "default=a" "peak_rss_mb=a,latency_p50_ms=b, latency_p99_ms=c, throughput_qps=d" "restarts=x, default=y" \
    "default=a, also=b, also=c, exercised=d"
  refuses pyserver profilers "" peak_rss_mb "peak_rss_mb=" "=a" "default=a b" "default=../a" "default=a, default=b" \
    "default=a," "none=a, default=b" "peak_rss_mb=a" "default=a=b" "also=a" "exercised=a" "default=a, also=" \
    "default=a, exercised=b, exercised=c"'
test_that 'profiler_settings: those of the pipelines that are named' '
  accepts pyserver profiler_settings "" "python-cpu.unwind=dwarf" "python-cpu.hz=99,tracemalloc.c_d= x y=z"
  refuses pyserver profiler_settings "python-cpu" "python-cpu=1" "python-cpu.=1" "python-cpu.hz=" "python-cpu.hz" \
    "python-cpu.Hz=1" "python-cpu.hz=1," ".hz=1" "a.hz=1" "python.hz=1"'
test_that 'evidence_min: a share' '
  accepts pyserver evidence_min 0% 5% 2.5% 100%
  refuses pyserver evidence_min "" 5 "5 %" 101% -1% x% 5%%'
test_that 'limits: whole seconds' '
  for field in limit_build limit_deploy limit_workload limit_profile limit_validate; do
    accepts pyserver $field 1 86400
    refuses pyserver $field "" 0 -1 1.5 "30 s" 86401 1e3
  done'
test_that 'ccache: yes or no' 'accepts pyserver ccache yes no; refuses pyserver ccache "" true Yes'

test_that 'an unknown field, a repeated one, and a line that is no field are errors with the line' '
  with pyserver limit_build 1; echo "guard := x" >>targets/pyserver/target.mk; n=$(wc -l <targets/pyserver/target.mk)
  fails "^targetspec: targets/pyserver/target.mk:$n: field '\''guard'\'' is unknown, allowed: name, .*ccache" targets/pyserver
  with pyserver limit_build 1; echo "limit_build := 1" >>targets/pyserver/target.mk
  fails "^targetspec: targets/pyserver/target.mk:$n: field '\''limit_build'\'' is given again \(first in line $((n - 1))\)" targets/pyserver
  for line in "limit_build = 1" "limit_build" "limit_build: =1" ; do
    without pyserver limit_build; echo "$line" >>targets/pyserver/target.mk
    fails "^targetspec: targets/pyserver/target.mk:$((n - 1)): found '\''$line'\'', allowed: field := value" targets/pyserver
  done
  without pyserver limit_build; echo ":= 1" >>targets/pyserver/target.mk
  fails "target.mk:$((n - 1)): field '\'\'' is unknown" targets/pyserver'

test_that 'control characters and bytes that are no UTF-8 text are errors in any field' '
  for field in description start guards; do
    for bytes in "a\033[1m" "a\tb" "a\177b" "a\377b" "a\302\205b" "a\300\200" "a\355\240\200" "a\342\202" "a\001b"; do
      refuses pyserver $field "$(printf "$bytes")"
      if grep -q "$(printf "[\001\033\177]")" err; then exit 1; fi
      grep -q "control characters" err
    done
  done
  without pyserver description; printf "description := a\0b\n" >>targets/pyserver/target.mk
  fails "target.mk:[0-9]+: found .*control characters" targets/pyserver'

test_that 'CR LF line ends, and a last line without one, are read' '
  without pyserver limit_build; printf "ccache:=yes\r\nlimit_build:=7" | cat targets/pyserver/target.mk - >x
  grep -v "^ *ccache  " x >targets/pyserver/target.mk
  [ "$(targetspec -f limit_build,ccache targets/pyserver | tail -2 | tr "\n" ,)" = "limit_build${TAB}7,ccache${TAB}yes," ]'

test_that 'each script of a target must be there; hints.md is only warned of' '
  for script in workload.sh profile_workload.sh validate.sh; do
    with pyserver ccache no; rm targets/pyserver/$script
    fails "^targetspec: targets/pyserver/$script: is missing" targets/pyserver
    mkdir targets/pyserver/$script
    fails "^targetspec: targets/pyserver/$script: is missing" targets/pyserver
  done
  with pyserver ccache no; rm targets/pyserver/hints.md
  says 0 "^targetspec: targets/pyserver/hints.md: is missing" targetspec targets/pyserver
  [ "$(wc -l <says.out)" = 30 ]
  targetspec --fields name targets/pyserver 2>err
  [ ! -s err ]'

test_that 'a folder that is missing, or has no target.mk, is an error' '
  fails "^targetspec: none: is no folder" none
  fails "^targetspec: pyserver/target.mk: is no folder" pyserver/target.mk
  mkdir empty; fails "^targetspec: empty/target.mk: cannot be opened" empty'

test_that 'metrics: one row each with its role and guard' '
  for t in pyserver remote; do targetspec --metrics $t >out; same "$DATA/targetspec/$t.metrics.tsv" out; done'

test_that 'metrics: another primary frees the guard of the former one and drops its own' '
  targetspec --metrics --primary latency_p99_ms pyserver >out
  sed -n "2,4p" out | cut -f 1,4,5 | tr "\t\n" " ," >rows
  printf "latency_p99_ms primary -,peak_rss_mb guard +10%%,error_rate guard max=0," | cmp - rows
  with pyserver guards "error_rate max=0"
  targetspec -m -p throughput_qps targets/pyserver >out
  [ "$(sed -n 2p out)" = "throughput_qps${TAB}higher${TAB}req/s${TAB}primary${TAB}-${TAB}-" ]
  grep -qx "peak_rss_mb${TAB}lower${TAB}MiB${TAB}-${TAB}-${TAB}-" out
  [ "$(sed 1d out | cut -f 1 | sort | uniq -d)" = "" ]'

test_that 'metrics: controls have a role of their own, and deterministic ones say so' '
  with pyserver control "cores"; targetspec -m targets/pyserver | grep -qx "cores${TAB}-${TAB}-${TAB}control${TAB}-${TAB}-"
  with pyserver deterministic "peak_rss_mb, latency_p99_ms"
  [ "$(targetspec -m targets/pyserver | cut -f 1,6 | grep yes | tr "\t\n" " ,")" = "peak_rss_mb yes,latency_p99_ms yes," ]
  refuses pyserver control peak_rss_mb data_digest "a b"; refuses pyserver deterministic none error_rate data_digest "peak_rss_mb, peak_rss_mb"'

test_that 'metrics: only the primary or a secondary metric can be the primary' '
  for metric in none error_rate data_digest; do
    fails "^targetspec: pyserver/target.mk:[0-9]+: '\''$metric'\'' cannot be the primary metric" -m -p $metric pyserver
  done'

test_that 'profiler: the entry of a metric, or the default' '
  [ "$(targetspec --profiler peak_rss_mb pyserver)" = tracemalloc ]
  [ "$(targetspec --profiler latency_p99_ms pyserver)" = python-cpu ]
  [ "$(targetspec --profiler throughput_qps pyserver)" = python-wall ]
  with remote profilers "throughput_qps=perf"
  fails "found '\''throughput_qps=perf'\'' without a pipeline for '\''x'\''" --profiler x targets/remote
  targetspec -l pyserver >out
  printf "metric\tprofiler\npeak_rss_mb\ttracemalloc\nlatency_p99_ms\tpython-cpu\ndefault\tpython-wall\n" | same - out'

test_that 'bad usage is exit 2' '
  says 2 "one target.s folder is expected" targetspec
  says 2 "one target.s folder is expected" targetspec a b
  says 2 "no field .nonsense." targetspec --fields name,nonsense pyserver
  says 2 "no field .." targetspec --fields "" pyserver
  says 2 "only one of" targetspec --metrics --fields name pyserver
  says 2 "only for --metrics" targetspec --primary x pyserver
  says 2 "cannot be understood" targetspec --nonsense pyserver'

test_that 'a full disk is an error' '
  says 1 "^targetspec: cannot write standard output" bash -c "exec targetspec pyserver >/dev/full"'

test_that 'help and version answer on stdout' '
  targetspec --help | grep -q "^usage: targetspec"
  targetspec -V | grep -q "^targetspec (Assay) "'

finish
