#!/bin/bash
# The filters build with gcc and clang without a warning; every one answers --help, --version and bad usage the same way.
. "${0%/*}/harness.sh"

flags=$(sed -n 's/^warnings *:= //p' "$ROOT/mk/tools.mk")
export flags
for compiler in gcc clang; do
  if command -v $compiler >/dev/null; then
    test_that "$compiler builds every source without a warning" "
      find \"\$ROOT/tools\" -name '*.c' -print0 | xargs -0 -P 2 -n 8 $compiler -std=c11 -D_GNU_SOURCE -I\"\$ROOT/tools/lib\" -fsyntax-only -Werror \$flags"
  else
    skip "$compiler is not installed" "$compiler builds every source without a warning"
  fi
done
for source in "$ROOT"/tools/*.c; do
  tool=${source##*/}
  tool=${tool%.c}
  test_that "$tool: --help and --version on standard output, exit 2 for a bad option, and a man page" "
    $tool --help | grep -q '^usage: $tool'; [ \"\$($tool -h)\" = \"\$($tool --help)\" ]
    $tool --version | grep -q '^$tool (Assay) [0-9]'; [ \"\$($tool -V)\" = \"\$($tool --version)\" ]
    says 2 '^$tool: ' $tool --no-such-option
    grep -q '^.Nm $tool' \"\$ROOT/tools/$tool.1\""
done
finish
