# Memory of a Python service near its peak, by stack. Loaded as sitecustomize.py from a folder of its own on PYTHONPATH.
#
# In:   ASSAY_CAPTURE     an existing folder for the output
#       ASSAY_PASS        peak: learn the traced peak. snapshot: take the stacks near it
#       ASSAY_PEAK        the peak in bytes that the first pass learned (snapshot)
# Out:  peak.PID.txt        traced_peak_bytes=
#       snapshot.PID.tsv    tracemalloc_bytes tracemalloc_blocks depth stack; one row a distinct traceback: its
#                           innermost 25 frames as path:line, outermost first; depth is how many it really had
#       snapshot.PID.txt    traced_peak_bytes= (of this pass), snapshot_bytes=, snapshot_target_bytes= (the threshold
#                           that the traced bytes had reached)
#       snapshot.PID.taken  the last two, before they are put into the file above
#
# The snapshot is taken in a child made by fork, a copy of the service at that instant: the service stands still for
# some milliseconds instead of the seconds that it takes to walk millions of blocks, and the memory for that is not in
# its own. Frames of this file are named <assay>; what they allocated is left out.
#
# This text is put into a shell script between single quotes: it may hold none, and only ASCII.
import _thread
import _tracemalloc
import atexit
import gc
import importlib.machinery
import os
import signal
import sys
import time
import types

FRAMES = 25
# Shares of the peak. 0.97 is the one wanted; the highest that is reached replaces the others, so a run whose peak is
# another one than that of the first pass has its snapshot near its own.
THRESHOLDS = (0.60, 0.80, 0.90, 0.97, 1.1, 1.2, 1.4, 1.7, 2, 3, 4)
POLL_S = 0.001
REWRITE_S = 0.25
# A child ends after this time. Before its first allocation it gets less: the lock around the table of traces may have
# been held at the fork by a thread that is not in the copy, so that it waits for ever. Then another is made.
CHILD_START_S = 5
CHILD_LIMIT_S = 120
ATTEMPTS = 3


def complain(message):
    print("assay: tracemalloc: " + message, file=sys.stderr)


def write_file(name, text):
    """Write by rename: what is seen under the name is whole."""
    path = os.path.join(folder, name)
    part = "%s.%d.part" % (path, os.getpid())
    with open(part, "wb") as output:
        output.write(text)
    os.rename(part, path)


def write_peak():
    """The peak so far, and beside it what the child said of its snapshot."""
    global peak, written
    with lock:
        peak = max(peak, _tracemalloc.get_traced_memory()[1])
        name = "%s.%d" % (asked_pass, os.getpid())
        text = b"traced_peak_bytes=%d\n" % peak
        if asked_pass == "snapshot":
            try:
                with open(os.path.join(folder, name + ".taken"), "rb") as source:
                    text += source.read()
            except FileNotFoundError:
                pass
        if text != written:
            write_file(name + ".txt", text)
            written = text


def describe(frames):
    """A stack of tracemalloc, (path, line) with the innermost first, in folded order."""
    return ";".join("%s:%d" % (path.translate(escapes), line) for path, line in reversed(frames))


def write_snapshot(service, target, traced):
    """In the child: nothing else runs here, so the blocks add up to what is traced."""
    signal.alarm(CHILD_LIMIT_S)
    traces = _tracemalloc._get_traces()
    _tracemalloc.stop()
    rows = {}
    for _, size, frames, depth in traces:
        row = rows.get(id(frames))  # equal tracebacks of one call are one object
        if row is None:
            rows[id(frames)] = [size, 1, depth, frames]
        else:
            row[0] += size
            row[1] += 1
    lines = []
    for size, blocks, depth, frames in rows.values():
        if all(path != "<assay>" for path, _ in frames):
            lines.append((-size, describe(frames), blocks, depth))
    lines.sort()
    text = "tracemalloc_bytes\ttracemalloc_blocks\tdepth\tstack\n" + "".join(
        "%d\t%d\t%d\t%s\n" % (-size, blocks, depth, stack) for size, stack, blocks, depth in lines)
    name = "snapshot.%d" % service
    write_file(name + ".taken", b"snapshot_bytes=%d\nsnapshot_target_bytes=%d\n" % (traced, target))
    write_file(name + ".tsv", text.encode("utf-8", "surrogateescape"))


