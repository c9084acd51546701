#!/usr/bin/env python3
"""Writes the manual pages from the public headers, which are the manual.

    tools/man.py FOLDER     into FOLDER/man3 and FOLDER/man7

One page in section 3 for each header (tenon_event for tenon/event.h, also called tn_event), and one
for each function, macro and type that says `see that page`; tenon(7) is docs/man/tenon.7.in with a
list of them all.
Invariant: all text comes from the headers and from that file. Start reading at write_pages.
"""

import glob
import os
import re
import sys

from man_headers import MACHINERY_TITLE, Header
from roff import blocks_of, code_lines, escape, prose_lines, word

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SYNOPSIS_COLUMNS = 76
# A sentence that says what a function gives back.
RETURNING = re.compile(r"\(?(Returns|Gives|NULL|[Tt]rue|False|TN_[A-Z_]+(?!\()|tn_\w+ returns)\b"
                       r"|.*: (NULL|TN_OK|true)\b|The same.*\bTN_|.*\bgives NULL\b"
                       r"|.*\b(and|itself) (returns|gives)\b|.*\b[Tt]hey return\b")
# A prose whose first words are the name of a thing says by that what the function returns; these
# words may come after the form of the call.
NAMING = re.compile(r"(?:\w+\([^:]*\): )?(`\w+` of|A|An|The|Which|How|Whether|Seconds|Bytes|"
                    r"Awaitables?)\b(?! same\b)", re.IGNORECASE)
# A prose that begins like this goes on from the group before it.
CONTINUING = re.compile(r"The same\b")


def read_headers(root=ROOT):
    """Every public header but tenon.h, which holds only the others."""
    folder = os.path.join(root, "include")
    paths = sorted(glob.glob(os.path.join(folder, "tenon", "*.h")))
    return [Header(folder, os.path.relpath(path, folder)) for path in paths]


def sentences(prose):
    """The sentences of a prose; listings, lists and lines that show a call are left out."""
    said = []
    for kind, lines in blocks_of(prose):
        text = " ".join(line.strip() for line in lines)
        if kind == "paragraph" and not re.fullmatch(r"\w+\([^:]*\)( \{ body \})?;?", text):
            said += re.split(r"(?:(?<=[.?])|(?<=[.]\)))\s+(?=[A-Z*`0-9\"(]|tn_)", text)
    return said


def without_form(sentence):
    """A sentence that begins with the form of the call, `name(...): `, without that."""
    form = re.match(r"\w+\([^:]*\): ", sentence)
    return sentence[form.end()].upper() + sentence[form.end() + 1:] if form else sentence


def returning_sentences(group):
    said = sentences(group.prose)
    chosen = [s for s in said if RETURNING.match(s)]
    if said and NAMING.match(said[0]) and said[0] not in chosen:
        chosen.insert(0, said[0])
    return chosen


def silent_groups(header):
    """Those that hold a function with a result while no prose speaks of it."""
    before = []
    for group in header.groups():
        said = returning_sentences(group) or \
            (before if CONTINUING.match(" ".join(group.prose)) else [])
        if any(item.gives_a_value for item in group.items) and not said:
            yield group
        before = said


