"""Try the store of server.py in this process, without HTTP: /usr/bin/python3 selfcheck.py

Prints one line and exits 0 when all is well; a check that does not hold ends it with a traceback.
"""

from server import Store


def item(number, value):
    return {"key": f"key-{number}", "tag": f"tag-{number % 3}", "value": value}


def main():
    store = Store()
    assert store.statistics() == {"count": 0, "sum": 0, "tags": 0}
    answer = store.ingest([item(number, 10 * number) for number in range(10)])
    assert answer == {"accepted": 10, "items": 10, "tags": 3}, answer
    answer = store.process()
    assert answer == {"run": 1, "items": 10, "added": 10, "total": 450, "change": 450}, answer
    store.ingest([item(0, 5), item(10, 100)])
    answer = store.process()
    assert answer == {"run": 2, "items": 11, "added": 1, "total": 555, "change": 105}, answer
    statistics = store.statistics()
    assert statistics["p50"] == 50 and statistics["maximum"] == 100, statistics
    store.reset()
    assert store.statistics()["count"] == 0
    print("selfcheck: all is well")


if __name__ == "__main__":
    main()
