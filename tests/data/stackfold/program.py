"""Dumps its stacks in each way that faulthandler has: all threads, one thread, on a timer, at its death."""
import faulthandler
import sys
import threading
import time

started = threading.Event()


def wait():
    started.set()
    time.sleep(30)


def descend(levels):
    if levels:
        return descend(levels - 1)
    faulthandler.dump_traceback(all_threads=True)
    faulthandler.dump_traceback(all_threads=False)
    if sys.argv[2] == "timer":
        faulthandler.dump_traceback_later(0.02, repeat=True)
        time.sleep(0.05)
        faulthandler.cancel_dump_traceback_later()


threading.Thread(target=wait, daemon=True).start()
started.wait()
descend(int(sys.argv[1]))
exec(compile("faulthandler.dump_traceback(all_threads=False)", "<assay>", "exec"))
faulthandler.enable()
if sys.argv[2] == "die":
    faulthandler._sigsegv()
