#!/usr/bin/env python3
"""Looks at the finished program distmat from outside: what it writes, says and returns.

    check.py BUILD_FOLDER        prints a line for each failure and ends with N passed, N failed

Each method of Check whose name begins with test_ is one test and gets a fresh folder.
"""

import contextlib
import csv
import math
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
import traceback

import family

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TESTDATA = os.path.join(ROOT, "apps", "distmat", "testdata")
RUNNERS = ["serial", "threads", "pool", "frames", "pframes", "pipeline", "dframes", "processes"]
FIVE = """Marysville,Perris,1639.3415504079471
Marysville,Cleveland,3237.865056619043
Perris,Cleveland,3219.477494685449
Marysville,Worcester,3930.0222292226185
Perris,Worcester,4039.3072665811596
Cleveland,Worcester,822.8630189509269
Marysville,Columbia,3732.4554805556486
Perris,Columbia,3323.130315001579
Cleveland,Columbia,835.814413499546
Worcester,Columbia,1221.6017021825926
"""


def haversine(a, b, radius=6371.0088):
    lat1, lng1, lat2, lng2 = map(math.radians, (*a, *b))
    lat, lng = lat2 - lat1, lng2 - lng1
    h = math.sin(lat * 0.5) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(lng * 0.5) ** 2
    return radius * (2 * math.atan2(math.sqrt(h), math.sqrt(1 - h)))


