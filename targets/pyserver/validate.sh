#!/bin/bash
# Ask the server at HOST:PORT what it knows after a small data set, and compare each answer with the right one, computed
# here from the same data without the server's help. Exit 0 when all are right; else 1, with the first difference on
# stderr. The server is reset before and after.
set -euo pipefail

export HOST PORT
/usr/bin/python3 -I - <<'PYTHON'
import http.client
import json
import math
import os
import sys
import threading

LONGEST_WAIT = 10  # seconds for an answer


class Wrong(Exception):
    """An answer differs from the right one; the message says in what."""


class Model:
    """What the server should know: the last item of each key, every tag ever seen, the totals of the snapshots."""

    def __init__(self):
        self.items = {}
        self.tags = set()
        self.snapshots = [(0, 0)]

    def ingest(self, items):
        for item in items:
            self.items[item["key"]] = item
            self.tags.add(item["tag"])
        return {"accepted": len(items), "items": len(self.items), "tags": len(self.tags)}

    def process(self):
        self.snapshots.append((len(self.items), sum(item["value"] for item in self.items.values())))
        (old_count, old_total), (count, total) = self.snapshots[-2:]
        run = len(self.snapshots) - 1
        return {"run": run, "items": count, "added": count - old_count, "total": total, "change": total - old_total}

    def statistics(self):
        values = sorted(item["value"] for item in self.items.values())
        count = len(values)
        if count == 0:
            return {"count": 0, "sum": 0, "tags": 0}
        mean = math.fsum(values) / count
        by_tag = {}
        for key, item in self.items.items():
            by_tag.setdefault(item["tag"], {})[key] = item["value"]
        top = sorted(by_tag, key=lambda tag: (-sum(by_tag[tag].values()), tag))[:5]
        return {
            "count": count,
            "sum": sum(values),
            "mean": mean,
            "variance": math.fsum((value - mean) ** 2 for value in values) / count,
            "minimum": values[0],
            "maximum": values[-1],
            **{f"p{percent}": values[math.ceil(count * percent / 100) - 1] for percent in (50, 90, 99)},
            "tags": len(self.tags),
            "top": [
                {
                    "tag": tag,
                    "sum": sum(by_tag[tag].values()),
                    "largest": max(by_tag[tag], key=lambda key: (by_tag[tag][key], key)),
                }
                for tag in top
            ],
        }


class Client:
    def __init__(self):
        self.connection = http.client.HTTPConnection(os.environ["HOST"], int(os.environ["PORT"]), LONGEST_WAIT)

    def ask(self, method, path, body=None, status=200):
        self.connection.request(method, path, body)
        response = self.connection.getresponse()
        text = response.read()
        if response.status != status:
            raise Wrong(f"{method} {path}: status {response.status}, expected {status}")
        answer = json.loads(text)
        if not isinstance(answer, dict):
            raise Wrong(f"{method} {path}: {text[:80]!r}, expected an object")
        return answer

    def ingest(self, items):
        return self.ask("POST", "/ingest", json.dumps({"items": items}))

    def process(self):
        return self.ask("POST", "/process")

    def statistics(self):
        return self.ask("GET", "/stats")


def item(n, key=None, tags=700):
    mixed = n * 2246822519 % 2**32
    return {
        "key": f"key-{n if key is None else key}",
        "tag": f"tag-{mixed % tags}",
        "value": mixed % 2000003 - 500000,
    }


def equal(got, expected):
    if isinstance(expected, float):
        return isinstance(got, (int, float)) and math.isclose(got, expected, rel_tol=1e-9, abs_tol=1e-6)
    return type(got) is type(expected) and got == expected


def compare(what, got, expected):
    for name, value in expected.items():
        if not equal(got.get(name), value):
            raise Wrong(f"{what}: {name} is {got.get(name)!r}, expected {value!r}")


