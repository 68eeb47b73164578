"""One thread parts its CPU time between two functions, another sleeps. Prints the seconds that each function took."""
import threading
import time

TAGS = [f"tag{number}" for number in range(5000)]
CPU_SECONDS = 1.6


def search(count):
    found = 0
    for _ in range(count):
        if "missing" in TAGS:
            found += 1
    return found


def add(count):
    total = 0
    for number in range(count):
        total += number * number
    return total


def sleep(stop):
    while not stop.wait(0.01):
        pass


def work():
    seconds = {"search": 0.0, "add": 0.0}
    while sum(seconds.values()) < CPU_SECONDS:
        start = time.thread_time()
        search(45)
        between = time.thread_time()
        add(18000)
        seconds["search"] += between - start
        seconds["add"] += time.thread_time() - between
    for name, value in seconds.items():
        print(f"{name}={value:.6f}")


stop = threading.Event()
sleeper = threading.Thread(target=sleep, args=(stop,))
worker = threading.Thread(target=work)
sleeper.start()
worker.start()
worker.join()
stop.set()
sleeper.join()
