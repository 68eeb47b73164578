"""Allocates up to the snapshot, then looks into the copy of the process that is made for it while it works. Prints
whether that copy let go of a pipe that this process has open."""
import glob
import os
import sys
import time

reading, writing = os.pipe()
pipe = os.readlink(f"/proc/self/fd/{writing}")
held = [bytes(100) for _ in range(int(sys.argv[1]))]
end = time.monotonic() + 5
copy = None
answer = "no copy was seen"
while time.monotonic() < end and answer != "let go":
    children = "".join(open(path).read() for path in glob.glob("/proc/self/task/*/children")).split()
    copy = children[-1] if children else copy
    if copy is None:
        continue
    try:
        descriptors = [os.readlink(path) for path in glob.glob(f"/proc/{copy}/fd/*")]
    except OSError:
        continue
    if descriptors:
        answer = "holds it" if pipe in descriptors else "let go"
print(answer)
