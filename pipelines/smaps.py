# smaps: what a service's memory is, by regions, at the moment when it has most of it.
#
#   smaps.py watch STATE FILE INTERVAL   looks at the process tree of STATE/service.pid every INTERVAL seconds until it
#                                        gets SIGTERM, and keeps the mappings of the largest moment in FILE
#   smaps.py fold FILE rss|pss           FILE as folded stacks, in bytes
#
# FILE: for each process a line `= PID COMMAND`, a line `- ADDRESS` for each thread's stack pointer, and its smaps.
import os
import signal
import sys
import time

PAGE = os.sysconf("SC_PAGESIZE")
# The kernel's count of a process's pages lags behind by some pages of each CPU; and a look at all mappings of a large
# process takes milliseconds, so that one is worth it only where there is more to see.
GROWTH = 1.01
SLACK = 64 * PAGE


def text_of(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:  # a process or thread that has ended
        return ""


def names_in(folder):
    try:
        return os.listdir(folder)
    except OSError:
        return []


def tree(state):
    """The service's processes, the first one first."""
    found = [pid for pid in text_of(f"{state}/service.pid").split() if pid.isdigit()]
    for pid in found:
        for task in names_in(f"/proc/{pid}/task"):
            found += text_of(f"/proc/{pid}/task/{task}/children").split()
    return found


def resident(pids):
    total = 0
    for pid in pids:
        fields = text_of(f"/proc/{pid}/statm").split()
        total += int(fields[1]) * PAGE if fields else 0
    return total


class Stacks:
    """Where the threads' stacks are: a thread shows its stack pointer only while it waits in the kernel."""

    def __init__(self):
        self.seen = {}

    def look(self, pids):
        """Whether each thread's is known now."""
        known = True
        for pid in pids:
            for task in names_in(f"/proc/{pid}/task"):
                if (pid, task) not in self.seen:
                    words = text_of(f"/proc/{pid}/task/{task}/syscall").split()
                    if len(words) >= 3:  # ... STACK-POINTER PROGRAM-COUNTER
                        self.seen[pid, task] = words[-2]
                    elif words == ["running"]:
                        known = False
        return known

    def of(self, pid):
        return [pointer for (owner, task), pointer in self.seen.items()
                if owner == pid and os.path.exists(f"/proc/{pid}/task/{task}")]


def bytes_of(line):
    """The amount of a line `NAME: NUMBER kB`; 0 where it was cut off, its process having ended."""
    words = line.split()
    return int(words[1]) * 1024 if len(words) > 2 and words[1].isdigit() else 0


def snapshot(pids, stacks):
    """The text of FILE, and the bytes that are resident by it."""
    parts, total = [], 0
    for pid in pids:
        mappings = text_of(f"/proc/{pid}/smaps")
        if not mappings:
            continue
        command = "".join(c if c.isprintable() else "?" for c in text_of(f"/proc/{pid}/comm").rstrip("\n"))
        parts.append(f"= {pid} {command}\n")
        parts += [f"- {pointer}\n" for pointer in stacks.of(pid)]
        parts.append(mappings)
        total += sum(bytes_of(line) for line in mappings.splitlines() if line.startswith("Rss:"))
    return "".join(parts), total


def watch(state, file, interval):
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    stacks, most, looks = Stacks(), 0, 0

    def keep():
        nonlocal most
        pids = tree(state)
        stacks.look(pids)
        text, total = snapshot(pids, stacks)
        if total > most:
            with open(file + ".new", "w", encoding="utf-8") as out:
                out.write(text)
            os.replace(file + ".new", file)
            most = total

    pids = tree(state)
    if not text_of(f"/proc/{pids[0]}/smaps" if pids else "/nowhere"):
        print("refused", flush=True)
        return
    keep()
    print("ready", flush=True)
    while not ended:
        looks += 1
        pids = tree(state)
        if looks % 10 == 1:
            stacks.look(pids)
        if resident(pids) > most * GROWTH + SLACK:
            keep()
        time.sleep(interval)
    # The workload is over: threads that have just become idle are about to wait.
    for _ in range(25):
        if stacks.look(tree(state)):
            break
        time.sleep(0.02)
    keep()


def kind_of(path, holds_a_stack):
    if path == "[heap]":
        return ["heap"]
    if path.startswith("[stack") or (holds_a_stack and (not path or path.startswith("[anon"))):
        return ["stacks"]
    if not path or path.startswith("[anon"):
        return ["anonymous"] + ([path[1:-1]] if path else [])
    if path.startswith("["):
        return ["kernel", path[1:-1]]
    name = path.removesuffix(" (deleted)")
    if name.startswith(("/memfd:", "/SYSV", "/dev/shm/")) or name == "/dev/zero":
        return ["shared", name]
    return ["files", os.path.basename(name)]


def is_header(line):
    start = line.split(" ", 1)[0]
    low, dash, high = start.partition("-")
    return bool(dash) and not set(low + high) - set("0123456789abcdef")


def fold(file, value):
    sums, command, pointers, frames = {}, "?", [], None
    field = {"rss": "Rss:", "pss": "Pss:"}[value]
    for line in text_of(file).split("\n"):
        if line.startswith("= "):
            command, pointers = line.split(" ", 2)[2] or "?", []
        elif line.startswith("- "):
            pointers.append(int(line.split()[1], 16))
        elif is_header(line):
            words = line.split(None, 5)
            low, high = (int(number, 16) for number in words[0].split("-"))
            path = words[5] if len(words) > 5 else ""
            frames = [command, *kind_of(path, any(low <= pointer < high for pointer in pointers)), words[1]]
        elif line.startswith(field) and frames:
            stack = ";".join("".join(":" if c == ";" else c if c.isprintable() else "?" for c in frame) for frame in frames)
            sums[stack] = sums.get(stack, 0) + bytes_of(line)
    for stack, total in sorted(sums.items(), key=lambda row: row[0].encode("utf-8", "replace")):
        if total:
            print(stack, total)


if sys.argv[1] == "watch":
    watch(sys.argv[2], sys.argv[3], float(sys.argv[4]))
else:
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    fold(sys.argv[2], sys.argv[3])
