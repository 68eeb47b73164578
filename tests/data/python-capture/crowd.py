"""One thread after the other, each shorter than a tick of the kernel. Prints what this process has: descriptors, timers,
children, signals it would handle."""
import glob
import os
import threading


def burn():
    for _ in range(8000):
        pass


def held():
    with open("/proc/self/timers") as timers, open("/proc/self/status") as status:
        caught = [line.split()[1] for line in status if line.startswith("SigCgt")]
        children = [open(path).read() for path in glob.glob("/proc/self/task/*/children")]
        return f"{len(os.listdir('/proc/self/fd'))} {len(timers.read())} {children} {caught}"


for _ in range(1500):
    thread = threading.Thread(target=burn)
    thread.start()
    thread.join()
print(held())
