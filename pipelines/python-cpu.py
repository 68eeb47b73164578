# CPU time of a Python service, by stack. Loaded as sitecustomize.py from a folder of its own on PYTHONPATH.
#
# In:   ASSAY_CAPTURE      an existing folder for the output
#       ASSAY_INTERVAL_MS  CPU time of a thread between two of its samples, in ms (4)
# Out:  cpu.PID.SLOT.txt   the stacks that faulthandler wrote, innermost frame first, one dump a sample
#       cpu.PID.txt        threads=, unarmed_threads=, interval_ms= (what it really was), cpu_seconds= (at the end)
#
# A thread written in Python cannot look at another one that holds the interpreter lock, as all of "x in list" does. So
# each thread has a POSIX timer on its own CPU clock that sends a signal to that very thread, and faulthandler, in C,
# writes the stack that the signal interrupted. Frames of this file are named <assay>, for the reader to leave out.
#
# faulthandler writes one stack at a time: of two threads that one tick finds both in C code that has given up the
# interpreter lock (compression, system calls), one is not counted. Samples times interval_ms against cpu_seconds tells
# how much that was. Threads that no Python code started are not sampled.
#
# This text is put into a shell script between single quotes: it may hold none, and only ASCII.
import _thread
import atexit
import ctypes
import faulthandler
import fcntl
import importlib.machinery
import os
import signal
import sys
import time
import types

CLOCK_THREAD_CPUTIME_ID = 3
CLOCK_MONOTONIC_COARSE = 6
SIGEV_THREAD_ID = 4
SIG_IGN = ctypes.c_void_p(1)
# Where the files of the capture are opened: the numbers that the service gets for its own stay as they were.
LOWEST_DESCRIPTOR = 600


class SignalEvent(ctypes.Structure):
    """struct sigevent of Linux, 64 bytes."""
    _fields_ = [("value", ctypes.c_void_p), ("signal", ctypes.c_int), ("notify", ctypes.c_int),
                ("thread", ctypes.c_int), ("unused", ctypes.c_int * 11)]


class TimerSetting(ctypes.Structure):
    """struct itimerspec."""
    _fields_ = [("interval_s", ctypes.c_long), ("interval_ns", ctypes.c_long),
                ("first_s", ctypes.c_long), ("first_ns", ctypes.c_long)]


def load_libc():
    """The C functions used here, called without giving up the interpreter lock: getting it back could take 5 ms."""
    for library in (None, "librt.so.1"):  # the timers were in librt before glibc 2.34
        libc = ctypes.PyDLL(library)
        if hasattr(libc, "timer_create"):
            break
    libc.timer_create.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    libc.timer_settime.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    libc.timer_delete.argtypes = [ctypes.c_void_p]
    libc.pwrite.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_long]
    return libc


def timer_setting():
    """The setting of every timer, and the interval in ms that it amounts to.

    The kernel looks at CPU timers only at its tick. A timer that is due at each look makes every tick that finds the
    thread running a sample, so a thread that runs in short bursts is seen as often as one that never sleeps; with
    an interval as long as the tick it would lose every sample of two that fall between the same two multiples. The
    first is due at once for the same reason: a thread that ends before its first interval must not go unseen."""
    asked = float(os.environ.get("ASSAY_INTERVAL_MS", "4"))
    if not 0 < asked <= 10000:
        raise ValueError("ASSAY_INTERVAL_MS=%s: expected more than 0 and at most 10000" % asked)
    tick = time.clock_getres(CLOCK_MONOTONIC_COARSE) * 1000
    if asked < 2 * tick:
        return TimerSetting(0, 1000, 0, 1), tick
    nanoseconds = int(asked * 1000000)
    return TimerSetting(nanoseconds // 1000000000, nanoseconds % 1000000000, 0, 1), asked


def usable_signals():
    """The real-time signals that nobody has taken: as many threads can be sampled at the same time."""
    numbers = range(signal.SIGRTMIN + 1, signal.SIGRTMAX + 1)
    return [number for number in numbers if signal.getsignal(number) in (signal.SIG_DFL, signal.SIG_IGN)]


def open_output(name):
    path = os.path.join(folder, name)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        high = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, LOWEST_DESCRIPTOR)
    except OSError:  # more than the service may have open
        return descriptor
    os.close(descriptor)
    return high


def begin_process():
    """State of this process: run at the start, and again in a child made by fork, which inherits no timer."""
    global lock, free, slots, timers, threads, unarmed, summary, ended
    lock = _thread.allocate_lock()
    free = usable_signals()[::-1]
    slots = {}  # signal: descriptor of its file
    timers = {}  # thread: (signal, timer)
    threads = unarmed = 0
    ended = False
    summary = open_output("cpu.%d.txt" % os.getpid())
    os.ftruncate(summary, 0)
    # pwrite() on a file opened with O_APPEND would append.
    fcntl.fcntl(summary, fcntl.F_SETFL, 0)
    arm()


