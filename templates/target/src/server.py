"""A counter of words behind HTTP: the standard library alone.

POST /add     Text; its words are counted. Answers with how many there are now.
GET  /top     The ten most frequent words and how often they came.
POST /reset   Forget everything.
GET  /health  {"status": "ok"}

Environment: HOST and PORT. SIGTERM ends it in an orderly way, so that a profiler can write what it has.
"""

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOP = 10


class Words:
    def __init__(self):
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        with self.lock:
            self.words = []

    def add(self, text):
        with self.lock:
            self.words.extend(text.split())
            return {"words": len(self.words)}

    def top(self):
        with self.lock:
            counts = {}
            for word in self.words:
                counts[word] = counts.get(word, 0) + 1
            return {"top": sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:TOP]}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 16 * 1024  # head and body leave together
    words = Words()

    def do_GET(self):
        if self.path == "/health":
            self.answer({"status": "ok"})
        elif self.path == "/top":
            self.answer(self.words.top())
        else:
            self.answer({"error": "no such page"}, 404)

    def do_POST(self):
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path == "/add":
            self.answer(self.words.add(text))
        elif self.path == "/reset":
            self.words.reset()
            self.answer({"words": 0})
        else:
            self.answer({"error": "no such page"}, 404)

    def answer(self, content, status=200):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    server = ThreadingHTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler)
    server.daemon_threads = True
    server.serve_forever()


if __name__ == "__main__":
    main()
