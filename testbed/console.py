# SPDX-License-Identifier: GPL-2.0
"""Output of the guest and the emulator: cleans it, and finds the lines for the launcher."""
import codecs
import collections
import json
import re

import plug
import vmcore

BEGIN = "testbed: -- begin --"
END = "testbed: -- end, status "
PANIC = "Kernel panic - not syncing"

# The firmware clears the screen and moves the cursor, which a log must not.
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()*+#][0-9A-Za-z]"
                     r"|[^\[\]()*+#\x1b])")
_PARTIAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|[()*+#])?$")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Cleaner:
    """Bytes in, printable text out; copes with sequences cut in two."""

    def __init__(self):
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.held = ""

    def feed(self, data, final=False):
        text = self.held + self.decoder.decode(data, final)
        partial = None if final else _PARTIAL.search(text)
        # Longer than any escape sequence: do not hold output back for it.
        if partial and len(partial.group()) < 256:
            text, self.held = text[:partial.start()], partial.group()
        else:
            self.held = ""
        return _CONTROL.sub("", _ESCAPE.sub("", text))


class Screen:
    """Passes the script's output on unchanged; cuts off the boot before and the end after it."""

    def __init__(self):
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.held = ""
        self.begun = self.ended = False

    def feed(self, data, final=False):
        text = self.held + self.decoder.decode(data, final)
        self.held = ""
        if not self.begun:
            before, self.begun, text = text.partition(BEGIN + "\r\n")
            if not self.begun:
                self.held = before[-len(BEGIN) - 1:]
                return ""
        if self.ended:
            return ""
        text, self.ended, _ = text.partition(END)
        if not self.ended and not final:
            # What may become END is not shown yet.
            hold = max((n for n in range(1, len(END)) if text.endswith(END[:n])), default=0)
            text, self.held = text[:len(text) - hold], text[len(text) - hold:]
        return text


class Console:
    """Follows the guest's console line by line, keeping only the tail."""

    def __init__(self, only_script=False, screen=None):
        self.only_script = only_script
        self.screen = screen
        self.cleaner = Cleaner()
        self.line = ""
        self.tail = collections.deque(maxlen=40)
        self.begun = self.ended = self.panicked = False
        self.requests = []

    def feed(self, data, final=False):
        """Returns (everything, what the user wants to see) of this piece."""
        text = self.cleaner.feed(data, final)
        shown = []
        pieces = (self.line + text).split("\n")
        for line in pieces[:-1]:
            if self._line(line):
                shown.append(line + "\n")
        self.line = pieces[-1]
        if final and self.line:
            if self._line(self.line):
                shown.append(self.line + "\n")
            self.line = ""
        if self.screen:
            return text, self.screen.feed(data, final)
        return text, "".join(shown) if self.only_script else text

    def _line(self, line):
        """Takes note of a line; true when it is the script's output."""
        self.tail.append(line)
        if PANIC in line:
            self.panicked = True
        if not self.begun:
            self.begun = line.endswith(BEGIN)
            return False
        if END in line:
            self.ended = True
        if request := vmcore.REQUEST.search(line) or plug.REQUEST.search(line):
            self.requests.append(request)
            return False
        return not self.ended


class Report:
    """Picks the machine-readable lines out of the emulator's stderr."""

    _EVENT = re.compile(r"(UNACCEPTED ACCESS|TERMINATED) (.*?)(?: cause=(.*))?$")

    def __init__(self):
        self.counters = None
        self.counters_line = None
        self.catch = self.end = self.stack = None
        self.lines = 0

    def feed(self, line):
        """Returns True when the line was meant for the launcher, not for the user."""
        self.lines += 1
        if line.startswith("CCEMU {"):
            try:
                self.counters = json.loads(line[len("CCEMU "):])
            except ValueError:
                return False
            self.counters_line = line.rstrip()
            return True
        if match := self._EVENT.match(line):
            event = _fields(match.group(2))
            self.stack = event["stack"]
            if match.group(1) == "TERMINATED":
                self.end = {**event, "cause": match.group(3)}
            else:
                self.catch = event
            return True
        if self.stack is not None and line.startswith("STACK 0x"):
            self.stack.append(int(line.split()[1], 16))
            return True
        return False


def _fields(text):
    """'gpa=0x1 kind=cpu …' as a dictionary, numbers as numbers."""
    out = {"stack": []}
    for word in text.split():
        key, _, value = word.partition("=")
        try:
            out[key] = int(value, 0)
        except ValueError:
            out[key] = value
    return out
