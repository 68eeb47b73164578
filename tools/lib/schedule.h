/* The order in which runs are to be made: blocks of `runs` runs of each arm, each block in an order drawn at random.
 *
 * The generator is GSL's mt19937 and the draw gsl_ran_shuffle, of `runs` times arm 0, then `runs` times arm 1, and so
 * on. Block after block comes from one stream, so the first blocks of a longer plan are those of a shorter one, and the
 * same seed gives the same plan everywhere: whoever measures draws it, and whoever decides can check that it was
 * followed. */
#ifndef ASSAY_SCHEDULE_H
#define ASSAY_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

struct schedule;

/* Seeds are 1 to this; the generator takes 32 bits, and 0 would mean its own default. */
#define SCHEDULE_SEED_MAX 4294967295UL

/* No plan has more blocks, or more runs of each arm in one. */
#define SCHEDULE_BLOCKS_MAX 1000000
#define SCHEDULE_RUNS_MAX 1000000

/* A plan for arm_count arms with runs runs of each in a block (both at least 1), before its first block. */
struct schedule *schedule_open(unsigned long seed, size_t arm_count, size_t runs);

/* The next block: arm_count * runs indices of arms (0 is the first) in the order to run them. Valid until the next
 * call. */
const size_t *schedule_next(struct schedule *schedule);

void schedule_close(struct schedule *schedule);

#endif
