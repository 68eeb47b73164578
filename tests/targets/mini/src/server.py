"""A small HTTP service for the tests of the lifecycle: it stores numbers, and remembers too much of them."""
import os
import signal
import socket
import sys
import threading

CHUNK = 4096
BALLAST = b"x" * (8 << 20)


class Store:
    def __init__(self):
        self.numbers = []
        self.history = []

    def add(self, first, count):
        self.numbers.extend(range(first, first + count))
        self.remember()

    def remember(self):
        self.history.append([number + 1000 for number in self.numbers])

    def total(self):
        return sum(self.numbers)


STORE = Store()


class Handler:
    def __init__(self, connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = connection
        self.file = connection.makefile("rwb", CHUNK)

    def serve(self):
        while self.answer_one():
            pass
        self.connection.shutdown(socket.SHUT_RDWR)

    def answer_one(self):
        words = self.file.readline().split()
        while self.file.readline().strip():
            pass
        if not words:
            return False
        body = str(self.answer(words[1].decode().strip("/").split("/"))).encode()
        self.file.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        self.file.flush()
        return words[2] != b"HTTP/1.0"

    def answer(self, words):
        if words[0] == "add":
            STORE.add(int(words[1]), int(words[2]))
            return "added"
        if words[0] == "total":
            return STORE.total()
        if words[0] == "reset":
            STORE.__init__()
        return "well"


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    listener = socket.create_server((os.environ["HOST"], int(os.environ["PORT"])))
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=Handler(connection).serve, daemon=True).start()


if __name__ == "__main__":
    main()
