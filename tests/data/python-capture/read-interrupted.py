"""A read that C code waits in, while the thread gets the signal of the capture. Prints what read() returned."""
import ctypes
import os
import signal
import threading
import time

libc = ctypes.CDLL(None, use_errno=True)
reading, writing = os.pipe()
main_thread = threading.get_ident()
task = f"/proc/self/task/{threading.get_native_id()}/stat"


def is_asleep():
    with open(task) as stat:
        return stat.read().rpartition(")")[2].split()[0] == "S"


def interrupt():
    for _ in range(20):
        while not is_asleep():
            time.sleep(0.001)
        signal.pthread_kill(main_thread, signal.SIGRTMIN + 1)
    os.write(writing, b"x")


thread = threading.Thread(target=interrupt)
thread.start()
buffer = ctypes.create_string_buffer(8)
print(libc.read(reading, buffer, 8))
thread.join()
