#!/bin/bash
# symbolize-inputs.sh DIR [NAME...]: puts real binaries with DWARF into DIR, each whole in one file, for bench-symbolize.sh
# and for compare-symbols. A NAME is one of
#
#   sqlite3-gcc-dwarf4 sqlite3-gcc-dwarf5 sqlite3-clang-dwarf4 sqlite3-clang-dwarf5
#                       the shell, built from Debian's source package, one file of C, -O2 -g
#   python3.11          Debian's, -O3 with LTO, joined with its debug file from the package python3.11-dbg
#   python3.11d         the debug build of that package, -Og
#   ceph-mds            Debian's C++ server, joined with its debug file from the package ceph-mds-dbg
#   ceph-mds-compressed the same as the packages have it: compressed sections of DWARF
#
# (default: all), and NAME.addresses beside each: 100,000 random code addresses. What is there already stays. Takes 150 MB
# of downloads, 1.2 GB on disk, 4 minutes. Needs apt-get, dpkg-dev, gcc, clang, tclsh, eu-unstrip (package elfutils), and
# nothing that is installed for good: packages are unpacked in DIR.
set -euo pipefail
export LC_ALL=C
here=$(cd "${BASH_SOURCE[0]%/*}" && pwd)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ $# -gt 0 ] || { echo "usage: ${0##*/} DIR [NAME...]" >&2; exit 2; }
mkdir -p "$1"
cd "$1"
shift
names=("$@")
if [ $# = 0 ]; then
  names=(sqlite3-{gcc,clang}-dwarf{4,5} python3.11 python3.11d ceph-mds ceph-mds-compressed)
fi

needs() { # PROGRAM PACKAGE
  if ! command -v "$1" >/dev/null; then echo "${0##*/}: $1 is not installed (package $2)" >&2; return 1; fi
}

# The packages, unpacked in the folder root. apt-get fetches as root too, where it may not change its user to _apt.
unpack() { # PACKAGE...
  local package file
  needs apt-get apt
  for package; do
    if [ -e "root/.$package" ]; then continue; fi
    echo "fetching $package" >&2
    rm -rf fetched
    mkdir fetched
    (cd fetched && apt-get -qq -o APT::Sandbox::User=root download "$package") >&2
    for file in fetched/*.deb; do dpkg-deb -x "$file" root; done
    rm -rf fetched
    touch "root/.$package"
  done
}

# One file of a stripped program and its debug file, which the build id names.
joined() { # PROGRAM TARGET
  local id
  needs eu-unstrip elfutils
  id=$(readelf -nW "$1" 2>/dev/null | sed -n 's/.*Build ID: //p')
  eu-unstrip -o "$2" "$1" "root/usr/lib/debug/.build-id/${id:0:2}/${id:2}.debug"
}
decompressed() { # SOURCE TARGET
  objcopy --decompress-debug-sections "$1" "$2"
}

# apt's own sources for the source package, made from those that it has for packages.
sqlite_source() {
  local options=(-qq -o "Dir::Etc::SourceList=$PWD/apt/sources" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$PWD/apt/lists" -o APT::Sandbox::User=root)
  if [ -e sqlite/shell.c ]; then return; fi
  needs apt-get apt
  needs dpkg-source dpkg-dev
  needs tclsh tcl
  echo 'fetching the source of sqlite3' >&2
  rm -rf sqlite sqlite-source apt
  mkdir -p apt/lists/partial sqlite-source
  # shellcheck disable=SC2016 # $( ) is apt's own syntax
  apt-get indextargets --format "deb-src [signed-by=$keyring] "'$(SITE) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' 'Origin: Debian' | sort -u >apt/sources
  apt-get "${options[@]}" update >&2
  (cd sqlite-source && apt-get "${options[@]}" source sqlite3) >&2
  mv sqlite-source/sqlite3-* sqlite-source/unpacked
  mkdir sqlite-source/build
  (cd sqlite-source/build && sh ../unpacked/configure && make sqlite3.c shell.c) >sqlite-source/log 2>&1
  mkdir sqlite
  cp sqlite-source/build/{sqlite3.c,sqlite3.h,shell.c} sqlite
  rm -rf sqlite-source apt
}
sqlite_built() { # COMPILER VERSION TARGET
  needs "$1" "$1"
  sqlite_source
  "$1" -O2 -g "-gdwarf-$2" -DSQLITE_ENABLE_FTS3 -DSQLITE_ENABLE_FTS5 -DSQLITE_ENABLE_RTREE \
    -DSQLITE_ENABLE_COLUMN_METADATA -o "$3" sqlite/shell.c sqlite/sqlite3.c -lm -lpthread -ldl
}

make_input() { # NAME TARGET
  local parts
  case $1 in
    sqlite3-*-dwarf[45])
      IFS=- read -ra parts <<<"$1"
      sqlite_built "${parts[1]}" "${parts[2]#dwarf}" "$2"
      ;;
    python3.11)
      unpack python3.11-minimal python3.11-dbg
      joined root/usr/bin/python3.11 "$2.whole"
      decompressed "$2.whole" "$2"
      rm "$2.whole"
      ;;
    python3.11d)
      unpack python3.11-dbg
      cp root/usr/bin/python3.11d "$2"
      ;;
    ceph-mds-compressed)
      unpack ceph-mds ceph-mds-dbg
      joined root/usr/bin/ceph-mds "$2"
      ;;
    ceph-mds)
      unpack ceph-mds ceph-mds-dbg
      joined root/usr/bin/ceph-mds "$2.whole"
      decompressed "$2.whole" "$2"
      rm "$2.whole"
      ;;
    *)
      echo "${0##*/}: no input of the name $1" >&2
      return 1
      ;;
  esac
}

for name in "${names[@]}"; do
  if [ ! -e "$name" ]; then
    echo "making $PWD/$name" >&2
    make_input "$name" "$name.new"
    mv "$name.new" "$name"
  fi
  if [ ! -e "$name.addresses" ]; then
    python3 "$here/compare-symbols" addresses "$name" >"$name.addresses.new"
    mv "$name.addresses.new" "$name.addresses"
  fi
done
