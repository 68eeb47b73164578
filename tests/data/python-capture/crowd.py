"""Threads that live shorter than a tick of the kernel, then more at once than there are signals. Prints what the process
holds of each resource before and after the first."""
import os
import threading


def burn():
    for _ in range(8000):
        pass


def held():
    with open("/proc/self/timers") as timers:
        return f"{len(os.listdir('/proc/self/fd'))} descriptors, {timers.read().count('ID:')} timers"


def crowd(count):
    for _ in range(count):
        thread = threading.Thread(target=burn)
        thread.start()
        thread.join()


crowd(1)
print(held())
crowd(2000)
print(held())

barrier = threading.Barrier(61)
threads = [threading.Thread(target=barrier.wait) for _ in range(60)]
for thread in threads:
    thread.start()
barrier.wait()
for thread in threads:
    thread.join()
