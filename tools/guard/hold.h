/* A lock that lives as long as another process, and the clearing up after one that was killed. */
#ifndef ASSAY_HOLD_H
#define ASSAY_HOLD_H

#include <sys/types.h>

/* Takes the lock on the file at path (made where it is missing, with its folder) on behalf of the process keeper, and
 * leaves a process behind that holds it until keeper ends. Nothing is done when it is held for keeper already. fail()
 * when it is held for another process, which is named, or when there is no process keeper.
 *
 * Once the lock is held, ends every process that was started with leftovers (NAME=VALUE; NULL: none) in its environment
 * and is not of keeper's or this process's family: what an earlier holder of the lock left behind. One line on stderr
 * names each; fail() when one cannot be ended. */
void hold(const char *path, pid_t keeper, const char *leftovers);

#endif
