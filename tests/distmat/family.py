"""Which processes came from which."""

import contextlib
import os


def descendants(number):
    """The numbers of the processes that came from process `number`, the oldest generation first."""
    parents = {}
    for other in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError, IndexError):
            with open(f"/proc/{other}/stat", encoding="ascii", errors="replace") as file:
                parents[int(other)] = int(file.read().rsplit(")", 1)[1].split()[1])
    found = [number]
    for known in found:
        found += [other for other, parent in parents.items() if parent == known]
    return found[1:]
