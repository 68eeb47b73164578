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
import threading

LONGEST_WAIT = 10  # seconds for a reply


class Wrong(Exception):
    """A reply differs from the right one; the message says in what."""


def bulk(value):
    return b"$-1\r\n" if value is None else b"$%d\r\n%s\r\n" % (len(value), value)


def array(values):
    return b"*%d\r\n" % len(values) + b"".join(bulk(value) for value in values)


def integer(number):
    return b":%d\r\n" % number


OK = b"+OK\r\n"


class Client:
    def __init__(self):
        self.socket = socket.create_connection((os.environ["HOST"], int(os.environ["PORT"])), LONGEST_WAIT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, *requests):
        self.socket.sendall(b"".join(array(request) for request in requests))

    def receive(self, what, right):
        """The next bytes must be these."""
        got = b""
        while len(got) < len(right):
            part = self.socket.recv(min(len(right) - len(got), 1 << 20))
            got += part
            if not part or got != right[: len(got)]:
                at = next((i for i, (a, b) in enumerate(zip(got, right)) if a != b), min(len(got), len(right)))
                raise Wrong(f"{what}: got {got[at:at + 40]!r}, expected {right[at:at + 40]!r}, at byte {at} of the reply")

    def ask(self, right, *request):
        self.send(request)
        self.receive(" ".join(word[:30].decode("latin-1") for word in request[:4]), right)

    def nothing_more(self):
        """A reply that was too long would be answered here."""
        self.ask(b"+PONG\r\n", b"PING")


class Model:
    def __init__(self):
        self.values = {}

    def range(self, first, last, limit):
        keys = sorted(key for key in self.values if first <= key <= last)[:limit]
        return array([part for key in keys for part in (key, self.values[key])])


