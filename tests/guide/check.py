#!/usr/bin/env python3
"""Compiles and runs every listing of docs/guide; compares what it prints. Argument: build folder.

What a listing is, the word after ```c says:

    (none)       a program: it has a main, and an ```output block follows; an ```errors block may,
                 for standard error. `exit=1`: that is how it ends
    file=NAME    a file of its own for the programs that follow in the chapter: those include the
                 headers, and are built with the .c files
    top          declarations that only have to compile
    body         statements of a frame function that only have to compile
    with FLAGS   a program without Tenon, compiled with these flags, and with its output
    if HEADER    before `with`: only where the compiler finds that header; skipped elsewhere

```python run is a program for Python, with its output; ```python without it only has to be Python.
```go is a program for Go, with its output, skipped where there is no `go`. What top and body need
from outside may stand before them in a comment `<!-- given ... -->`.
Invariant: a listing that is none of these is a failure. Start reading at main.
"""

import ast
import concurrent.futures
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

GUIDE = os.path.join("docs", "guide")
WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Werror"]
PRELUDE = """#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tenon.h>
"""
RUN_SECONDS_MAX = 30


class Skipped(Exception):
    """What a listing needs is not installed here."""


class Listing:
    """A listing of a chapter with what follows it."""

    def __init__(self, chapter, line, mark, text):
        self.chapter, self.line, self.mark, self.text = chapter, line, mark, text
        self.given, self.output, self.errors, self.files = "", None, None, []

    @property
    def place(self):
        return f"{self.chapter}:{self.line}"

    @property
    def is_program(self):
        return self.mark in ("", "python run", "go") or self.mark.startswith(
            ("exit=", "with ", "if "))

    @property
    def is_c(self):
        return not self.mark.startswith(("python", "go"))

    @property
    def exit_code(self):
        match = re.match(r"exit=(\d+)$", self.mark)
        return int(match.group(1)) if match else 0

    @property
    def file_name(self):
        """What its first comment calls it, because reports of failures show the name."""
        match = re.match(r"// (\w+\.c)\b", self.text)
        return match.group(1) if match else "listing.go" if self.mark == "go" else "listing.c"


def read_listings(path, text):
    """The C listings of a chapter in order; raises ValueError with a sentence about a fault."""
    listings, files, given, program = [], [], "", None
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        fence = re.match(r"```(\w*) ?(.*)$", lines[at])
        if lines[at].startswith("<!-- given"):
            first = at
            while not lines[at].endswith("-->"):
                at += 1
            given = "\n".join(lines[first + 1:at]) + "\n"
        elif fence:
            first, at = at, at + 1
            while at < len(lines) and lines[at] != "```":
                at += 1
            body = "\n".join(lines[first + 1:at]) + "\n"
            kind, mark = fence.group(1), fence.group(2)
            if kind in ("c", "python", "go"):
                mark = mark if kind == "c" else f"{kind} {mark}".strip()
                program = Listing(path, first + 1, mark, body)
                program.given, given = given, ""
                program.files = list(files)
                if mark.startswith("file="):
                    files.append((mark[len("file="):], body))
                listings.append(program)
            elif kind in ("output", "errors"):
                if program is None:
                    raise ValueError(f"{path}:{first + 1}: output without a program")
                setattr(program, kind, body)
        at += 1
    for one in listings:
        check_form(one)
    return listings


def check_form(one):
    known = one.is_program or one.mark in ("top", "body", "python") or one.mark.startswith("file=")
    if not known:
        raise ValueError(f"{one.place}: a listing marked `{one.mark}`")
    if one.is_program and one.is_c and "int main(" not in one.text:
        raise ValueError(f"{one.place}: a program without main; mark it top or body")
    if one.is_program and one.output is None:
        raise ValueError(f"{one.place}: a program without output")


