#!/usr/bin/env python3
"""Tests the style checker: plants each fault in a small clean tree and sees that it is caught.

Every case copies CLEAN into a temporary folder, replaces or adds files, and names the one rule that
must complain, and where. Prints `N passed, N failed` last. Start reading at CASES.
"""

import os
import sys
import tempfile

from style import check

CLEAN = {
    "src/base/list.h": "// list.h - a list.\n#ifndef LIST_H\n#define LIST_H\n"
                       "struct list { int length; };\n#endif\n",
    "src/os/os.c": '// os.c - the system.\n#include "base/list.h"\n#if defined(__linux__)\n'
                   "int os_zero(void) {\n    return 0;\n}\n#endif\n",
    "src/scheduler/worker.c":
        '// worker.c - a worker.\n#include "base/list.h"\n#include "scheduler/worker.h"\n\n'
        "static int ready;\n\n"
        "void worker_stop(struct worker *w) {\n"
        "    // The flag goes last: pairs with worker_is_stopped.\n"
        "    atomic_store_release(&w->stopped, 1);\n}\n\n"
        "int worker_is_stopped(struct worker *w) {\n"
        "    return atomic_load_acquire(&w->stopped); // pairs with worker_stop\n}\n",
    "src/scheduler/worker.h": "// worker.h - its face.\n#ifndef WORKER_H\n#define WORKER_H\n"
                              '#include "base/list.h"\n#endif\n',
    "src/scheduler/worker_test.c": '// Tests worker.c.\n#include "support/test.h"\n'
                                   "TEST(a_stopped_worker_stays_so) {\n    EXPECT(1);\n}\n",
    "include/tenon/task.h": "// task.h - the face.\n#ifndef TASK_H\n#define TASK_H\n"
                            '#ifdef __cplusplus\nextern "C" {\n#endif\nint tn_task_zero(void);\n'
                            "#ifdef __cplusplus\n}\n#endif\n#endif\n",
    "examples/01_hello.c": "// Says hello.\n#include <tenon.h>\nint main(void) {\n}\n",
    "README.md": "# A tree\n",
}


def function_of(lines):
    return "// A long one.\nint long_one(int a) {\n" + "    a++;\n" * (lines - 2) + "}\n"


def file_of(lines):
    return "// A long file.\n" + "extern int x;\n" * (lines - 1)


def macro_of(lines):
    body = " \\\n".join(["    (x)"] * (lines - 1))
    return f"// Macros.\n#define LONG(x) \\\n{body}\n"


def ordered(comment, operation="atomic_load_acquire(&x)"):
    return f"// a.c - loads.\nint a_load(void) {{\n    {comment}\n    return {operation};\n}}\n"


