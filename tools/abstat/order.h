/* The order of rows by their runs. */
#ifndef ABSTAT_ORDER_H
#define ABSTAT_ORDER_H

#include <stddef.h>

struct place {
  size_t number, arm; /* of the run */
  size_t index;       /* of the row */
};

/* Orders *places by number, then arm; equal ones stay as they are. *places may become another array; the caller frees
 * it. */
void places_order(struct place **places, size_t count);

#endif
