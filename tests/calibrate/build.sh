#!/bin/bash
# build.sh PROGRAM: compiles tests/calibrate.c with the engine of abstat as it stands in the source, by the project's
# own flags; CC and CFLAGS as for make, which has built the library (make tools).
set -euo pipefail
root=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)
read -ra warnings < <(sed -n 's/^warnings *:= //p' "$root/mk/tools.mk")
read -ra flags <<<"${CFLAGS:--O2}"
"${CC:-cc}" -std=c11 -D_GNU_SOURCE -DASSAY_VERSION='"of the tests"' -I"$root/tools" -I"$root/tools/lib" \
  -ffp-contract=off "${warnings[@]}" "${flags[@]}" -o "$1" \
  "$root/tests/calibrate.c" "$root"/tests/calibrate/*.c "$root"/tools/abstat/*.c "${ASSAY_BUILD:-$root/build}/obj/libassay.a" \
  -Wl,--as-needed -lgsl -lgslcblas -lmd -lzstd -llzma -lbz2 -llz4 -lz -lm
