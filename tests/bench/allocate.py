# The same for profilers of Python: 300,000 objects, each in the place of one of 100,000 that are kept.
import http.server
import os

KEPT = 100_000
kept = [None] * KEPT


def make(number):
    return [number, str(number)]


def work():
    state = 88172645463325252
    for number in range(300_000):
        state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        kept[(state >> 33) % KEPT] = make(number)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/work":
            work()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"done\n")

    def log_message(self, *words):
        pass


http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
