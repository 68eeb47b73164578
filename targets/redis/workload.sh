#!/bin/bash
# Fill the server at HOST:PORT with deterministic data by redis-cli, then let redis-benchmark ask for some of it, and print what
# was measured as name=value lines. redis-benchmark is told each request by name: the keys that it would draw itself are
# other ones in each run.
#
# Sizes, by environment variable:
#   SCALE    250000      strings; there is a hash of 8 fields for each 20 of them, an entry of one sorted set for each 5
#   CLIENTS  4           that redis-benchmark makes
#   ROUNDS   6           of the benchmark; each asks REQUESTS times for each of the things below
#   REQUESTS 1500
#
# cpu_per_request_us is the server's CPU time for each request of redis-benchmark, the middle one of the rounds, in proportion
# to a fixed piece of work that stands before and after each round, as if that took REFERENCE_MS: it is at reference speed.
# latency_p99_ms and throughput_qps are what redis-benchmark says, by the clock.
set -euo pipefail

export HOST PORT STATE
/usr/bin/python3 -I - <<'PYTHON'
import csv
import hashlib
import os
import statistics
import subprocess
import sys
import time

REFERENCE_MS = 5.0  # what the reference work takes on an undisturbed machine of 2025, about
FIELDS = 8
LIST = 600  # entries of the list
LONGEST_WAIT = 60  # seconds for one call of redis-benchmark
REQUESTS = {  # what redis-benchmark asks for
    "GET": ["GET", "string:00000077"],
    "SET": ["SET", "benchmark", "x" * 120],
    "MGET": ["MGET", *(f"string:{n * 7:08d}" for n in range(10))],
    "HGETALL": ["HGETALL", "hash:00000003"],
    "LRANGE": ["LRANGE", "list", "0", "199"],
    "ZRANGE": ["ZRANGEBYSCORE", "sorted", "100", "(1000000", "LIMIT", "0", "20"],
}


def setting(name, default):
    text = os.environ.get(name) or str(default)
    if not text.isdecimal() or int(text) == 0:
        sys.exit(f"workload: {name} is '{text or 'not set'}', expected a positive integer")
    return int(text)


def request(*words):
    return f"*{len(words)}\r\n" + "".join(f"${len(word)}\r\n{word}\r\n" for word in words)


TEXT = hashlib.shake_256(b"text").hexdigest(40000)


def value(n, shortest, longest):
    mixed = n * 2654435761 % 2**32
    length = shortest + mixed % (longest - shortest + 1)
    return TEXT[mixed // 65536 : mixed // 65536 + length].ljust(length, "-")


def data(strings):
    yield request("FLUSHALL")
    for n in range(strings):
        yield request("SET", f"string:{n * 7919 % strings:08d}", value(n, 60, 180))
    for n in range(strings // 20):
        pairs = [word for f in range(FIELDS) for word in (f"field:{f}", value(n * FIELDS + f, 10, 50))]
        yield request("HSET", f"hash:{n:08d}", *pairs)
    for n in range(strings // 5):
        yield request("ZADD", "sorted", str(n * 7919 % strings), f"member:{n:08d}")
    for n in range(LIST):
        yield request("RPUSH", "list", value(n, 30, 60))


def address():
    return ["-h", os.environ["HOST"], "-p", os.environ["PORT"]]


def fill(strings):
    """Sends the data; the number of requests, of failed ones, and a digest."""
    requests = list(data(strings))
    text = "".join(requests).encode()
    done = subprocess.run(["redis-cli", *address(), "--pipe"], input=text, capture_output=True)
    counts = dict(part.split(": ") for part in done.stdout.decode().strip().split("\n")[-1].split(", ") if ": " in part)
    if done.returncode != 0 or counts.get("replies") != str(len(requests)):
        print(f"workload: redis-cli --pipe: {done.stdout.decode()[-200:]!r} {done.stderr.decode()[-200:]!r}", file=sys.stderr)
        return len(requests), len(requests), text
    return len(requests), int(counts["errors"]), text


class Server:
    """The clock of the server's CPU time, and one CPU for it and for what this script runs."""

    def __init__(self):
        with open(os.path.join(os.environ.get("STATE", ""), "service.pid")) as file:
            self.process = int(file.read())
        # What clock_getcpuclockid() makes of a process: see clock_gettime(2).
        self.clock = ~self.process << 3 | 2
        cpu = {max(os.sched_getaffinity(0))}
        for thread in os.listdir(f"/proc/{self.process}/task"):
            os.sched_setaffinity(int(thread), cpu)
        os.sched_setaffinity(0, cpu)

    def seconds(self):
        return time.clock_gettime(self.clock)


def reference():
    """A fixed piece of work; the CPU time that it takes now, in ms."""
    begin = time.thread_time()
    text = TEXT
    for _ in range(6):
        hashlib.sha256(text.encode()).digest()
        "".join(sorted(text[:8000])).split("a")
        reading, writing = os.pipe()
        for at in range(0, 8000, 250):
            os.write(writing, text[at : at + 250].encode())
            os.read(reading, 4096)
        os.close(reading)
        os.close(writing)
    return (time.thread_time() - begin) * 1000


def ask(words, requests, clients):
    """The latency at 99 % in ms by redis-benchmark, None where it failed."""
    command = ["redis-benchmark", *address(), "-n", str(requests), "-c", str(clients), "-P", "8", "--csv", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        try:
            output, said = running.communicate(None, LONGEST_WAIT)
        finally:
            running.kill()
    rows = list(csv.DictReader(output.decode().splitlines()))
    if running.returncode != 0 or len(rows) != 1:
        print(f"workload: redis-benchmark {words[0]}: {said.decode()[-200:]!r}", file=sys.stderr)
        return None
    return float(rows[0]["p99_latency_ms"])


def main():
    strings, clients = setting("SCALE", 250000), setting("CLIENTS", 4)
    rounds, requests = setting("ROUNDS", 6), setting("REQUESTS", 1500)
    total, failed, text = fill(strings)
    server = Server()
    costs, latencies, seconds = [], [], 0.0
    for _ in range(3):
        reference()
    for _ in range(rounds):
        before = reference()
        begin, used = time.perf_counter(), server.seconds()
        for words in REQUESTS.values():
            latency = ask(words, requests, clients)
            total += requests
            if latency is None:
                failed += requests
            else:
                latencies.append(latency)
        used, seconds = server.seconds() - used, seconds + time.perf_counter() - begin
        speed = REFERENCE_MS / ((before + reference()) / 2)
        costs.append(used / (requests * len(REQUESTS)) * 1e6 * speed)
    if not latencies:
        sys.exit("workload: no call of redis-benchmark succeeded")
    print(f"cpu_per_request_us={statistics.median(costs):.4f}")
    print(f"latency_p99_ms={statistics.median(latencies):.4f}")
    print(f"throughput_qps={(rounds * requests * len(REQUESTS)) / seconds:.3f}")
    print(f"error_rate={failed / total:.6f}")
    print(f"total_requests={total}")
    print(f"data_digest={int.from_bytes(hashlib.sha256(text + repr(REQUESTS).encode()).digest()[:6], 'big')}")


main()
PYTHON
