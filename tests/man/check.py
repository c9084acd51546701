#!/usr/bin/env python3
"""Checks the manual pages that tools/man.py writes from the public headers.

Every public function and macro has a page, every page renders without a warning, every prose says
what its functions return; and planted faults in a small header are noticed, so that the check
itself is checked. Rendering needs mandoc or groff and is skipped without. Start reading at main.
"""

import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, "tools")
sys.dont_write_bytecode = True

import man  # noqa: E402
from man_headers import Header  # noqa: E402

PLANTED = """// tenon/planted.h - a header with faults. It is small.
//
// Prose with a list:
//   ONE   the first
//         of them
//   TWO   the second
#ifndef TENON_PLANTED_H
#define TENON_PLANTED_H
// ---- a section ----
// Does something and keeps quiet about it.
TN_PUBLIC int tn_silent(struct tn_self *self,
                        int a) __attribute__((format(printf, 1, 2), cold));
// Returns 'twelve' \\\\ or .dots.
#define tn_twelve(self, ...) \\\\
    tn_silent(self, __VA_ARGS__)
#define TN_HIDDEN_(x) x
#ifdef __cplusplus
int tn_only_in_cpp(void);
#endif
#endif
"""


class Results:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def expect(self, holds, description):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAIL {description}")


def public_names():
    """Names by two simple patterns of its own, so that a fault of the reader is seen."""
    for path in sorted(glob.glob("include/tenon/*.h")):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        text = re.sub(r"#ifdef __cplusplus\n(?!#else|extern).*?#(else|endif)", "", text,
                      flags=re.DOTALL)
        functions = re.compile(r"^(?:TN_MUST_USE )?TN_PUBLIC [^;{]*?\b(tn_\w+)\(", re.MULTILINE)
        for match in functions.finditer(text):
            yield path, match.group(1)
        for match in re.finditer(r"^#define (tn_\w*[a-z]|TN_\w*[A-Z])(?=[( ])", text, re.MULTILINE):
            # A name with a machinery's ending is none that programs write.
            if not re.search(r"_(RAW|PROBE)$", match.group(1)):
                yield path, match.group(1)


def check_names(results, folder):
    for path, name in public_names():
        results.expect(os.path.exists(os.path.join(folder, "man3", name + ".3")),
                       f"{path}: {name} has no page")


def check_links(results, folder):
    """Every page that points at another one points at a page that is there."""
    for path in glob.glob(os.path.join(folder, "man3", "*.3")):
        with open(path, encoding="utf-8") as file:
            first = file.readline()
        if first.startswith(".so "):
            target = os.path.join(folder, first[4:].strip())
            results.expect(os.path.exists(target), f"{os.path.basename(path)} points nowhere")


def check_owners(results):
    """A macro has the right to a name that is also a type's."""
    owner = man.owners(man.read_headers()).get("tn_task")
    results.expect(owner == "tenon_frame", "tn_task is the macro, not the structure")


def check_rendering(results, folder):
    pages = sorted(glob.glob(os.path.join(folder, "man3", "tenon_*.3")) +
                   glob.glob(os.path.join(folder, "man7", "*.7")) + glob.glob("docs/man/*.1"))
    renderers = [["mandoc", "-T", "lint", "-W", "warning"],
                 ["groff", "-ww", "-man", "-Tutf8", "-z"]]
    for command in renderers:
        if not shutil.which(command[0]):
            print(f"skip rendering with {command[0]}, which is not here")
            results.skipped += 1
            continue
        for page in pages:
            done = subprocess.run(command + [page], capture_output=True, text=True, check=False)
            # A date would make two builds of one source differ.
            said = [line for line in (done.stdout + done.stderr).split("\n")
                    if line and "missing date" not in line]
            results.expect(not said, f"{command[0]} warns about {os.path.basename(page)}: " +
                           "; ".join(said[:3]))


def check_prose(results):
    for header in man.read_headers():
        silent = list(man.silent_groups(header))
        for group in silent:
            print(f"include/{header.path}:{group.line}: does not say what "
                  f"{', '.join(group.names)} returns")
        results.expect(not silent, f"{header.path} says what every function returns")
        # A type may be explained by the comments inside it.
        bare = [group for group in header.groups()
                if not group.prose and any(item.kind != "type" for item in group.items)]
        for group in bare:
            print(f"include/{header.path}:{group.line}: no prose for {', '.join(group.names)}")
        results.expect(not bare, f"{header.path} has prose for every declaration")


def check_planted(results, folder):
    os.makedirs(os.path.join(folder, "include", "tenon"))
    with open(os.path.join(folder, "include", "tenon", "planted.h"), "w", encoding="utf-8") as file:
        file.write(PLANTED.replace("\\\\", "\\"))
    header = Header(os.path.join(folder, "include"), "tenon/planted.h")
    results.expect(header.title == "a header with faults", "the title ends at the full stop")
    results.expect([item.name for item in header.items()] == ["tn_silent", "tn_twelve"],
                   "machinery, guards and what is for C++ are no part of the manual")
    results.expect([group.names for group in man.silent_groups(header)] == [["tn_silent"]],
                   "a prose that does not say what is returned is noticed")
    page = "\n".join(man.topic_page(header, [header], "0"))
    results.expect('"int tn_silent(struct tn_self *self, int a);"' in page,
                   "a declaration is shown without its attributes, on one line")
    results.expect("\\fBONE\\fP\nthe first of them" in page, "a list becomes entries")
    results.expect("'twelve' \\e or .dots." in page, "a backslash means itself")


def main():
    results = Results()
    with tempfile.TemporaryDirectory() as folder:
        pages = os.path.join(folder, "pages")
        man.write_pages(pages)
        check_names(results, pages)
        check_links(results, pages)
        check_owners(results)
        check_rendering(results, pages)
        check_prose(results)
        check_planted(results, os.path.join(folder, "planted"))
    skipped = f", {results.skipped} skipped" if results.skipped else ""
    print(f"{results.passed} passed, {results.failed} failed{skipped}")
    return 1 if results.failed else 0


if __name__ == "__main__":
    sys.exit(main())
