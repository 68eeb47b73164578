#!/bin/bash
# Drive the server at HOST:PORT with deterministic data, and print what was measured as name=value lines. Item n derives
# from n alone, so every run sends the same bytes (data_digest tells). Two parts: one client alone, for the latencies,
# and several clients at once. The single part stands half before and half after the concurrent one.
#
# Sizes, by environment variable:
#   SCALE     100000             items in all; what follows is by default as much smaller or larger as this is
#   ITEMS     SCALE              items in all; the clients of the concurrent part share what the single part leaves
#   KEYS      SCALE * 3 / 4          distinct keys; the items beyond replace earlier ones
#   TAGS      SCALE / 20         distinct tags, from 60 to 1200; the first batch, which is not timed, brings all of them
#   GROUPS_OF_BATCHES  SCALE * 30 / 100000, at least 2
#                                groups in the single part: one batch of LARGE items each, and SMALL_PER_LARGE of SMALL
#   LARGE     TAGS               a multiple of TAGS, so that each large batch holds each tag equally often: equal work
#   SMALL     8
#   SMALL_PER_LARGE    49
#   SNAPSHOTS 2                  taken in the single part, spread over its groups; statistics are asked for after each
#   CLIENTS   4                  of the concurrent part
#   BATCH     100                items of a batch in the concurrent part
#   MEETINGS  2                  points where the clients of the concurrent part wait for each other, then all take one
#   PARTS     single,concurrent  which parts to run
#
# Latencies are those of /ingest in the single part (in the concurrent part where it runs without the other). One batch
# in 50 is large, so the 99th percentile is the middle one of the 30 large batches, which are all alike: it does not hang
# on single outliers. The 50th percentile is a small batch.
#
# latency_p50_ms and latency_p99_ms are in milliseconds at reference speed. A CPU that it shares with strangers is at
# times twice as slow, for seconds, and no average over a run of seconds helps. So the client does a fixed piece of the
# same kind of work before and after each large batch and after the small ones, and a latency counts in proportion to
# that work, as if it took REFERENCE_MS of CPU time. For this the service (process $STATE/service.pid, where there is
# one) and the client share one CPU in the single part. Beside them stand latency_p99_wall_ms, which is what the clock
# said, and reference_ms, the median that the reference work took.
set -euo pipefail

export HOST PORT
/usr/bin/python3 -I - <<'PYTHON'
import contextlib
import gc
import hashlib
import json
import os
import socket
import statistics
import sys
import threading
import time

REFERENCE_MS = 0.6  # what the reference work takes on an undisturbed machine of 2025, about
LONGEST_WAIT = 30  # seconds without an answer after which a request counts as failed
FAILURES_IN_A_ROW = 5  # after so many a client sends nothing more, and the rest of its requests count as failed


def setting(name, default):
    text = os.environ.get(name) or str(default)
    if not text.isdecimal() or int(text) == 0:
        sys.exit(f"workload: {name} is '{text or 'not set'}', expected a positive integer")
    return int(text)


def item(n, keys, tags):
    value = n * 2654435761 % 2**32 % 1000003
    return f'{{"key": "key-{n % keys:08d}", "tag": "tag-{n * 617 % tags:04d}", "value": {value}}}'


def batch(first, last, keys, tags):
    """The body that brings the items first to last - 1."""
    return f'{{"items": [{", ".join(item(n, keys, tags) for n in range(first, last))}]}}'.encode()