def call_form(name, prose):
    """`name(...)` as a line of the prose begins with it: how a macro is called."""
    text = "\n".join(prose)
    match = re.search(rf"(?m)^{re.escape(name)}\(", text)
    if not match:
        return None
    depth = 0
    for at in range(match.end() - 1, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            body = re.match(r" \{ body \}|;", text[at + 1:])
            return " ".join((text[match.start():at + 1] + (body.group(0) if body else "")).split())
    return None


def synopsis_of(item, group):
    """One declaration as lines of at most SYNOPSIS_COLUMNS columns, parameters aligned."""
    text = item.text
    if item.kind == "macro":
        # Macros that stand together and are defined alike are called alike, those first whose names
        # end alike.
        alike = [mate.name for mate in group.items
                 if mate.text.partition("(")[2] == text.partition("(")[2]]
        alike.sort(key=lambda name: -len(os.path.commonprefix([name[::-1], item.name[::-1]])))
        forms = [call_form(name, group.prose) for name in [item.name] + alike]
        form = next((form for form in forms if form), text)
        text = item.name + form[re.match(r"\w+", form).end():]
    if len(text) <= SYNOPSIS_COLUMNS or "(" not in text:
        return [text]
    head, _, rest = text.partition("(")
    lines, line = [], head + "("
    for piece in re.split(r"(?<=,) ", rest):
        if len(line) + len(piece) + 1 > SYNOPSIS_COLUMNS:
            lines.append(line)
            line = " " * (len(head) + 1 if len(head) < 40 else 8) + piece
        else:
            line += piece if line.endswith("(") else " " + piece
    return lines + [line]


def title_lines(name, section, version):
    return [f'.\\" Written by tools/man.py: change the header instead.',
            f'.TH {name.upper()} {section} "" "Tenon {version}" "Tenon manual"',
            ".nh", ".ad l"]


def name_lines(header):
    names = [header.topic, header.short_topic] + [item.name for item in header.items()]
    listed = ", ".join(dict.fromkeys(names))
    return [".SH NAME", f"{escape(listed)} \\- {escape(header.title)}"]


def synopsis_lines(header):
    out = [".SH SYNOPSIS", ".nf", f".B #include <{header.path}>"]
    for group in header.groups():
        shown = [item for item in group.items if item.kind != "type"]
        if shown:
            out.append(".PP")
        for item in shown:
            out += [".B " + quote(line) for line in synopsis_of(item, group)]
    return out + [".fi"]


def quote(text):
    """A macro's argument: leading spaces and quotation marks survive."""
    return '"' + escape(text).replace('"', "\\(dq") + '"'


def description_lines(header):
    out = [".SH DESCRIPTION"] + prose_lines(header.prose, inside=False)
    for section in header.sections:
        if section.title and (section.groups or section.prose):
            out += [f".SS {quote(section.title.capitalize())}"]
        if not section.title.startswith(MACHINERY_TITLE):
            out += prose_lines(section.prose, inside=False)
        for group in section.groups:
            out += group_lines(group)
    return out


def group_lines(group):
    names = ", ".join(f"\\fB{escape(item.name)}\\fP" + "()" * ("(" in item.text and
                                                              item.kind != "type")
                      for item in group.items)
    types = [item for item in group.items if item.kind == "type"]
    out = [".TP", names] + prose_lines(group.prose, inside=True)
    for item in types:
        out += code_lines(item.text.split("\n"), inside=True, first=not group.prose)
    return out


def return_lines(header):
    """For each group its names, with the sentences of its prose that say what they return."""
    entries = []
    for group in header.groups():
        said = returning_sentences(group)
        names = [item.name for item in group.items if item.kind != "type"]
        valued = any(item.gives_a_value for item in group.items)
        if entries and valued and not said and CONTINUING.match(" ".join(group.prose)):
            entries[-1][0].extend(names)
        elif said and (valued or all(item.kind == "macro" for item in group.items)):
            entries.append((names, said))
    out = []
    for names, said in entries:
        listed = ", ".join(f"\\fB{escape(name)}\\fP()" for name in names)
        out += [".TP", listed] + [word(without_form(sentence)) for sentence in said]
    return [".SH RETURN VALUE"] + out if out else []


def codes_of(headers):
    """The codes of enum tn_status with their meaning, in order."""
    codes = {}
    for header in headers:
        for item in header.items():
            if item.name == "tn_status":
                for name, text in re.findall(r"(TN_\w+) = [-\d]+,\s*// (.*)", item.text):
                    codes[name] = text
    return codes


def error_lines(header, codes):
    if header.path == "tenon/status.h":
        return []
    text = " ".join(line for group in header.groups() for line in group.prose)
    used = [name for name in codes if re.search(rf"\b{name}\b", text) and name != "TN_OK"]
    out = []
    for name in used:
        out += [".TP", f".B {name}", word(codes[name][0].upper() + codes[name][1:] + ".")]
    return [".SH ERRORS"] + out if out else []


def see_also_lines(header, headers):
    """The pages of headers that this one includes or names, and that include or name it."""
    def names_of(one):
        text = "\n".join(one.prose + [line for g in one.groups() for line in g.prose])
        return set(one.includes) | set(re.findall(r"tenon/\w+\.h", text))

    own = names_of(header)
    pages = [other.topic for other in headers if other is not header and list(other.items()) and
             (other.path in own or header.path in names_of(other))]
    listed = [f"\\fB{page}\\fP(3)" for page in pages] + ["\\fBtenon\\fP(7)"]
    return [".SH SEE ALSO", ", ".join(listed)]


def topic_page(header, headers, version):
    lines = title_lines(header.topic, 3, version)
    lines += name_lines(header) + synopsis_lines(header) + description_lines(header)
    lines += return_lines(header) + error_lines(header, codes_of(headers))
    return lines + see_also_lines(header, headers)


def overview_lines(headers):
    """For tenon(7): each header with its functions and macros and the first sentence of each."""
    out = []
    for header in headers:
        groups = [g for g in header.groups() if any(i.kind != "type" for i in g.items) and g.prose]
        if not groups:
            continue
        out += [f".SS {quote(header.path + ': ' + header.title)}",
                f"See \\fB{header.topic}\\fP(3)."]
        for group in groups:
            names = ", ".join(f"\\fB{escape(i.name)}\\fP" for i in group.items if i.kind != "type")
            first = sentences(group.prose)[:1] or [header.title]
            out += [".TP", names, word(without_form(first[0]))]
    return out


def overview_page(headers, version):
    with open(os.path.join(ROOT, "docs", "man", "tenon.7.in"), encoding="utf-8") as file:
        written = file.read().split("\n")
    at = written.index(".\\\" FUNCTIONS")
    return title_lines("tenon", 7, version) + written[1:at] + overview_lines(headers) + \
        written[at + 1:]


def read_version(root=ROOT):
    with open(os.path.join(root, "include", "tenon.h"), encoding="utf-8") as file:
        return ".".join(re.findall(r"#define TN_VERSION_\w+ (\d+)", file.read()))


def write(folder, name, lines):
    """Writes one page; a heading is a paragraph already."""
    lines = [line for before, line in zip([""] + lines, lines)
             if not (line == ".PP" and re.match(r"\.S[HS]\b", before))]
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write("\n".join(lines).rstrip("\n") + "\n")


def owners(headers):
    """For each name the topic whose page it is found on. Where two have one name the later one gets
    it: topics, then types, then what is called."""
    links = {header.short_topic: header.topic for header in headers}
    for is_type in (True, False):
        links.update((item.name, header.topic) for header in headers for item in header.items()
                     if (item.kind == "type") == is_type)
    return links


def write_pages(folder):
    headers = [header for header in read_headers() if list(header.items())]
    version = read_version()
    man3, man7 = os.path.join(folder, "man3"), os.path.join(folder, "man7")
    os.makedirs(man3, exist_ok=True)
    os.makedirs(man7, exist_ok=True)
    for name, topic in owners(headers).items():
        write(man3, f"{name}.3", [f".so man3/{topic}.3"])
    for header in headers:
        write(man3, f"{header.topic}.3", topic_page(header, headers, version))
    write(man7, "tenon.7", overview_page(headers, version))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    write_pages(sys.argv[1])