def begin_child():
    """After fork: the files of the parent are none of ours."""
    for number, descriptor in slots.items():
        faulthandler.unregister(number)
        os.close(descriptor)
    os.close(summary)
    begin_process()


def write_summary(more=""):
    text = "threads=%d\nunarmed_threads=%d\ninterval_ms=%g\n%s" % (threads, unarmed, interval_ms, more)
    text = text.encode("ascii")
    libc.pwrite(summary, text, len(text), 0)


def register(number):
    """Make the signal write the stack of the thread that it interrupts into a file that no other thread writes.

    chain=True: only then does the handler put errno back. Without it, a lock that the thread was about to find taken
    is taken for free. What it chains to is SIG_IGN, which also stands again when the interpreter ends: by default, a
    late signal would end the process. With chain=True, system calls are not restarted; but Linux (from 5.9 on)
    looks at the CPU timers of a thread on its way out of a system call, when there is none to interrupt any more."""
    slots[number] = open_output("cpu.%d.%d.txt" % (os.getpid(), number - signal.SIGRTMIN))
    libc.signal(number, SIG_IGN)  # signal.signal() is for the main thread alone
    faulthandler.register(number, file=slots[number], all_threads=False, chain=True)


def arm():
    """Start to sample the calling thread."""
    global threads, unarmed
    with lock:
        if ended:
            return
        threads += 1
        number = free.pop() if free else None
        unarmed += number is None
        write_summary()
        if number is None:
            return
        if number not in slots:
            register(number)
    timer = ctypes.c_void_p()
    event = SignalEvent(None, number, SIGEV_THREAD_ID, _thread.get_native_id())
    if libc.timer_create(CLOCK_THREAD_CPUTIME_ID, ctypes.byref(event), ctypes.byref(timer)) != 0:
        with lock:  # no more timers allowed: RLIMIT_SIGPENDING counts them
            unarmed += 1
            write_summary()
        free.append(number)
        return
    timers[_thread.get_ident()] = number, timer
    libc.timer_settime(timer, 0, ctypes.byref(setting), None)


def disarm(thread):
    """End the sampling of a thread. Its last signal is delivered before timer_delete() returns to it."""
    number, timer = timers.pop(thread, (None, None))
    if number is not None:
        libc.timer_delete(timer)
        free.append(number)


def run(function, arguments, keywords={}):
    arm()
    try:
        function(*arguments, **keywords)
    finally:
        disarm(_thread.get_ident())


def start_new_thread(function, arguments, *keywords):
    if not callable(function) or not isinstance(arguments, tuple) or len(keywords) > 1:
        return start_thread(function, arguments, *keywords)  # raises what it always raised
    return start_thread(run, (function, arguments) + keywords)


def finish():
    """The end of the process: no signal may come once faulthandler is gone."""
    global ended
    ended = True
    for thread in list(timers):
        disarm(thread)
    write_summary("cpu_seconds=%.6f\n" % time.process_time())


def on_terminate(number, frame):
    """SIGTERM ends the process as it would have without us, only that the output is whole."""
    finish()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def begin():
    global folder, libc, setting, interval_ms, start_thread
    for value in list(globals().values()):
        if isinstance(value, types.FunctionType):
            value.__code__ = value.__code__.replace(co_filename="<assay>")
    if hasattr(_thread, "start_joinable_thread"):
        raise RuntimeError("Python 3.13 and newer start threads in another way")
    folder = os.path.abspath(os.environ["ASSAY_CAPTURE"])
    libc = load_libc()
    setting, interval_ms = timer_setting()
    begin_process()
    start_thread = _thread.start_new_thread
    _thread.start_new_thread = _thread.start_new = start_new_thread
    if "threading" in sys.modules:
        sys.modules["threading"]._start_new_thread = start_new_thread
    os.register_at_fork(after_in_child=begin_child)
    atexit.register(finish)
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, on_terminate)


def load_hidden():
    """Run the sitecustomize that this one hides, if there is one, and take our folder out of the way."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
    spec = importlib.machinery.PathFinder.find_spec(__name__)
    if spec and spec.loader:
        spec.loader.exec_module(types.ModuleType(__name__))


try:
    begin()
except Exception as problem:
    print("assay: python-cpu: no capture: %s: %s" % (type(problem).__name__, problem), file=sys.stderr)
load_hidden()
