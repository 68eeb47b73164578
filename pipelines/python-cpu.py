# CPU time of a Python service, by stack. Loaded as sitecustomize.py from a folder of its own on PYTHONPATH.
#
# In:   ASSAY_CAPTURE      an existing folder for the output
#       ASSAY_INTERVAL_MS  CPU time of a thread between two of its samples, in ms (4)
# Out:  cpu.PID.1.txt      the stack of each sample, as faulthandler writes them; locked by flock() until it is whole,
#                          some milliseconds after the end of the service
#       cpu.PID.txt        samples=, unreadable_samples= (their stacks made no sense), threads= (that were started),
#                          interval_ms= (what it really was), cpu_seconds= (of the process, to compare samples with)
#
# A thread written in Python cannot look at another one that holds the interpreter lock, as all of "x in list" does. A
# signal handler that walks the stack it interrupted, as that of faulthandler, crashes CPython 3.11 where the signal
# comes while a call is being set up (once in 10000 samples of some programs), and spoils errno, by which a lock that is
# taken is had for free. So two parts work together:
#
# - In the service, each thread has a POSIX timer on its own CPU clock, which sends a signal to that very thread. The
#   signal is ignored; nothing in the service handles it.
# - The reader, a process of its own that this file starts, is the tracer of the service (ptrace). The kernel stops a
#   traced thread before each of its signals, ignored ones too. The reader then looks at the stack of the thread through
#   /proc/PID/mem, drops the signal, and lets the thread go on. It checks each pointer that it follows; the places of
#   the fields are those of CPython 3.11, which it tries on itself first.
#
# A thread is stopped for some tenths of a millisecond a sample, which its CPU clock does not count. Threads that no
# Python code started are not sampled. Frames of this file are named <assay>, for the reader of the stacks to leave out.
#
# This text is put into a shell script between single quotes: it may hold none, and only ASCII.
import os
import sys

LARGEST_THREADS = 10000
LARGEST_DEPTH = 500
LARGEST_TEXT = 1 << 20
REWRITE_S = 0.25
READER_LIMIT_S = 20

CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_COARSE = 3, 6
SIGEV_THREAD_ID = 4
PR_SET_PTRACER = 0x59616d61
PTRACE_CONT, PTRACE_DETACH, PTRACE_SEIZE, PTRACE_LISTEN = 7, 17, 0x4206, 0x4208
PTRACE_O_TRACECLONE, PTRACE_O_TRACEEXEC = 1 << 3, 1 << 4
PTRACE_EVENT_EXEC, PTRACE_EVENT_STOP = 4, 128
WAIT_FOR_ALL = 0x40000000  # __WALL

# CPython 3.11 on 64 bits: offsets in bytes.
INTERPRETER_THREADS = 16  # PyInterpreterState.threads.head
THREAD_NEXT, THREAD_INTERPRETER, THREAD_CFRAME, THREAD_ID, THREAD_SIZE = 8, 16, 56, 160, 168  # PyThreadState
CFRAME_FRAME, CFRAME_PREVIOUS, CFRAME_SIZE = 8, 16, 24  # _PyCFrame
FRAME_CODE, FRAME_PREVIOUS, FRAME_INSTRUCTION, FRAME_SIZE = 32, 48, 56, 72  # _PyInterpreterFrame
CODE_TYPE, CODE_UNITS, CODE_FIRST_LINE = 8, 16, 72  # PyCodeObject
CODE_PATH, CODE_NAME, CODE_LINES, CODE_BYTES = 112, 120, 136, 184
TEXT_LENGTH, TEXT_STATE, TEXT_ASCII, TEXT_WIDE = 16, 32, 48, 72  # PyASCIIObject and its larger form
BYTES_LENGTH, BYTES_DATA = 16, 32  # PyBytesObject


class Unreadable(Exception):
    """What was read is not what it should be."""


def number(block, offset):
    return int.from_bytes(block[offset:offset + 8], "little")


