# SPDX-License-Identifier: GPL-2.0
"""Starts QEMU, moves bytes between it and the user, and ends it in time."""
import ctypes
import os
import selectors
import signal
import subprocess
import sys
import termios
import time
import tty

PASS, FAIL, USAGE, SETUP, SKIP = 0, 1, 2, 3, 4
UNACCEPTED, PANIC, NO_VERDICT, TIME_LIMIT = 97, 98, 99, 124

VERDICT_BASE = 100
_VERDICTS = {0: (PASS, "the guest said pass"),
             1: (FAIL, "the guest said fail"),
             4: (SKIP, "the guest said skip"),
             14: (SETUP, "set-up error in the loader or the guest")}
_KILL_AFTER = 10
_LINGER = 2


def judge(returncode, panicked=False, timed_out=False, stopped=None, ran=True):
    """The launcher's exit status and a sentence, from how QEMU ended.

    stopped is the signal that the launcher itself got; ran tells whether
    QEMU got as far as running a machine.
    """
    if stopped:
        return 128 + stopped, f"stopped by {signal.Signals(stopped).name}"
    if returncode == UNACCEPTED:
        return UNACCEPTED, "unaccepted memory was touched"
    if returncode == PANIC:
        return PANIC, "the guest was terminated by the host"
    if VERDICT_BASE <= returncode <= VERDICT_BASE + 15:
        verdict = returncode - VERDICT_BASE
        return _VERDICTS.get(verdict, (FAIL, f"the guest said fail (verdict {verdict})"))
    if panicked:
        return PANIC, "the guest's kernel panicked"
    if timed_out:
        return TIME_LIMIT, "time limit reached"
    if not ran and returncode:
        return SETUP, f"QEMU did not start (status {returncode})"
    return NO_VERDICT, f"the guest ended without a verdict (QEMU status {returncode})"


def _die_with_parent():
    """In the child: a launcher that was killed must not leave a machine behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Terminal:
    """The user's terminal in raw mode, put back at the end."""

    def __init__(self, wanted):
        self.fd = sys.stdin.fileno() if wanted and sys.stdin.isatty() else None
        self.saved = None

    def __enter__(self):
        if self.fd is not None:
            self.saved = termios.tcgetattr(self.fd)
            tty.setraw(self.fd)
            # Output stays cooked: our own lines end in a plain newline.
            mode = termios.tcgetattr(self.fd)
            mode[1] |= termios.OPOST
            termios.tcsetattr(self.fd, termios.TCSANOW, mode)
        return self

    def __exit__(self, *_):
        if self.saved:
            termios.tcsetattr(self.fd, termios.TCSADRAIN, self.saved)


