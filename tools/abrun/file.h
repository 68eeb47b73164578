/* Files that abrun writes beside standard output: whole, or not at all. */
#ifndef ABRUN_FILE_H
#define ABRUN_FILE_H

#include "memory.h"

/* fail_at() now if file_write() could not write there later. */
void file_check(const char *path);

/* Writes content; a file of that name is replaced by a rename, what is no regular file (a device, a pipe) is written
 * to. */
void file_write(const char *path, const struct text *content);

#endif
