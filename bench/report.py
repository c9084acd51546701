"""Writes the measured part of docs/benchmarks.md, for `./dev bench --report [NAME ...]`.

Runs the benches named below (or only those given) and keeps what they print in build/bench; the
page is made of the RESULT lines that lie there, each with the commit and the hour of its run. Goals
stand beside the figures, also those that are missed. What follows the line END in the page is
written by hand and stays. Not a bench by itself. Start reading at main."""

import datetime
import os
import re
import subprocess
import sys

import peers

PAGE = os.path.join(peers.ROOT, "docs", "benchmarks.md")
KEPT = os.path.join(peers.ROOT, "build", "bench")
END = "<!-- what follows is written by hand -->"

KERNELS = ("fib", "skynet", "nqueens", "T1", "T3", "integrate")
# Name: the command, from the root.
BENCHES = {f"forkjoin_{kernel}": ["bench/forkjoin.py", kernel] for kernel in KERNELS}
BENCHES |= {
    name: [f"build/release/bin/bench_{name}"]
    for name in ("matmul", "cilksort", "fib_waits", "wakeups", "heap", "sync", "executor", "local",
                 "skynet")
}
BENCHES |= {
    "waiting": ["bench/waiting.py"],
    "passing": ["bench/passing.py"],
    "processes": ["bench/processes.py"],
    "split": ["bench/split.py"],
    "distmat": ["bench/distmat.py"],
}

# What is to be reached: words, bench, which of its lines, key, operator, goal.
GOALS = (
    ("fib, gcc, one thread / twin", "forkjoin_fib", {}, "tenon_1_ns/twin_ns", "<=", 0.75),
    ("fib, gcc, two threads / twin", "forkjoin_fib", {}, "tenon_2_ns/twin_ns", "<=", 0.40),
    ("fib, gcc, one thread / Lace's best", "forkjoin_fib", {}, "tenon_1_ns/lace_best_1", "<=", 1),
    ("fib, gcc, two threads / Lace's best", "forkjoin_fib", {}, "tenon_2_ns/lace_best_2", "<=", 1),
    ("fib, clang, one thread / Lace by clang", "forkjoin_fib", {},
     "tenon_clang_1_ns/lace_clang_1_ns", "<=", 1),
    ("fib, clang, two threads / Lace by clang", "forkjoin_fib", {},
     "tenon_clang_2_ns/lace_clang_2_ns", "<=", 1),
    ("fib with waiting leaves, one thread", "fib_waits", {}, "one_overhead", "<=", 0.15),
    ("fib with waiting leaves, two threads", "fib_waits", {}, "two_overhead", "<=", 0.15),
    ("skynet, one thread, ms", "forkjoin_skynet", {}, "tenon_1_ns*1.111111", "<=", 4.5),
    ("skynet, two threads, ms", "forkjoin_skynet", {}, "tenon_2_ns*1.111111", "<=", 2.3),
    *((f"{kernel}, two threads over one", f"forkjoin_{kernel}", {}, "tenon_1_ns/tenon_2_ns", ">=",
       1.9) for kernel in KERNELS),
    ("skynet of ten million leaves, the same", "skynet", {}, "long_speedup", ">=", 1.9),
    ("matmul, two threads over one", "matmul", {}, "speedup", ">=", 1.9),
    ("cilksort, two threads over one", "cilksort", {}, "speedup", ">=", 1.9),
    ("switch there and back, ns", "waiting", {"what": "pair"}, "tenon", "<=", 6),
    ("yield through the run queue, ns", "waiting", {"what": "yield"}, "tenon", "<=", 20),
    ("a frame that suspends once, ns", "waiting", {"what": "suspend"}, "tenon", "<=", 40),
    ("a plain Frame, created and awaited, ns", "waiting", {"what": "frame"}, "tenon", "<=", 25),
    ("a waiting frame, bytes", "waiting", {"what": "bytes_each"}, "tenon", "<=", 4300),
    ("its creation, us", "waiting", {"what": "create_us"}, "tenon", "<=", 1.5),
    ("a million sleeps, CPU s", "waiting", {"what": "sleep_cpu_s"}, "tenon", "<=", 1.0),
    ("their lateness, mean, ms", "waiting", {"what": "late_ms"}, "tenon", "<=", 5),
    ("a lock and an unlock, ns", "sync", {}, "mutex_ns", "<=", 8),
    ("the same by two threads at once, ns", "sync", {}, "two_ns", "<=", 20),
    *((f"an item through a channel, {row}, ns", "passing", {"what": row}, "tenon", "<=", goal)
      for row, goal in (("pingpong", 60), ("buffered", 20), ("across", 450), ("spsc", 12),
                        ("mpmc", 60))),
    ("an item handed in and its result taken, ns", "executor", {}, "submit_take_frame_ns", "<=",
     100),
    ("a map with two threads over one", "executor", {}, "map_two_threads_ratio", ">=", 1.8),
    ("four sleeping threads, part of a CPU", "wakeups", {}, "idle_cpu", "<=", 0.005),
    ("an empty DFrame there and back / a bare ring", "processes", {},
     "tenon_round_us/ring_round_us", "<=", 1.5),
    ("the same / Open MPI", "processes", {}, "tenon_round_us/mpi_round_us", "<=", 1),
    ("empty DFrames a second, two processes", "processes", {}, "tenon_two_per_s", ">=", 1000000),
    ("the same, placed by the run", "processes", {}, "tenon_placed_per_s", ">=", 1000000),
    ("a run with four idle processes, % of a CPU", "processes", {}, "tenon_idle_percent", "<=", 1),
    ("a run with a first process, ms", "processes", {}, "tenon_first_ms", "<=", 3),
    ("find_sums, two processes over one", "split", {}, "sums_ratio", ">=", 1.85),
    ("distmat's matrix, two processes over one", "split", {}, "matrix_ratio", ">=", 1.85),
    ("another process, ms", "local", {}, "another_us/1000", "<=", 0.3),
)


