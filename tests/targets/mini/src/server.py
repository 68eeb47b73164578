"""A small HTTP service for the tests of the lifecycle: it stores numbers, and remembers too much of them."""
import _signal
import _socket  # without the modules around it: the tests start this service hundreds of times
import _thread
import os
import sys

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
    def __init__(self, descriptor):
        self.connection = _socket.socket(fileno=descriptor)
        self.connection.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)

    def serve(self):
        request = b""
        while block := self.connection.recv(CHUNK):
            request += block
            while b"\r\n\r\n" in request:
                head, _, request = request.partition(b"\r\n\r\n")
                if not self.answer_one(head.split()):
                    return

    def answer_one(self, words):
        body = str(self.answer(words[1].decode().strip("/").split("/"))).encode()
        self.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        if words[2] == b"HTTP/1.0":
            self.connection.close()
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
    _signal.signal(_signal.SIGTERM, lambda *_: sys.exit(0))
    listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
    listener.bind((os.environ["HOST"], int(os.environ["PORT"])))
    listener.listen(128)
    while True:
        descriptor, _ = listener._accept()
        _thread.start_new_thread(Handler(descriptor).serve, ())


if __name__ == "__main__":
    main()
