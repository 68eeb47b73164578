/* What /proc says about processes. One that has ended meanwhile is never an error: there is nothing to say of it. */
#ifndef ASSAY_PROCESS_H
#define ASSAY_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

#include "memory.h"

/* A list of process ids. Start from {0}. */
struct processes {
  pid_t *ids;
  size_t count, capacity;
};
void processes_add(struct processes *list, pid_t id);
void processes_free(struct processes *list);

/* Every process that can be seen. */
struct processes processes_all(void);

/* The children of the calling thread, those inherited as a subreaper included. Ended ones that nobody waited for yet
 * may be among them. */
struct processes processes_children(void);

/* The parent's id; 0 when there is none to be seen. */
pid_t process_parent(pid_t id);

/* Whether it runs; a zombie does not. */
bool process_lives(pid_t id);

/* Whether id is ancestor itself or descends from it. */
bool process_is_below(pid_t id, pid_t ancestor);

/* Whether it was started with exactly this NAME=VALUE in its environment; false where that may not be read. */
bool process_has(pid_t id, const char *assignment);

/* "PID 123 (what it runs)": of a guard that was told with --for what it is for, that; else its command line. Printable
 * ASCII, what is in brackets cut to 80 characters. Appended to text. */
void process_describe(pid_t id, struct text *text);

#endif