def one_client(client, model):
    """Batches in which about one key in five was there before, some of them twice in one batch."""
    compare("statistics of nothing", client.statistics(), model.statistics())
    for start in range(0, 1000, 25):
        items = [item(n, key=n // 2 if n % 5 == 0 else n) for n in range(start, start + 25)]
        items.append(item(start + 7000, key=start + 1))
        compare(f"batch {start}", client.ingest(items), model.ingest(items))
    compare("first snapshot", client.process(), model.process())
    compare("statistics after one snapshot", client.statistics(), model.statistics())

    again = [item(n + 9000, key=n) for n in range(1, 200, 3)]
    new = [item(n) for n in range(2000, 2050)]
    compare("batch of earlier keys", client.ingest(again), model.ingest(again))
    compare("batch of new keys", client.ingest(new), model.ingest(new))
    compare("the same batch once more", client.ingest(new), model.ingest(new))
    compare("second snapshot", client.process(), model.process())
    compare("third snapshot, nothing new", client.process(), model.process())
    compare("empty batch", client.ingest([]), model.ingest([]))
    lower = [dict(item(n, key=n), value=-3) for n in range(2000, 2050)]
    compare("batch of lower values", client.ingest(lower), model.ingest(lower))
    compare("fourth snapshot", client.process(), model.process())
    compare("statistics after four snapshots", client.statistics(), model.statistics())


def many_tags(client, model):
    items = [item(n, tags=2**32) for n in range(20000, 22500)]
    compare("batch of many tags", client.ingest(items), model.ingest(items))
    compare("many tags once more", client.ingest(items), model.ingest(items))
    compare("statistics with many tags", client.statistics(), model.statistics())


def four_clients(client, model):
    """Each brings keys of its own and the same common ones; what is there in the end does not hang on the order."""
    common = [item(n) for n in range(50000, 50010)]
    shares = [
        [[item(n) for n in range(start, start + 20)] + common for start in range(base, base + 500, 20)]
        for base in (30000, 31000, 32000, 33000)
    ]
    problems = []

    def bring(batches):
        try:
            own = Client()
            for number, items in enumerate(batches):
                compare("batch of one in four clients", own.ingest(items), {"accepted": len(items)})
                if number % 10 == 5:
                    compare("statistics between", own.statistics(), {"maximum": highest})
        except Exception as problem:
            problems.append(problem)

    for batches in shares:
        for items in batches:
            model.ingest(items)
    top = dict(item(60000), value=3000000)
    compare("highest value", client.ingest([top]), {"accepted": 1})
    model.ingest([top])
    highest = model.statistics()["maximum"]
    threads = [threading.Thread(target=bring, args=(batches,)) for batches in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        raise problems[0]
    compare("statistics after four clients", client.statistics(), model.statistics())
    compare("snapshot after four clients", client.process(), model.process())


def not_understood(client, model):
    """None of these may change anything, and the connection stays usable."""
    broken = item(70001)
    del broken["tag"]
    for body in ("", "{", "[]", '{"items": 1}', json.dumps({"items": [item(70000), broken]})):
        if "error" not in client.ask("POST", "/ingest", body, status=400):
            raise Wrong(f"POST /ingest of {body[:40]!r}: expected an answer with error")
    client.ask("GET", "/nothing", status=404)
    client.ask("GET", "/ingest", status=404)
    compare("statistics after bad requests", client.statistics(), model.statistics())


def main():
    client = Client()
    compare("health", client.ask("GET", "/health"), {"status": "ok"})
    client.ask("POST", "/reset")
    model = Model()
    for check in one_client, many_tags, four_clients, not_understood:
        check(client, model)
    client.ask("POST", "/reset")
    model = Model()
    compare("statistics after a reset", client.statistics(), model.statistics())
    compare("snapshot after a reset", client.process(), model.process())
    few = [item(n) for n in range(3)]
    compare("batch after a reset", client.ingest(few), model.ingest(few))
    compare("second snapshot after a reset", client.process(), model.process())
    client.ask("POST", "/reset")


try:
    main()
except Wrong as difference:
    sys.exit(f"validate: {difference}")
except (OSError, ValueError, http.client.HTTPException) as problem:
    sys.exit(f"validate: no answer that can be read: {problem!r}")
PYTHON
