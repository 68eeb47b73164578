"""Allocates until a copy of this process is made for a snapshot, and looks into the copy while that works. Prints whether
it let go of a pipe that this process has open."""
import glob
import os
import time


def children():
    return "".join(open(path).read() for path in glob.glob("/proc/self/task/*/children")).split()


def open_files(process):
    try:
        return [os.readlink(path) for path in glob.glob(f"/proc/{process}/fd/*")]
    except OSError:
        return []


reading, writing = os.pipe()
pipe = os.readlink(f"/proc/self/fd/{writing}")
held = []
while len(held) < 200 and not children():
    held.append([bytes(100) for _ in range(1000)])
    time.sleep(0.002)
answer = "no copy was seen"
while (copies := children()) and answer != "let go":
    files = open_files(copies[0])
    if files:
        answer = "it holds the pipe" if pipe in files else "let go"
print(answer)
