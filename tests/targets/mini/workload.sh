#!/bin/bash
# Adds numbers in steps and asks for the total.
set -euo pipefail
STEPS=${STEPS:-30} SIZE=${SIZE:-2000} /usr/bin/python3 - <<'PY'
import hashlib, http.client, os, sys, time

steps, size = int(os.environ["STEPS"]), int(os.environ["SIZE"])
connection = http.client.HTTPConnection(os.environ["HOST"], int(os.environ["PORT"]), 10)
digest, times, failed, answered = hashlib.sha256(), [], 0, 0
for step in range(steps):
    for path in (f"/add/{step * size}/{size}", "/total"):
        digest.update(path.encode())
        start = time.perf_counter()
        connection.request("GET", path)
        answer = connection.getresponse()
        answered += len(answer.read())
        times.append(time.perf_counter() - start)
        failed += answer.status != 200
if not times:
    sys.exit("no request was made")
times.sort()
print(f"latency_p99_ms={1000 * times[int(0.99 * (len(times) - 1))]:.4f}")
print(f"error_rate={failed / len(times):.6f}")
print(f"answer_bytes={answered}")
print(f"total_requests={len(times)}")
print(f"data_digest={int(digest.hexdigest()[:12], 16)}")
PY
