#!/usr/bin/env python3
"""Ctrl-C on a terminal: the progress bar of examples/origin_progressbar.c ends in an orderly way.

Argument: the build folder. Starts the program on a pseudo-terminal, waits until the bar has moved,
types Ctrl-C, and expects the bar, a new line, `process aborted` and exit code 0."""

import os
import pty
import select
import sys
import time


def read_until(terminal, wanted, seconds):
    """What the program has printed when `wanted` is among it, or at its end, or after `seconds`."""
    printed = b""
    deadline = time.monotonic() + seconds
    while wanted not in printed and time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.1)[0]:
            continue
        try:
            data = os.read(terminal, 4096)
        except OSError:  # the program has closed the terminal
            break
        if not data:
            break
        printed += data
    return printed


def main():
    program = os.path.join(sys.argv[1], "bin", "origin_progressbar")
    child, terminal = pty.fork()
    if child == 0:
        os.execv(program, [program, "0.2"])
    printed = read_until(terminal, b" 13%", 30)
    os.write(terminal, b"\x03")
    printed += read_until(terminal, b"process aborted\r\n", 30)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    # A terminal prints "^C" where it was typed, and ends lines with "\r\n".
    lines = printed.replace(b"^C", b"").decode().split("\r\n")
    faults = []
    if code != 0:
        faults.append(f"it ended with {code}")
    if lines[-2:] != ["process aborted", ""]:
        faults.append(f"its last lines are {lines[-3:]}")
    if not lines[0].startswith("\rRunning Process    [----"):
        faults.append("there is no bar")
    if "100%" in lines[0]:
        faults.append("it was not interrupted")
    for fault in faults:
        print(f"FAIL interrupted progress bar: {fault}")
    return len(faults)


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
