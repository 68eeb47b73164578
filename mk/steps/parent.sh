#!/bin/bash
# parent.sh R PARENT: may this experiment stand on its parent? PARENT: - the base, a name, !unknown, !cycle.
# shellcheck source=mk/steps/lib.sh
. mk/steps/lib.sh
R=$1 parent=$2
case $parent in
-) row parent pass base - 'the parent is the base commit' ;;
!unknown) row parent fail unknown 'an experiment of this target' 'Parent: names no experiment of this target' ;;
!cycle) row parent fail cycle 'no cycle' 'the parents lead back to this experiment' ;;
*)
  status=$(column "$R/$parent/verdict.tsv" value gate verdict)
  case $status in
  keep) row parent pass "$parent" keep "$parent was kept" ;;
  *) row parent fail "$status" keep "the parent $parent was not kept: its verdict is $status" ;;
  esac
  ;;
esac
