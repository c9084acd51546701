"""Compares what the texts say with what is there: the program in README.md is examples/00_readme.c,
each `./dev` command that a text names is known to `./dev help`, each relative link leads somewhere,
docs/environment.md has the variables that the sources read, and tenon(7) those for people.

Every comparison is also made on a text with a planted mistake, and has to find it.
"""

import os
import re
import subprocess
import sys

passed = 0
failed = 0


def expect(holds, what):
    global passed, failed
    if holds:
        passed += 1
    else:
        failed += 1
        print(f"FAIL {what}")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def texts():
    """The paths of all texts but those that lie in build/."""
    return [os.path.join(folder, name).removeprefix("./") for folder, _, names in os.walk(".")
            if not folder.startswith(("./build", "./.git/"))
            for name in names if name.endswith(".md")]


def listing_differs(text, program):
    """Whether the first C listing of the text is not the program without its first comment."""
    listing = re.search(r"^```c\n(.*?)^```$", text, re.M | re.S)
    program = re.sub(r"\A(//[^\n]*\n)+", "", program)
    return listing is None or listing.group(1) != program


def unknown_commands(text, help_text):
    """The `./dev WORD` in code of the text that help does not show."""
    known = set(re.findall(r"^\./dev ([a-z]+)", help_text, re.M))
    known |= set(re.search(r"^Presets: (.*)$", help_text, re.M).group(1).split()) | {"help"}
    named = re.findall(r"(?:^    |`)\./dev ([a-z]+)", text, re.M)
    return [word for word in named if word not in known]


def dead_links(path, text):
    """The relative links of a text at `path` that lead nowhere; not those inside code."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    text = re.sub(r"`[^`\n]*`", "", text)
    targets = [match.split("#")[0] for match in re.findall(r"\]\(([^)\s]+)\)", text)]
    return [target for target in targets if target and "://" not in target
            and not target.startswith("mailto:")
            and not os.path.exists(os.path.join(os.path.dirname(path), target))]


def check_readme(help_text):
    readme = read("README.md")
    program = read("examples/00_readme.c")
    expect(not listing_differs(readme, program),
           "the first listing of README.md is not examples/00_readme.c")
    expect(listing_differs(readme, program.replace("30", "31", 1)), "a changed listing goes unseen")
    section = re.search(r"^## The two commands$(.*?)^## ", readme, re.M | re.S).group(1)
    shown = re.findall(r"^    \./dev ([a-z]+)", section, re.M)
    expect(shown == ["run", "test"], f"README.md shows these as the two commands: {shown}")
    for word in shown:
        expect(re.search(rf"^\./dev {word}\b", help_text, re.M), f"./dev help omits {word}")


def variables_read(path, text):
    """The variables of the environment that a source names: in C and Python, each whole string; in
    a shell script, each that is used or set."""
    if path.endswith((".c", ".h", ".py")):
        return set(re.findall(r'"(TENON_[A-Z_]+)"', text))
    pairs = re.findall(r"\$\{?(TENON_[A-Z_]+)|(?<![-\w$])(TENON_[A-Z_]+)(?==)", text)
    return {used or given for used, given in pairs}


def check_environment():
    """The table has what the sources read, and nothing else; the manual has what is for people."""
    table = read("docs/environment.md")
    named = set(re.findall(r"`(TENON_[A-Z_]+)`", table))
    found = {}
    for folder in ("src", "tests", "bench", "tools", "apps", "examples", "dev"):
        paths = [folder] if os.path.isfile(folder) else [
            os.path.join(at, name) for at, _, names in os.walk(folder) for name in names
            if name.endswith((".c", ".h", ".py", ".sh"))]
        for path in paths:
            if path != "tests/texts/check.py":
                for name in variables_read(path, read(path)):
                    found.setdefault(name, path)
    missing = sorted(set(found) - named)
    expect(not missing, "docs/environment.md lacks " +
           ", ".join(f"{name} ({found[name]})" for name in missing))
    unread = sorted(named - set(found))
    expect(not unread, f"docs/environment.md names what nothing reads: {unread}")
    expect(variables_read("a.c", 'getenv("TENON_NEW")') == {"TENON_NEW"} and
           variables_read("a.sh", 'x=$TENON_A TENON_B=1 y -DTENON_C=1 "${TENON_D:-}"') ==
           {"TENON_A", "TENON_B", "TENON_D"}, "a variable that is read goes unseen")
    section = re.search(r"^## For those who run a program$(.*?)^## ", table, re.M | re.S).group(1)
    manual = read("docs/man/tenon.7.in")
    absent = [name for name in re.findall(r"^\| `(TENON_[A-Z_]+)`", section, re.M)
              if f".B {name}" not in manual]
    expect(not absent, f"tenon(7) lacks {absent}")


def main():
    help_text = subprocess.run(["./dev", "help"], capture_output=True, text=True,
                               check=True).stdout
    check_readme(help_text)
    check_environment()
    expect(unknown_commands("so type `./dev tets`", help_text) == ["tets"],
           "an unknown command goes unseen")
    expect(dead_links("README.md", "see [this](docs/nowhere.md)") == ["docs/nowhere.md"],
           "a dead link goes unseen")
    for path in texts():
        text = read(path)
        unknown = unknown_commands(text, help_text)
        expect(not unknown, f"{path} names commands that ./dev help does not: {unknown}")
        dead = dead_links(path, text)
        expect(not dead, f"{path} has links that lead nowhere: {dead}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