# (what is planted, files, rule that must complain or None, path it must name)
CASES = [
    ("nothing", {}, None, None),
    ("an upward include", {"src/base/up.h": '// Up.\n#include "os/os.h"\n'},
     "layers", "src/base/up.h"),
    ("an upward include from os/linux", {"src/os/linux/a.c": '// a.\n#include "stack/stack.h"\n'},
     "layers", "src/os/linux/a.c"),
    ("an include that is not written from src", {"src/os/a.c": '// a.\n#include "os.h"\n'},
     "layers", "src/os/a.c"),
    ("a folder that is no layer", {"src/util/a.c": "// a.\n"}, "layers", "src/util/a.c"),
    ("an upward include in a comment", {"src/base/a.c": '// a: #include "os/os.h"\n'}, None, None),
    ("internals in an example", {"examples/02.c": '// b.\n#include "frame/frame.h"\n'},
     "public-only", "examples/02.c"),
    ("internals in a public header", {"include/tenon/a.h": '// a.\n#include "base/list.h"\n'},
     "public-only", "include/tenon/a.h"),
    ("#if in the scheduler", {"src/scheduler/a.c": "// a.\n#ifdef FAST\nint x;\n#endif\n"},
     "conditional", "src/scheduler/a.c"),
    ("#elif in a public header",
     {"include/tenon/a.h": "// a.\n#ifndef A_H\n#define A_H\n#ifdef __cplusplus\n"
                           "#elif defined(X)\n#endif\n#endif\n"},
     "conditional", "include/tenon/a.h"),
    ("an allowed #if in a public header",
     {"include/tenon/a.h": "// a.\n#ifndef A_H\n#define A_H\n#if X\n#endif\n#endif\n",
      "tools/style.allow": "conditional include/tenon/a.h the compiler's attributes\n"},
     None, None),
    ("a function of 71 lines", {"src/os/a.c": function_of(71)}, "function-length", "src/os/a.c"),
    ("a function of 70 lines", {"src/os/a.c": function_of(70)}, None, None),
    ("a long test", {"src/os/a_test.c": function_of(80).replace(
        "int long_one(int a)", "TEST(it_is_very_long)")}, "function-length", "src/os/a_test.c"),
    ("a file of 401 lines", {"src/os/a.h": file_of(401)}, "file-length", "src/os/a.h"),
    ("a file of 400 lines", {"src/os/a.h": file_of(400)}, None, None),
    ("a listed file that did not grow",
     {"src/os/a.h": file_of(500), "tools/style.allow": "over-length src/os/a.h 500 one table\n"},
     None, None),
    ("a listed file that grew",
     {"src/os/a.h": file_of(501), "tools/style.allow": "over-length src/os/a.h 500 one table\n"},
     "file-length", "src/os/a.h"),
    ("a file of 801 lines, though listed",
     {"src/os/a.h": file_of(801), "tools/style.allow": "over-length src/os/a.h 900 one table\n"},
     "file-length", "src/os/a.h"),
    ("101 columns", {"src/os/a.c": "// " + "a" * 98 + "\n"}, "columns", "src/os/a.c"),
    ("space at a line's end", {"src/os/a.c": "// a. \n"}, "whitespace", "src/os/a.c"),
    ("a tab", {"src/os/a.c": "// a.\n\tint x;\n"}, "whitespace", "src/os/a.c"),
    ("no line end at the end", {"src/os/a.c": "// a."}, "whitespace", "src/os/a.c"),
    ("an ordering without comment", {"src/os/a.c": ordered("// Loads.")},
     "orderings", "src/os/a.c"),
    ("a sequentially consistent short name",
     {"src/os/a.c": ordered("// Loads.", "atomic_load(&x)")}, "orderings", "src/os/a.c"),
    ("a C11 ordering without comment",
     {"src/os/a.c": ordered("// Loads.", "f(&x, memory_order_seq_cst)")},
     "orderings", "src/os/a.c"),
    ("an ordering that pairs with nothing",
     {"src/os/a.c": ordered("// pairs with no_such_function")}, "orderings", "src/os/a.c"),
    ("a pairing comment too far away",
     {"src/os/a.c": ordered("// pairs with a_load\n\n\n")}, "orderings", "src/os/a.c"),
    ("a pairing comment over two lines",
     {"src/os/a.c": ordered("// This pairs\n    // with a_load.")}, None, None),
    ("a relaxed operation", {"src/os/a.c": ordered("", "atomic_load_relaxed(&x)").replace(
        "    \n", "")}, None, None),
    ("a test name of two words", {"src/os/a_test.c": "// a.\nTEST(it_works) {\n}\n"},
     "test-names", "src/os/a_test.c"),
    ("13 project headers", {"src/os/a.c": "// a.\n" + '#include "base/list.h"\n' * 13},
     "includes", "src/os/a.c"),
    ("a median of 7 project headers",
     {f"src/os/{n}.c": "// a.\n" + '#include "base/list.h"\n' * 7 for n in "abc"},
     "includes", "src"),
    ("a macro of 11 lines", {"src/os/a.h": macro_of(11)}, "macro", "src/os/a.h"),
    ("a macro of 10 lines", {"src/os/a.h": macro_of(10)}, None, None),
    ("a file without an opening comment", {"src/os/a.c": "int x;\n"}, "opening", "src/os/a.c"),
    ("a script without an opening comment", {"tools/a.sh": "#!/bin/sh\nexit\n"},
     "opening", "tools/a.sh"),
    ("a typedef of a structure", {"src/os/a.h": "// a.\ntypedef struct a { int b; } a;\n"},
     "typedefs", "src/os/a.h"),
    ("a name in _t", {"src/os/a.h": "// a.\nstruct a_t { int b; };\n"}, "typedefs", "src/os/a.h"),
    ("unfinished work", {"src/os/a.c": "// a. TO" + "DO: more\n"}, "unfinished", "src/os/a.c"),
    ("a machine's path", {"README.md": "See /ho" + "me/someone/x.\n"}, "places", "README.md"),
    ("a registry's host", {"README.md": "From py" + "pi.org.\n"}, "places", "README.md"),
]


def write_tree(root, files):
    for path, text in files.items():
        full = os.path.join(root, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8", newline="") as file:
            file.write(text)


def judge(files, rule, path):
    """None when the checker says exactly what it should, otherwise what it said."""
    with tempfile.TemporaryDirectory() as root:
        write_tree(root, {**CLEAN, **files})
        faults = {name: found for name, found in check(root).items() if found}
    if rule is None:
        return faults or None
    as_expected = list(faults) == [rule] and all(fault[0] == path for fault in faults[rule])
    return None if as_expected else (faults or "no fault found")


def main():
    failed = 0
    for what, files, rule, path in CASES:
        said = judge(files, rule, path)
        if said is not None:
            failed += 1
            print(f"FAIL {what}: expected {rule or 'no fault'}, got {said}")
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