class Client:
    """One connection, and the count of what it completed and what failed."""

    def __init__(self, address):
        self.address = address
        self.connection = None
        self.completed = 0
        self.failed = 0
        self.failed_in_a_row = 0
        self.latencies = []
        self.latencies_at_reference = []
        self.problem = None

    def receive(self):
        answer = b""
        while True:
            part = self.connection.recv(65536)
            if not part:
                raise OSError("the server closed the connection")
            answer += part
            head = answer.find(b"\r\n\r\n")
            if head >= 0:
                break
        fields = answer[:head].lower().split(b"\r\n")
        length = next(int(field.split(b":")[1]) for field in fields if field.startswith(b"content-length:"))
        missing = head + 4 + length - len(answer)
        while missing > 0:
            part = self.connection.recv(missing)
            if not part:
                raise OSError("the server closed the connection within an answer")
            missing -= len(part)
        status = fields[0].split()[1]
        if status != b"200":
            raise OSError(f"status {status.decode()}")

    def request(self, method, path, body=b"", timed=False):
        if self.failed_in_a_row >= FAILURES_IN_A_ROW:
            self.failed += 1
            return
        message = f"{method} {path} HTTP/1.1\r\nHost: assay\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
        try:
            if self.connection is None:
                self.connection = socket.create_connection(self.address, LONGEST_WAIT)
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            begin = time.perf_counter()
            self.connection.sendall(message)
            self.receive()
            latency = time.perf_counter() - begin
        except (OSError, ValueError, LookupError, StopIteration) as problem:
            self.failed += 1
            self.failed_in_a_row += 1
            self.problem = f"{method} {path}: {problem!r}"
            self.close()
            return
        self.completed += 1
        self.failed_in_a_row = 0
        if timed:
            self.latencies.append(latency)

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Reference:
    """A fixed piece of work like the service's own, to tell how fast the CPU is at the moment."""

    def __init__(self):
        self.document = batch(0, 300, 300, 300)
        self.seconds = []

    def measure(self):
        """The CPU time that it takes now: waiting for a CPU that the service uses is no part of it."""
        begin = time.thread_time()
        tags = []
        for item in json.loads(self.document)["items"]:
            if item["tag"] not in tags:
                tags.append(item["tag"])
        self.seconds.append(time.thread_time() - begin)
        return self.seconds[-1]


class OneCpu:
    """Within it this thread, and the threads that the service starts for new connections, run on one CPU."""

    def __enter__(self):
        processes = [0]
        try:
            with open(os.path.join(os.environ.get("STATE", ""), "service.pid")) as file:
                processes.append(int(file.read()))
        except (OSError, ValueError):
            pass  # it runs elsewhere
        cpu = max(os.sched_getaffinity(0))
        self.before = {}
        with contextlib.suppress(OSError):  # the service has ended, or runs as another user
            for process in processes:
                self.before[process] = os.sched_getaffinity(process)
                os.sched_setaffinity(process, {cpu})

    def __exit__(self, *problem):
        with contextlib.suppress(OSError):
            for process, cpus in self.before.items():
                os.sched_setaffinity(process, cpus)


def single(client, groups, reference):
    for group, snapshots in groups:
        client.request("GET", "/health")
        before = reference.measure()
        for bodies in group[:1], group[1:]:
            first = len(client.latencies)
            for body in bodies:
                client.request("POST", "/ingest", body, timed=True)
            after = reference.measure()
            speed = REFERENCE_MS / 1000 / ((before + after) / 2)
            client.latencies_at_reference += [latency * speed for latency in client.latencies[first:]]
            before = after
        for _ in range(snapshots):
            client.request("POST", "/process")
        if snapshots > 0:
            client.request("GET", "/stats")
    client.close()


