#!/bin/bash
# make-patch.sh SOURCE EDIT-COMMAND <MESSAGE >PATCH: an experiment's patch in git format-patch form: MESSAGE (from stdin; its
# first line is the subject), and what EDIT-COMMAND (bash, in a copy of SOURCE) changes.
set -euo pipefail
source=$1 edit=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cp -R "$source/." "$scratch"
cd "$scratch"
rm -rf __pycache__
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null
export GIT_AUTHOR_NAME='Assay Demo' GIT_AUTHOR_EMAIL=demo@example.invalid GIT_AUTHOR_DATE='2026-01-01T00:00:00Z'
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL GIT_COMMITTER_DATE=$GIT_AUTHOR_DATE
git init -q .
git add -A
git commit -q -m base
bash -euo pipefail -c "$edit"
git add -A
git commit -q -F -
git format-patch -q -1 --stdout --no-signature
