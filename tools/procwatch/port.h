/* The TCP port that a service gets. */
#ifndef ASSAY_PROCWATCH_PORT_H
#define ASSAY_PROCWATCH_PORT_H

/* Sets PORT in the environment to a free TCP port of five digits, or leaves the one that is there already, which must
 * be free; sets HOST to 127.0.0.1 unless it is set. Gives the port; fail() where there is none. */
unsigned provide_port(void);

#endif
