/* Writes its own profile: each sample is the stack as the compiler names its places, as a folded stack. */
#include <stdio.h>

static struct {
  const char *function, *file;
  int line;
} stack[16];
static int depth;

static void note(const char *function, const char *file, int line) {
  stack[depth].function = function;
  stack[depth].file = file;
  stack[depth].line = line;
}

static void sample(int value) {
  for (int i = 0; i <= depth; i++) {
    if (i > 0) putchar(';');
    printf("%s (%s:%d)", stack[i].function, stack[i].file, stack[i].line);
  }
  printf(" %d\n", value);
}

#define SAMPLE(value) (note(__func__, __FILE__, __LINE__), sample(value))
#define CALL(call) (note(__func__, __FILE__, __LINE__), depth++, (call), (void)depth--)

static void hash(void) {
  SAMPLE(70); /* hot: 70 */
}

static void build(int rounds) {
  for (int i = 0; i < rounds; i++) {
    CALL(hash()); /* calls: cumulative 140 */
    SAMPLE(5);    /* own: 10 */
  }
}

int main(void) {
  CALL(build(2));
  return 0;
}
