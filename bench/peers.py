"""What the scripts in bench/ share: compiling a peer on the fly, running it, reading RESULT lines,
and measuring in turn.

Peers are optional: what is not installed is named once, and left out. Their programs come to
build/peers. Not a bench by itself. Start reading at compile_c."""

import os
import shutil
import statistics
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = os.path.join(ROOT, "bench", "peers")
OUTPUT = os.path.join(ROOT, "build", "peers")
BUILD = os.environ.get("TENON_BUILD", os.path.join(ROOT, "build", "release"))
QUICK = os.environ.get("TENON_BENCH_QUICK", "0") != "0"
SECONDS_MAX = 100


def rounds(usual):
    """How often to measure: TENON_BENCH_ROUNDS, or once in the small run."""
    return int(os.environ.get("TENON_BENCH_ROUNDS", 0)) or (1 if QUICK else usual)


def missing(name):
    print(f"{name}: not installed", file=sys.stderr, flush=True)


def compile_with(command, source, output):
    """The program; None, with a line that says so, when it cannot be built."""
    path = os.path.join(OUTPUT, output)
    os.makedirs(OUTPUT, exist_ok=True)
    if shutil.which(command[0]) is None:
        missing(f"{output} ({command[0]})")
        return None
    full = [part.replace("OUTPUT", path) for part in command]
    environment = dict(os.environ, GOCACHE=os.path.join(OUTPUT, "go"), GO111MODULE="off")
    done = subprocess.run(full, cwd=SOURCES, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        missing(f"{output} (what {source} needs)")
        return None
    return path


def compile_c(source, compiler, options, libraries, output=None):
    name = output or os.path.splitext(source)[0] + "_" + compiler.replace("+", "p")
    return compile_with(
        [compiler, *options, "-D_GNU_SOURCE", source, "-o", "OUTPUT", *libraries], source, name
    )


def compile_go(source):
    name = os.path.splitext(source)[0] + "_go"
    return compile_with(["go", "build", "-o", "OUTPUT", source], source, name)


def run(command, seconds_max=SECONDS_MAX, environment=None):
    """What it printed; None when it failed or took too long, which is said."""
    try:
        done = subprocess.run(
            command,
            env=dict(os.environ, **(environment or {})),
            capture_output=True,
            text=True,
            timeout=seconds_max,
        )
    except subprocess.TimeoutExpired:
        print(f"{' '.join(command)}: over {seconds_max} s", file=sys.stderr)
        return None
    if done.returncode != 0:
        print(f"{' '.join(command)}: {done.stderr.strip()[-200:]}", file=sys.stderr)
        return None
    return done.stdout


def numbers(text):
    """What a peer printed: lines of name=number."""
    lines = [line.split("=") for line in (text or "").splitlines() if "=" in line]
    return {name: float(number) for name, number in lines}


def compare(rows, times, tenon, commands):
    """Runs Tenon and the peers in turn, so many times; prints the medians, a RESULT line a row.

    tenon() and the peers' lines give figures named SIDE_ROW: the longest row that fits."""
    samples = {row: {} for row in rows}
    for _ in range(times):
        found = [tenon()] + [numbers(run(command)) for command in commands]
        for name, number in (item for figures in found for item in figures.items()):
            row = max((row for row in rows if name.endswith("_" + row)), key=len, default=None)
            if row:
                samples[row].setdefault(name.removesuffix("_" + row), []).append(number)
    for row, sides in samples.items():
        medians = {side: f"{statistics.median(values):.4g}" for side, values in sides.items()}
        print(f"{row:<14}" + "".join(f"  {side} {value}" for side, value in medians.items()))
        pairs = " ".join(f"{side}={value}" for side, value in medians.items())
        print(f"RESULT what={row} {pairs}", flush=True)


def results(text):
    """The RESULT lines of a program, each as a dictionary."""
    return [
        dict(pair.split("=", 1) for pair in line.split()[1:])
        for line in (text or "").splitlines()
        if line.startswith("RESULT ")
    ]


def run_tenon(bench, *arguments, rounds=None, side=None, build=BUILD):
    """The RESULT lines of one of our benches; stops when it fails. side: of a fork-join bench."""
    environment = {} if rounds is None else {"TENON_BENCH_ROUNDS": str(rounds)}
    environment |= {} if side is None else {"TENON_BENCH_SIDE": str(side)}
    program = os.path.join(build, "bin", "bench_" + bench)
    lines = results(run([program, *arguments], 300, environment))
    if not lines:
        sys.exit(f"bench_{bench} failed")
    return lines
