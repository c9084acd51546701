"""Reads C just well enough for the style rules: what is code, what is comment, what is a function.

Invariant: `code` and `comments` have as many lines as the file, and each keeps its line numbers;
text of the other kind is blanked out. Start reading at Source.
"""

import re

SCAN = re.compile(
    r"""(?P<comment>//(?:\\\n|[^\n])*|/\*.*?\*/)"""
    r"""|(?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""",
    re.DOTALL | re.VERBOSE,
)


def blank(text):
    """The same text with everything but line ends turned into spaces."""
    return re.sub(r"[^\n]", " ", text)


class Function:
    """One function definition: its first line (of the signature), its last, and its name."""

    def __init__(self, name, first, last):
        self.name, self.first, self.last = name, first, last

    @property
    def lines(self):
        return self.last - self.first + 1


class Source:
    """A C file in parts. Lines are counted from 1 everywhere outside this class."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        code, comments, last = [], [], 0
        for match in SCAN.finditer(text):
            between = text[last:match.start()]
            piece = match.group(0)
            is_comment = match.group("comment") is not None
            code += [between, blank(piece) if is_comment else self._hollow(piece)]
            comments += [blank(between), piece if is_comment else blank(piece)]
            last = match.end()
        code.append(text[last:])
        comments.append(blank(text[last:]))
        self.code = "".join(code).split("\n")
        self.comments = "".join(comments).split("\n")

    @staticmethod
    def _hollow(literal):
        """A string or character literal keeps its quotes, so that #include "x" can be told."""
        return literal[0] + blank(literal[1:-1]) + literal[-1]

    def includes(self):
        """(line, name, is_quoted) of every #include."""
        for number, line in enumerate(self.lines, 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if match and self.code[number - 1].strip().startswith("#"):
                yield number, match.group(2), match.group(1) == '"'

    def directives(self):
        """(first line, last line, text) of every preprocessor directive, continuations joined."""
        number = 0
        while number < len(self.code):
            first = number
            line = self.code[number]
            if line.lstrip().startswith("#"):
                while line.endswith("\\") and number + 1 < len(self.code):
                    number += 1
                    line = line[:-1] + " " + self.code[number]
                yield first + 1, number + 1, " ".join(line.split())
            number += 1

    def plain_code(self):
        """The code without preprocessor directives, as one text with the same lines."""
        kept = list(self.code)
        for first, last, _ in self.directives():
            for number in range(first, last + 1):
                kept[number - 1] = ""
        return "\n".join(kept)

    def functions(self):
        """Every function definition, found by a brace at the outermost level after a `)`."""
        text = self.plain_code()
        depth, start, inside = 0, 0, None
        for match in re.finditer(r"[{};]", text):
            character, at = match.group(0), match.start()
            if character == "{":
                if depth == 0:
                    if re.search(r'\bextern\s*"\s*"\s*$', text[start:at]):
                        start = at + 1
                        continue
                    inside = self._signature(text, start, at)
                depth += 1
            elif character == "}" and depth > 0:
                depth -= 1
                if depth == 0 and inside:
                    name, first = inside
                    yield Function(name, first, text.count("\n", 0, at) + 1)
                    inside = None
            if depth == 0:
                start = at + 1

    @staticmethod
    def _signature(text, start, brace):
        """(name, first line) when what stands before this brace is a function's head."""
        head = text[start:brace]
        if "=" in re.sub(r"\([^()]*\)", "", head) or not head.rstrip().endswith(")"):
            return None
        # Attributes may stand before or after: the name is the first one that is followed by a
        # parenthesis and is not an attribute.
        body = re.sub(r"__(attribute|asm)__\s*\(\(.*?\)\)", lambda m: blank(m.group(0)), head,
                      flags=re.DOTALL)
        names = re.findall(r"([A-Za-z_]\w*)\s*\(", body)
        offset = len(head) - len(head.lstrip())
        if not names:
            return None
        return names[0], text.count("\n", 0, start + offset) + 1

    def comment_near(self, number, above):
        """The comment text on a line and up to `above` lines over it, as one run of words."""
        near = self.comments[max(0, number - 1 - above):number]
        words = " ".join(re.sub(r"^\s*(//+|/?\*+/?)", " ", line) for line in near)
        return " ".join(words.split())