class Builder:
    """Compiles with the compiler of a build folder, against its static library."""

    def __init__(self, build):
        with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as file:
            self._compiler = re.search(r"^CMAKE_C_COMPILER:\w+=(.*)$", file.read(), re.M).group(1)
        self._library = os.path.abspath(os.path.join(build, "libtenon.a"))
        self._cache = os.path.abspath(os.path.join(build, "go"))
        self._include = os.path.abspath("include")

    def _run(self, folder, *command):
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False,
                              timeout=RUN_SECONDS_MAX,
                              env={**os.environ, "GOCACHE": self._cache, "GO111MODULE": "off"})

    def _has(self, folder, header):
        with open(os.path.join(folder, "has.c"), "w", encoding="utf-8") as file:
            file.write(f"#include <{header}>\n")
        return self._run(folder, self._compiler, "-E", "-o", os.devnull, "has.c").returncode == 0

    def check(self, one):
        """A sentence about what is wrong with a listing; None when nothing is."""
        try:
            return self._check(one)
        except subprocess.TimeoutExpired:
            return f"had not ended after {RUN_SECONDS_MAX} s"
        except Skipped as reason:
            return reason

    def _check(self, one):
        if one.mark.endswith(".h"):
            return None
        if one.mark == "python":
            return self._parse(one)
        with tempfile.TemporaryDirectory() as folder:
            for name, text in one.files:
                with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                    file.write(text)
            with open(os.path.join(folder, one.file_name), "w", encoding="utf-8") as file:
                file.write(self._source(one))
            if not one.is_program:
                done = self._run(folder, self._compiler, *WARNINGS, "-Wno-unused", "-I",
                                 self._include, "-fsyntax-only", one.file_name)
                return "does not compile:\n" + done.stderr if done.returncode else None
            return self._check_program(one, folder)

    @staticmethod
    def _parse(one):
        try:
            ast.parse(one.text)
        except SyntaxError as fault:
            return f"is not Python: {fault}"
        return None

    @staticmethod
    def _source(one):
        if one.mark == "top":
            return PRELUDE + one.given + one.text
        if one.mark == "body":
            return PRELUDE + one.given + "TN_PFRAME(void, fragment) {\n" + one.text + "}\n"
        return one.text

    def _check_program(self, one, folder):
        if one.mark == "python run":
            return self._judge(one, self._run(folder, sys.executable, one.file_name))
        if one.mark == "go":
            if shutil.which("go") is None:
                raise Skipped("go is not installed")
            return self._judge(one, self._run(folder, "go", "run", one.file_name))
        wanted = re.match(r"if (\S+) with ", one.mark)
        if wanted and not self._has(folder, wanted.group(1)):
            raise Skipped(f"{wanted.group(1)} is not installed")
        command = [self._compiler, *WARNINGS, "-O2", "-o", "program", one.file_name]
        if " with " in f" {one.mark}":
            command += one.mark.split("with ")[1].split()
        else:
            command += [name for name, _ in one.files if name.endswith(".c")]
            command += ["-I", self._include, self._library, "-lm", "-pthread"]
        done = self._run(folder, *command)
        if done.returncode:
            return "does not compile:\n" + done.stderr
        return self._judge(one, self._run(folder, "./program"))

    @staticmethod
    def _judge(one, done):
        """Compares how a program ended and what it printed with what the chapter says."""
        if done.returncode != one.exit_code:
            return f"ended with {done.returncode}, not {one.exit_code}:\n{done.stderr}"
        if done.stdout != one.output:
            return f"printed\n{done.stdout}instead of\n{one.output}"
        if one.errors is not None and done.stderr != one.errors:
            return f"printed to standard error\n{done.stderr}instead of\n{one.errors}"
        return None


PLANTED = [
    ("an undeclared name", "```c body\nnowhere();\n```\n"),
    ("a warning", "```c top\nint f(int a) { if (a = 1) return 2; return 3; }\n```\n"),
    ("another output", '```c\n#include <stdio.h>\nint main(void) { puts("a"); }\n```\n'
                       "```output\nb\n```\n"),
    ("another end", "```c exit=2\nint main(void) { return 1; }\n```\n```output\n```\n"),
    ("no output", "```c\nint main(void) { return 0; }\n```\n"),
    ("no main", "```c\nint x;\n```\n"),
    ("an unknown mark", "```c boddy\nx();\n```\n"),
    ("no Python", "```python\ndef f(:\n```\n"),
    ("another library's fault", "```c if stdio.h with -lm\nint main(void) { nowhere(); }\n```\n"
                                "```output\n```\n"),
]


def check_planted(builder):
    """Each planted fault has to be noticed; yields what went unseen."""
    for what, text in PLANTED:
        try:
            if all(builder.check(one) is None for one in read_listings("planted", text)):
                yield what
        except ValueError:
            pass


def chapters_not_listed():
    with open(os.path.join(GUIDE, "README.md"), encoding="utf-8") as file:
        contents = file.read()
    names = [os.path.basename(path) for path in glob.glob(os.path.join(GUIDE, "*.md"))]
    return [name for name in names if name != "README.md" and f"]({name})" not in contents]


def main():
    builder = Builder(sys.argv[1])
    passed, skipped, faults = 0, 0, []
    listings = []
    for path in sorted(glob.glob(os.path.join(GUIDE, "*.md"))):
        with open(path, encoding="utf-8") as file:
            try:
                listings += read_listings(path, file.read())
            except ValueError as fault:
                faults.append(str(fault))
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for one, fault in zip(listings, pool.map(builder.check, listings)):
            if isinstance(fault, Skipped):
                print(f"skip {one.place} {fault}")
                skipped += 1
            elif fault:
                faults.append(f"{one.place} {fault}")
            else:
                passed += 1
    for what in check_planted(builder):
        faults.append(f"a listing with {what} went unseen")
    faults += [f"{name} is not in the table of contents" for name in chapters_not_listed()]
    for fault in faults:
        print(f"FAIL {fault}")
    print(f"{passed + len(PLANTED)} passed, {len(faults)} failed" +
          (f", {skipped} skipped" if skipped else ""))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
