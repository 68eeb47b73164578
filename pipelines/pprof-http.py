# Profiles in the form of pprof, fetched from a service one after another until the file FOLDER/stop appears.
#
# Arguments:  KIND (heap or cpu), URL (such as http://127.0.0.1:6060/debug/pprof), FOLDER
# Out:        FOLDER/heap.N.pb.gz, one each half second or more, and end.pb.gz; or FOLDER/cpu.N.pb.gz, of two seconds each;
#             begun when the first fetch was answered
#
# What Go says to be in use is what was so at its last collection of garbage, so each fetch asks for one. They take at most
# a tenth of the time.
#
# This text is put into a shell script between single quotes: it may hold none, and only ASCII.
import os
import sys
import time
import urllib.error
import urllib.request

HEAP_EVERY_S = 0.5
CPU_S = 2
TIMEOUT_S = 60


def stop(message):
    print("pprof-http-%s: %s" % (kind, message), file=sys.stderr)
    sys.exit(1)


def fetch(path):
    address = "%s/%s" % (url, path)
    try:
        with opener.open(address, timeout=TIMEOUT_S) as answer:
            content = answer.read()
    except urllib.error.HTTPError as problem:
        stop("%s answers %d %s: the service must serve net/http/pprof there, or PPROF_URL or the file pprof-url in STATE "
             "name where it does" % (address, problem.code, problem.reason))
    except (OSError, ValueError) as problem:
        stop("%s: %s: does the service serve net/http/pprof there? PPROF_URL or the file pprof-url in STATE name another "
             "place" % (address, getattr(problem, "reason", problem)))
    # gzip, or the first field of the message itself.
    if content[:2] != b"\x1f\x8b" and content[:1] != b"\x0a":
        stop("%s answers with %d bytes that are no profile of pprof: %r" % (address, len(content), content[:40]))
    return content


def save(name, content):
    """By rename: what is seen is whole."""
    path = os.path.join(folder, name)
    with open(path + ".part", "wb") as output:
        output.write(content)
    os.rename(path + ".part", path)


def stopped():
    return os.path.exists(os.path.join(folder, "stop")) or os.getppid() != parent


kind, url, folder = sys.argv[1:4]
parent = os.getppid()
url = url.rstrip("/")
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
number = 0
if kind == "heap":
    while not stopped():
        started = time.monotonic()
        save("heap.%d.pb.gz" % number, fetch("heap?gc=1"))
        number += 1
        save("begun", b"")
        now = time.monotonic()
        until = now + max(HEAP_EVERY_S, 10 * (now - started))
        while not stopped() and time.monotonic() < until:
            time.sleep(0.02)
    save("end.pb.gz", fetch("heap?gc=1"))
else:
    # Answered at once, as the profile is not.
    fetch("heap")
    save("begun", b"")
    while not stopped():
        save("cpu.%d.pb.gz" % number, fetch("profile?seconds=%d" % CPU_S))
        number += 1
