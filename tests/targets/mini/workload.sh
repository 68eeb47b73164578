#!/bin/bash
# Adds numbers in steps and asks for the total.
set -euo pipefail
STEPS=${STEPS:-30} SIZE=${SIZE:-1200} /usr/bin/python3 -I -S - <<'PY'
import os, sys, time, zlib
import _socket  # without the modules around it, which take longer than the requests

steps, size = int(os.environ["STEPS"]), int(os.environ["SIZE"])
connection = _socket.socket()
connection.connect((os.environ["HOST"], int(os.environ["PORT"])))
answers = open(connection.fileno(), "rb", closefd=False)
digest, times, failed, answered = 0, [], 0, 0
for step in range(steps):
    for path in (f"/add/{step * size}/{size}", "/total"):
        digest = zlib.crc32(path.encode(), digest)
        start = time.perf_counter()
        connection.sendall(f"GET {path} HTTP/1.1\r\n\r\n".encode())
        status = int(answers.readline().split()[1])
        length = int(answers.readline().split(b":")[1])
        answers.readline()
        answered += len(answers.read(length))
        times.append(time.perf_counter() - start)
        failed += status != 200
if not times:
    sys.exit("no request was made")
times.sort()
print(f"latency_p99_ms={1000 * times[int(0.99 * (len(times) - 1))]:.4f}")
print(f"error_rate={failed / len(times):.6f}")
print(f"answer_bytes={answered}")
print(f"total_requests={len(times)}")
print(f"data_digest={digest}")
PY