def value(n, length=None):
    pattern = b"%d:" % (n * 2654435761 % 2**32)
    return (pattern * (1000 // len(pattern) + 1))[: 1 + n * 37 % 900 if length is None else length]


def single_keys(client, model):
    for n in range(600):
        key, text = b"key:%d" % (n * 7 % 600), value(n)
        model.values[key] = text
        client.ask(OK, b"SET", key, text)
    for n in range(0, 600, 2):  # replaced by shorter and by longer ones
        key, text = b"key:%d" % n, value(n + 1000, (n % 50) * 30)
        model.values[key] = text
        client.ask(OK, b"SeT", key, text)
    for n in range(-3, 605):
        key = b"key:%d" % n
        client.ask(bulk(model.values.get(key)), b"GET", key)
    client.ask(integer(len(model.values)), b"DBSIZE")
    client.ask(bulk(b""), b"GET", b"key:0")
    client.ask(integer(0), b"STRLEN", b"key:0")
    client.ask(integer(len(model.values[b"key:1"])), b"STRLEN", b"key:1")


def several_keys(client, model):
    keys = [b"key:%d" % n for n in range(-5, 605, 3)]
    client.ask(array([model.values.get(key) for key in keys]), b"MGET", *keys)
    client.ask(integer(sum(key in model.values for key in keys)), b"EXISTS", *keys)
    pairs = [(b"more:%d" % n, value(n + 3000)) for n in range(200)]
    model.values.update(pairs)
    client.ask(OK, b"MSET", *(part for pair in pairs for part in pair))
    gone = [b"key:%d" % n for n in range(1, 200, 4)] + [b"more:7", b"none"]
    client.ask(integer(sum(key in model.values for key in gone)), b"DEL", *gone)
    for key in gone:
        model.values.pop(key, None)
    client.ask(integer(0), b"DEL", *gone)
    client.ask(array([model.values.get(key) for key in gone]), b"MGET", *gone)


def appended(client, model):
    for n in range(40):
        key = b"appended:%d" % (n % 3)
        model.values[key] = model.values.get(key, b"") + value(n + 4000)
        client.ask(integer(len(model.values[key])), b"APPEND", key, value(n + 4000))
    client.ask(OK, b"SET", b"appended:0", b"x")
    model.values[b"appended:0"] = b"x"
    client.ask(integer(3), b"APPEND", b"appended:0", b"yz")
    model.values[b"appended:0"] = b"xyz"
    for n in range(3):
        client.ask(bulk(model.values[b"appended:%d" % n]), b"GET", b"appended:%d" % n)


def ranges(client, model):
    for first, last, limit in [
        (b"", b"\xff", 10**6), (b"key:2", b"key:3", 1000), (b"key:25", b"key:25", 10), (b"key:250", b"key:30", 7),
        (b"key:3", b"key:2", 10), (b"key:", b"key:~", 0), (b"key:", b"key:~", 1), (b"zzz", b"zzzz", 10),
        (b"more:", b"more:199", 150), (b"key:1\x00", b"key:10", 100), (b"a", b"b", 100),
    ]:
        client.ask(model.range(first, last, limit), b"RANGE", first, last, b"%d" % limit)
    client.nothing_more()


def large_values(client, model):
    for length in (1, 31, 32, 33, 1023, 1024, 1025, 65536, 300001, 1500000):
        text = value(length, 1000) * (length // 1000 + 1)
        model.values[b"large:%d" % length] = text[:length]
        client.ask(OK, b"SET", b"large:%d" % length, text[:length])
    for length in (1500000, 1, 300001, 65536):
        client.ask(bulk(model.values[b"large:%d" % length]), b"GET", b"large:%d" % length)
    client.ask(model.range(b"large:", b"large:~", 100), b"RANGE", b"large:", b"large:~", b"100")
    blob = bytes(range(256)) * 4 + b"\r\n$5\r\n*1\r\n"
    model.values[b"\x00key\r\n"] = blob
    client.ask(OK, b"SET", b"\x00key\r\n", blob)
    client.ask(bulk(blob), b"GET", b"\x00key\r\n")


def together(client, model):
    """Many requests sent at once, and requests that come in pieces."""
    requests, replies = [], []
    for n in range(900):
        key = b"together:%d" % (n % 100)
        if n % 3 == 0:
            model.values[key] = value(n + 5000)
            requests.append((b"SET", key, model.values[key]))
            replies.append(OK)
        elif n % 3 == 1:
            requests.append((b"GET", key))
            replies.append(bulk(model.values.get(key)))
        else:
            requests.append((b"RANGE", key, b"together:~", b"5"))
            replies.append(model.range(key, b"together:~", 5))
    client.send(*requests)
    client.receive("900 requests together", b"".join(replies))
    for piece in (b"*3\r", b"\n$3\r\nSE", b"T\r\n$6\r\npie", b"ces\r\n$4\r\nab", b"cd\r", b"\n*2\r\n$3\r\nGET\r\n$6\r\npieces\r\n"):
        client.socket.sendall(piece)
        time_for_it = Client()
        time_for_it.nothing_more()  # the server has seen the piece before the next comes
    model.values[b"pieces"] = b"abcd"
    client.receive("requests in pieces", OK + bulk(b"abcd"))


def four_clients(client, model):
    """Each writes keys of its own and takes ranges of them meanwhile."""
    problems = []

    def work(name):
        own, mine = Client(), Model()
        try:
            for n in range(120):
                key = b"client:%s:%03d" % (name, n * 11 % 120)
                mine.values[key] = value(n + 6000 + ord(name))
                own.ask(OK, b"SET", key, mine.values[key])
                if n % 10 == 9:
                    own.ask(mine.range(b"client:" + name, b"client:" + name + b"~", 50),
                            b"RANGE", b"client:" + name, b"client:" + name + b"~", b"50")
            model.values.update(mine.values)
        except Exception as problem:
            problems.append(problem)

    threads = [threading.Thread(target=work, args=(name,)) for name in (b"a", b"b", b"c", b"d")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    client.ask(model.range(b"client:", b"client:~", 10**6), b"RANGE", b"client:", b"client:~", b"1000000")
    client.ask(integer(len(model.values)), b"DBSIZE")


def slow_readers(client, model):
    """Clients that take their long replies late get them whole, as the values were when they asked."""
    slow = [Client() for _ in range(4)]
    right = model.range(b"", b"\xff", 10**6)
    for one in slow:
        one.send((b"RANGE", b"", b"\xff", b"1000000"), (b"PING",))
        if one.socket.recv(1, socket.MSG_PEEK) != b"*":
            raise Wrong("a long range: expected an array")
    client.ask(OK, b"SET", b"key:2", b"changed")
    client.ask(integer(1), b"DEL", b"key:4")
    model.values[b"key:2"] = b"changed"
    del model.values[b"key:4"]
    for one in slow:
        one.receive("a long range that was taken late", right + b"+PONG\r\n")


def not_understood(client, model):
    """None of these may change anything; after what is no request at all the connection ends."""
    for request in [(b"GET",), (b"SET", b"a"), (b"NONSENSE", b"a"), (b"MSET", b"a"), (b"RANGE", b"a", b"b"),
                    (b"RANGE", b"a", b"b", b"x"), (b"RANGE", b"a", b"b", b"-1"), (b"CONFIG", b"SET", b"a")]:
        client.send(request)
        if client.socket.recv(1, socket.MSG_PEEK) != b"-":
            raise Wrong(f"{request!r}: expected an error")
        while client.socket.recv(1) != b"\n":
            pass
    client.nothing_more()
    for text in (b"*1\r\n+PING\r\n", b"*x\r\n", b"*1\r\n$-5\r\n", b"*1\r\n$999999999\r\n", b"*2000000\r\n"):
        other = Client()
        other.socket.sendall(text)
        if other.socket.recv(1) != b"-":
            raise Wrong(f"{text!r}: expected an error")
        while other.socket.recv(4096):
            pass
    client.socket.sendall(b"PING\r\n\r\n  get   pieces \r\n")
    client.receive("requests by line", b"+PONG\r\n" + bulk(b"abcd"))
    client.ask(array([b"save", b""]), b"CONFIG", b"GET", b"save")
    client.ask(integer(len(model.values)), b"DBSIZE")
    quitting = Client()
    quitting.ask(OK, b"QUIT")
    if quitting.socket.recv(1):
        raise Wrong("QUIT: expected the end of the connection")


def main():
    client = Client()
    client.ask(OK, b"FLUSHALL")
    model = Model()
    client.ask(model.range(b"", b"\xff", 10), b"RANGE", b"", b"\xff", b"10")
    for check in (single_keys, several_keys, appended, ranges, large_values, together, four_clients, slow_readers,
                  not_understood):
        check(client, model)
    client.ask(model.range(b"", b"\xff", 10**6), b"RANGE", b"", b"\xff", b"1000000")
    client.ask(OK, b"FLUSHALL")
    client.ask(integer(0), b"DBSIZE")
    client.ask(bulk(None), b"GET", b"key:1")
    client.nothing_more()


try:
    main()
except Wrong as difference:
    sys.exit(f"validate: {difference}")
except (OSError, ValueError) as problem:
    sys.exit(f"validate: no reply that can be read: {problem!r}")
PYTHON
