"""Each kind of frame, held still for a while in C code that keeps the interpreter lock."""
import time

LIST = list(range(4000))


class Missing:
    def __eq__(self, other):
        return False


def hold():
    end = time.thread_time() + 0.02
    while time.thread_time() < end:
        None in LIST


def generator():
    hold()
    yield


def deep(levels):
    if levels:
        deep(levels - 1)
    else:
        hold()


class Holder:
    def __getattr__(self, name):
        hold()
        return name

    def naïve(self):
        sorted([1, 2], key=lambda value: hold() or value)


for _ in range(6):
    next(generator())
    deep(600)
    [hold() for _ in range(1)]
    Holder().missing
    Holder().naïve()
    exec(compile("hold()", "made up;\n.py", "exec"))
