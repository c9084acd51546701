#!/usr/bin/env python3
"""Checks the rules of STYLE.md over the whole repository; ./dev style and ./dev test run it.

Prints a line for each fault and, last, `N passed, N failed`, counting rules. Exceptions are listed
in tools/style.allow. The rules are in style_rules.py. Start reading at main.
"""

import os
import re
import sys

from style_rules import RULES
from style_source import Source

ALLOWANCES = "tools/style.allow"
SKIPPED_FOLDERS = {".git", "build", "__pycache__"}
C_SUFFIXES = (".c", ".h", ".S")
TEXT_SUFFIXES = C_SUFFIXES + (".py", ".sh", ".js", ".cmake", "CMakeLists.txt", "dev")
DOCUMENT_SUFFIXES = (".md", ".1", ".3", ".7", ".7.in", ".json")


class Tree:
    """The repository's texts, read once. Paths are relative and written with slashes."""

    def __init__(self, root):
        self._texts, self._documents, self._sources = {}, {}, {}
        self._identifiers = None
        for folder, subfolders, names in os.walk(root):
            subfolders[:] = sorted(set(subfolders) - SKIPPED_FOLDERS)
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), root)
                if name.endswith(TEXT_SUFFIXES):
                    self._texts[path] = self._read(root, path)
                elif name.endswith(DOCUMENT_SUFFIXES):
                    self._documents[path] = self._read(root, path)
        self._allowances = self._read_allowances(root)

    @staticmethod
    def _read(root, path):
        with open(os.path.join(root, path), encoding="utf-8", newline="") as file:
            return file.read()

    @staticmethod
    def _read_allowances(root):
        """Lines `RULE PATH [NUMBER] reason`; a line without a reason is refused."""
        allowances = {}
        path = os.path.join(root, ALLOWANCES)
        if not os.path.exists(path):
            return allowances
        with open(path, encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if not line.strip() or line.startswith("#"):
                    continue
                match = re.match(r"(\S+)\s+(\S+)\s+(?:(\d+)\s+)?(\S.*)$", line)
                if not match:
                    sys.exit(f"{ALLOWANCES}:{number}: an exception needs a rule, a path, a reason")
                allowances[match.group(1), match.group(2)] = int(match.group(3) or 0)
        return allowances

    def texts(self, with_documents=False):
        yield from self._texts.items()
        if with_documents:
            yield from self._documents.items()

    def c_files(self):
        for path, text in self._texts.items():
            if path.endswith(C_SUFFIXES):
                if path not in self._sources:
                    self._sources[path] = Source(path, text)
                yield path, self._sources[path]

    def identifiers(self):
        """Every word that is followed by a parenthesis in the code of src and include."""
        if self._identifiers is None:
            self._identifiers = set()
            for path, source in self.c_files():
                if path.startswith(("src/", "include/")):
                    for line in source.code:
                        self._identifiers.update(re.findall(r"\b([A-Za-z_]\w*)\s*\(", line))
        return self._identifiers

    def allows(self, rule, path):
        return (rule, path) in self._allowances

    def allowed_number(self, rule, path):
        return self._allowances.get((rule, path), 0)


def check(root):
    """{rule: [fault, ...]} for the tree under root."""
    tree = Tree(root)
    return {name: list(rule(tree)) for name, rule in RULES.items()}


def main():
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    results = check(root)
    for name, faults in results.items():
        for path, line, sentence in faults:
            print(f"{path}:{line}: {sentence} [{name}]")
    failed = sum(1 for faults in results.values() if faults)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