class Code:
    """A code object: its name, its file, and the line of each instruction."""

    def __init__(self, process, address, header):
        self.identity = process.identity(header)
        size = number(header, CODE_UNITS) * 2
        if not 0 < size < 1 << 26:
            raise Unreadable
        self.first_instruction = address + CODE_BYTES
        self.size = size
        first_line = int.from_bytes(header[CODE_FIRST_LINE:CODE_FIRST_LINE + 4], "little", signed=True)
        table = number(header, CODE_LINES)
        length = number(process.read(table, 32), BYTES_LENGTH)
        if length > LARGEST_TEXT * 16:
            raise Unreadable
        self.head = "  File \"%s\", line " % escape(process.text(number(header, CODE_PATH)))
        self.tail = " in %s\n" % escape(process.text(number(header, CODE_NAME)))
        # Python itself can decode a table of lines. What has no line, such as a jump back, belongs to the one before.
        self.lines = [(0, first_line)]  # before the first instruction has run
        try:
            template = Code.__init__.__code__
            code = template.replace(co_linetable=process.read(table + BYTES_DATA, length), co_firstlineno=first_line)
            for _, end, line in code.co_lines():
                self.lines.append((end, self.lines[-1][1] if line is None else line))
        except (ValueError, OverflowError):
            raise Unreadable from None
        self.rendered = {}

    def frame(self, instruction):
        """The frame in the form of faulthandler, for the address of the instruction that ran last."""
        text = self.rendered.get(instruction)
        if text is None:
            offset = instruction - self.first_instruction
            if not -2 <= offset < self.size:
                raise Unreadable
            line = next((line for end, line in self.lines if offset < end), "???")
            text = self.head + str(line) + self.tail
            self.rendered[instruction] = text
        return text


