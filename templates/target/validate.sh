#!/bin/bash
# Are the answers of the service at HOST:PORT right? Exit status 0: yes. Else the first wrong one, in one line on
# standard error. What is right is computed here, not asked for: break the service once by hand, and see this fail.
set -euo pipefail
export HOST PORT
/usr/bin/python3 -I - <<'PYTHON'
import http.client
import json
import os
import sys
from collections import Counter

TEXTS = ["a b c a", "b a  d\n", "", "e " * 5, " ".join(f"w{n % 17}" for n in range(200))]

connection = http.client.HTTPConnection(os.environ["HOST"], int(os.environ["PORT"]), 10)


def ask(method, path, body=""):
    connection.request(method, path, body)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != 200:
        sys.exit(f"validate: {method} {path}: status {answer.status}, expected 200")
    return json.loads(text)


def check(what, got, expected):
    if got != expected:
        sys.exit(f"validate: {what}: {got!r}, expected {expected!r}")


try:
    check("reset", ask("POST", "/reset"), {"words": 0})
    seen = Counter()
    for text in TEXTS:
        seen.update(text.split())
        check(f"after {text[:20]!r}", ask("POST", "/add", text), {"words": sum(seen.values())})
        expected = [list(item) for item in sorted(seen.items(), key=lambda item: (-item[1], item[0]))[:10]]
        check(f"top after {text[:20]!r}", ask("GET", "/top"), {"top": expected})
    ask("POST", "/reset")
except (OSError, http.client.HTTPException, ValueError) as problem:
    sys.exit(f"validate: {problem!r}")
PYTHON
