# SPDX-License-Identifier: GPL-2.0
"""Tests of the engine that runs the guests of guests.toml."""
import contextlib
import copy
import io
import os
import sys
import tempfile
import tomllib
import unittest

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))
sys.dont_write_bytecode = True

import guests
import kinds
import prepare
import results
import tap

with open(guests.TABLE, "rb") as table_file:
    REAL = tomllib.load(table_file)

SMALL = {
    "columns": {"stock": {"kernel": "stock"},
                "hooks": {"kernel": "hooks", "prefix": "hooks", "settings": ["A=b"]},
                "old": {"kernel": "old", "prefix": "old", "follows": "hooks", "drop": ["--deterministic"]},
                "slow": {"kernel": "old", "prefix": "slow", "follows": "stock", "when": "--deterministic",
                         "add": "--cpus 1"}},
    "kernels": {"stock": {"command": "a"}, "hooks": {"command": "b"}, "old": {"command": "c"}},
    "shapes": {"1cpu": "", "counted": "--cpus 2 --deterministic", "nothing": "--memory 1G"},
    "defaults": {"snp": "long", "shape": "1cpu"},
    "tables": {}, "scripts": {}, "host": {"jobs": []}, "special": {"guests": []},
    "matrix": {"guests": []},
}


class Products(unittest.TestCase):
    """A line of the matrix becomes guests."""

    def expand(self, *lines, **parts):
        table = copy.deepcopy(SMALL) | parts
        table["matrix"]["guests"] += lines
        return {job.name: job for job in guests.expand(table).jobs}

    def test_columns_and_tiers(self):
        """each column is a guest, in its tier, with its prefix and settings"""
        jobs = self.expand({"name": "x", "tests": "load map", "check": "stock", "long": "hooks", "snp": "never"})
        self.assertEqual({name: job.tier for name, job in jobs.items()},
                         {"x": "check", "hooks-x": "long", "old-x": "long", "slow-x": "long"})
        self.assertEqual(jobs["x"].tests, ("load", "map"))
        self.assertEqual(jobs["hooks-x"].tests, ("A=b", "load", "map"))
        self.assertEqual((jobs["old-x"].kernels, jobs["x"].kernels), (("old",), ("stock",)))

    def test_followers_change_options(self):
        """a column that follows another drops or adds options"""
        jobs = self.expand({"name": "x", "tests": "a", "shape": "counted", "check": "stock hooks", "snp": "never"})
        self.assertEqual(jobs["hooks-x"].options, ("--cpus", "2", "--deterministic"))
        self.assertEqual(jobs["old-x"].options, ("--cpus", "2"))
        self.assertEqual(jobs["slow-x"].options, ("--cpus", "2", "--deterministic", "--cpus", "1"))
        self.assertEqual(list(self.expand({"name": "x", "tests": "a", "check": "stock", "snp": "never",
                                           "follow": False})), ["x"])

    def test_platforms(self):
        """a guest of TDX runs on SEV-SNP as well, in the tier that its line says"""
        line = {"name": "x", "tests": "a", "check": "stock", "long": "hooks"}
        jobs = self.expand(line)
        self.assertEqual((jobs["snp-x"].tier, jobs["snp-x"].options), ("long", ("--platform", "snp")))
        jobs = self.expand(line | {"snp": "check"})
        self.assertEqual((jobs["snp-x"].tier, jobs["snp-hooks-x"].tier), ("check", "long"))
        jobs = self.expand(line | {"platform": "snp", "name": ""})
        self.assertEqual(list(jobs), ["snp", "snp-hooks", "snp-old", "snp-slow"])

    def test_tables(self):
        """the first five malformed tables run in each check, on hooks"""
        jobs = self.expand(tables={str(i): f"absent:{i} x" for i in range(6)})
        self.assertEqual(sum(job.tier == "check" for job in jobs.values()), 5)
        self.assertEqual(jobs["stock-table-5"].tests, ("absent:5 x",))
        self.assertEqual(jobs["hooks-table-0"].options, ("--memory", "1G", "--table", "0"))

    def test_mistakes_are_named(self):
        """a table that contradicts itself is refused, with the entry's name"""
        good = {"name": "x", "tests": "a", "check": "stock"}
        for change, message in (({"check": "stok"}, "x: no column is called 'stok'"),
                                ({"shape": "round"}, "x: no shape is called 'round'"),
                                ({"end": "happy"}, "x: no end is called 'happy'"),
                                ({"kind": "sort"}, "x: no kind is called 'sort'"),
                                ({"platform": "arm"}, "x: no platform is called 'arm'"),
                                ({"shap": "1cpu"}, "x: unknown key 'shap'")):
            with self.assertRaises(guests.TableError) as caught:
                self.expand(good | change)
            self.assertEqual(str(caught.exception), message)
        for line in ({"kind": "idle-cost"}, {"kind": "end", "tests": "a"}):
            with self.assertRaisesRegex(guests.TableError, "y: kind '.*' and . tests do not fit"):
                self.expand(special={"guests": [{"name": "y", "kernels": ["stock"]} | line]})
        with self.assertRaisesRegex(guests.TableError, "two guests are called 'x'"):
            self.expand(good, good)
        with self.assertRaisesRegex(guests.TableError, "y: no kernel is called 'none'"):
            self.expand(special={"guests": [{"name": "y", "kind": "end", "kernels": ["none"]}]})