class Check:
    def __init__(self, program, folder):
        self.program = program
        self.folder = folder

    def run(self, *arguments, text=None, **options):
        stdin = text.encode() if isinstance(text, str) else text
        return subprocess.run([self.program, *arguments], input=stdin or b"", cwd=self.folder,
                              capture_output=True, timeout=120, check=False, **options)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(text.encode() if isinstance(text, str) else text)
        return path

    def read(self, name="output.csv"):
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()

    def expect_files(self, *names):
        assert sorted(os.listdir(self.folder)) == sorted(names), os.listdir(self.folder)

    def expect_refused(self, text, message, *arguments):
        """Exit code 2, the message, and no output; with every way of reading."""
        for runner in ("pframes", "pipeline"):
            self.write("in.csv", text)
            done = self.run("-r", runner, *arguments, "in.csv")
            assert done.returncode == 2, (done.returncode, done.stderr)
            assert message in done.stderr.decode("utf-8", "replace"), done.stderr
            assert b"malformed row" in done.stderr, done.stderr
            self.expect_files("in.csv")

    # ---- what is written ----

    def test_five_locations_have_the_digits_of_the_original(self):
        done = self.run("-o", "-", os.path.join(TESTDATA, "five_locations.csv"))
        assert done.returncode == 0, done.stderr
        assert done.stdout.decode() == FIVE.replace("\n", "\r\n"), done.stdout

    def test_the_default_output_lies_beside_the_input(self):
        os.mkdir(os.path.join(self.folder, "deep"))
        with open(os.path.join(TESTDATA, "locations.csv"), "rb") as file:
            self.write("deep/locations.csv", file.read())
        done = self.run("deep/locations.csv")
        assert done.returncode == 0, done.stderr
        rows = list(csv.reader(self.read("deep/output.csv").decode().split("\r\n")[:-1]))
        assert [row[:2] for row in rows] == [["ann arbor", "pleasant grove"],
                                             ["ann arbor", "boston"],
                                             ["pleasant grove", "boston"]], rows
        for row, km in zip(rows, (2337.868086809025, 1040.3000880083277, 3369.0222508369934)):
            assert math.isclose(float(row[2]), km, rel_tol=1e-12), row

    def test_times_are_printed_as_the_original_prints_them(self):
        self.write("in.csv", "a,1,2\nb,3,4\n")
        lines = self.run("in.csv").stdout.decode().split("\n")
        assert lines[0].startswith("Calc time: ") and len(lines[0].split(".")[1]) == 20, lines
        assert lines[1].startswith("Total time: ") and float(lines[1][12:]) > 0, lines
        done = self.run("-o", "-", "in.csv")
        assert done.stdout.count(b"\n") == 1 and b"Calc time: " in done.stderr, done
        done = self.run("--quiet", "-o", "-", "in.csv")
        assert done.stderr == b"", done.stderr

    def test_all_runners_write_the_same_bytes_as_python_would(self):
        random.seed(7)
        places = [(f"p{i}" if i % 5 else f'"{i}", quoted\n', random.uniform(-90, 90),
                   random.uniform(-180, 180)) for i in range(300)]
        with open(os.path.join(self.folder, "in.csv"), "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(places)
        with open(os.path.join(self.folder, "want.csv"), "w", newline="",
                  encoding="utf-8") as file:
            csv.writer(file).writerows(
                (places[i][0], places[k][0], haversine(places[i][1:], places[k][1:]))
                for k in range(len(places)) for i in range(k))
        for runner in RUNNERS:
            for threads in ("1", "3"):
                done = self.run("-r", runner, "-t", threads, "in.csv")
                assert done.returncode == 0, (runner, done.stderr)
                assert self.read() == self.read("want.csv"), runner

    def test_standard_input_is_read(self):
        done = self.run("-", text="a,1,2\nb,3,4\n")
        assert done.returncode == 0, done.stderr
        assert self.read().startswith(b"a,b,314."), self.read()

    def test_an_empty_file_gives_an_empty_result(self):
        self.write("in.csv", "")
        for runner in RUNNERS:
            done = self.run("-r", runner, "in.csv")
            assert done.returncode == 0, done.stderr
            assert self.read() == b""
            os.remove(os.path.join(self.folder, "output.csv"))
        done = self.run("-o", "m.npy", "in.csv")
        assert done.returncode == 0, done.stderr
        assert len(self.read("m.npy")) == 128

    def test_bytes_of_names_pass_through(self):
        self.write("in.csv", b"\xff\xfe,1,2\n \xc3\xa9 ,3,4\n")
        done = self.run("-o", "-", "in.csv")
        assert done.stdout.startswith(b"\xff\xfe, \xc3\xa9 ,"), done.stdout

    def test_the_radius_scales_the_distances(self):
        self.write("in.csv", "a,0,0\nb,0,180\n")
        done = self.run("--radius", "1", "-o", "-", "in.csv")
        assert done.stdout == b"a,b,3.141592653589793\r\n", done.stdout

    def test_the_calculators_agree_as_far_as_they_should(self):
        self.write("in.csv", "a,60,10\nb,60.1,10.1\nc,-60,-170\n")
        values = {}
        for name in ("haversine", "chord", "equirectangular"):
            done = self.run("-c", name, "-o", "-", "in.csv")
            assert done.returncode == 0, done.stderr
            values[name] = [float(line.split(b",")[2]) for line in done.stdout.splitlines()]
        for exact, chord in zip(values["haversine"], values["chord"]):
            assert abs(exact - chord) < 1e-6, values
        assert math.isclose(values["haversine"][0], values["equirectangular"][0], rel_tol=1e-5)

    def test_a_matrix_is_written_for_numpy(self):
        places = [(0, 0), (10, 20), (-30, 40), (89, -179)]
        self.write("in.csv", "".join(f"p,{a},{b}\n" for a, b in places))
        for runner in RUNNERS:
            done = self.run("-r", runner, "-o", "m.npy", "in.csv")
            assert done.returncode == 0, done.stderr
            content = self.read("m.npy")
            assert content[:8] == b"\x93NUMPY\x01\x00"
            header = eval(content[10:128])  # a literal dictionary, as NumPy reads it
            assert header == {"descr": "<f8", "fortran_order": False, "shape": (4, 4)}, header
            numbers = struct.unpack("<16d", content[128:])
            for i, a in enumerate(places):
                for k, b in enumerate(places):
                    assert abs(numbers[4 * i + k] - haversine(a, b)) < 1e-9, (i, k)

    # ---- what is refused ----

    def test_malformed_rows_are_named(self):
        self.expect_refused("a,1,2\nb,3\n", "in.csv:2:1: short row")
        self.expect_refused("a,1,2\n\nb,3,4\n", "in.csv:2:1: blank row")
        self.expect_refused("a,1,2\r\nb,north,4\r\n", "in.csv:2:3: latitude is not a number")
        self.expect_refused("a,1,2\nb,3,nan\n", "in.csv:2:5: longitude is NaN")
        self.expect_refused("a,-1000,0\n",
                            "in.csv:1:3: Latitude must be between -90 and 90 inclusive")
        self.expect_refused("a,0,1000\n",
                            "in.csv:1:5: Longitude must be between -180 and 180 inclusive")
        self.expect_refused('a,1,2\n"b,3,4\nc,5,6\n', "in.csv:2:1: quote left open")
        self.expect_refused('"a"b,1,2\n', "in.csv:1:4: text behind a closing quote")
        self.expect_refused("a,1,2\nb,x,4\n", "latitude is not a number", "-o", "m.npy")

    def test_all_malformed_rows_are_named_up_to_a_bound(self):
        self.write("in.csv", "a,1,2\nb,x,2\n" * 60)
        done = self.run("in.csv")
        assert done.returncode == 2
        lines = done.stderr.decode().splitlines()
        assert len(lines) == 52, len(lines)
        assert "10 more" in lines[50] and "60 malformed rows" in lines[51], lines[50:]

    def test_an_existing_output_survives_a_malformed_input(self):
        self.write("output.csv", "precious")
        self.write("in.csv", "a,1,2\nb,3,4\nc,x,5\n")
        for runner in RUNNERS:
            assert self.run("-r", runner, "in.csv").returncode == 2
            assert self.read() == b"precious"
            self.expect_files("in.csv", "output.csv")

    def test_wrong_usage_is_explained(self):
        self.write("in.csv", "a,1,2\n")
        for arguments in ([], ["-r", "asyncio", "in.csv"], ["-c", "x", "in.csv"], ["--what"],
                          ["-t", "0", "in.csv"], ["-t", "2x", "in.csv"], ["-o"],
                          ["--radius", "-1", "in.csv"], ["--radius", "nan", "in.csv"],
                          ["--processes", "many", "in.csv"], ["--processes", "0", "in.csv"],
                          ["in.csv", "in.csv"], ["-o", "", "in.csv"]):
            done = self.run(*arguments)
            assert done.returncode == 2, (arguments, done)
            assert b"Usage: distmat" in done.stderr, done.stderr
            self.expect_files("in.csv")

    def test_help_names_every_runner_and_calculator(self):
        done = self.run("--help")
        assert done.returncode == 0 and done.stderr == b""
        for word in RUNNERS + ["haversine", "chord", "equirectangular", "--radius", "mended"]:
            assert word in done.stdout.decode(), word
        assert self.run("--version").stdout == b"distmat 0.1.0\n"

    # ---- what goes wrong ----

    def test_unreadable_inputs_are_told(self):
        for path, reason in (("missing.csv", "No such file"), (".", "Is a directory")):
            for runner in ("serial", "pipeline"):
                done = self.run("-r", runner, path)
                assert done.returncode == 1, done
                assert path in done.stderr.decode() and reason in done.stderr.decode(), done
        self.expect_files()

    def test_unwritable_outputs_are_told(self):
        self.write("in.csv", "a,1,2\nb,3,4\n")
        for path in ("/nonexistent/out.csv", "/nonexistent/m.npy", "/"):
            done = self.run("-o", path, "in.csv")
            assert done.returncode == 1 and path in done.stderr.decode(), done
        self.expect_files("in.csv")

    def test_a_full_disk_is_told(self):
        self.write("in.csv", "a,1,2\nb,3,4\n")
        for runner in RUNNERS:
            done = self.run("-r", runner, "-o", "/dev/full", "in.csv")
            assert done.returncode == 1, done
            assert b"/dev/full: No space left on device" in done.stderr, done.stderr
        with open("/dev/full", "wb") as full:
            for arguments in (["-o", "-", "in.csv"], ["in.csv"], ["--help"]):
                done = subprocess.run([self.program, *arguments], stdout=full, cwd=self.folder,
                                      stderr=subprocess.PIPE, timeout=60, check=False)
                assert done.returncode == 1, (arguments, done)
                assert b"standard output: No space left" in done.stderr, done.stderr

    def test_a_closed_pipe_is_told(self):
        self.write("in.csv", "".join(f"p{i},{i % 90},{i % 180}\n" for i in range(900)))
        for runner in RUNNERS:
            child = subprocess.Popen([self.program, "-r", runner, "-o", "-", "in.csv"],
                                     cwd=self.folder, stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE)
            child.stdout.read(100)
            child.stdout.close()
            message = child.stderr.read()
            child.stderr.close()
            assert child.wait(60) == 1, (runner, message)
            assert b"standard output: its reader has gone away" in message, message

    def test_a_killed_run_leaves_no_half_file(self):
        self.write("in.csv", "".join(f"p{i},{i % 90},{i % 180}\n" for i in range(20000)))
        self.write("output.csv", "precious")
        child = subprocess.Popen([self.program, "-r", "serial", "in.csv"], cwd=self.folder)
        try:
            child.wait(0.3)
        except subprocess.TimeoutExpired:
            child.kill()
        assert child.wait(60) == -9, "the run was over before it could be killed"
        assert self.read() == b"precious"

    def test_processes_that_are_killed_change_nothing(self):
        self.write("in.csv", "".join(f"p{i},{i % 90},{i % 180}\n" for i in range(3000)))
        assert self.run("-r", "serial", "-o", "want.csv", "in.csv").returncode == 0
        for runner in ("dframes", "processes"):
            child = subprocess.Popen([self.program, "-r", runner, "-t", "1", "--processes", "2",
                                      "--quiet", "in.csv"], cwd=self.folder,
                                     stderr=subprocess.PIPE)
            killed = 0
            while child.poll() is None and killed < 20:
                for number in family.descendants(child.pid)[-1:]:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(number, signal.SIGKILL)
                        killed += 1
                time.sleep(0.01)
            message = child.communicate(timeout=60)[1]
            assert child.returncode == 0, (runner, message)
            assert killed > 0, "the run was over before a process could be killed"
            assert self.read() == self.read("want.csv"), runner

    def test_permissions_and_links_of_an_existing_output_stay(self):
        path = self.write("real.csv", "old")
        os.chmod(path, 0o604)
        os.symlink("real.csv", os.path.join(self.folder, "link.csv"))
        self.write("in.csv", "a,1,2\nb,3,4\n")
        assert self.run("-o", "link.csv", "in.csv").returncode == 0
        assert os.path.islink(os.path.join(self.folder, "link.csv"))
        assert os.stat(path).st_mode & 0o777 == 0o604
        assert self.read("real.csv").startswith(b"a,b,")
        self.expect_files("in.csv", "real.csv", "link.csv")

    # ---- the bar and the tour ----

    def test_a_bar_appears_on_a_terminal_and_goes_away(self):
        self.write("in.csv", "".join(f"p{i},{i % 90},{i % 180}\n" for i in range(9000)))
        master, terminal = os.openpty()
        child = subprocess.Popen([self.program, "-o", "/dev/null", "in.csv"], cwd=self.folder,
                                 stdout=subprocess.DEVNULL, stderr=terminal)
        os.close(terminal)
        shown = b""
        try:
            while piece := os.read(master, 4096):
                shown += piece
        except OSError:
            pass  # how a terminal says that nobody writes any more
        os.close(master)
        assert child.wait(60) == 0
        assert b"pframes" in shown and b"[#" in shown and b"pairs/s" in shown, shown[:200]
        assert shown.endswith(b"\r\x1b[K"), shown[-40:]

    # ---- time ----

    def test_the_pipeline_reads_and_writes_at_the_same_time(self):
        seconds = {}
        for runner in ("serial", "pool", "pipeline"):
            began = time.monotonic()
            done = self.run("-r", runner, "--fake-io", "0.03", "--quiet", "-o", "-",
                            os.path.join(TESTDATA, "five_locations.csv"))
            seconds[runner] = time.monotonic() - began
            assert done.returncode == 0, done.stderr
            assert done.stdout.decode() == FIVE.replace("\n", "\r\n"), done.stdout
        if os.path.basename(os.path.dirname(os.path.dirname(self.program))) == "sim":
            return  # time is virtual there
        assert seconds["serial"] >= 0.45 and seconds["pool"] >= 0.45, seconds
        assert 0.33 <= seconds["pipeline"] < seconds["serial"], seconds

    def test_a_profile_names_frames_and_what_they_did(self):
        expected = {"serial": ("distmat;calculate", "distmat;write"),
                    "pool": ("root;pool;lane;calculate_piece;calculate", "root;write"),
                    "threads": ("lane;pair;calculate", "root;wait for the pairs;[waits]"),
                    "pipeline": ("root;pipeline;lane;read_places;read",
                                 "root;pipeline;lane;write_rows;wait for rows;[waits]")}
        for runner, places in expected.items():
            done = self.run("-r", runner, "--profile=here.folded", "-o", "-",
                            os.path.join(TESTDATA, "five_locations.csv"))
            assert done.returncode == 0, done.stderr
            folded = self.read("here.folded").decode()
            for place in places:
                assert f"{place} " in folded, (runner, place, folded)
                assert place.replace(";[waits]", "") in done.stderr.decode(), done.stderr
            for line in folded.splitlines():
                assert line.rsplit(" ", 1)[1].isdigit(), line
        done = self.run("--profile=no/such/folder", "-o", "-",
                        os.path.join(TESTDATA, "five_locations.csv"))
        assert done.returncode == 1 and b"no/such/folder" in done.stderr, done
        done = self.run("--fake-io", "-1", "in.csv")
        assert done.returncode == 2 and b"0 or more" in done.stderr, done

    def test_the_tour_finds_all_runners_equal(self):
        done = self.run("--tour", "-t", "2", os.path.join(TESTDATA, "five_locations.csv"))
        text = done.stdout.decode()
        assert done.returncode == 0, (text, done.stderr)
        for runner in RUNNERS:
            assert text.count(f"\n  {runner} ") == 2, text
        assert "All results are equal." in text and "DIFFERENT" not in text, text
        assert self.read().decode() == FIVE.replace("\n", "\r\n")


def main():
    program = os.path.abspath(os.path.join(sys.argv[1], "bin", "distmat"))
    passed = failed = 0
    if not os.path.exists(program):
        print(f"skipped: there is no {program}")
        print("0 passed, 0 failed")
        return 0
    for name in [name for name in dir(Check) if name.startswith("test_")]:
        with tempfile.TemporaryDirectory() as folder:
            try:
                getattr(Check(program, folder), name)()
                passed += 1
            except Exception:  # any exception is that test's failure
                failed += 1
                print(f"FAIL {name}")
                traceback.print_exc(limit=-2, file=sys.stdout)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