def commit():
    done = subprocess.run(["git", "-C", peers.ROOT, "log", "-1", "--format=%h"],
                          capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def measure(name):
    """Runs a bench and keeps its lines; a failure keeps what was there before."""
    path = os.path.join(peers.ROOT, BENCHES[name][0])
    if not os.path.exists(path):
        print(f"{name}: {BENCHES[name][0]} is not built", file=sys.stderr)
        return
    text = peers.run([path, *BENCHES[name][1:]], 600)
    load = os.getloadavg()[0]
    lines = [line for line in (text or "").splitlines() if line.startswith("RESULT ")]
    if lines:
        os.makedirs(KEPT, exist_ok=True)
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M")
        with open(os.path.join(KEPT, name + ".txt"), "w", encoding="utf-8") as file:
            when = f"{now} at commit {commit()}, load {load:.1f}"
            file.write("\n".join([when, *lines]) + "\n")


def load():
    """By bench: when it ran, and its lines as dictionaries."""
    kept = {}
    for name in BENCHES:
        path = os.path.join(KEPT, name + ".txt")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                text = file.read()
            kept[name] = (text.splitlines()[0], peers.results(text))
    return kept


def add_best(lines):
    """The best of the builds of Lace, as if it were another side."""
    for line in lines:
        for threads in "12":
            times = [float(value) for key, value in line.items()
                     if re.fullmatch(rf"lace_.*_{threads}_ns", key)]
            if times:
                line[f"lace_best_{threads}"] = str(min(times))


def value_of(kept, bench, which, formula):
    """The figure, or None where it was not measured."""
    for line in kept.get(bench, ("", []))[1]:
        if all(line.get(key) == value for key, value in which.items()):
            parts = re.split(r"([/*])", formula)
            try:
                value = float(line[parts[0]])
                for operator, part in zip(parts[1::2], parts[2::2]):
                    other = float(line[part]) if part in line else float(part)
                    value = value / other if operator == "/" else value * other
                return value
            except KeyError:
                continue  # another line of that bench has it
            except ValueError:
                return None
    return None


def was_loaded(kept, bench):
    """Other programs kept the CPUs busy when it ran, or that is not known."""
    load = re.search(r"load ([\d.]+)$", kept[bench][0])
    return load is None or float(load.group(1)) > (os.cpu_count() or 1) + 0.5


def write_goals(kept):
    out = ["## Goals", "", "| | figure | goal | |", "|---|---|---|---|"]
    for words, bench, which, formula, operator, goal in GOALS:
        value = value_of(kept, bench, which, formula)
        if value is None:
            out.append(f"| {words} | not measured | {operator} {goal} | |")
            continue
        met = value <= goal if operator == "<=" else value >= goal
        shown = f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
        verdict = "met" if met else "**missed**"
        verdict += ", under load" if was_loaded(kept, bench) else ""
        out.append(f"| {words} | {shown} | {operator} {goal} | {verdict} |")
    return out


def write_forkjoin(kept):
    sides = []
    for kernel in KERNELS:
        for line in kept.get(f"forkjoin_{kernel}", ("", []))[1]:
            sides += [key for key in line if key.endswith("_ns") and key not in sides]
    out = ["", "## Fork and join, nanoseconds for each node (`./dev bench forkjoin`)", "",
           "`_1` and `_2`: threads. fib counts spawns, the others nodes. The peers' fib is of 27,",
           "ours and Lace's of 38; everything else is of one size.", "",
           "| | " + " | ".join(KERNELS) + " |", "|---" * (len(KERNELS) + 1) + "|"]
    for side in sides:
        cells = []
        for kernel in KERNELS:
            value = value_of(kept, f"forkjoin_{kernel}", {}, side)
            cells.append("" if value is None else f"{value:.3g}")
        out.append(f"| {side.removesuffix('_ns')} | " + " | ".join(cells) + " |")
    return out


def write_waiting(kept):
    lines = kept.get("waiting", ("", []))[1]
    sides = []
    for line in lines:
        sides += [key for key in line if key != "what" and key not in sides]
    out = ["", "## Switching, suspending, sleeping (`./dev bench waiting`)", "",
           "Nanoseconds: pair, deep_pair (four calls deep on both sides), yield, frame, suspend.",
           "asyncio sleeps with fewer tasks, as its name says.", "",
           "| | " + " | ".join(sides) + " |", "|---" * (len(sides) + 1) + "|"]
    for line in lines:
        out.append(f"| {line['what']} | " + " | ".join(line.get(side, "") for side in sides) + " |")
    return out


def write_printed(kept):
    out = ["", "## As printed", "", "| bench | when | results |", "|---|---|---|"]
    for name, (when, lines) in kept.items():
        for line in lines:
            pairs = " ".join(f"{key}={value}" for key, value in line.items()
                             if not key.startswith("lace_best"))
            out.append(f"| {name} | {when} | {pairs} |")
    return out


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = re.findall(r"^model name\s*: (.*)$", file.read(), re.M)
    compiler = subprocess.run(["gcc", "--version"], capture_output=True, text=True).stdout
    return (f"{names[0] if names else 'unknown'}, {os.cpu_count()} CPUs, Linux {os.uname().release}"
            f", {compiler.splitlines()[0] if compiler else 'no gcc'}")


def main():
    for name in sys.argv[1:] or BENCHES:
        if name not in BENCHES:
            sys.exit(f"report: {name} is not one of: {' '.join(BENCHES)}")
        print(f"report: {name}", file=sys.stderr, flush=True)
        measure(name)
    kept = load()
    for _, lines in kept.values():
        add_best(lines)
    with open(PAGE, encoding="utf-8") as file:
        by_hand = file.read().partition(END)[2]
    today = datetime.date.today().isoformat()
    page = ["# Benchmarks", "",
            f"Written on {today} by `./dev bench --report` on {machine()}.",
            "Medians; the sides of a table are measured in turn in one run. The clock of a virtual",
            "machine wanders by up to 30 % within minutes, so read ratios; where the load was",
            "above the number of CPUs, those of two threads say little. At the end stands what",
            "each bench printed, when, at which commit, and the load average afterwards.", "",
            *write_goals(kept), *write_forkjoin(kept), *write_waiting(kept), *write_printed(kept),
            ""]
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write("\n".join(page) + "\n" + END + by_hand)


if __name__ == "__main__":
    main()
