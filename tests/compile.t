#!/bin/bash
# The filters build with gcc and clang without a warning; every one answers --help, --version and bad usage the same way.
. "${0%/*}/harness.sh"

flags=$(sed -n 's/^warnings *:= //p' "$ROOT/mk/tools.mk")
export flags
for compiler in gcc clang; do
  if command -v $compiler >/dev/null; then
    test_that "$compiler builds every source without a warning" "
      find \"\$ROOT/tools\" -name '*.c' -print0 | xargs -0 -P 2 -n 8 $compiler -std=c11 -D_GNU_SOURCE -DASSAY_VERSION=__FILE__ -I\"\$ROOT/tools/lib\" -I\"\$BUILD/obj\" -fsyntax-only -Werror \$flags"
  else
    skip "$compiler is not installed" "$compiler builds every source without a warning"
  fi
done
if command -v clang >/dev/null; then
  test_that 'abstat gives the same digits from gcc and clang' '
    (cd "$ROOT/tools" && clang -std=c11 -D_GNU_SOURCE "-DASSAY_VERSION=\"of the tests\"" -O3 -I. -Ilib "-I$BUILD/obj" -ffp-contract=off -o "$WORK/abstat.clang" \
      abstat.c abstat/*.c lib/*.c -Wl,--as-needed -lgsl -lgslcblas -lmd -lpcre2-8 -lzstd -llzma -lbz2 -llz4 -lz -lm)
    mkdir series; tar -xf "$DATA/aa-series/series.tar.gz" -C series
    for program in abstat "$WORK/abstat.clang"; do
      for file in series/samples-*.tsv; do $program -p latency_p99_ms:lower -g peak_rss_mb:lower:10% -e data_digest -c throughput_qps "$file"; done
      tail -n +2 "$DATA/abstat/published.tsv" | while IFS=$(printf "\t") read -r file metric direction rest; do
        $program --trust-order -p "$metric:$direction" "$DATA/abstat/$file.tsv"; $program --rule seed --report -p "$metric:$direction" "$DATA/abstat/$file.tsv"; done
    done >rows 2>/dev/null
    [ "$(wc -l <rows)" -gt 500 ]; [ "$(($(wc -l <rows) % 2))" = 0 ]
    head -n $(($(wc -l <rows) / 2)) rows >of.gcc; tail -n $(($(wc -l <rows) / 2)) rows | same of.gcc -'
else skip 'clang is not installed' 'abstat gives the same digits from gcc and clang'; fi
test_that 'the goals that no other test makes have all that they need' '
  cd "$ROOT"; for goal in bench bench-profilers fuzz install; do make -n $goal >/dev/null; done'
for source in "$ROOT"/tools/*.c; do
  tool=${source##*/}
  tool=${tool%.c}
  test_that "$tool: --help and --version on standard output, exit 2 for a bad option, and a man page" "
    $tool --help | grep -q '^usage: $tool'; [ \"\$($tool -h)\" = \"\$($tool --help)\" ]
    $tool --version | grep -q '^$tool (Assay) [0-9]'; [ \"\$($tool -V)\" = \"\$($tool --version)\" ]
    says 2 '^$tool: .*no-such-option' $tool --no-such-option; [ \"\$(grep -c . says.err)\" = 1 ]
    grep -q '^.Nm $tool' \"\$ROOT/tools/$tool.1\""
done
finish
