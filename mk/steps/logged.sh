#!/bin/bash
# logged.sh LOG COMMAND...: runs COMMAND with all that it prints at the end of LOG.
log=$1
shift
exec "$@" >>"$log" 2>&1