def be_child(service, target):
    """Let go of all that the service has open, so that no peer waits for this copy to close it; then do the work."""
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(CHILD_START_S)
        gc.disable()
        traced = _tracemalloc.get_traced_memory()[0]
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in range(3):
            os.dup2(null, descriptor)
        for entry in os.listdir("/proc/self/fd"):
            if int(entry) > 2:
                close(int(entry))
        write_snapshot(service, target, traced)
    except BaseException:
        os._exit(1)
    os._exit(0)


def close(descriptor):
    try:
        os.close(descriptor)
    except OSError:  # the one that listed them
        pass


def take_snapshot(target):
    global child, forking
    with lock:
        if ended:
            return
        service = os.getpid()
        earlier = child
        forking = _thread.get_ident()
        try:
            child = os.fork()
        except OSError as problem:
            complain("no snapshot: fork: %s" % problem.strerror)
        if child == 0:
            be_child(service, target)
        forking = None
        # The one that is still being written must not come out after the new one.
        if child != earlier and earlier and status_of(earlier, os.WNOHANG) is None:
            os.kill(earlier, signal.SIGKILL)
            status_of(earlier, 0)


def status_of(pid, flags):
    """How a child ended: None, it did not end; 0, well, or the service waited for it; else as waitpid() says."""
    try:
        ended_pid, status = os.waitpid(pid, flags)
    except ChildProcessError:
        return 0
    return status if ended_pid else None


def collect_child(flags):
    global child
    with lock:
        status = status_of(child, flags) if child else None
        if status is not None:
            child = None
        return status


def watch():
    """A thread of its own, so that a service that is killed leaves its output too."""
    rest = list(targets)
    target = None
    attempts = ATTEMPTS
    next_write = 0.0
    while not ended:
        traced = _tracemalloc.get_traced_memory()[0]
        if rest and traced >= rest[0]:
            while rest and traced >= rest[0]:
                target = rest.pop(0)
            take_snapshot(target)
        now = time.monotonic()
        if now >= next_write:
            next_write = now + REWRITE_S
            if collect_child(os.WNOHANG) and attempts:
                attempts -= 1
                rest.insert(0, target)
            write_peak()
        time.sleep(POLL_S if rest else REWRITE_S)


def begin_process():
    """State of this process: made at the start, and again in a child that the service makes by fork."""
    global lock, child, forking, ended, peak, written, targets
    lock = _thread.RLock()
    child = None
    forking = None
    ended = False
    peak = 0
    written = None
    # What a child inherits is the memory of its parent, whose snapshots show it.
    traced = _tracemalloc.get_traced_memory()[0]
    targets = [target for target in all_targets if target > traced]
    _thread.start_new_thread(watch, ())


def begin_child():
    if forking != _thread.get_ident():
        begin_process()


def finish():
    global ended
    ended = True
    with lock:
        status = collect_child(0)
        if status:
            complain("the snapshot failed: status %d" % status)
        write_peak()


def on_terminate(number, frame):
    """SIGTERM ends the process as it would have without us, only that the output is written."""
    finish()
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def begin():
    global folder, asked_pass, all_targets, escapes
    for value in list(globals().values()):
        if isinstance(value, types.FunctionType) and value is not load_hidden:
            value.__code__ = value.__code__.replace(co_filename="<assay>")
    folder = os.path.abspath(os.environ["ASSAY_CAPTURE"])
    if not os.access(folder, os.W_OK):
        raise FileNotFoundError("no folder to write into: ASSAY_CAPTURE=%s" % folder)
    asked_pass = os.environ.get("ASSAY_PASS")
    all_targets = []
    if asked_pass == "snapshot":
        learned = int(os.environ["ASSAY_PEAK"])
        if learned <= 0:
            raise ValueError("ASSAY_PEAK=%d: expected more than 0" % learned)
        all_targets = [int(learned * share) for share in THRESHOLDS]
        # A thread that waits for the interpreter lock asks for it after this time; the peak may be short.
        sys.setswitchinterval(POLL_S)
    elif asked_pass != "peak":
        raise ValueError("ASSAY_PASS=%s: expected peak or snapshot" % asked_pass)
    # In a row: control characters, the separator of frames, and the escape of TSV.
    escapes = dict.fromkeys([*range(32), 127], "?")
    escapes[ord(";")] = ":"
    escapes[ord("\\")] = "\\\\"
    os.register_at_fork(after_in_child=begin_child)
    atexit.register(finish)
    if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, on_terminate)
    _tracemalloc.stop()
    _tracemalloc.start(FRAMES if asked_pass == "snapshot" else 1)
    begin_process()


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
    complain("no capture: %s: %s" % (type(problem).__name__, problem))
load_hidden()
