"""A child made by fork burns CPU time in one function, its parent in another. Prints the ids of both."""
import os
import time


def burn_in_child(end):
    while time.thread_time() < end:
        pass


def burn_in_parent(end):
    while time.thread_time() < end:
        pass


child = os.fork()
if child == 0:
    burn_in_child(time.thread_time() + 0.15)
    os._exit(0)
burn_in_parent(time.thread_time() + 0.15)
os.waitpid(child, 0)
print(os.getpid(), child)
