"""The rules of STYLE.md that a program can check, one function each.

A rule takes a Tree and yields (path, line, sentence) for every fault. RULES, at the end, is the
list; adding a function there adds a rule. Exceptions are lines of tools/style.allow, each with a
reason.
"""

import re
import statistics

LAYERS = "base context os stack scheduler frame sync io executor cluster".split()
MAY_USE_CONDITIONALS = {"base", "context", "os"}
FUNCTION_LINES_MAX = 70
FILE_LINES_WANTED = 400
FILE_LINES_MAX = 800
COLUMNS_MAX = 100
INCLUDES_MAX = 12
INCLUDES_MEDIAN = 6
MACRO_LINES_MAX = 10
PAIRING_LINES_ABOVE = 3

ORDERED = re.compile(
    r"\bmemory_order_(?:acquire|release|acq_rel|seq_cst|consume)\b"
    r"|\b__ATOMIC_(?:ACQUIRE|RELEASE|ACQ_REL|SEQ_CST|CONSUME)\b"
    r"|\batomic_\w+_(?:acquire|release|acq_rel|seq_cst)\s*\("
    r"|\b__sync_\w+\s*\("
    # The short C11 names order sequentially without saying so.
    r"|\batomic_(?:load|store|exchange|flag_test_and_set|flag_clear"
    r"|compare_exchange_(?:strong|weak)|fetch_(?:add|sub|or|and|xor))\s*\("
)
# Words and places that may not stand in the repository; split so that this file may.
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
PLACES = re.compile(
    r"(?:^|[\s\"'`(=:])(?:/wo" + r"rk/|/ho" + r"me/\w|/Use" + r"rs/)"
    r"|regis" + r"try\.npmjs|py" + r"pi\.org|files\.pythonhosted|crates" + r"\.io|proxy\.golang"
)


def layer_of(path):
    """The layer a file of src/ lies in, or None."""
    parts = path.split("/")
    return parts[1] if len(parts) > 2 and parts[0] == "src" else None


def is_own_test(path):
    return re.search(r"_(test|bench|model)\.c$", path) is not None


def is_public(path):
    return path.startswith("include/")


def check_layers(tree):
    """A file includes its own layer and lower ones, written from src/."""
    for path, source in tree.c_files():
        layer = layer_of(path)
        if layer is None:
            continue
        if layer not in LAYERS:
            yield path, 1, f"src/{layer} is not a layer; the layers are {', '.join(LAYERS)}"
            continue
        for line, name, quoted in source.includes():
            if not quoted or name.startswith("tenon/") or name == "tenon.h":
                continue
            target = name.split("/")[0]
            if target == "support" and is_own_test(path):
                continue
            if "/" not in name or target not in LAYERS:
                yield path, line, f'"{name}" is not written from src/ as "LAYER/FILE.h"'
            elif LAYERS.index(target) > LAYERS.index(layer):
                yield path, line, f"{layer} includes {target}, which lies above it"


def check_public_only(tree):
    """Public headers, applications, examples, benches and black-box tests see no internals."""
    outside = re.compile(r"(include|apps|examples|bench|tests/(api|contract|stress))/")
    for path, source in tree.c_files():
        if not outside.match(path):
            continue
        for line, name, quoted in source.includes():
            target = name.split("/")[0]
            if target in LAYERS and "/" in name:
                yield path, line, f"only the public headers may be used here, not {name}"


def check_conditionals(tree):
    """Conditional compilation lies in base, context and os; elsewhere only include guards."""
    for path, source in tree.c_files():
        layer = layer_of(path)
        if not is_public(path) and (layer is None or layer in MAY_USE_CONDITIONALS):
            continue
        if tree.allows("conditional", path):
            continue
        for position, (line, _, text) in enumerate(source.directives()):
            if not re.match(r"#\s*(if|ifdef|ifndef|elif)\b", text):
                continue
            is_guard = position == 0 and re.match(r"#\s*ifndef \w+_H_?$", text)
            if not is_guard and "__cplusplus" not in text:
                yield path, line, f"`{text}` outside base, context and os"


def check_function_length(tree):
    for path, source in tree.c_files():
        for function in source.functions():
            if function.lines > FUNCTION_LINES_MAX:
                yield path, function.first, (f"{function.name} has {function.lines} lines, "
                                             f"over {FUNCTION_LINES_MAX}")


def check_file_length(tree):
    """Files over the wanted length are listed with their lines: they may shrink, not grow."""
    for path, text in tree.texts():
        lines = text.count("\n")
        if lines > FILE_LINES_MAX:
            yield path, lines, f"{lines} lines, over {FILE_LINES_MAX}"
        elif lines > FILE_LINES_WANTED and lines > tree.allowed_number("over-length", path):
            yield path, lines, f"{lines} lines, over the {FILE_LINES_WANTED} wanted"


