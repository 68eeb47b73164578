#!/bin/bash
# Ask the server at HOST:PORT for what it should know after a small data set, and compare each reply, byte for byte, with the
# right one, computed here without the server's help. Exit 0 when all are right; else 1, with the first difference on
# stderr. The server is emptied before and after.
set -euo pipefail

export HOST PORT
/usr/bin/python3 -I - <<'PYTHON'
import os
import socket
import sys

LONGEST_WAIT = 10  # seconds for a reply
OK = b"+OK\r\n"


class Wrong(Exception):
    """A reply differs from the right one; the message says in what."""


def bulk(value):
    return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)


def array(values):
    return b"*%d\r\n" % len(values) + b"".join(bulk(value) for value in values)


def integer(number):
    return b":%d\r\n" % number


class Client:
    def __init__(self):
        self.socket = socket.create_connection((os.environ["HOST"], int(os.environ["PORT"])), LONGEST_WAIT)
        self.asked = []

    def ask(self, right, *request):
        self.asked.append((request, right))

    def check(self):
        """Sends all that was asked together, as a pipeline, and compares."""
        self.socket.sendall(b"".join(array(request) for request, right in self.asked))
        got = b""
        for request, right in self.asked:
            while len(got) < len(right):
                part = self.socket.recv(1 << 20)
                if not part:
                    break
                got += part
            if got[: len(right)] != right:
                what = b" ".join(word[:30] for word in request[:4]).decode("latin-1")
                at = next((i for i, (a, b) in enumerate(zip(got, right)) if a != b), min(len(got), len(right)))
                raise Wrong(f"{what}: got {got[at:at + 40]!r}, expected {right[at:at + 40]!r}, at byte {at} of the reply")
            got = got[len(right) :]
        if got:
            raise Wrong(f"{got[:40]!r} behind the last reply")
        self.asked = []


def value(n, length=None):
    pattern = b"%d:" % (n * 2654435761 % 2**32)
    return (pattern * 200)[: n * 37 % 400 if length is None else length]


def strings(client):
    lengths = [0, 1, 9, 10, 44, 45, 63, 64, 99, 100, 127, 128, 129, 255, 256, 257, 1000, 1999]
    values = {b"string:%d" % n: value(n, lengths[n % len(lengths)]) for n in range(400)}
    for key, text in values.items():
        client.ask(OK, b"SET", key, text)
        client.ask(bulk(text), b"GET", key)
        client.ask(integer(len(text)), b"STRLEN", key)
    client.ask(array([*values.values(), None]), b"MGET", *values, b"none")
    client.ask(bulk(None), b"GET", b"none")
    client.ask(integer(7), b"APPEND", b"appended", b"a string"[:7])
    client.ask(integer(12), b"APPEND", b"appended", b"12345")
    client.ask(bulk(b"a strin12345"), b"GET", b"appended")
    client.ask(integer(41), b"INCRBY", b"number", b"41")
    client.ask(integer(42), b"INCR", b"number")
    client.ask(bulk(b"42"), b"GET", b"number")
    client.ask(integer(2), b"DEL", b"string:1", b"string:2", b"none")
    client.ask(integer(0), b"EXISTS", b"string:1")
    client.check()
    big = value(1, 1000) * 700
    client.ask(OK, b"SET", b"big", big)
    client.ask(bulk(big), b"GET", b"big")
    client.ask(bulk(big[5:20006]), b"GETRANGE", b"big", b"5", b"20005")
    client.check()


def lists(client):
    right = []
    for n in range(600):
        right.append(value(n))
        client.ask(integer(n + 1), b"RPUSH", b"list", right[-1])
    for first, last in [(0, -1), (0, 99), (250, 260), (595, 700), (700, 800), (-3, -1), (5, 2)]:
        end = len(right) + last + 1 if last < 0 else last + 1
        begin = len(right) + first if first < 0 else first
        client.ask(array(right[begin:end]), b"LRANGE", b"list", b"%d" % first, b"%d" % last)
    client.ask(bulk(right[0]), b"LPOP", b"list")
    client.ask(bulk(right[-1]), b"LINDEX", b"list", b"-1")
    client.ask(integer(599), b"LLEN", b"list")
    client.check()


def hashes(client):
    for name, count in ((b"small", 10), (b"large", 700)):
        fields = {b"field:%03d" % n: value(n, n % 90) for n in range(count)}
        client.ask(integer(count), b"HSET", b"hash:" + name, *(word for pair in fields.items() for word in pair))
        client.ask(integer(count), b"HLEN", b"hash:" + name)
        client.ask(bulk(fields[b"field:007"]), b"HGET", b"hash:" + name, b"field:007")
        client.ask(array([fields[b"field:003"], None, fields[b"field:009"]]),
                   b"HMGET", b"hash:" + name, b"field:003", b"none", b"field:009")
    small = {b"field:%03d" % n: value(n, n % 50) for n in range(10)}
    client.ask(integer(0), b"HSET", b"hash:small", *(word for pair in small.items() for word in pair))
    client.ask(integer(1), b"DEL", b"hash:small")
    client.ask(integer(10), b"HSET", b"hash:small", *(word for pair in small.items() for word in pair))
    # So few short fields stay in the order in which they came.
    client.ask(array([word for pair in small.items() for word in pair]), b"HGETALL", b"hash:small")
    client.check()


def sorted_sets(client):
    members = sorted((n * 7919 % 1000, b"member:%03d" % n) for n in range(500))
    for score, member in members:
        client.ask(integer(1), b"ZADD", b"sorted", b"%d" % score, member)
    client.ask(array([member for _, member in members]), b"ZRANGE", b"sorted", b"0", b"-1")
    client.ask(array([member for score, member in members if 100 <= score < 300][:20]),
               b"ZRANGEBYSCORE", b"sorted", b"100", b"(300", b"LIMIT", b"0", b"20")
    client.ask(array([word for score, member in members[:30] for word in (member, b"%d" % score)]),
               b"ZRANGE", b"sorted", b"0", b"29", b"WITHSCORES")
    client.ask(integer(len([1 for score, _ in members if score <= 500])), b"ZCOUNT", b"sorted", b"-inf", b"500")
    client.check()


def others(client):
    client.ask(b"+PONG\r\n", b"PING")
    client.ask(bulk(b"x" * 300), b"ECHO", b"x" * 300)
    client.ask(b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n", b"GET", b"list")
    client.ask(b"*3\r\n:1\r\n$2\r\nab\r\n*2\r\n$1\r\nc\r\n$-1\r\n", b"EVAL", b"return {1, 'ab', {'c', false}}", b"0")
    client.ask(OK, b"MULTI")
    client.ask(b"+QUEUED\r\n", b"GET", b"number")
    client.ask(b"+QUEUED\r\n", b"LINDEX", b"list", b"0")
    client.ask(b"*2\r\n" + bulk(b"42") + bulk(value(1)), b"EXEC")
    client.check()


def main():
    client = Client()
    client.ask(OK, b"FLUSHALL")
    client.check()
    for check in strings, lists, hashes, sorted_sets, others:
        check(client)
    client.ask(OK, b"FLUSHALL")
    client.ask(integer(0), b"DBSIZE")
    client.check()


try:
    main()
except Wrong as difference:
    sys.exit(f"validate: {difference}")
except (OSError, ValueError) as problem:
    sys.exit(f"validate: no reply that can be read: {problem!r}")
PYTHON