class RealTable(unittest.TestCase):
    """The table of this tree."""

    def setUp(self):
        self.jobs = guests.expand(REAL).jobs

    def test_every_kind_runs(self):
        """each kind has a function, and each is used"""
        self.assertEqual(set(kinds.RUN), guests.KINDS | guests.HOST_KINDS)
        self.assertEqual({job.kind for job in self.jobs}, set(kinds.RUN))

    def test_every_selftest_runs(self):
        """each selftest runs in some guest, and each that runs exists"""
        selftests = os.path.join(os.path.dirname(guests.TABLE), "..", "selftests")
        there = {name.removesuffix(".sh") for name in os.listdir(selftests) if name.endswith(".sh")}
        run = {test.split(":")[0] for job in self.jobs for test in job.tests if "=" not in test}
        self.assertEqual(run, there - {"lib", "work", "run_in_guest"})

    def test_shapes_and_scripts_are_used(self):
        """nothing in the table is left over"""
        lines = REAL["matrix"]["guests"] + REAL["special"]["guests"]
        used = {line.get("shape", "1cpu") for line in lines} | {"nothing"}
        self.assertEqual(used, set(REAL["shapes"]))
        self.assertLessEqual(set(REAL["scripts"]), {line.get("script") for line in lines})

    def test_selection(self):
        """by name from any tier, by kernel, by platform"""
        def names(**how):
            return [job.name for job in guests.select(self.jobs, **how)]
        self.assertEqual(names(only=["debug-input"]), ["debug-input"])
        self.assertNotIn("debug-input", names())
        self.assertIn("debug-input", names(long=True))
        self.assertEqual({job.platform for job in guests.select(self.jobs, platform="snp")}, {"snp"})
        self.assertTrue(all("unpatched" in job.kernels for job in guests.select(self.jobs, kernel="unpatched")))
        for how, message in (({"only": ["x"]}, "nothing is called 'x'"),
                             ({"kernel": "6.1"}, "nothing matches this selection")):
            with self.assertRaisesRegex(guests.TableError, message):
                names(**how)


class Tap(unittest.TestCase):
    """TAP output becomes results."""

    def failures(self, text):
        return [what for ok, what in tap.results(text) if not ok]

    def test_passes(self):
        """a plan first or last, of more than one test"""
        text = "# selftest: a\n1..2\nok 1 x\nok 2 y\n# unit: b\nok 1 z\n1..1\n"
        self.assertEqual(tap.results(text), [(True, "a: x"), (True, "a: y"), (True, "b: z")])

    def test_failures(self):
        """not ok, a skipped line, a skipped test, a broken plan, none, and a bail-out"""
        self.assertEqual(self.failures("# selftest: a\n1..2\nnot ok 1 x\nok 2 y # SKIP\n"), ["a: x", "a: y # SKIP"])
        self.assertEqual(self.failures("# selftest: a\n1..0 # SKIP no table\n"),
                         ["a: skipped where it must run: # SKIP no table"])
        self.assertEqual(self.failures("# selftest: a\n1..3\nok 1 x\n"), ["a: ran 1 of 3 tests"])
        self.assertEqual(self.failures("# selftest: a\nok 1 x\n"), ["a: ran 1 of None tests"])
        self.assertEqual(self.failures("# selftest: a\nBail out! x\n"), ["a: Bail out! x"])

    def test_unittest(self):
        """Python's unit tests"""
        self.assertEqual(tap.unittest_results("test_x (m.C.test_x)\nwhat holds ... ok\nno ... FAIL\n"),
                         [(True, "what holds"), (False, "no")])

    def test_score(self):
        """a failure is printed with what failed"""
        score, out = tap.Score(), io.StringIO()
        with contextlib.redirect_stdout(out):
            score.add(True, "good")
            score.add(False, "bad")
        self.assertEqual((score.passed, score.failed, out.getvalue()), (1, 1, "not ok  bad\n"))