def escape(text):
    """As faulthandler writes what is not printable ASCII."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if " " <= character <= "~" else
        "\\x%02x" % ord(character) if ord(character) < 0x100 else
        "\\u%04x" % ord(character) if ord(character) < 0x10000 else "\\U%08x" % ord(character)
        for character in text)


class Process:
    """A Python process whose memory can be read."""

    def __init__(self, pid):
        self.pid = pid
        self.memory = os.open("/proc/%d/mem" % pid, os.O_RDONLY | os.O_CLOEXEC)
        self.base = load_address(pid)
        self.interpreter = self.code_type = None
        self.codes = {}
        self.threads = {}  # id: address of the PyThreadState

    def place(self, reader, interpreter, code_type):
        """Find what is at these addresses in the reader, which runs the same program."""
        self.interpreter = interpreter - reader.base + self.base
        self.code_type = code_type - reader.base + self.base

    def read(self, address, size):
        try:
            block = os.pread(self.memory, size, address)
        except (OSError, OverflowError):
            raise Unreadable from None
        if len(block) != size:
            raise Unreadable
        return block

    def text(self, address):
        header = self.read(address, TEXT_ASCII)
        length = number(header, TEXT_LENGTH)
        kind = header[TEXT_STATE] >> 2 & 7
        is_compact, is_ascii = header[TEXT_STATE] >> 5 & 1, header[TEXT_STATE] >> 6 & 1
        if kind not in (1, 2, 4) or not is_compact or length > LARGEST_TEXT:
            raise Unreadable
        data = self.read(address + (TEXT_ASCII if is_ascii else TEXT_WIDE), length * kind)
        try:
            return data.decode({1: "latin-1", 2: "utf-16-le", 4: "utf-32-le"}[kind], "surrogatepass")
        except UnicodeDecodeError:
            raise Unreadable from None

    def identity(self, header):
        """What tells a code object from another one that came to lie at its address later."""
        return header[CODE_UNITS:CODE_UNITS + 8] + header[CODE_FIRST_LINE:CODE_FIRST_LINE + 4] + \
            header[CODE_PATH:CODE_LINES + 8]

    def code(self, address):
        header = self.read(address, CODE_BYTES)
        code = self.codes.get(address)
        if code is None or code.identity != self.identity(header):
            if number(header, CODE_TYPE) != self.code_type:
                raise Unreadable
            code = self.codes[address] = Code(self, address, header)
        return code

    def find_threads(self):
        """The threads that Python knows."""
        self.threads = {}
        address = number(self.read(self.interpreter + INTERPRETER_THREADS, 8), 0)
        while address and len(self.threads) < LARGEST_THREADS:
            thread = self.read(address, THREAD_SIZE)
            if number(thread, THREAD_INTERPRETER) != self.interpreter:
                raise Unreadable
            # One that is about to start has the id of the thread that starts it, and stands before that one.
            self.threads[number(thread, THREAD_ID)] = address
            address = number(thread, THREAD_NEXT)

    def thread(self, identifier):
        for _ in range(3):
            try:
                thread = self.read(self.threads[identifier], THREAD_SIZE)
                if number(thread, THREAD_ID) == identifier and number(thread, THREAD_INTERPRETER) == self.interpreter:
                    return thread
            except (KeyError, Unreadable):
                pass
            try:
                self.find_threads()
            except Unreadable:  # the list is changing
                pass
        raise Unreadable

    def stack(self, identifier):
        """The stack of a thread that does not run, as text, innermost frame first."""
        cframe = self.read(number(self.thread(identifier), THREAD_CFRAME), CFRAME_SIZE)
        try:
            return self.frames(number(cframe, CFRAME_FRAME))
        except Unreadable:
            # Where the innermost call is just being set up, this is its caller.
            cframe = self.read(number(cframe, CFRAME_PREVIOUS), CFRAME_SIZE)
            return self.frames(number(cframe, CFRAME_FRAME))

    def frames(self, address):
        frames = []
        while address:
            if len(frames) == LARGEST_DEPTH:
                frames.append("  ...\n")
                break
            frame = self.read(address, FRAME_SIZE)
            frames.append(self.code(number(frame, FRAME_CODE)).frame(number(frame, FRAME_INSTRUCTION)))
            address = number(frame, FRAME_PREVIOUS)
        return "".join(frames) or "  <no Python frame>\n"

    def cpu_seconds(self):
        with open("/proc/%d/stat" % self.pid, "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load_address(pid):
    """Where the file with the interpreter is in memory: the shared library, or else the program."""
    program = os.readlink("/proc/%d/exe" % pid)
    addresses = {}
    with open("/proc/%d/maps" % pid) as maps:
        for line in maps:
            fields = line.split(None, 5)
            if len(fields) == 6:
                addresses.setdefault(fields[5].rstrip("\n"), int(fields[0].partition("-")[0], 16))
    for path in addresses:
        if os.path.basename(path).startswith("libpython3"):
            return addresses[path]
    return addresses[program]


def try_on_itself(ctypes):
    """The reader as a process to read: what it reads of its own stack must be what Python says."""
    own = Process(os.getpid())
    ctypes.pythonapi.PyInterpreterState_Main.restype = ctypes.c_void_p
    own.place(own, ctypes.pythonapi.PyInterpreterState_Main(), id(type(try_on_itself.__code__)))
    try:
        got = own.stack(os.getpid()).splitlines(keepends=True)
    except Unreadable:
        got = []
    frame = sys._getframe().f_back
    expected = []
    while frame:
        expected.append("  File \"%s\", line %d in %s\n" % (
            escape(frame.f_code.co_filename), frame.f_lineno, escape(frame.f_code.co_name)))
        frame = frame.f_back
    # Above the frames of this function are those of the methods that read.
    if not expected or got[-len(expected):] != expected or " in try_on_itself\n" not in got[-len(expected) - 1]:
        raise RuntimeError("the stacks of this Python, %s, are not where those of CPython 3.11 are"
                           % sys.version.split()[0])
    return own


class Reader:
    """The tracer of a process, and what it writes of it."""

    def __init__(self, pid, sampling_signal, folder, interval_ms):
        import ctypes
        import fcntl
        import time
        self.clock = time.monotonic
        self.pid, self.sampling_signal, self.folder = pid, sampling_signal, folder
        self.ptrace = ctypes.CDLL(None, use_errno=True).ptrace
        self.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
        self.ptrace.restype = ctypes.c_long
        self.errno = ctypes.get_errno
        own = try_on_itself(ctypes)
        self.process = Process(pid)
        self.process.place(own, own.interpreter, own.code_type)
        self.facts = dict(samples=0, unreadable_samples=0, threads=0, interval_ms=interval_ms, cpu_seconds=0.0)
        self.next_rewrite = 0.0
        self.seen = set()
        self.output = os.open(os.path.join(folder, "cpu.%d.1.txt" % pid), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        fcntl.flock(self.output, fcntl.LOCK_EX)

    def attach(self):
        """Trace all threads; those that they start later are traced from their first instruction on."""
        while True:
            found = {int(name) for name in os.listdir("/proc/%d/task" % self.pid)} - self.seen
            if not found:
                return
            for identifier in found:
                if self.ptrace(PTRACE_SEIZE, identifier, None, PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC) == 0:
                    self.seen.add(identifier)
                elif identifier == self.pid:
                    raise PermissionError("process %d cannot be traced: %s" % (self.pid, os.strerror(self.errno())))

    def follow(self):
        """Take samples until the process ends, or runs another program."""
        import signal
        stopping = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
        while True:
            identifier, status = os.waitpid(-1, WAIT_FOR_ALL)
            if not os.WIFSTOPPED(status):
                if identifier == self.pid:
                    return
                self.seen.discard(identifier)  # its number may come again
                continue
            event, number_of_signal = status >> 16, os.WSTOPSIG(status)
            request = PTRACE_CONT
            if identifier not in self.seen:
                self.seen.add(identifier)
                self.facts["threads"] += 1
            if event == PTRACE_EVENT_STOP and number_of_signal in stopping:
                request, number_of_signal = PTRACE_LISTEN, 0  # stays stopped, until SIGCONT
            elif event == PTRACE_EVENT_EXEC:
                self.ptrace(PTRACE_DETACH, identifier, None, None)
                return
            elif event:
                number_of_signal = 0
            elif number_of_signal == self.sampling_signal:
                self.take_sample(identifier)
                number_of_signal = 0
            self.ptrace(request, identifier, None, number_of_signal)
            if self.clock() >= self.next_rewrite:
                self.write_facts()

    def take_sample(self, identifier):
        try:
            stack = self.process.stack(identifier)
        except Unreadable:
            self.facts["unreadable_samples"] += 1
            return
        self.facts["samples"] += 1
        os.write(self.output, ("Stack (most recent call first):\n" + stack).encode("ascii"))

    def write_facts(self):
        self.next_rewrite = self.clock() + REWRITE_S
        try:
            self.facts["cpu_seconds"] = self.process.cpu_seconds()
        except OSError:  # gone; what was known last stays
            pass
        path = os.path.join(self.folder, "cpu.%d.txt" % self.pid)
        with open(path + ".part", "w") as output:
            output.writelines("%s=%.15g\n" % fact for fact in self.facts.items())
        os.rename(path + ".part", path)


def be_reader(pid, sampling_signal, folder, interval_ms):
    import signal
    for ending in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(ending, signal.SIG_IGN)  # the end of the service is the end
    os.closerange(3, 1 << 20)  # what the service got from its parent, a lock perhaps
    try:
        reader = Reader(pid, sampling_signal, folder, interval_ms)
        reader.attach()
        reader.facts["threads"] = len(reader.seen)
        os.dup2(0, 1)  # the service waits for the end of our output
        try:  # where the service is bound to one processor, elsewhere; and without waiting, as the service waits for it
            os.sched_setaffinity(0, range(os.cpu_count()))
            os.nice(-10)
        except OSError:
            pass
        reader.follow()
        reader.write_facts()
    except (ProcessLookupError, FileNotFoundError):
        pass  # it ended before
    except Exception as problem:
        complain(problem)
        sys.exit(1)


def complain(problem):
    print("assay: python-cpu: no capture: %s: %s" % (type(problem).__name__, problem), file=sys.stderr)


def load_libc():
    """The C functions for the service. They keep the interpreter lock: having it back could take 5 ms."""
    import ctypes
    for library in (None, "librt.so.1"):  # the timers were in librt before glibc 2.34
        libc = ctypes.PyDLL(library)
        if hasattr(libc, "timer_create"):
            break
    libc.timer_create.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    libc.timer_settime.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    libc.timer_delete.argtypes = [ctypes.c_void_p]
    return ctypes, libc


def timer_setting():
    """The setting of every timer, a struct itimerspec, and the interval in ms that it amounts to.

    The kernel looks at CPU timers only at its tick. A timer that is due at each look makes every tick that finds the
    thread running a sample, so a thread that runs in short bursts is seen as often as one that never sleeps; with
    an interval as long as the tick it would lose every sample of two that fall between the same two multiples. The
    first is due at once for the same reason: a thread that ends before its first interval must not go unseen."""
    import time
    asked = float(os.environ.get("ASSAY_INTERVAL_MS", "4"))
    if not 0 < asked <= 10000:
        raise ValueError("ASSAY_INTERVAL_MS=%g: expected more than 0 and at most 10000" % asked)
    tick = time.clock_getres(CLOCK_MONOTONIC_COARSE) * 1000
    nanoseconds = 1000 if asked < 2 * tick else int(asked * 1000000)
    seconds = (nanoseconds // 1000000000, nanoseconds % 1000000000)
    return (ctypes.c_long * 4)(*seconds, 0, 1), max(asked, tick) if asked < 2 * tick else asked


def arm():
    """Start to sample the calling thread. Returns its timer."""
    # struct sigevent: value, signal and kind, thread; 64 bytes.
    event = (ctypes.c_int * 16)(0, 0, sampling_signal, SIGEV_THREAD_ID, _thread.get_native_id())
    timer = ctypes.c_void_p()
    if libc.timer_create(CLOCK_THREAD_CPUTIME_ID, ctypes.byref(event), ctypes.byref(timer)) != 0:
        return None  # too many: RLIMIT_SIGPENDING
    libc.timer_settime(timer, 0, ctypes.byref(setting), None)
    return timer


def run(function, arguments, keywords={}):
    timer = arm()
    owner = os.getpid()
    try:
        function(*arguments, **keywords)
    finally:
        if timer is not None and os.getpid() == owner:  # fork leaves the timers to the parent
            libc.timer_delete(timer)


def start_new_thread(function, arguments, *keywords):
    if not callable(function) or not isinstance(arguments, tuple) or len(keywords) > 1:
        return start_thread(function, arguments, *keywords)  # raises what it always raised
    return start_thread(run, (function, arguments) + keywords)


def start_reader():
    """Start the reader, and wait until it traces this process. By way of a shell that ends at once: a service that
    waits for all its children must not wait for the reader."""
    command = [program, "-I", "-S", source, str(os.getpid()), str(sampling_signal), folder, str(interval_ms)]
    waiting, ready = os.pipe()
    shell = os.posix_spawn("/bin/sh", ["sh", "-c", "\"$@\" </dev/null &", "sh"] + command, os.environ,
                           file_actions=[(os.POSIX_SPAWN_DUP2, ready, 1)])
    os.close(ready)
    try:
        os.waitpid(shell, 0)
    except ChildProcessError:  # after fork, in a service that ignores how its children end
        pass
    # Its standard output comes to its end as soon as it traces this process, or has said why it cannot.
    ending = select.poll()
    ending.register(waiting, select.POLLIN)
    if not ending.poll(READER_LIMIT_S * 1000):
        complain(TimeoutError("the reader did not begin in %d s" % READER_LIMIT_S))
    os.close(waiting)


def begin_process():
    libc.prctl(PR_SET_PTRACER, ctypes.c_ulong(-1))  # where Yama lets only a parent trace: any process of this user
    start_reader()
    # Not before: Linux (from 6.13 on) lets a timer rest whose signal is ignored and not traced.
    arm()


def hide_own_frames():
    """Name all functions of this file <assay>; one that runs already, as the module itself, keeps its name."""
    for value in list(globals().values()):
        if isinstance(value, type(hide_own_frames)):
            value.__code__ = value.__code__.replace(co_filename="<assay>")


def begin():
    global _thread, ctypes, select, libc, setting, interval_ms, sampling_signal, program, source, folder, start_thread
    import _thread
    import select
    import signal
    source = os.path.abspath(__file__)
    folder = os.path.abspath(os.environ["ASSAY_CAPTURE"])
    if not os.access(folder, os.W_OK):
        raise FileNotFoundError("no folder to write into: ASSAY_CAPTURE=%s" % folder)
    if sys.implementation.name != "cpython" or sys.version_info[:2] != (3, 11):
        raise RuntimeError("the stacks of %s are not known, only those of CPython 3.11" % sys.version.split()[0])
    program = os.readlink("/proc/self/exe")  # sys.executable is what PATH says, which may be another one
    if not os.path.basename(program).startswith("python"):
        raise RuntimeError("Python is only a part of the program that runs, %s" % program)
    ctypes, libc = load_libc()
    setting, interval_ms = timer_setting()
    sampling_signal = signal.SIGRTMAX - 3
    if signal.getsignal(sampling_signal) not in (signal.SIG_DFL, signal.SIG_IGN):
        raise RuntimeError("signal %d is taken" % sampling_signal)
    signal.signal(sampling_signal, signal.SIG_IGN)
    begin_process()
    os.register_at_fork(after_in_child=begin_process)
    start_thread = _thread.start_new_thread
    _thread.start_new_thread = _thread.start_new = start_new_thread
    if "threading" in sys.modules:
        sys.modules["threading"]._start_new_thread = start_new_thread


def load_hidden():
    """Run the sitecustomize that this one hides, if there is one, and take our folder out of the way."""
    import importlib.machinery
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != here]
    spec = importlib.machinery.PathFinder.find_spec(__name__)
    if spec and spec.loader:
        spec.loader.exec_module(type(sys)(__name__))


if __name__ == "__main__":
    be_reader(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
else:
    try:
        hide_own_frames()
        begin()
    except Exception as problem:
        complain(problem)
    load_hidden()
