# SPDX-License-Identifier: GPL-2.0
"""Test results: those of TAP output, and their sum. A result is (ok, description)."""
import re


class Score:
    """How many passed and failed; prints a line for each failure."""

    def __init__(self):
        self.passed = self.failed = 0

    def add(self, ok, what):
        if ok:
            self.passed += 1
        else:
            self.failed += 1
            print(f"not ok  {what}", flush=True)


class Parser:
    """Reads the output of one or more tests. A plan that was not kept is a failure."""

    def __init__(self):
        self.results = []
        self.begin("?")

    def begin(self, name):
        self.name, self.plan, self.seen = name, None, 0

    def end(self):
        if self.seen != (self.plan or 0):
            self.results.append((False, f"{self.name}: ran {self.seen} of {self.plan} tests"))

    def line(self, line):
        if match := re.match(r"# (?:selftest|unit): (.*)", line):
            self.end()
            self.begin(match[1])
        elif match := re.match(r"1\.\.(\d+)( # SKIP.*)?$", line):
            # First, or last of a test that did not know the number before.
            self.plan = int(match[1])
            if match[2]:
                self.results.append((False, f"{self.name}: skipped where it must run:{match[2]}"))
        elif match := re.match(r"(not )?ok (\d+) (.*)", line):
            self.seen += 1
            self.results.append((not match[1] and "# SKIP" not in match[3], f"{self.name}: {match[3]}"))
        elif line.startswith("Bail out!"):
            self.results.append((False, f"{self.name}: {line}"))


def results(text):
    """The result of every TAP line of a text."""
    parser = Parser()
    for line in text.splitlines():
        parser.line(line)
    parser.end()
    return parser.results


def unittest_results(text):
    """The results that Python's unittest prints with -v."""
    return [(answer == "ok", what) for what, answer in
            re.findall(r"^(test\w+ .*|.*) \.\.\. (ok|FAIL|ERROR)", text, re.M)]
