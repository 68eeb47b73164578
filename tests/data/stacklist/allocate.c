/* Allocates in two places, for a heap profile. */
#include <stdlib.h>

static char *kept[64];

__attribute__((noinline)) static char *small(size_t size) {
  char *memory = malloc(size); /* small: 48000 */
  if (memory) memory[0] = 1;
  return memory;
}

__attribute__((noinline)) static void fill(void) {
  for (int i = 0; i < 48; i++) {
    kept[i] = small(1000); /* calls: cumulative 48000 */
  }
  kept[48] = malloc(200000); /* large: 200000 */
  if (kept[48]) kept[48][0] = 1;
}

int main(void) {
  fill();
  return kept[0] == NULL;
}
