#!/bin/bash
# new-target.sh NAME: targets/NAME/ from templates/target/, a small service that works as it stands and is there to be
# replaced. Written whole, by rename, or not at all; a target that is there is never touched.
set -euo pipefail
name=${1:-}
refuse() {
  echo "new-target: $1" >&2
  exit 2
}
[ -n "$name" ] || refuse 'which name? make NAME=name new-target'
[[ $name =~ ^[A-Za-z0-9][A-Za-z0-9._-]*$ ]] ||
  refuse "NAME: '$name' is no name of a target; letters, digits and . _ - are allowed, a letter or digit first"
target=targets/$name
if [ -e "$target" ] || [ -L "$target" ]; then
  refuse "$target is there already; choose another name, or remove it first"
fi

mkdir -p targets
scratch=$(mktemp -d "targets/.new.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cp -R templates/target/. "$scratch"
find "$scratch" -name __pycache__ -prune -exec rm -rf {} +
for file in target.mk hints.md; do
  sed "s/@NAME@/$name/g" "templates/target/$file" >"$scratch/$file"
done
chmod 755 "$scratch"
# -T: where another made the folder meanwhile, nothing is moved into it.
mv -T "$scratch" "$target"

cat <<TEXT
$target is there: a small service that works as it stands. Put your own in its place; target.mk says what is what. Next:

  make TARGET=$name check-target      is every contract kept? how long will an experiment take?
  make TARGET=$name stacks            where its memory and time go
  make TARGET=$name experiment        the example change, to a verdict
TEXT
