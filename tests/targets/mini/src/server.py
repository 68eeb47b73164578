"""A small HTTP service for the tests of the lifecycle: it stores numbers, and remembers too much of them."""
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CHUNK = 4096


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


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    disable_nagle_algorithm = True

    def log_message(self, *arguments):
        pass

    def do_GET(self):
        words = self.path.strip("/").split("/")
        if words[0] == "add":
            STORE.add(int(words[1]), int(words[2]))
            text = "added"
        elif words[0] == "total":
            text = str(STORE.total())
        elif words[0] == "reset":
            STORE.__init__()
            text = "empty"
        else:
            text = "well"
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler)
    server.daemon_threads = True
    server.serve_forever()
