"""A service in miniature that writes its own profile: each sample is the stack that Python reports, as a folded stack."""
import sys


def sample(value):
    frames = []
    frame = sys._getframe(1)
    while frame:
        frames.append("%s (%s:%d)" % (frame.f_code.co_qualname if hasattr(frame.f_code, "co_qualname")
                                      else frame.f_code.co_name, "service.py", frame.f_lineno))
        frame = frame.f_back
    print(";".join(reversed(frames)), value)


class Store:
    def __init__(self):
        self.tags = []

    def add_tag(self, tag):
        if tag not in self.tags:
            sample(208)  # hot: 208
            self.tags.append(tag)
        sample(3)  # warm: 6

    def walk(self, depth):
        if depth > 0:
            return self.walk(depth - 1)  # recursion: cumulative 20
        sample(20)  # leaf: 20


def main():
    store = Store()
    store.add_tag("a")
    store.add_tag("a")
    store.walk(3)


main()
