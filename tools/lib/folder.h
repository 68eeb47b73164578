/* Folders that a tool's output needs. */
#ifndef ASSAY_FOLDER_H
#define ASSAY_FOLDER_H

/* Creates the folder that path lies in, and those above it, where they are missing; fail_at() if that cannot be. */
void make_folder_of(const char *path);

#endif
