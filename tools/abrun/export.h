/* The results as hyperfine writes them with --export-json, for the programs that read that. */
#ifndef ABRUN_EXPORT_H
#define ABRUN_EXPORT_H

#include <stdio.h>

#include "memory.h"
#include "series.h"

/* The command as a person would type it: words of a shell where it is started directly. The caller frees. */
struct text command_text(const struct command *command, bool shell);

/* One result for each of count arms, with every run of the series; stddev is the sample's, null for one run. An arm
 * without a run is left out. */
void export_json(const struct series *series, const struct command *commands, size_t count, bool shell, FILE *output);

#endif