class Emulator:
    """One run of QEMU.

    console and report take what comes out (see console.py); log is an open
    text file for the whole console or None; interactive connects stdin; answers
    has, for each pattern of a request of the guest's, the function that answers it. A
    machine that has printed no line within start_limit seconds is ended, and "silent".
    """

    def __init__(self, command, console, report, *, log=None, interactive=False, limit=None,
                 show=True, answers=None, start_limit=None):
        self.command = command
        self.console = console
        self.report = report
        self.log = log
        self.interactive = interactive
        self.answers = answers or {}
        self.deadline = time.monotonic() + limit if limit else None
        self.start_deadline = time.monotonic() + start_limit if start_limit else None
        self.silent = False
        self.show = show
        self.timed_out = False
        self.stopped = None
        self.kill_at = self.gone_at = None
        self.process = None
        self.selector = None
        self.error_line = b""
        self.typed = b""

    def run(self):
        """Returns QEMU's exit status."""
        stdin = subprocess.PIPE if self.interactive or self.answers else subprocess.DEVNULL
        # A session of its own: the terminal's Ctrl-C reaches the launcher only.
        self.process = subprocess.Popen(self.command, stdin=stdin, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, bufsize=0, start_new_session=True,
                                        preexec_fn=_die_with_parent)
        caught = {number: signal.signal(number, self._on_signal)
                  for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            with Terminal(self.interactive):
                self._pump()
            return self.process.wait()
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            for pipe in filter(None, (self.process.stdin, self.process.stdout, self.process.stderr)):
                pipe.close()
            for number, handler in caught.items():
                signal.signal(number, handler)

    def _on_signal(self, number, _frame):
        self.stopped = self.stopped or number
        self._end()

    def _end(self):
        """Ask once; the counters' line still appears. Insist later."""
        if self.kill_at is None and self.process.poll() is None:
            self.process.terminate()
            self.kill_at = time.monotonic() + _KILL_AFTER

    def _pump(self):
        with selectors.DefaultSelector() as self.selector:
            self.selector.register(self.process.stdout, selectors.EVENT_READ, self._from_guest)
            self.selector.register(self.process.stderr, selectors.EVENT_READ, self._from_qemu)
            if self.interactive:
                self._listen()
            while self._outputs_open():
                for key, _ in self.selector.select(timeout=0.2):
                    key.data(key.fileobj)
                self._check_time()
        self._show(self.console.feed(b"", final=True))

    def _outputs_open(self):
        # Another process may hold the pipes: do not wait for it.
        if self.gone_at is not None and time.monotonic() > self.gone_at + _LINGER:
            return False
        pipes = (self.process.stdout, self.process.stderr)
        return any(key.fileobj in pipes for key in self.selector.get_map().values())

    def _check_time(self):
        now = time.monotonic()
        if self.kill_at is not None:
            if now > self.kill_at:
                self.process.kill()
        elif self.start_deadline is not None and now > self.start_deadline and not self.console.tail:
            self.silent = True
            self._end()
        elif self.deadline is not None and now > self.deadline:
            self.timed_out = True
            self._end()
        if self.gone_at is None and self.process.poll() is not None:
            self.gone_at = now

    def _listen(self):
        try:
            self.selector.register(sys.stdin, selectors.EVENT_READ, self._from_user)
        except PermissionError:
            # A plain file cannot be waited for, but it can be read at once.
            self.typed = sys.stdin.buffer.read() + b"\x04"

    def _from_guest(self, pipe):
        data = os.read(pipe.fileno(), 65536)
        if not data:
            self.selector.unregister(pipe)
            return
        raw = self.interactive and self.console.begun
        self._show(self.console.feed(data), data if raw else None)
        if self.typed and self.console.begun:
            self._send(self.typed)
            self.typed = b""
        while self.console.requests:
            request = self.console.requests.pop(0)
            if request.re in self.answers:
                self._send(self.answers[request.re](request).encode() + b"\n")

    def _show(self, texts, raw=None):
        everything, wanted = texts
        if self.log:
            self.log.write(everything)
        if not self.show:
            return
        try:
            # Once the shell runs, its line editing needs the terminal as it is.
            sys.stdout.buffer.write(raw if raw is not None else wanted.encode())
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            self.show = False

    def _from_qemu(self, pipe):
        data = os.read(pipe.fileno(), 65536)
        if not data:
            self.selector.unregister(pipe)
        lines = (self.error_line + data).split(b"\n")
        self.error_line = lines.pop() if data else b""
        for line in lines:
            text = line.decode(errors="replace").rstrip("\r")
            if text and not self.report.feed(text):
                print(text, file=sys.stderr, flush=True)

    def _from_user(self, stdin):
        data = os.read(stdin.fileno(), 4096)
        if not data:
            self.selector.unregister(stdin)
            data = b"\x04"
        if self.console.begun:
            self._send(data)
        elif stdin.isatty():
            # A key would open the firmware's menu.
            if b"\x03" in data or b"\x01x" in data or self.typed.endswith(b"\x01") and data == b"x":
                self._on_signal(signal.SIGINT, None)
            self.typed = data if data == b"\x01" else b""
        else:
            self.typed += data

    def _send(self, data):
        try:
            while data:
                data = data[os.write(self.process.stdin.fileno(), data):]
        except BrokenPipeError:
            pass
