#!/bin/bash
# debsource.sh PACKAGE VERSION SHA256 FOLDER: the source package of the distribution as FOLDER/tree, its patches applied. It is
# fetched from the archives that this machine's binary packages come from, by a list of sources, an index and a cache of
# its own: nothing of the machine's apt is changed, and no root is needed. SHA256 is the digest of the .dsc file, which
# holds those of its archives; dpkg-source looks whether they agree.
set -euo pipefail
package=$1 version=$2 pinned=${3,,} folder=$4
keys=/usr/share/keyrings/debian-archive-keyring

complain() { echo "$1" >&2; exit 1; }
command -v dpkg-source >/dev/null || complain 'dpkg-source is missing; it is in the package dpkg-dev'
rm -rf "$folder"
mkdir -p "$folder"/{lists/partial,cache/archives/partial,download}
folder=$(cd "$folder" && pwd)

signed=
for form in gpg pgp; do [ ! -e "$keys.$form" ] || signed="[signed-by=$keys.$form] "; done
# shellcheck disable=SC2016 # apt puts them in
apt-get indextargets 'Created-By: Packages' 'Origin: Debian' \
  --format "deb-src $signed"'$(REPO_URI) $(RELEASE) $(COMPONENT)' | sort -u >"$folder/sources.list"
[ -s "$folder/sources.list" ] ||
  complain "this machine knows no archive of Debian; its /etc/apt must name one, and then, as root: apt-get update"
options=(-q -o "Dir::Etc::SourceList=$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null
  -o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache" -o Acquire::Languages=none
  -o APT::Sandbox::User= -o Acquire::Retries=2)
apt-get "${options[@]}" update || complain 'apt-get cannot read the index of source packages'
cd "$folder/download"
if ! apt-get "${options[@]}" source --only-source --download-only "$package=$version"; then
  there=$(apt-cache "${options[@]}" showsrc --only-source "$package" 2>/dev/null | sed -n 's/^Version: //p' | sort -u | paste -s -d ' ')
  complain "the archive has no source package $package=$version; what it has of it: ${there:-nothing}"
fi
dsc=$package"_${version#*:}.dsc"
[ -e "$dsc" ] || complain "apt-get brought no $dsc"
read -r digest _ < <(sha256sum "$dsc")
[ "$digest" = "$pinned" ] || complain "$dsc has the SHA-256 $digest, and target.mk pins $pinned"
dpkg-source --no-copy --extract "$dsc" "$folder/tree"
# What quilt would need to take the patches off again.
rm -rf "$folder/tree/.pc"
rm -rf "$folder/lists" "$folder/cache"
