/* program PATHS SECONDS: what the benchmark records: PATHS different chains of calls, 8 to 40 deep, among 64 functions,
 * each walked in turn for a moment, until it has used so many CPU seconds. Built with frame pointers. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static volatile uint64_t sink;
typedef void visit(uint64_t path, int depth);
static visit *const visits[64];

static uint64_t mixed(uint64_t value) {
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
  value = (value ^ value >> 27) * 0x94d049bb133111ebu;
  return value ^ value >> 31;
}

static void spin(void) {
  for (int i = 0; i < 20000; i++) sink += (uint64_t)i;
}

#define VISIT(name)                                                            \
  static __attribute__((noinline)) void visit_##name(uint64_t path, int depth) { \
    if (depth == 0) spin();                                                    \
    else visits[mixed(path * 64 + (uint64_t)depth) % 64](path, depth - 1);      \
    sink++;                                                                    \
  }
#define EIGHT(name, apply) \
  apply(name##_node) apply(name##_edge) apply(name##_field) apply(name##_list) \
  apply(name##_table) apply(name##_value) apply(name##_scope) apply(name##_import)
#define ALL(apply) \
  EIGHT(parse, apply) EIGHT(resolve, apply) EIGHT(check, apply) EIGHT(lower, apply) \
  EIGHT(allocate, apply) EIGHT(schedule, apply) EIGHT(encode, apply) EIGHT(write, apply)
ALL(VISIT)
#define ENTRY(name) visit_##name,
static visit *const visits[64] = {ALL(ENTRY)};

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  uint64_t paths = strtoull(argv[1], NULL, 10);
  clock_t end = clock() + (clock_t)(atof(argv[2]) * CLOCKS_PER_SEC);
  for (uint64_t i = 0; clock() < end; i++) {
    uint64_t path = mixed(i) % paths;
    visits[path % 64](path, 8 + (int)(mixed(path) % 33));
  }
  return 0;
}
