"""Compares docs/contract.md with the tests that quote it: each clause of the contract has to stand
in the comment above a test in tests/contract, or below, with the reason or with tests of other
programs.

    python3 tests/contract/check.py            every clause has a test: prints "N passed, N failed"
    python3 tests/contract/check.py --table    which tests stand for which clause

Run from the root of the repository; the build folder that `./dev test` names is not needed. Exit
code: 0, or 1 when a clause has no test.
"""

import glob
import re
import sys

CONTRACT = "docs/contract.md"
TESTS = "tests/contract/[0-9]*.c"
RUN = 3  # so many words in a row are a quotation
QUOTED = 0.75  # a clause is quoted when so much of it is

# Clauses that say no more than others do, and what they say it for.
WHY_NOT = {
    "A frame is a suspendable function with a life": "a word explained by what follows it",
    'Three levels, "concurrency by default"': "a heading",
    "a **DFrame** may run in any process on any machine": "a freedom; section 7",
    "a **PFrame** is a DFrame restricted to its parent's process (any thread)": "a word explained",
    "a **Frame** is a PFrame restricted to its parent's thread": "see: A plain Frame never moves",
    "Which thread takes what": "a heading",
    "Documented outputs": "a heading",
    "Frames must stay responsive, and this is what makes the documented outputs below the same on "
    "every run": "a reason",
    "Awaitables": "a heading",
    "Removal, in order": "a heading",
    "both exist, and the documentation says loudly which is the default": "docs/guide/",
    "Every public call states what a cancellation at that point may lose": "the manual: tests/man",
}

# What needs other processes is tested elsewhere: the clause, and tests of other programs.
ELSEWHERE = {
    "the program is the same with 0 or 100 of them": [
        "many_dframes_give_the_same_sum_in_one_process_and_in_three"],
    "A pointer argument is a compile-time error with a sentence": ["refuse"],
    "A process that dies (exit, signal, out of memory) never takes the program with it": [
        "a_process_that_is_killed_or_exits_takes_one_dframe_with_it_and_says_why",
        "a_dframe_that_crashes_is_lost_with_the_signal",
        "a_dframe_without_memory_is_lost_with_that_reason"],
    "its DFrames end as lost with the reason, or are run again elsewhere if they are declared "
    "repeatable": [
        "a_dframe_whose_process_is_killed_is_lost_and_says_why",
        "a_repeatable_dframe_is_run_again_when_its_process_is_killed",
        "a_repeatable_dframe_that_is_lost_again_and_again_is_poisoned"],
    "results are delivered once": [
        "each_dframe_ends_once_while_processes_are_killed_every_millisecond"],
    "the parent's wait always ends": [
        "repeatable_dframes_are_all_done_while_processes_are_killed",
        "a_frozen_process_is_given_up_after_its_lease"],
    "Orphans of a dead parent are stopped": [
        "no_process_lives_a_second_after_its_owner_was_killed"],
    "a parent's end waits for its DFrames elsewhere to be gone": [
        "the_end_of_a_parent_ends_its_dframes_elsewhere"],
    "Cancel, deadline, failure and the order of removal work across processes exactly as above": [
        "a_removed_dframe_has_unwound_elsewhere_when_the_removal_is_over",
        "a_deadline_reaches_a_dframe_elsewhere",
        "handlers_above_a_dframe_hear_of_its_failure_and_may_absorb_it",
        "a_failure_travels_with_what_led_to_it"],
    "a process that dies leaves no waiter": [
        "a_process_that_is_killed_leaves_nobody_at_the_queue",
        "a_process_that_is_killed_while_it_gets_leaves_nobody_behind"],
    "Two different builds never exchange frames silently": [
        "another_build_is_refused_with_a_sentence"],
    "a build identity is compared first": ["another_build_is_refused_with_a_sentence"],
    "Data from another process is never trusted": ["whatever_a_taker_says_the_owner_stays_whole"],
    "malformed input ends that peer with a clear error and nothing else": [
        "a_process_that_breaks_the_rules_is_cut_off_and_the_program_lives",
        "a_process_that_posts_what_is_no_post_is_cut_off_and_the_program_lives",
        "a_dframe_that_spoils_its_ring_is_lost_and_the_program_lives"],
}
OTHER_TESTS = ["src/cluster/*_test.c", "tests/api/*_test.c", "tests/stress/*.c",
               "tests/dframes/check.sh"]


