"""Turns the prose of comments into the roff of a manual page.

Prose is paragraphs between empty lines; a line indented by four spaces or more is a listing; one
indented by two or three that has a wide gap, or begins with a number or a dash, is an entry of a
list, continued by deeper lines.
Invariant: no line that begins with a full stop or an apostrophe comes out by accident. Start
reading at prose_lines.
"""

import re
import textwrap

COLUMNS = 76
LISTING = re.compile(r" {4,}\S")
ENTRY = re.compile(r" {2,3}(?=\d+\. |- |\S+(?: \S+)*  )(\d+\.|-|\S+(?: \S+)*?) +(\S.*)$")


def escape(text):
    """Text whose characters mean themselves."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


def word(text):
    """A running text with our names in bold and what stands in back quotes in italics."""
    out = []
    for piece in re.split(r"(`[^`]*`|\b(?:tn|TN|TENON)_\w+|\btenon/\w+\.h|\btn_run\b)", text):
        if piece.startswith("`") and len(piece) > 1:
            out.append(f"\\fI{escape(piece[1:-1])}\\fP")
        elif re.fullmatch(r"(tn|TN|TENON)_\w+|tenon/\w+\.h", piece):
            out.append(f"\\fB{escape(piece)}\\fP")
        else:
            out.append(escape(piece) if not out else escape_inside(piece))
    return "".join(out)


def escape_inside(text):
    return text.replace("\\", "\\e").replace("-", "\\-")


def fill(text):
    """A paragraph as lines; none begins with a character that roff takes for a request."""
    lines = textwrap.wrap(word(text), COLUMNS, break_long_words=False, break_on_hyphens=False)
    return [re.sub(r"^([.'])", r"\\&\1", line) for line in lines]


def code_lines(lines, inside, first=False):
    """A listing. Inside an entry of a list it is set in a block of its own; `first`: the entry
    begins with it."""
    lines = textwrap.dedent("\n".join(lines)).rstrip("\n").split("\n")
    body = [escape(line) for line in lines]
    if inside:
        return [".RS"] + [".PP"] * (not first) + [".nf"] + body + [".fi", ".RE"]
    return [".PP", ".RS 4", ".nf"] + body + [".fi", ".RE"]


def blocks_of(prose):
    """(kind, lines) of each listing, list entry and paragraph."""
    kind, lines = None, []
    for line in prose + [""]:
        if LISTING.match(line) and kind != "entry":
            new = "listing"
        elif ENTRY.match(line):
            new = "entry"
        elif not line.strip():
            if kind == "listing":
                lines.append("")
                continue
            new = None
        elif kind == "entry" and line.startswith("   "):
            lines.append(line)
            continue
        else:
            new = "paragraph"
        if new != kind or new == "entry":
            if kind:
                yield kind, lines
            kind, lines = new, []
        if new:
            lines.append(line)
    if kind:
        yield kind, lines


def prose_lines(prose, inside):
    """The prose as roff. `inside`: it is the body of a list's entry, so paragraphs are indented."""
    out = []
    for kind, lines in blocks_of(prose):
        if kind == "listing":
            out += code_lines(lines, inside)
        elif kind == "entry":
            term, text = ENTRY.match(lines[0]).groups()
            body = fill(" ".join([text] + [line.strip() for line in lines[1:]]))
            entry = [".TP", f"\\fB{escape_inside(term)}\\fP"] + body
            out += [".RS"] + entry + [".RE"] if inside else entry
        else:
            first = not out and inside
            out += ([] if first else [".IP" if inside else ".PP"])
            out += fill(" ".join(line.strip() for line in lines))
    return out
