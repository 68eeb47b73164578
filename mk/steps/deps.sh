#!/bin/bash
# deps.sh LIST STAMP: installs the packages of LIST that are missing, then touches STAMP.
set -euo pipefail
list=$1 stamp=$2
mapfile -t wanted <"$list"

if ! command -v dpkg-query >/dev/null; then
  echo "deps: this machine has no dpkg; what is needed here, under your system's names: ${wanted[*]}" >&2
  touch "$stamp"
  exit 0
fi
missing=()
for package in "${wanted[@]}"; do
  state=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [ "$state" = 'install ok installed' ] || missing+=("$package")
done
if [ ${#missing[@]} = 0 ]; then
  touch "$stamp"
  exit 0
fi

as_root=()
if [ "$(id -u)" != 0 ]; then
  if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then as_root=(sudo)
  else
    echo "deps: these packages are missing; as root, run: apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
    exit 1
  fi
fi
echo "deps: installing ${missing[*]} (apt-get; log in ${stamp%.stamp}.log)" >&2
started=$SECONDS
if ! { "${as_root[@]}" apt-get update -q &&
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; } \
  >"${stamp%.stamp}.log" 2>&1 </dev/null; then
  tail -n 5 "${stamp%.stamp}.log" >&2
  echo "deps: apt-get failed; its whole output is in ${stamp%.stamp}.log; try: apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
  exit 1
fi
echo "deps: installed in $((SECONDS - started)) s" >&2
touch "$stamp"
