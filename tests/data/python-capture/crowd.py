"""One thread after the other, each shorter than a tick of the kernel. Prints how long they were in burn(), and what this
process has: timers, descriptors, children, signals with a handler."""
import glob
import os
import threading
import time

seconds = []


def burn():
    start = time.thread_time()
    for _ in range(8000):
        pass
    seconds.append(time.thread_time() - start)


for _ in range(1500):
    thread = threading.Thread(target=burn)
    thread.start()
    thread.join()
print(f"seconds_in_burn={sum(seconds):.6f}")
with open("/proc/self/timers") as timers, open("/proc/self/status") as status:
    print(f"timers={timers.read().count('signal:')}")
    print([line for line in status if line.startswith("SigCgt")])
print(len(os.listdir("/proc/self/fd")))
print("".join(open(path).read() for path in glob.glob(f"/proc/self/task/{os.getpid()}/children")))
