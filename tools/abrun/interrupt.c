#include "interrupt.h"

#include <poll.h>
#include <stddef.h>
#include <time.h>

static sigset_t open_mask;
static volatile sig_atomic_t arrived;

static void remember(int number) { arrived = number; }

void interrupt_prepare(void) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
  sigset_t held;
  sigemptyset(&held);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    struct sigaction present;
    sigaction(numbers[i], NULL, &present);
    if (present.sa_handler == SIG_IGN) continue;
    sigaction(numbers[i], &(struct sigaction){.sa_handler = remember}, NULL);
    sigaddset(&held, numbers[i]);
  }
  sigprocmask(SIG_BLOCK, &held, &open_mask);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) sigdelset(&open_mask, numbers[i]);
}

const sigset_t *interrupt_mask(void) { return &open_mask; }

int interrupt_signal(void) {
  if (!arrived) ppoll(NULL, 0, &(struct timespec){0}, &open_mask);
  return arrived;
}
