#!/bin/bash
# lint.sh T X: the patch's message, scope and structure, before anything runs.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
T=$1 X=$2
exp=${X##*/}
editable=$(value "${X%/*}/target.tsv" editable)
patchlint --fields "$T/experiments/$exp.patch" | replace "$X/fields.tsv"
patchlint --editable "$editable" "$T/experiments/$exp.patch" | tail -n +2
artifact fields.tsv
