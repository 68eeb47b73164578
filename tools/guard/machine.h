/* The machine's lock: who measures takes it exclusively, who makes noise takes it shared. */
#ifndef ASSAY_MACHINE_H
#define ASSAY_MACHINE_H

#include <stdbool.h>

/* Takes the lock for as long as this process lives, and waits for it where it must: one line on stderr then says who
 * holds it, another how long it took. The file is $ASSAY_MACHINE_LOCK or /tmp/assay-machine.lock, made where it is
 * missing. A signal that ends the process ends the waiting. fail() when the lock's file cannot be used, or when a
 * process that this one descends from holds it: that would never end. */
void machine_take(bool exclusive);

#endif
