/* The signals by which a person or a supervisor ends a measurement: INT, TERM, HUP. They are held back everywhere but
 * where abrun waits, so that no run and no file is left half done. */
#ifndef ABRUN_INTERRUPT_H
#define ABRUN_INTERRUPT_H

#include <signal.h>

/* Holds the signals back from now on. One that is ignored (as nohup does for HUP) stays ignored. */
void interrupt_prepare(void);

/* The mask for ppoll with which they arrive, and with which other programs are to be started. */
const sigset_t *interrupt_mask(void);

/* The signal that has arrived, also just now; 0 for none. */
int interrupt_signal(void);

#endif
