"""Each kind of scope that a line can belong to. The numbers of the lines stand in names.in."""
import functools

LIMIT = [number for number in range(9)]


@functools.lru_cache(
    maxsize=8)
def decorated(value):
    return value + 1


class Store:
    kind = "plain"

    def add(self, item):
        self.items = [piece for piece in item]
        return self.items

    @property
    def size(self):
        return len(self.items)

    class Entry:
        async def fetch(self):
            return None


def outer():
    def inner(values):
        return sorted(values, key=lambda value: -value)

    return inner(
        value for value in LIMIT)


sizes = list(map(lambda value: value, LIMIT))


def twice():
    def twice():
        return 1

    return twice()