def check_columns(tree):
    for path, text in tree.texts():
        for number, line in enumerate(text.split("\n"), 1):
            if len(line) > COLUMNS_MAX:
                yield path, number, f"{len(line)} columns, over {COLUMNS_MAX}"


def check_whitespace(tree):
    for path, text in tree.texts():
        for number, line in enumerate(text.split("\n"), 1):
            if line != line.rstrip():
                yield path, number, "space at the end of the line"
            elif "\t" in line:
                yield path, number, "a tab; indent with spaces"
        if text and not text.endswith("\n"):
            yield path, text.count("\n") + 1, "no line end at the end of the file"


def check_orderings(tree):
    """Each acquire, release, acq_rel and seq_cst names the function it pairs with."""
    for path, source in tree.c_files():
        if not (path.startswith("src/") or is_public(path)) or is_own_test(path):
            continue
        if path == "src/base/atomic.h":
            continue
        for number, line in enumerate(source.code, 1):
            if not ORDERED.search(line):
                continue
            comment = source.comment_near(number, PAIRING_LINES_ABOVE)
            partners = re.findall(r"pairs with (?:the \w+ in )?([A-Za-z_]\w*)", comment)
            if not partners:
                yield path, number, "an ordering without a comment `pairs with FUNCTION`"
            elif not any(partner in tree.identifiers() for partner in partners):
                yield path, number, f"`pairs with {partners[-1]}`, but there is no such function"


def check_test_names(tree):
    """A test's name is a sentence: at least three words."""
    pattern = re.compile(r"^\s*(?:TEST(?:_DIES)?|CONTRACT(?:_OUTSIDE)?)\(\s*(\w+)")
    for path, source in tree.c_files():
        for number, line in enumerate(source.plain_code().split("\n"), 1):
            match = pattern.match(line)
            if match and len(match.group(1).split("_")) < 3:
                yield path, number, f"{match.group(1)} is no sentence (three words at least)"


def check_include_counts(tree):
    """Few project headers behind each file: 12 at most, and a median of 6."""
    counts = []
    for path, source in tree.c_files():
        if not path.endswith(".c") or layer_of(path) is None or is_own_test(path):
            continue
        count = sum(1 for _, name, quoted in source.includes()
                    if quoted or name.startswith("tenon"))
        counts.append(count)
        if count > INCLUDES_MAX:
            yield path, 1, f"includes {count} project headers, over {INCLUDES_MAX}"
    if counts and statistics.median(counts) > INCLUDES_MEDIAN:
        yield "src", 1, f"the median file includes {statistics.median(counts)} project headers"


def check_macros(tree):
    """Function-like macros are short; those that are the public face are allowed by name."""
    for path, source in tree.c_files():
        if tree.allows("macro", path):
            continue
        for first, last, text in source.directives():
            match = re.match(r"#\s*define (\w+)\(", text)
            if match and last - first + 1 > MACRO_LINES_MAX:
                yield path, first, (f"macro {match.group(1)} has {last - first + 1} lines, "
                                    f"over {MACRO_LINES_MAX}")


def check_opening(tree):
    """Every file begins by saying what it is."""
    for path, text in tree.texts():
        lines = text.split("\n")
        first = 1 if lines[0].startswith("#!") and len(lines) > 1 else 0
        opening = lines[first].lstrip()
        marks = ("//", "/*") if path.endswith((".c", ".h", ".S", ".js")) else ("#", '"""')
        if not opening.startswith(marks):
            yield path, first + 1, "no comment at the top says what this file is"


def check_typedefs(tree):
    """Structures are written out as such; no name of ours ends in _t."""
    for path, source in tree.c_files():
        if layer_of(path) is None:
            continue
        for number, line in enumerate(source.code, 1):
            if re.search(r"\btypedef\s+(struct|union|enum)\b", line):
                yield path, number, "a typedef of a structure"
            elif re.search(r"\b(struct|union|enum)\s+\w+_t\b|^}\s*\w+_t;", line):
                yield path, number, "a name that ends in _t"


def check_unfinished(tree):
    for path, text in tree.texts():
        for number, line in enumerate(text.split("\n"), 1):
            if UNFINISHED.search(line):
                yield path, number, "unfinished work is marked here; finish it or open an issue"


def check_places(tree):
    """Nothing names a path outside the repository or a package registry's host."""
    for path, text in tree.texts(with_documents=True):
        for number, line in enumerate(text.split("\n"), 1):
            if PLACES.search(line):
                yield path, number, "names a place outside the repository"


RULES = {
    "layers": check_layers,
    "public-only": check_public_only,
    "conditional": check_conditionals,
    "function-length": check_function_length,
    "file-length": check_file_length,
    "columns": check_columns,
    "whitespace": check_whitespace,
    "orderings": check_orderings,
    "test-names": check_test_names,
    "includes": check_include_counts,
    "macro": check_macros,
    "opening": check_opening,
    "typedefs": check_typedefs,
    "unfinished": check_unfinished,
    "places": check_places,
}
