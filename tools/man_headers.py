"""Reads the public headers as the manual they are: prose, and what stands under it.

A header is a comment that opens it, then sections (`// ---- title ----`), then groups: a comment
and the declarations that follow without an empty line. Invariant: every declaration outside of
`#ifdef __cplusplus` lies in exactly one group. Start reading at Header.
"""

import os
import re

SECTION = re.compile(r"// -+ (.*?) -+$")
ATTRIBUTE = re.compile(r"\s*__attribute__\s*\(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\)")
QUALIFIER = re.compile(r"\b(TN_PUBLIC|TN_INLINE_|TN_COLD_|TN_MUST_USE|static|inline|extern)\b\s*")
# What the preprocessor needs and no program writes: TN_EACH_, TN_REST_1, TN_LINKAGE_static.
MACHINERY = re.compile(r"_$|_(RAW|PROBE|LINKAGE|IF|AND|REST|EACH|NO_FIELD|NO_VALUE)_\w*$")
# A title that begins so says that its macros are machinery whatever they are called.
MACHINERY_TITLE = "what the macros"


class Item:
    """One declaration: its kind (function, macro, type), its name, and how to write it down."""

    def __init__(self, kind, name, text, result=""):
        self.kind, self.name, self.text, self.result = kind, name, text, result

    @property
    def gives_a_value(self):
        return self.kind == "function" and self.result != "void"


class Group:
    """A comment with the declarations that it describes."""

    def __init__(self, line, prose):
        self.line, self.prose, self.items = line, prose, []

    @property
    def names(self):
        return [item.name for item in self.items]


class Section:
    def __init__(self, title):
        self.title, self.prose, self.groups = title, [], []


class Header:
    """A public header, read. `prose` is the text of its opening comment without the first line."""

    def __init__(self, folder, path):
        self.path = path
        with open(os.path.join(folder, path), encoding="utf-8") as file:
            self._lines = file.read().split("\n")
        at = 0
        while self._lines[at].startswith("//"):
            at += 1
        self.title, self.prose = self._read_opening(uncomment(self._lines[:at]))
        self.sections = []
        self.includes = re.findall(r"#include <(tenon/\w+\.h)>", "\n".join(self._lines))
        self._read(at)

    @property
    def topic(self):
        """The name of its page."""
        return "tenon_" + os.path.basename(self.path)[:-2]

    @property
    def short_topic(self):
        """What else its page may be looked for as: tn_event for tenon/event.h."""
        return "tn_" + os.path.basename(self.path)[:-2]

    def groups(self):
        for section in self.sections:
            yield from section.groups

    def items(self):
        for group in self.groups():
            yield from group.items

    def _read_opening(self, lines):
        """The title, `path - what it is`, up to the first full stop; and the prose after it."""
        first = lines.index("") if "" in lines else len(lines)
        path, _, words = " ".join(lines[:first]).partition(" - ")
        if path != self.path or not words:
            raise ValueError(f"{self.path}:1: the first line must be `// {self.path} - what it is`")
        title, _, rest = words.partition(". ")
        return title.rstrip("."), ([rest] if rest else []) + lines[first:]

    def _read(self, at):
        section = Section("")
        self.sections.append(section)
        group, prose, prose_line, conditions = None, [], 0, []
        lines = self._lines
        while at < len(lines):
            line = lines[at]
            if re.match(r"#\s*(if|else|elif|endif)", line):
                at = follow_condition(lines, at, conditions)
                continue
            if "c++" in conditions:
                at += 1
            elif SECTION.match(line):
                section = Section(SECTION.match(line).group(1))
                self.sections.append(section)
                group, prose = None, []
                at += 1
            elif line.startswith("//"):
                first = at
                while lines[at].startswith("//"):
                    at += 1
                group, prose, prose_line = None, uncomment(lines[first:at]), first + 1
            elif not line.strip():
                if prose and group is None:
                    section.prose += [""] * bool(section.prose) + prose
                group, prose = None, []
                at += 1
            else:
                first, at = at, end_of_declaration(lines, at)
                item = read_item(lines[first:at], section.title.startswith(MACHINERY_TITLE))
                if item is None:
                    continue
                if group is None:
                    group = Group(prose_line if prose else first + 1, prose)
                    section.groups.append(group)
                group.items.append(item)


def uncomment(lines):
    return [re.sub(r"^// ?", "", line) for line in lines]


def follow_condition(lines, at, conditions):
    """Steps over a conditional; `conditions` says for each open one whether it is for C++ only."""
    line = lines[at]
    if re.match(r"#\s*endif", line):
        if conditions:
            conditions.pop()
    elif re.match(r"#\s*el", line):
        if conditions:
            conditions[-1] = {"c++": "c", "c": "c++"}.get(conditions[-1], "any")
    elif re.match(r"#\s*if(def\s+| defined\(?\s*)__cplusplus", line):
        conditions.append("c++")
    elif re.match(r"#\s*ifndef __cplusplus", line):
        conditions.append("c")
    else:
        conditions.append("any")
    while lines[at].endswith("\\"):
        at += 1
    return at + 1


def end_of_declaration(lines, at):
    """The line after the declaration or directive that begins at `at`."""
    if lines[at].startswith("#"):
        while lines[at].endswith("\\"):
            at += 1
        return at + 1
    depth = 0
    while at < len(lines):
        code = re.sub(r"//.*", "", lines[at])
        depth += code.count("{") - code.count("}") + code.count("(") - code.count(")")
        at += 1
        if depth <= 0 and re.search(r"[;}]\s*$", code):
            break
    return at


def read_item(lines, is_machinery):
    """What a declaration declares, or None when it is nothing that a program writes."""
    if lines[0].startswith("#"):
        return read_macro(lines[0], is_machinery)
    text = " ".join(re.sub(r"//.*", "", line).strip() for line in lines)
    match = re.match(r"(struct|enum|union) (\w+)\s*(\{.*)?(?:__attribute__.*)?;$", text)
    if match:
        if match.group(3) is None or is_machinery:
            return None
        return Item("type", match.group(2), "\n".join(lines))
    match = re.match(r"typedef\b.*?\b(\w+)\s*(\(.*\))?;$", text)
    if match:
        return None if is_machinery else Item("type", match.group(1), "\n".join(lines))
    head = ATTRIBUTE.sub("", text.partition("{")[0]).rstrip(" ;")
    head = QUALIFIER.sub("", head)
    match = re.match(r"(.*?)(\w+)\s*\(", head)
    if not match or MACHINERY.search(match.group(2)):
        return None
    return Item("function", match.group(2), head + ";", match.group(1).strip())


def read_macro(line, is_machinery):
    match = re.match(r"#\s*define (\w+)(\(.*?\))?", line)
    if not match or is_machinery or re.fullmatch(r"TENON_\w+_H", match.group(1)) or \
            MACHINERY.search(match.group(1)):
        return None
    return Item("macro", match.group(1), match.group(1) + (match.group(2) or ""))
