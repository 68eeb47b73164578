#!/bin/bash
# Sends requests to the service at HOST:PORT, and prints what was measured, lines name=value, on standard output; all
# else goes to standard error. The text of this file is put into the script of each experiment: it can read no file
# beside it.
#
# The data is the same in every run (data_digest tells), and there are more than 1000 requests, so that more than ten
# lie above the 99th percentile. Sizes, by environment variable, so that profile_workload.sh can run less:
#   SCALE     1200               requests in all; make SCALE=... asks for other sizes
#   REQUESTS  SCALE / 2          of one client alone, then the same number by CLIENTS at once
#   CLIENTS   4
#   PARTS     single,concurrent  which parts to run
set -euo pipefail
SCALE=${SCALE:-1200}
export HOST PORT REQUESTS=${REQUESTS:-$((SCALE / 2))} CLIENTS=${CLIENTS:-4} PARTS=${PARTS:-single,concurrent}
/usr/bin/python3 -I - <<'PYTHON'
import hashlib
import http.client
import os
import sys
import threading
import time

WORDS_OF_A_TEXT = 30
VOCABULARY = 500
LONGEST_WAIT = 30  # seconds for an answer


def requests(first, count):
    """Nine texts, then the question which words are the most frequent, and so on; the same in every run."""
    for n in range(first, first + count):
        if n % 10 == 9:
            yield "GET", "/top", ""
        else:
            numbers = [(n * WORDS_OF_A_TEXT + i) * 2654435761 % 2**32 % VOCABULARY for i in range(WORDS_OF_A_TEXT)]
            yield "POST", "/add", " ".join(f"word-{number:03d}" for number in numbers)


class Client:
    def __init__(self, plan):
        self.plan = list(plan)
        self.latencies = []
        self.failed = 0

    def run(self):
        connection = http.client.HTTPConnection(os.environ["HOST"], int(os.environ["PORT"]), LONGEST_WAIT)
        for method, path, body in self.plan:
            begin = time.perf_counter()
            try:
                connection.request(method, path, body)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    raise OSError(f"status {answer.status}")
                self.latencies.append(time.perf_counter() - begin)
            except (OSError, http.client.HTTPException) as problem:
                print(f"workload: {method} {path}: {problem!r}", file=sys.stderr)
                self.failed += 1
                connection.close()
        connection.close()


def percentile(ordered, percent):
    """The nearest rank."""
    return ordered[-(-len(ordered) * percent // 100) - 1]


count, number_of_clients = int(os.environ["REQUESTS"]), int(os.environ["CLIENTS"])
parts = os.environ["PARTS"].split(",")
alone = Client(requests(0, count) if "single" in parts else [])
share = count // number_of_clients
crowd = [
    Client(requests(count + number * share, share) if "concurrent" in parts else [])
    for number in range(number_of_clients)
]
clients = [alone, *crowd]
digest = hashlib.sha256("\n".join(body for client in clients for _, _, body in client.plan).encode()).digest()

begin = time.perf_counter()
alone.run()
threads = [threading.Thread(target=client.run) for client in crowd]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
seconds = time.perf_counter() - begin

ordered = sorted(latency for client in clients for latency in client.latencies)
failed = sum(client.failed for client in clients)
if not ordered:
    sys.exit("workload: no request was answered")
print(f"latency_p50_ms={percentile(ordered, 50) * 1000:.4f}")
print(f"latency_p99_ms={percentile(ordered, 99) * 1000:.4f}")
print(f"throughput_qps={len(ordered) / seconds:.2f}")
print(f"error_rate={failed / (len(ordered) + failed):.6f}")
print(f"total_requests={len(ordered) + failed}")
print(f"data_digest={int.from_bytes(digest[:6], 'big')}")
PYTHON
