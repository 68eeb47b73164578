/* The folder that holds the state of one service. */
#ifndef ASSAY_PROCWATCH_STATE_H
#define ASSAY_PROCWATCH_STATE_H

#include <stdbool.h>
#include <sys/un.h>

enum { KILL_LIMIT = 10 }; /* s; what has not ended so long after SIGKILL cannot be ended */

/* A descriptor of the folder, or -1 and errno. */
int open_state(const char *path);

/* Writes one line into a file of the folder, by rename; false and errno where that fails. Only the watcher writes. */
bool write_state(int dir, const char *name, const char *line);
bool write_state_number(int dir, const char *name, long number);

/* Removes all files of the folder but service.log. */
void remove_state(int dir);

/* Draws a mark that the processes started from now on carry in their environment, and writes it down. */
void mark_environment(int dir);

/* Removes what a watcher that was killed has left: the processes that carry its mark, and files. The caller holds the
 * lock on the folder. */
void clear_remains(int dir);

/* The address of the watcher's socket. */
struct sockaddr_un state_address(int dir);

#endif