def concurrent(client, bodies, meetings, barrier):
    """The clients wait for each other before and after their snapshots, so these do not hang on who was faster."""
    for meeting in range(meetings):
        client.request("GET", "/health")
        for body in bodies[len(bodies) * meeting // meetings : len(bodies) * (meeting + 1) // meetings]:
            client.request("POST", "/ingest", body, timed=True)
        barrier.wait()
        client.request("POST", "/process")
        if meeting + 1 == meetings:
            client.request("GET", "/stats")
        barrier.wait()
    client.close()


def nearest_rank(ordered, percent):
    return ordered[-(-len(ordered) * percent // 100) - 1]


def main():
    parts = (os.environ.get("PARTS") or "single,concurrent").split(",")
    if not set(parts) <= {"single", "concurrent"}:
        sys.exit(f"workload: PARTS is '{','.join(parts)}', expected single, concurrent or both with a comma between")
    scale = setting("SCALE", 100000)
    total, keys = setting("ITEMS", scale), setting("KEYS", max(1, scale * 3 // 4))
    tags = setting("TAGS", min(1200, max(60, scale // 20)))
    large, small, size = setting("LARGE", tags), setting("SMALL", 8), setting("BATCH", 100)
    number_of_groups = setting("GROUPS_OF_BATCHES", max(2, scale * 30 // 100000))
    small_per_large = setting("SMALL_PER_LARGE", 49)
    number_of_clients, snapshots, meetings = setting("CLIENTS", 4), setting("SNAPSHOTS", 2), setting("MEETINGS", 2)
    address = os.environ["HOST"], setting("PORT", 0)

    made = 0
    digest = hashlib.sha256()

    def next_batch(size):
        nonlocal made
        body = batch(made, made + size, keys, tags)
        made += size
        digest.update(body)
        return body

    def next_groups(first, last):
        """Groups with their bodies, and how many snapshots follow each; the snapshots are spread evenly over all."""
        return [
            (
                [next_batch(size) for size in [large] + [small] * small_per_large],
                (number + 1) * snapshots // number_of_groups - number * snapshots // number_of_groups,
            )
            for number in range(first, last)
        ]

    # In the order of the data: the first batch, half of the single part, the concurrent part, the rest of the single.
    before, after, shares = [], [], []
    middle = (number_of_groups + 1) // 2
    first = next_batch(tags)
    if "single" in parts:
        before = next_groups(0, middle)
    if "concurrent" in parts:
        end = total - ((number_of_groups - middle) * (large + small * small_per_large) if "single" in parts else 0)
        if made >= end:
            sys.exit(f"workload: ITEMS is {total}, which leaves no item for the concurrent part")
        bodies = []
        while made < end:
            bodies.append(next_batch(min(size, end - made)))
        shares = [bodies[number::number_of_clients] for number in range(number_of_clients)]
    if "single" in parts:
        after = next_groups(middle, number_of_groups)

    gc.collect()
    gc.disable()
    alone = Client(address)
    crowd = [Client(address) for _ in shares]
    reference = Reference()
    begin = time.perf_counter()
    with OneCpu():
        alone.request("POST", "/reset")
        alone.request("POST", "/ingest", first)
        single(alone, before, reference)
    if crowd:
        barrier = threading.Barrier(len(crowd))
        threads = [
            threading.Thread(target=concurrent, args=(client, share, meetings, barrier))
            for client, share in zip(crowd, shares)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with OneCpu():
        single(alone, after, reference)
    seconds = time.perf_counter() - begin

    clients = [alone, *crowd]
    completed = sum(client.completed for client in clients)
    failed = sum(client.failed for client in clients)
    problems = [client.problem for client in clients if client.problem]
    if problems:
        print(f"workload: {failed} requests failed, the last of a client: {problems[0]}", file=sys.stderr)
    timed = [alone] if "single" in parts else crowd
    by_clock = sorted(latency for client in timed for latency in client.latencies)
    if not by_clock:
        sys.exit("workload: no request was completed")
    at_reference = sorted(alone.latencies_at_reference) or by_clock
    print(f"latency_p50_ms={nearest_rank(at_reference, 50) * 1000:.4f}")
    print(f"latency_p99_ms={nearest_rank(at_reference, 99) * 1000:.4f}")
    print(f"latency_p99_wall_ms={nearest_rank(by_clock, 99) * 1000:.4f}")
    if reference.seconds:
        print(f"reference_ms={statistics.median(reference.seconds) * 1000:.4f}")
    print(f"throughput_qps={completed / seconds:.3f}")
    print(f"error_rate={failed / (completed + failed):.6f}")
    print(f"total_requests={completed + failed}")
    print(f"data_digest={int.from_bytes(digest.digest()[:6], 'big')}")


main()
PYTHON
