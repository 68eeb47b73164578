/* Time in nanoseconds of the monotonic clock. */
#ifndef ASSAY_PROCWATCH_CLOCK_H
#define ASSAY_PROCWATCH_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t clock_now(clockid_t id) {
  struct timespec time;
  clock_gettime(id, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static inline int64_t now(void) { return clock_now(CLOCK_MONOTONIC); }

static inline int64_t from_seconds(double seconds) { return (int64_t)(seconds * 1e9); }

static inline int64_t from_milliseconds(int64_t milliseconds) { return milliseconds * 1000000; }

static inline struct timespec to_timespec(int64_t nanoseconds) {
  if (nanoseconds < 0) nanoseconds = 0;
  return (struct timespec){.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
}

static inline void rest(int64_t nanoseconds) {
  struct timespec time = to_timespec(nanoseconds);
  nanosleep(&time, NULL);
}

#endif
