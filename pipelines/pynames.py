#!/usr/bin/python3
"""Give the Python frames of folded stacks the names that their source files have for them.

In:   folded stacks, `root;...;leaf VALUE` a line, with frames PATH:LINE (tracemalloc, which knows no names) or
      NAME (PATH:LINE) (faulthandler, which knows the innermost name alone)
Out:  the same with frames Class.method (SHORT:LINE) where PATH is a Python file that can be read and parsed; all other
      frames as they were. Stacks that become equal are one. Lines in byte order.

A line belongs to the innermost function or class that spans it, decorators included; at the top of the file, to
<module>. A NAME that no scope around the line has, as in a file that was edited since, stays. SHORT is relative to the
first --root that holds the file, else to the folder of this interpreter's library or packages that does.
"""

import argparse
import ast
import os
import re
import site
import sys
import sysconfig
import warnings

LINE = re.compile(rb"(.+) ([0-9]+)\n?", re.DOTALL)
NAMED_FRAME = re.compile(r"(\S+) \((.+):([0-9]+|\?\?\?)\)")
BARE_FRAME = re.compile(r"(.+):([0-9]+)")
# What faulthandler makes of a character that is not printable ASCII.
ESCAPE = re.compile(r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U([0-9a-f]{8}))")
MODULE = "<module>"
NAMES = {
    ast.Lambda: "<lambda>",
    ast.ListComp: "<listcomp>",
    ast.SetComp: "<setcomp>",
    ast.DictComp: "<dictcomp>",
    ast.GeneratorExp: "<genexpr>",
}


class Scope:
    """A piece of a file that has a name: lines first to last; its name alone, and with those of the scopes around."""

    def __init__(self, node, around):
        self.is_nameless = type(node) in NAMES
        self.name = NAMES.get(type(node)) or node.name
        self.first = min([node.lineno] + [decorator.lineno for decorator in getattr(node, "decorator_list", [])])
        self.last = node.end_lineno
        self.qualified = self.name if around == MODULE and not self.is_nameless else f"{around}.{self.name}"


def scopes_of(tree):
    """All scopes of a file, each behind the ones around it."""
    scopes = []
    pending = [(tree, MODULE)]
    while pending:
        node, around = pending.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) or type(node) in NAMES:
            scopes.append(Scope(node, around))
            # A function within a lambda or a comprehension cannot be; another of these is named for the function.
            if not scopes[-1].is_nameless:
                around = scopes[-1].qualified
        pending.extend((child, around) for child in ast.iter_child_nodes(node))
    return scopes


class SourceFile:
    """The scopes of a file; None where it cannot be read or is no Python of this version."""

    def __init__(self, path):
        self.scopes = None
        if path is None:
            return
        try:
            with open(path, "rb") as source:
                self.scopes = scopes_of(ast.parse(source.read()))
        except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
            pass

    def qualify(self, name, line):
        """The qualified name for a line (None: not known) and the name alone (None: not known)."""
        around = [scope for scope in self.scopes if line is None or scope.first <= line <= scope.last]
        if name is None:
            around = [scope for scope in around if not scope.is_nameless]
            return around[-1].qualified if around else MODULE
        matching = [scope for scope in around if scope.name == name]
        if not matching or (line is None and len(matching) > 1):
            return name
        return matching[-1].qualified


def unescape(text):
    return ESCAPE.sub(lambda match: chr(int(match[1] or match[2] or match[3], 16)), text)


class Namer:
    """Frames to frames, each looked up once."""

    def __init__(self, roots):
        library = sysconfig.get_paths()
        folders = {library[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
        folders |= set(site.getsitepackages()) | {site.getusersitepackages()}
        # The longest first: packages may lie within the library's folder.
        folders = sorted(folders, key=lambda folder: (-len(folder), folder))
        self.roots = [form for root in roots for form in (os.path.abspath(root), os.path.realpath(root))]
        self.folders = self.roots + folders
        self.files = {}
        self.frames = {}

    def shorten(self, path):
        for form in (path, os.path.realpath(path)):
            for folder in self.folders:
                start = folder.rstrip("/") + "/"
                if form.startswith(start):
                    return form[len(start):]
        return path

    def file(self, path):
        """The file that a path in a frame means. A relative one is looked for under the roots."""
        if path not in self.files:
            candidates = [path]
            if not os.path.isabs(path):
                candidates = [os.path.join(root, path) for root in self.roots] + candidates
            self.files[path] = SourceFile(next(filter(os.path.isfile, candidates), None))
        return self.files[path]

    def rename(self, frame):
        match = NAMED_FRAME.fullmatch(frame)
        if match:
            name, path, line = match.groups()
        else:
            match = BARE_FRAME.fullmatch(frame)
            if not match:
                return frame
            name, (path, line) = None, match.groups()
        if name is not None and "\\" in frame and not os.path.exists(path):
            path = unescape(path)
        if not path.endswith(".py") or self.file(path).scopes is None:
            return frame
        if name is not None:
            name = unescape(name)
        qualified = self.file(path).qualify(name, None if line == "???" else int(line))
        return f"{qualified} ({self.shorten(path)}:{line})"

    def rename_stack(self, stack):
        frames = self.frames
        renamed = []
        for frame in stack.split(";"):
            if frame not in frames:
                frames[frame] = self.rename(frame)
            renamed.append(frames[frame])
        return ";".join(renamed)


def read_stacks(name, source, namer, values):
    for number, line in enumerate(source, 1):
        match = LINE.fullmatch(line)
        if not match:
            sys.exit(f"pynames: {name}:{number}: expected a stack, a blank and a whole number")
        stack = namer.rename_stack(match[1].decode("utf-8", "surrogateescape"))
        values[stack] = values.get(stack, 0) + int(match[2])


def main():
    parser = argparse.ArgumentParser(
        prog="pynames.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False)
    parser.add_argument("--root", metavar="DIR", action="append", default=[],
                        help="shorten paths of files in this folder; the first that holds the file counts")
    parser.add_argument("files", metavar="FILE", nargs="*", help="folded stacks; - or none: standard input")
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # about the source of others
    namer = Namer(options.root)
    values = {}
    try:
        for name in options.files or ["-"]:
            if name == "-":
                read_stacks("<stdin>", sys.stdin.buffer, namer, values)
            else:
                with open(name, "rb") as source:
                    read_stacks(name, source, namer, values)
    except OSError as problem:
        sys.exit(f"pynames: {problem.filename or name}: {problem.strerror}")
    lines = sorted(f"{stack} {value}\n".encode("utf-8", "surrogateescape") for stack, value in values.items())
    try:
        sys.stdout.buffer.writelines(lines)
        sys.stdout.buffer.flush()
    except OSError as problem:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left in the buffer fails no more
        sys.exit(f"pynames: standard output: {problem.strerror}")


if __name__ == "__main__":
    main()