class Bench:
    """Boots nothing: answers as told."""

    def __init__(self, *answer):
        self.answer, self.seen = answer, None

    def boot(self, name, options, command):
        self.seen = name, options, command
        return self.answer


class Judging(unittest.TestCase):
    """A guest whose selftests pass can fail all the same."""

    GOOD = "# selftest: load\n1..1\nok 1 x\ntdx: Guest detected\nefi: Unaccepted=0x1\n"
    COUNTERS = {"bad_access": 0, "already_accepted": 0}

    def failures(self, status=0, text=GOOD, counters=None, **job):
        job = guests.Job("x", "selftests", kernels=("stock",), platform="tdx", tests=("load",), **job)
        bench = Bench(status, text, {"counters": self.COUNTERS | (counters or {})})
        kernel = prepare.Kernel("bz", "g")
        return [what for ok, what in kinds.run(job, {"stock": kernel}, bench) if not ok], bench

    def test_good(self):
        """all is well; the options reach the launcher"""
        failed, bench = self.failures(options=("--bring", "{image}:/b"))
        self.assertEqual(failed, [])
        self.assertEqual(bench.seen[1][-2:], ["--bring", "bz:/b"])
        self.assertEqual(bench.seen[2], [kinds.RUN_IN_GUEST, "load"])

    def test_bad(self):
        """a wrong end, a wrong platform, a wrong access, a page accepted twice, no table"""
        self.assertEqual(self.failures(status=98)[0], ["the guest's verdict is 98, expected 0"])
        self.assertEqual(self.failures(text=self.GOOD.replace("tdx:", ""))[0],
                         ["the kernel knows that it is a guest of tdx"])
        for counter in self.COUNTERS:
            self.assertIn("the emulator counts no wrong", self.failures(counters={counter: 1})[0][0])
        self.assertEqual(self.failures(text=self.GOOD.replace("efi:", ""))[0],
                         ["the kernel found the table of unaccepted memory"])

    def test_expected(self):
        """an acceptance twice that the test announces, another end, no table on purpose"""
        text = self.GOOD + "# expected already_accepted 2\n"
        self.assertEqual(self.failures(text=text, counters={"already_accepted": 2})[0], [])
        self.assertEqual(self.failures(status=99, end=99)[0], [])
        self.assertEqual(self.failures(text=self.GOOD.replace("efi:", ""), options=("--table", "empty"))[0], [])


class Results(unittest.TestCase):
    """What ran where, over several runs."""

    COLUMNS = {"stock": {"label": "Debian 12", "binding": "`stock`"}, "hooks": {}}

    def entry(self, column="stock", platform="tdx", outcomes=((True, "a"),)):
        job = guests.Job("x", "selftests", platform=platform, column=column)
        return results.result(job, "6.12", outcomes)

    def test_merge(self):
        """a later result of a guest replaces the earlier one, others stay"""
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "new", "results.json")
            results.remember({"a": self.entry(outcomes=[(False, "x")]), "b": self.entry()}, path)
            results.remember({"a": self.entry()}, path)
            self.assertEqual({name: entry["passed"] for name, entry in results.load(path).items()}, {"a": 1, "b": 1})

    def test_table(self):
        """guests and tests of each platform, failures, and the order of the columns"""
        found = {"h": self.entry("hooks", "snp", [(True, "a"), (False, "b")]), "a": self.entry(), "b": self.entry()}
        lines = list(results.table(found, self.COLUMNS))
        self.assertEqual(len(lines), 4)
        self.assertIn("| 6.12 | Debian 12 | `stock` | 2 guests, 2 tests | - |", lines[2])
        self.assertIn("| - | 1 guests, 2 tests, 1 failed |", lines[3])


if __name__ == "__main__":
    unittest.main()
