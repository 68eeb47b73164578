"""A store of tagged items behind HTTP: one file, threads, the standard library alone.

POST /ingest   {"items": [{"key": text, "tag": text, "value": integer}, ...]}. A key that is there already gets the new
               tag and value. Answers with how many were accepted, and how many items and tags there are now.
POST /process  Take a snapshot of the store; answers with the change since the snapshot before.
GET  /stats    Count, sum, mean, variance, extremes and percentiles of all values; the tags with the largest sums, and
               the key of the largest value of each.
GET  /health   {"status": "ok"}
POST /reset    Forget everything.

Environment: HOST (127.0.0.1 unless set) and PORT (8080 unless set). SIGTERM and SIGINT end it in an orderly way.
"""

import copy
import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

READ_BUFFER = 16 * 1024
WRITE_BUFFER = 16 * 1024
LARGEST_BODY = 16 * 1024 * 1024
TOP_TAGS = 5
FIELDS = {"key": str, "tag": str, "value": int}


class BadRequest(Exception):
    """What the client sent cannot be understood; the message says why."""


def percentile(ordered, percent):
    """The nearest-rank percentile of a list in ascending order (percent: 1 to 100)."""
    return ordered[-(-len(ordered) * percent // 100) - 1]


class Store:
    """Items by key, the tags in order of first appearance, and the snapshots that /process took."""

    def __init__(self):
        self.lock = threading.Lock()
        self.reset()

    def reset(self):
        with self.lock:
            self.items = {}
            self.tags = []
            self.history = []

    def add_tag(self, tag):
        if tag not in self.tags:
            self.tags.append(tag)

    def ingest(self, items):
        with self.lock:
            for item in items:
                self.add_tag(item["tag"])
                self.items[item["key"]] = {"tag": item["tag"], "value": item["value"]}
            return {"accepted": len(items), "items": len(self.items), "tags": len(self.tags)}

    def remember(self):
        """Add a snapshot to the history. It is a deep copy: what comes later must not change it."""
        self.history.append(copy.deepcopy(self.items))

    def process(self):
        with self.lock:
            before = self.history[-1] if self.history else {}
            self.remember()
            now = self.history[-1]
            total = sum(item["value"] for item in now.values())
            return {
                "run": len(self.history),
                "items": len(now),
                "added": len(now) - len(before),
                "total": total,
                "change": total - sum(item["value"] for item in before.values()),
            }

    def statistics(self):
        with self.lock:
            rows = [{"key": key, **item} for key, item in self.items.items()]
            if not rows:
                return {"count": 0, "sum": 0, "tags": 0}
            values = [row["value"] for row in rows]
            total = sum(values)
            mean = total / len(values)
            deviations = [value - mean for value in values]
            squares = [deviation * deviation for deviation in deviations]
            ordered = sorted(values)
            groups = {}
            for row in rows:
                groups.setdefault(row["tag"], []).append((row["value"], row["key"]))
            ranking = sorted((-sum(value for value, key in members), tag) for tag, members in groups.items())
            return {
                "count": len(values),
                "sum": total,
                "mean": mean,
                "variance": sum(squares) / len(squares),
                "minimum": ordered[0],
                "maximum": ordered[-1],
                "p50": percentile(ordered, 50),
                "p90": percentile(ordered, 90),
                "p99": percentile(ordered, 99),
                "tags": len(self.tags),
                "top": [
                    {"tag": tag, "sum": -amount, "largest": max(groups[tag])[1]} for amount, tag in ranking[:TOP_TAGS]
                ],
            }


class Handler(BaseHTTPRequestHandler):
    """One connection; HTTP/1.1 lets it carry any number of requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    rbufsize = READ_BUFFER
    wbufsize = WRITE_BUFFER

    def do_GET(self):
        self.answer()

    def do_POST(self):
        self.answer()

    def answer(self):
        """Read the whole request, whatever it asks for: the next one on this connection begins after it."""
        try:
            body = self.read_body()
            action = ACTIONS.get((self.command, self.path))
            if action is None:
                self.reply(404, {"error": f"nothing at {self.command} {self.path}"})
            else:
                self.reply(200, action(self, body))
        except BadRequest as problem:
            self.reply(400, {"error": str(problem)})

    def health(self, body):
        return {"status": "ok"}

    def ingest(self, body):
        return self.server.store.ingest(self.parse_items(body))

    def process(self, body):
        return self.server.store.process()

    def stats(self, body):
        return self.server.store.statistics()

    def reset(self, body):
        self.server.store.reset()
        return {"status": "ok"}

    def read_body(self):
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            self.close_connection = True
            raise BadRequest(f"expected a Content-Length of at most {LARGEST_BODY}")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            self.close_connection = True
            raise BadRequest("the body ends early")
        return body

    def parse_items(self, body):
        """The items of an /ingest body. All are looked at before the first is stored: a batch is all or nothing."""
        try:
            document = json.loads(body)
        except ValueError as problem:
            raise BadRequest(f"the body is not JSON: {problem}") from None
        items = document.get("items") if isinstance(document, dict) else None
        if not isinstance(items, list):
            raise BadRequest("expected an object with a list named items")
        for item in items:
            if not isinstance(item, dict) or item.keys() != FIELDS.keys():
                raise BadRequest("expected items with the fields " + ", ".join(FIELDS))
            for field, kind in FIELDS.items():
                if type(item[field]) is not kind:
                    raise BadRequest(f"expected {field} to be of type {kind.__name__}")
        return items

    def reply(self, status, answer):
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *arguments):
        """A line on stderr for each request would cost more than the request."""


ACTIONS = {
    ("GET", "/health"): Handler.health,
    ("GET", "/stats"): Handler.stats,
    ("POST", "/ingest"): Handler.ingest,
    ("POST", "/process"): Handler.process,
    ("POST", "/reset"): Handler.reset,
}


class Server(ThreadingHTTPServer):
    """A thread for each connection. The threads are daemons, so an idle connection does not hold up the end."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address):
        super().__init__(address, Handler)
        self.store = Store()


def stop(signal_number, frame):
    sys.exit(0)


def main():
    address = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8080"))
    server = Server(address)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        server.serve_forever()
    finally:
        server.server_close()


if __name__ == "__main__":
    main()
