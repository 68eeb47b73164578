"""A child made by fork burns CPU time in one function, its parent in another. Prints the ids of both.

A sample can be taken only at a tick of the kernel, and a busy host lets ticks be lost, however much CPU time passes: so
each burns until it has seen enough ticks."""
import os
import time

CLOCK_MONOTONIC_COARSE = 6
TICKS = 40


def burn_in_child():
    seen, last = 0, 0
    while seen < TICKS:
        tick = time.clock_gettime_ns(CLOCK_MONOTONIC_COARSE)
        seen, last = seen + (tick != last), tick


def burn_in_parent():
    seen, last = 0, 0
    while seen < TICKS:
        tick = time.clock_gettime_ns(CLOCK_MONOTONIC_COARSE)
        seen, last = seen + (tick != last), tick


child = os.fork()
if child == 0:
    burn_in_child()
    os._exit(0)
burn_in_parent()
os.waitpid(child, 0)
print(os.getpid(), child)
