/* What threads.c loads. */
static volatile unsigned long sum;
__attribute__((noinline)) static void inner(unsigned long count) {
  for (unsigned long i = 0; i < count; i++) sum += i;
}
void compute(unsigned long count) {
  inner(count);
  sum++;
}