def words(text):
    return re.findall(r"[a-z0-9_]+", text.lower())


def clauses(text):
    """(section, clause) for each clause of each item of the contract."""
    found = []
    section = None
    items = re.split(r"\n(?=- |## )", text)
    for item in items:
        heading = re.match(r"## (.*)", item)
        if heading:
            section = heading.group(1)
        elif item.startswith("- ") and section:
            flat = " ".join(item[2:].split())
            parts = re.split(r"(?<=[^\d\s])[.;:](?:\s+|$)", flat)
            found += [(section, part.strip()) for part in parts if part.strip()]
    return found


def quotations(paths):
    """(test, words of the comment above it) for each test that has one."""
    found = []
    for path in sorted(paths):
        comment = []
        for line in open(path, encoding="utf-8"):
            test = re.match(r"CONTRACT(?:_OUTSIDE)?\((\w+)", line)
            if test:
                found.append((test.group(1), words(" ".join(comment))))
                comment = []
            elif line.startswith("// ----"):
                comment = []
            elif line.startswith("// "):
                comment.append(line[3:].strip())
    return found


def runs(sequence):
    length = min(RUN, len(sequence))
    return [tuple(sequence[i:i + length]) for i in range(len(sequence) - length + 1)]


def tests_of(clause, quoted):
    """The tests whose comments have this clause; none when they miss too much of it."""
    sequence = words(clause)
    length = min(RUN, len(sequence))
    covered = [False] * len(sequence)
    tests = []
    for test, comment in quoted:
        in_comment = {tuple(comment[i:i + length]) for i in range(len(comment) - length + 1)}
        hits = [i for i, run in enumerate(runs(sequence)) if run in in_comment]
        for i in hits:
            covered[i:i + length] = [True] * length
        if hits:
            tests.append(test)
    return tests if sum(covered) >= QUOTED * len(sequence) else []


def other_tests():
    """The names of all tests of other programs, and of the functions of the script."""
    found = set()
    for pattern in OTHER_TESTS:
        for path in glob.glob(pattern):
            text = open(path, encoding="utf-8").read()
            found |= set(re.findall(r"^TEST\w*\((\w+)", text, re.M))
            found |= set(re.findall(r"^(\w+)\(\) \{", text, re.M))
    return found


def tests_elsewhere(clause, known):
    """Those of ELSEWHERE; none when one of them is gone."""
    tests = ELSEWHERE.get(clause, [])
    return tests if all(test in known for test in tests) else []


def untested(text, quoted):
    known = other_tests()
    return [(section, clause) for section, clause in clauses(text)
            if clause not in WHY_NOT and not tests_of(clause, quoted)
            and not tests_elsewhere(clause, known)]


def print_table(text, quoted):
    last = None
    for section, clause in clauses(text):
        if section != last:
            print(f"\n{section}\n")
            last = section
        tests = [WHY_NOT[clause]] if clause in WHY_NOT else tests_of(clause, quoted)
        tests = tests or ELSEWHERE.get(clause, [])
        print(f"  {clause}")
        for test in tests:
            print(f"      {test}")


def main():
    text = open(CONTRACT, encoding="utf-8").read()
    quoted = quotations(glob.glob(TESTS))
    if sys.argv[1:] == ["--table"]:
        print_table(text, quoted)
        return 0
    if sys.argv[1:] == ["--help"]:
        print(__doc__, end="")
        return 0
    missing = untested(text, quoted)
    for section, clause in missing:
        print(f"FAIL section {section}: no test quotes: {clause}")
    # A clause that nobody could have a test for has to be found, and so has a test that is gone.
    planted = "## 9. Planted\n\n- A frame that is blue turns green on Tuesdays.\n"
    finds_planted = len(untested(text + planted, quoted)) == len(missing) + 1
    finds_gone = len(untested(text, quoted[1:])) > len(missing)
    for holds, what in ((finds_planted, "a clause without a test is not found"),
                        (finds_gone, "a test that is gone is not missed")):
        if not holds:
            print(f"FAIL {what}")
    stale = [clause for clause in [*WHY_NOT, *ELSEWHERE]
             if clause not in {c for _, c in clauses(text)}]
    for clause in stale:
        print(f"FAIL this script names what the contract does not say: {clause}")
    failed = len(missing) + (not finds_planted) + (not finds_gone) + len(stale)
    passed = len(clauses(text)) - len(missing) + finds_planted + finds_gone
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
