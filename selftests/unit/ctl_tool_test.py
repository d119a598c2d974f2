#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""ctl_tool_test.py TOOL: test unacceptedctl on a tree of made-up files. Prints TAP.

What needs a kernel (waiting, errors, what is really accepted) is in ../ctl.sh.
"""
import contextlib
import ctypes
import errno
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
import xml.dom.minidom

TOOL = sys.argv[1]
SYS = "sys/kernel/unaccepted"
DBG = "sys/kernel/debug/unaccepted"
GIB = 1 << 30
MIB = 1 << 20

STATUS = """\
state        running: the acceptor is at work
binding      hooks; the module decides what an allocation accepts
unaccepted   3G (3221225472 bytes)

node zone    unaccepted accepted  managed
   0 DMA              0      15M      15M [#############################] 100 %
   0 DMA32           1G       1G       2G [##############...............]  50 %
   0 Normal          1G       1G       2G [##############...............]  50 %
   1 Normal          1G       3G       4G [#####################........]  75 %
 all                 3G     5.0G     8.0G [##################...........]  62 %

accepted by  user 64M, background 1G, watermark 0, fallback 0, isolation 0,
             other 8M
stalls       100 allocations waited: p50 < 1.0 ms, p99 < 8.4 ms, max < 33.6 ms
acceptor     ahead; threads: waiting throttled(cpu_percent)
limits       headroom 64M, floor 0, bandwidth any, cpu 50 %, threads 1 per node
held back by cpu_percent 12
"""

MAP = """\
chunk_bytes 67108864
node 0 0x0 0x140000000
0x0 ################################----------------................
0x100000000 ++*?............
node 1 0x140000000 0x240000000
0x140000000 ################################################................
"""

MAP_SHOWN = """\
node 0  0x0-0x140000000, one character is 64M
          0x0 ################################----------------................
  0x100000000 ++*?............
node 1  0x140000000-0x240000000, one character is 64M
  0x140000000 ################################################................
# accepted  . unaccepted  + partly  * in flight  - no RAM  ? not in the table
"""

tests = 0
failed = 0


def check(ok, what, seen=None):
    """One TAP line."""
    global tests, failed
    tests += 1
    if not ok:
        failed += 1
        print("\n".join(f"# {line}" for line in str(seen).splitlines()))
    print(f"{'ok' if ok else 'not ok'} {tests} {what}", flush=True)


class Tree:
    """Files such as those of the kernel and the module."""

    def __init__(self, path):
        self.path = path

    def write(self, name, text):
        full = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(text)

    def read(self, name):
        with open(os.path.join(self.path, name), encoding="utf-8") as file:
            return file.read()

    def remove(self, name):
        subprocess.run(["rm", "-rf", os.path.join(self.path, name)], check=True)

    def module(self):
        """The files of the newest module."""
        for name, text in {
                "version": "0.1.0", "binding": "hooks", "caps": "counters table accept acceptor pressure policy",
                "features": "scopes range progress poll params errors map recent audit",
                "state": "running", "reason": "the acceptor is at work", "policy/owner": "module",
                "accept_error": "none", "unaccepted_bytes": 3 * GIB, "accept_calls": 96,
                "accept_total_ns": 960000000, "accept_max_ns": 31000000, "accept_failures": 0,
                "accept": "", "accept_range": "none", "acceptor/params": "",
                "acceptor/mode": "ahead", "acceptor/state": "waiting throttled(cpu_percent)",
                "acceptor/pids": "77 78", "acceptor/error": "none", "acceptor/bytes_per_second": 0,
                "acceptor/headroom_bytes": 64 * MIB, "acceptor/floor_bytes": 0,
                "acceptor/cpu_percent": 50, "acceptor/threads_per_node": 1,
                "acceptor/hits": "bytes_per_second 0\ncpu_percent 12\nfloor_bytes 0"}.items():
            self.write(f"{SYS}/{name}", f"{text}\n")
        for cause, mib in {"user": 64, "background": 1024, "watermark": 0, "fallback": 0,
                           "isolation": 0, "other": 8}.items():
            self.write(f"{SYS}/accepted_{cause}_bytes", f"{mib * MIB}\n")
        for zone, unaccepted, managed in (("node0/DMA", 0, 15), ("node0/DMA32", 1024, 2048),
                                      ("node0/Normal", 1024, 2048), ("node1/Normal", 1024, 4096)):
            self.zone(zone, unaccepted * MIB, managed * MIB)
        self.write(f"{DBG}/latency", "node zone below_ns waits cause\n0 Normal 1048576 90 watermark\n"
                   "0 Normal 8388608 9 fallback\n0 Normal 33554432 1 watermark\n"
                   "0 Normal 33554432 1000 user\n0 Normal 33554432 1000 background\n")
        self.write(f"{DBG}/map", MAP)
        self.write(f"{DBG}/audit", "0 Normal list_blocks 3 counter_blocks 3 bitmap_blocks 3 "
                   "inflight_blocks 0 consistent\nconsistent\n")

    def zone(self, zone, unaccepted, managed):
        self.write(f"{SYS}/{zone}/unaccepted_bytes", f"{unaccepted}\n")
        self.write(f"{SYS}/{zone}/managed_bytes", f"{managed}\n")

    def kernel(self):
        """The kernel's files of a TDX guest with two zones that have memory."""
        self.write("proc/meminfo", "MemTotal:        8388608 kB\nMemFree: 1 kB\n"
                   "Unaccepted:      3145728 kB\n")
        self.write("proc/zoneinfo", "Node 0, zone   Normal\n  pages free     300000\n"
                   "        promo    7000\n      nr_unaccepted 262144\n"
                   "Node 1, zone   Normal\n  pages free     262144\n"
                   "        promo    7000\n      nr_unaccepted 262144\n"
                   "Node 1, zone  Movable\n  pages free     0\n        promo    0\n      nr_unaccepted 0\n")
        self.write("proc/cmdline", 'root=UUID=12 luks.pw="a b hidden" accept_memory=lazy quiet '
                   "unaccepted.policy=module -- hidden=1 hidden\n")
        self.write("proc/vmstat", "pgalloc_dma 5\npgalloc_normal 99995\npgfree 7\n")
        self.write("proc/cpuinfo", "flags\t\t: fpu vme tdx_guest\n")
        self.write("dmesg", "[0] Linux version 6\n[0] Command line: efi hidden\n"
                   "[1] efi: Unaccepted=0x7f00\n[2] hidden\n")
        self.write("sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
        self.write("sys/module/module/parameters/sig_enforce", "Y\n")

    def run(self, *args, env=None):
        return subprocess.run([TOOL, *args], capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=60, env=self.env(env))

    def env(self, more=None):
        return {**os.environ, "UNACCEPTEDCTL_ROOT": self.path, "LANG": "C", **(more or {})}

    def gives(self, args, code, out=None, err=None, what=None):
        """Check the exit status, all of stdout, and part of stderr."""
        done = self.run(*args)
        ok = done.returncode == code and (out is None or done.stdout == out) and \
            (err is None or err in done.stderr) and (code in (0, 124) or err or done.stderr)
        check(ok, what or f"{' '.join(args) or 'nothing'}: exit {code}",
              f"exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def json(self, *args):
        done = self.run(*args, "--json")
        try:
            return json.loads(done.stdout)
        except ValueError as error:
            return f"{error} in {done.stdout!r}, {done.stderr!r}"


@contextlib.contextmanager
def tree():
    with tempfile.TemporaryDirectory() as path:
        made = Tree(path)
        made.module()
        made.kernel()
        yield made


COMMANDS = ("status", "watch", "accept", "acceptor", "map", "wait", "doctor", "report")


def test_usage():
    with tree() as t:
        for command in COMMANDS:
            text = t.gives([command, "--help"], 0).stdout
            check("usage: unacceptedctl " + command in text and "examples:" in text
                  and "exit status:" in text, f"{command} --help has usage, examples and exit status", text)
            check(t.run("help", command).stdout == text, f"help {command} is the same")
            t.gives([command, "--nonsense"], 2, "", f"unacceptedctl {command} --help")
        text = t.gives(["--help"], 0).stdout
        check(all(f"\n  {command} " in text for command in COMMANDS), "help names all commands", text)
        check(max(map(len, text.splitlines())) <= 90, "help is at most 90 columns wide", text)
        t.gives([], 2, "", "no command given")
        t.gives(["statsu"], 2, "", "unknown command 'statsu'")
        t.gives(["version"], 0, None)
        for args in (["status", "x"], ["watch", "x"], ["watch", "-n", "0.01"], ["watch", "-c", "0"],
                     ["accept"], ["accept", "0"], ["accept", "1.5G"], ["accept", "101%"],
                     ["accept", "1G", "2G"], ["accept", "1G", "--zone", "Normal"],
                     ["accept", "1G", "--node", "x"], ["accept", "1G", "--node", "9"],
                     ["accept", "1G", "--node", "1", "--zone", "DMA32"],
                     ["accept", "1G", "--node", "1", "--zone", "../node0"],
                     ["accept", "--range", "5-4"], ["accept", "1G", "--range", "4-5"],
                     ["accept", "--range", "4-5", "--background"],
                     ["accept", "1G", "--background", "--node", "1"],
                     ["acceptor", "on"], ["acceptor", "all", "off"], ["acceptor", "--cpu", "0"],
                     ["acceptor", "--cpu", "401"], ["acceptor", "--threads", "5"],
                     ["acceptor", "--floor", "1.5G"], ["acceptor", "--headroom", ""],
                     ["acceptor", "all", "--bandwidth", "-1"], ["acceptor"] + ["--floor", "10000000000"] * 11,
                     ["map", "x"], ["map", "--node", "7"], ["map", "--width", "39"],
                     ["wait", "x"], ["wait", "--until", "bytes<4G"], ["wait", "--until", "bytes<="],
                     ["wait", "--timeout", "0"], ["wait", "--timeout", "x"],
                     ["doctor", "x"], ["report", "x"]):
            t.gives(args, 2, "", "Try 'unacceptedctl")
        check(t.read(f"{SYS}/accept") + t.read(f"{SYS}/acceptor/params") == "\n\n",
              "no wrong command line writes anything")


def test_no_module():
    with tree() as t:
        t.remove(SYS)
        t.remove(DBG)
        for args in (["status"], ["watch"], ["accept", "1G"], ["accept", "all", "--background"],
                     ["acceptor"], ["acceptor", "all"], ["map"], ["wait"]):
            t.gives(args, 3, "", "the module is not loaded")
        text = t.run("doctor").stdout
        check("\nFAIL  module: not loaded" in text and "modprobe unaccepted" in text
              and "\nok    table: " in text and "unsigned module cannot be loaded" in text,
              "doctor without the module", text)
        check(t.run("doctor").returncode == 1, "doctor without the module: exit 1")
        t.write("proc/meminfo", "MemTotal:  8388608 kB\nUnaccepted:     0 kB\n")
        done = t.run("doctor")
        check(done.returncode == 0 and "acceptance is not the cause" in done.stdout,
              "doctor where nothing is unaccepted", done.stdout)
        check("doctor" in t.run("report", "-o", "-").stdout, "report without the module")


def test_unloaded():
    """The module is unloaded while a command reads its files."""
    for args, name, code in ((["status"], "version", 3), (["status", "--json"], "version", 3),
                             (["watch"], "version", 3), (["acceptor"], "acceptor/mode", 3),
                             (["acceptor", "--json"], "acceptor/mode", 3), (["doctor"], "version", 1)):
        with tree() as t:
            t.remove(f"{SYS}/{name}")
            path = os.path.join(t.path, SYS, name)
            os.mkfifo(path)
            with subprocess.Popen([TOOL, *args], env=t.env(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True) as running:
                # This waits until the tool reads the file, too.
                with open(path, "wb"):
                    t.remove(SYS)
                out, err = running.communicate(timeout=20)
            told = "FAIL  module: not loaded" in out if code == 1 else out == "" and "the module is not loaded" in err
            check(running.returncode == code and told, f"{' '.join(args)}, unloaded meanwhile: exit {code}",
                  f"{running.returncode} {out} {err}")


def test_status():
    with tree() as t:
        t.gives(["status"], 0, STATUS)
        seen = t.json("status")
        check(seen["unaccepted_bytes"] == 3 * GIB and seen["state"] == "running"
              and seen["accepted_bytes"] == {"user": 64 * MIB, "background": GIB, "watermark": 0,
                                             "fallback": 0, "isolation": 0, "other": 8 * MIB}
              and seen["stalls"] == {"waits": 100, "p50_below_ns": 1 << 20, "p99_below_ns": 1 << 23,
                                     "max_below_ns": 1 << 25}
              and seen["zones"][3] == {"node": 1, "zone": "Normal", "unaccepted_bytes": GIB,
                                       "managed_bytes": 4 * GIB}
              and seen["acceptor"]["state"] == ["waiting", "throttled(cpu_percent)"],
              "status --json", seen)
        for name in ("latency", "map", "audit"):
            t.remove(f"{DBG}/{name}")
        check("not readable here" in t.run("status").stdout and "stalls" not in t.json("status"),
              "stalls are left out where they cannot be read")
        t.write(f"{SYS}/accept_failures", "3\n")
        t.write(f"{SYS}/accept_error", '1.000002 -5 accept "refused\\\n')
        check("refused      3 blocks" in t.run("status").stdout
              and t.json("status")["accept"]["error"] == '1.000002 -5 accept "refused\\',
              "errors are shown", t.run("status").stdout)


def test_old_module():
    with tree() as t:
        for name in ("features", "node0", "node1", "accept_range", "accept_error", "acceptor/error"):
            t.remove(f"{SYS}/{name}")
        for name in ("map", "audit"):
            t.remove(f"{DBG}/{name}")
        t.write(f"{DBG}/zones", "node zone unaccepted_bytes managed_bytes accepted_user_bytes\n"
                f"0 DMA 0 {15 * MIB} 0\n0 DMA32 {GIB} {2 * GIB} 0\n0 Normal {GIB} {2 * GIB} 0\n"
                f"1 Normal {GIB} {4 * GIB} 0\n")
        t.write(f"{DBG}/latency", "node zone below_ns waits\n0 Normal 1048576 90\n"
                "0 Normal 8388608 9\n0 Normal 33554432 1\n")
        t.gives(["status"], 0, STATUS, what="status of an older module")
        t.remove(f"{DBG}/zones")
        check("by zone      not readable here" in t.run("status").stdout, "status of an older module without debugfs")
        t.gives(["map"], 4, "")
        t.gives(["wait"], 4, "")
        t.gives(["accept", "1G", "--node", "0"], 4, "")
        t.gives(["accept", "--range", "4G+1G"], 4, "")
        t.remove(f"{SYS}/acceptor")
        t.gives(["acceptor"], 4, "")
        check(t.run("status").returncode == 0, "status without an acceptor")
        check(t.run("doctor").returncode == 0, "doctor without an acceptor", t.run("doctor").stdout)


def test_acceptor():
    with tree() as t:
        t.gives(["acceptor"], 0, STATUS[STATUS.index("\nacceptor ") + 1:])
        check(t.json("acceptor")["headroom_bytes"] == 64 * MIB, "acceptor --json")
        check(t.read(f"{SYS}/acceptor/params") == "\n", "showing sets nothing")
        t.gives(["acceptor", "all", "--bandwidth", "1G", "--cpu", "50", "--floor", "4g",
                 "--headroom", "0", "--threads", "2"], 0)
        check(t.read(f"{SYS}/acceptor/params") ==
              f"bytes_per_second={GIB} cpu_percent=50 floor_bytes={4 * GIB} headroom_bytes=0 "
              "threads_per_node=2 mode=all", "all in one write", t.read(f"{SYS}/acceptor/params"))
        t.gives(["acceptor", "off", "--floor", "1G", "--floor", "2G"], 0)
        check(t.read(f"{SYS}/acceptor/params") == f"floor_bytes={GIB} floor_bytes={2 * GIB} mode=off", "an option twice")
        t.gives(["accept", "1G", "--background"], 0)
        check(t.read(f"{SYS}/acceptor/params") == f"mode=all floor_bytes={2 * GIB}",
              "accept --background leaves the rest to the acceptor")


def test_accept():
    with tree() as t:
        t.gives(["accept", "50%"], 0, None)
        check(t.read(f"{SYS}/accept") == "50%", "accept writes what was asked for")
        t.write(f"{SYS}/node1/accept", "")
        t.write(f"{SYS}/node1/accepted_user_bytes", "0\n")
        t.gives(["accept", "all", "--node", "1"], 0)
        check(t.read(f"{SYS}/node1/accept") == "all", "accept --node")
        t.gives(["accept", "--range", "4G+1G"], 0)
        check(t.read(f"{SYS}/accept_range") == "4G+1G", "accept --range")
        # A file that does not return: as if much were to be accepted.
        t.remove(f"{SYS}/accept")
        os.mkfifo(os.path.join(t.path, SYS, "accept"))
        for sig, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with subprocess.Popen([TOOL, "accept", "1G"], env=t.env(), stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True) as running:
                time.sleep(0.3)
                t.write(f"{SYS}/accepted_user_bytes", f"{(64 + 12 * (code == 130)) * MIB}\n")
                running.send_signal(sig)
                out, err = running.communicate(timeout=20)
                check(running.returncode == code and "interrupted: accepted " in out,
                      f"accept, {sig.name}: exit {code}, says what was done", f"{out} {err}")
                if code == 130:
                    check(f"accepted 12M ({12 * MIB} bytes)" in out, "accept, interrupted: the amount is exact", out)
                    t.write(f"{SYS}/accepted_user_bytes", f"{64 * MIB}\n")
        # The kernel kills what it finds at fault, or if memory is short.
        with subprocess.Popen([TOOL, "accept", "1G"], env=t.env(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as running:
            time.sleep(0.3)
            with open(f"/proc/{running.pid}/task/{running.pid}/children", encoding="ascii") as file:
                os.kill(int(file.read()), signal.SIGKILL)
            out, err = running.communicate(timeout=20)
            check(running.returncode == 137 and "was killed: Killed" in err, "accept, its child is killed: exit 137",
                  f"{running.returncode} {out} {err}")


def fail_writes(error):
    """From now on, write(2) to any file but stdout and stderr fails with this error."""
    load, equal, above, ret = 0x20, 0x15, 0x25, 0x06
    program = ((load, 0, 0, 0),                     # the number of the system call
               (equal, 0, 3, 1),                    # write
               (load, 0, 0, 16),                    # its first argument
               (above, 0, 1, 2),
               (ret, 0, 0, 0x00050000 | error),
               (ret, 0, 0, 0x7fff0000))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in program))
    filters = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program), ctypes.addressof(code)))
    libc = ctypes.CDLL(None, use_errno=True)
    # PR_SET_NO_NEW_PRIVS, and PR_SET_SECCOMP with a filter.
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filters, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def test_errors():
    """What the errors of the module mean."""
    for state, error, args, code, text in (
            ("running", errno.EIO, ["accept", "1G"], 1, "accept: the platform refused a block"),
            ("running", errno.EINVAL, ["acceptor", "all"], 1, "the module does not take this value"),
            ("running", errno.EOPNOTSUPP, ["accept", "all", "--background"], 4, "cannot do this on this kernel"),
            ("running", errno.EACCES, ["accept", "1G"], 5, "try as root"),
            ("absent", errno.ENODEV, ["accept", "1G"], 4, "nothing can be accepted here"),
            ("running", errno.ENODEV, ["accept", "1G"], 3, "accept: the module is being unloaded"),
            ("idle", errno.ENODEV, ["acceptor", "all"], 3, "the module is being unloaded")):
        with tree() as t:
            t.write(f"{SYS}/state", f"{state}\n")
            done = subprocess.run([TOOL, *args], capture_output=True, text=True, check=False, timeout=60, env=t.env(),
                                  preexec_fn=lambda number=error: fail_writes(number))
            check(done.returncode == code and text in done.stderr,
                  f"{' '.join(args)}, {errno.errorcode[error]} while {state}: exit {code}", done)


def test_wait():
    with tree() as t:
        t.gives(["wait", "--timeout", "0.2"], 124, "", "not reached in time: complete")
        seen = t.json("wait", "--timeout", "0.2")
        check(seen["reached"] is False and seen["waited_ns"] >= 200000000, "wait --json", seen)
        t.gives(["wait", "--until", "bytes<=3G"], 0, "")
        t.gives(["wait", "--until", "bytes<=3221225471", "--timeout", "0.1"], 124, "")
        for text in ("", "\n", "3G\n", "none\n"):
            t.write(f"{SYS}/unaccepted_bytes", text)
            t.gives(["wait", "--until", "bytes<=3G"], 1, "", "unaccepted_bytes: Bad message",
                    f"wait: {text!r} is no amount that is reached")
        for prefix, code in ([], 129), (["nohup"], 124):
            with subprocess.Popen([*prefix, TOOL, "wait", "--timeout", "1"], env=t.env(), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
                time.sleep(0.3)
                running.send_signal(signal.SIGHUP)
                out = running.communicate(timeout=20)[0]
            check(running.returncode == code, f"{' '.join([*prefix, 'wait'])}, SIGHUP: exit {code}", out)
        t.write(f"{SYS}/state", "complete\n")
        t.gives(["wait"], 0, "")
        check(t.json("wait")["reached"] is True, "wait --json when the state is reached")
        t.write(f"{SYS}/state", "absent\n")
        t.gives(["wait"], 4, "")
        t.gives(["wait", "--until", "bytes<=4G"], 4, "", "unaccepted_bytes: nothing can be accepted here")


def test_map():
    with tree() as t:
        t.gives(["map"], 0, MAP_SHOWN)
        check(t.run("map", "--node", "1").stdout.startswith("node 1 "), "map --node")
        seen = t.run("map", "--width", "40").stdout
        check("  0x40000000 ################\n" in seen and max(map(len, seen.splitlines())) <= 80,
              "map --width", seen)
        seen = t.json("map")
        check(seen["nodes"][0]["map"] == "#" * 32 + "-" * 16 + "." * 16 + "++*?" + "." * 12
              and seen["chunk_bytes"] == 64 * MIB, "map --json", seen)
        t.write(f"{DBG}/map", "chunk_bytes 4194304\nnode 0 0x0 0x100000000\n" + "".join(
            f"{i * 64 * 4 * MIB:#x} {'#.' * 32 if i else '#' * 62 + '-*'}\n" for i in range(16)))
        check("0x0 ###" in t.run("map").stdout and "one character is 4M" in t.run("map").stdout, "a small map is shown at its own scale")
        seen = t.run("map", "--width", "50").stdout
        check("one character is 8M" in seen and "\n          0x0 " + "#" * 31 + "*\n" in seen
              and "+" * 32 in seen, "a map that does not fit is shown at a coarser scale", seen)
        t.write(f"{DBG}/map", t.read(f"{DBG}/map") + "node 1 0x0 0x0\n")
        seen = t.gives(["map", "--width", "50"], 0, what="a map with a node of no memory").stdout
        check("one character is 8M" in seen and "\nnode 1  0x0-0x0, " in seen, "that node is shown without lines", seen)
        t.write(f"{DBG}/map", "nonsense\n")
        t.gives(["map"], 1, "")
        t.write(f"{DBG}/map", MAP)
        path = os.path.join(t.path, "map.svg")
        t.gives(["map", "--svg", path], 0, "")
        with open(path, encoding="ascii") as file:
            picture = file.read()
        svg = t.gives(["map", "--svg", "-"], 0).stdout
        rects = xml.dom.minidom.parseString(svg).getElementsByTagName("rect")
        check(len(rects) == 1 + 3 + 4 + 2 + 6 and rects[1].getAttribute("width") == "320",
              "the SVG is valid, with a rectangle for each run", svg)
        root = xml.dom.minidom.parseString(picture).documentElement
        check(picture == svg and (root.getAttribute("width"), root.getAttribute("height")) == ("800", "146"),
              "the SVG file is the same, with the size of the map", picture)
        t.gives(["map", "--svg", "/nonexistent/x.svg"], 1, "", "/nonexistent/x.svg")
        t.remove(DBG)
        t.gives(["map"], 4, "", "debugfs is not mounted")


def test_doctor():
    with tree() as t:
        done = t.run("doctor")
        text = done.stdout
        check(done.returncode == 0 and "\nFAIL" not in text, "doctor finds nothing bad", text)
        for line in ("ok    guest: this is a TDX guest",
                     "ok    kernel: it can leave memory unaccepted; now 3G of 8G (37 %)",
                     "ok    lockdown: integrity: ",
                     "ok    free memory: node 0, zone Normal: 148M is accepted and free",
                     "warn  free memory: node 1, zone Normal: 0 is accepted and free",
                     "info  stalls: 100 allocations waited",
                     "info  share: that is one wait per 1000 pages",
                     "ok    acceptor: ahead: waiting throttled(cpu_percent); held back by cpu_percent 12",
                     "ok    audit: "):
            check("\n" + line in "\n" + text, f"doctor: {line}", text)
        check("Movable" not in text, "doctor: nothing about zones without memory")
        zoneinfo = t.read("proc/zoneinfo")
        t.write("proc/zoneinfo", zoneinfo.replace("        promo    7000\n", "        low      5000\n        high     6000\n"))
        text6 = t.run("doctor").stdout
        lines = [[line for line in one.splitlines() if " free memory: " in line] for one in (text, text6)]
        check(lines[0] == lines[1], "doctor: the promo watermark where the kernel does not show it", text6)
        t.write("proc/zoneinfo", zoneinfo)
        seen = t.json("doctor")
        check({one["result"] for one in seen} == {"ok", "info", "warn"}, "doctor --json", seen)
        check("pressure:" not in text and "balloon:" not in text, "doctor: nothing about pressure and balloon")
        t.write(f"{SYS}/caps", "counters table accept acceptor\n")
        check("\ninfo  pressure: the kernel does not measure it" in t.run("doctor").stdout,
              "doctor sees that pressure is not measured")
        for device, features, driver, found in (("0x0005", "000001", False, False), ("0x0002", "111111", True, False),
                                                ("0x0005", "111110", True, False), ("0x0005", "000001", True, True)):
            if driver:
                t.write("sys/bus/virtio/devices/virtio3/driver/uevent", "")
            t.write("sys/bus/virtio/devices/virtio3/device", f"{device}\n")
            t.write("sys/bus/virtio/devices/virtio3/features", f"{features}00\n")
            check(("\nwarn  balloon: virtio-balloon reports free memory" in t.run("doctor").stdout) == found,
                  f"doctor: device {device} with features {features}, driver {driver}: {found}")
        t.write(f"{SYS}/acceptor/mode", "off\n")
        check("unacceptedctl acceptor ahead" in t.run("doctor").stdout, "doctor advises to set the acceptor")
        for name, text, wanted in ((f"{SYS}/accept_failures", "2\n", "FAIL  refusals"),
                                   (f"{DBG}/audit", "0 Normal differs: list 3, counter 4\ninconsistent\n",
                                    "differs: list 3, counter 4"),
                                   (f"{SYS}/reason", "table refused: the bitmap is empty\n", "FAIL  table")):
            t.module()
            if wanted == "FAIL  table":
                t.write(f"{SYS}/state", "absent\n")
            t.write(name, text)
            done = t.run("doctor")
            check(done.returncode == 1 and wanted in done.stdout, f"doctor: {wanted}", done.stdout)
            if name.startswith(DBG):
                t.module()
            else:
                t.write(f"{SYS}/accept_failures", "0\n")
        t.module()
        t.write(f"{SYS}/policy/owner", "kernel\n")
        t.write(f"{DBG}/latency", "node zone below_ns waits cause\n")
        check("2 blocks, each of which takes about 10.0 ms" in t.run("doctor").stdout,
              "doctor estimates the waits if the kernel decides", t.run("doctor").stdout)
        t.write("proc/cmdline", "quiet accept_memory=eager\n")
        check("warn  command line" in t.run("doctor").stdout, "doctor sees accept_memory=eager")


def test_doctor_guest():
    with tree() as t:
        t.write("proc/cpuinfo", "flags\t\t: fpu vme\n")
        for log, wanted in (
                ("[1] Memory Encryption Features active: AMD SEV SEV-ES SEV-SNP\n", "ok    guest: this is a SEV-SNP guest"),
                ("[1] SEV-SNP: RMP table physical range [0x1000 - 0x1fff]\n[2] Memory Encryption Features active: AMD SME\n"
                 "[3] ccp 0000:22:00.1: SEV-SNP API:1.55 build:21\n", "info  guest: no sign of a TDX or SEV-SNP guest"),
                ("", "info  guest: no sign of a TDX or SEV-SNP guest")):
            t.write("dmesg", log)
            text = t.run("doctor").stdout
            check(wanted in text, f"doctor: {wanted}", text)


def test_doctor_signed():
    unsigned = "module.sig_enforce: an unsigned module cannot be loaded\n      -> sign"
    with tree() as t:
        t.remove(SYS)
        refused = "[9] Loading of module with unavailable key is rejected\n"
        for lockdown, log, wanted in (
                ("none [integrity]\n", "", f"warn  lockdown: integrity, {unsigned}"),
                ("[none] integrity\n", "", f"warn  lockdown: none, {unsigned}"),
                (None, "", f"warn  lockdown: not known here, {unsigned}"),
                ("[none] integrity\n", refused, "a key that the machine does not trust\n      -> enroll")):
            t.remove("sys/kernel/security")
            if lockdown:
                t.write("sys/kernel/security/lockdown", lockdown)
            t.write("dmesg", log)
            text = t.run("doctor").stdout
            check(wanted in text, f"doctor: {wanted.splitlines()[0]}", text)
        t.write("sys/module/module/parameters/sig_enforce", "N\n")
        text = t.run("doctor").stdout
        check("ok    lockdown: none\n" in text, "doctor: nothing need be signed", text)


def test_report():
    with tree() as t:
        path = os.path.join(t.path, "out.txt")
        done = t.run("report", "--output", path)
        text = t.read("out.txt")
        check(done.returncode == 0 and done.stdout.startswith(path + "\n"), "report prints the name of its file", done)
        check("hidden" not in text, "report has nothing private", text)
        for part in ("accept_memory=lazy\n", "unaccepted.policy=module\n", "root=(left out)\n",
                     "\n==== /sys/kernel/unaccepted/node1/Normal/managed_bytes\n4294967296\n",
                     "\n==== /sys/kernel/debug/unaccepted/map\n", "efi: Unaccepted=0x7f00",
                     "\n==== /proc/zoneinfo\n", "info  verdict:"):
            check(part in text, f"report has {part.strip()!r}")
        # Without --output the report is written to the working directory.
        with tempfile.TemporaryDirectory() as here:
            done = subprocess.run([TOOL, "report"], cwd=here, env=t.env(), check=False,
                                  capture_output=True, text=True)
            check(os.listdir(here) == done.stdout.splitlines()[:1], "report's own file", done)
        t.gives(["report", "-o", "/nonexistent/x"], 1, "")
        # A boot loader passes a file on as it is, with all its white space.
        t.write("proc/cmdline", "quiet\troot=hidden\r\n\tluks.pw=hidden \t\n")
        done = t.run("report", "-o", "-")
        check("\nquiet\nroot=(left out)\nluks.pw=(left out)\n\n" in done.stdout, "report gets past all white space", done.stdout)


class Terminal:
    """Runs the tool in a terminal of a given size."""

    def __init__(self, t, args, rows=24, columns=80):
        self.pid, self.fd = pty.fork()
        if not self.pid:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            env = t.env({"TERM": "xterm"})
            env.pop("NO_COLOR", None)
            os.execve(TOOL, [TOOL, *args], env)
        self.seen = ""

    def until(self, text, seconds=10):
        end = time.monotonic() + seconds
        while text not in self.seen and time.monotonic() < end:
            if not select.select([self.fd], [], [], 0.1)[0]:
                continue
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                break
            self.seen += data.decode()
        return text in self.seen

    def pages(self, rows, seconds=10):
        """Line breaks of each whole page drawn, until there is one for a screen of so many rows.

        What is read first may be the end of a page whose beginning was read before.
        """
        end, found = time.monotonic() + seconds, []
        while rows - 1 not in found and time.monotonic() < end:
            self.until("\0never", 0.1)
            found = [page.count("\r\n") for page in re.findall("\033\\[H(.*?)\033\\[J", self.seen, re.S)]
        return found

    def cooked(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ICANON)

    def send(self, text):
        os.write(self.fd, text.encode())

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def end(self):
        """The exit status as a shell sees it."""
        self.until("\0never", 1)
        status = os.waitpid(self.pid, 0)[1]
        os.close(self.fd)
        return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def full():
    return open("/dev/full", "wb")


def broken_pipe():
    """A pipe that nobody reads. Python has SIGPIPE ignored."""
    ends = os.pipe()
    os.close(ends[0])
    return os.fdopen(ends[1], "wb")


ENTER, LEAVE = "\033[?1049h", "\033[?1049l"


def test_watch():
    with tree() as t:
        done = t.run("watch", "-n", "0.1", "-c", "3")
        check(done.returncode == 0 and len(done.stdout.splitlines()) == 3
              and " running unaccepted 3G rate 0/s left: " in done.stdout, "watch in lines", done)
        for sink, why in ((full(), "No space left on device"), (broken_pipe(), "Broken pipe")):
            with sink, subprocess.Popen([TOOL, "watch", "-n", "0.1"], env=t.env(), stdin=subprocess.DEVNULL, text=True,
                                        stdout=sink, stderr=subprocess.PIPE, restore_signals=False) as running:
                time.sleep(1)
                ended = running.poll() is not None
                running.terminate()
                err = running.communicate(timeout=20)[1]
            check(ended and running.returncode == 1 and f"cannot write: {why}" in err, f"watch: {why}: exit 1",
                  f"ended {ended}, {running.returncode} {err}")
        for key, code in (("q", 0), ("\x03", 0), (signal.SIGTERM, 143), (signal.SIGHUP, 129)):
            term = Terminal(t, ["watch", "-n", "0.2"])
            good = term.until("q: quit") and ENTER in term.seen and not term.cooked()
            if isinstance(key, str):
                term.send(key)
            else:
                os.kill(term.pid, key)
            good = term.until(LEAVE) and good and term.cooked()
            status = term.end()
            check(good and status == code, f"watch, {key!r}: exit {code}, the terminal as it was",
                  f"{status} {term.seen!r}")
        term = Terminal(t, ["watch", "-n", "0.2"])
        term.until("q: quit")
        page = term.seen[term.seen.index("\033[H"):term.seen.index("q: quit")]
        lines = page.replace("\033[H", "").replace("\033[K", "").split("\r\n")
        check(len(lines) <= 24 and max(map(len, lines)) <= 80, "watch fits into 80x24", page)
        t.write(f"{SYS}/unaccepted_bytes", f"{2 * GIB}\n")
        check(term.until("unaccepted   2G") and term.until("rate         "), "watch shows a change", term.seen)
        term.seen = ""
        term.resize(10, 60)
        pages = term.pages(10)
        check(len(pages) > 0, "watch draws again when the terminal is resized")
        check(pages[-1:] == [9], "watch fits into the new size", term.seen)
        t.remove(SYS)
        good = term.until(LEAVE)
        check(term.end() == 3 and good, "watch ends when the module is unloaded", term.seen)


def test_terminal():
    with tree() as t:
        for i in range(2, 14):
            for zone in ("DMA32", "Normal"):
                t.zone(f"node{i}/{zone}", GIB, 2 * GIB)
        term = Terminal(t, ["status"])
        term.end()
        lines = term.seen.split("\r\n")
        check(len(lines) <= 24 and max(map(len, lines)) <= 80 and "others" in term.seen
              and any(line.startswith(" all                27G") for line in lines),
              "14 nodes fit into 80x24", term.seen)
        check(len(t.run("status").stdout.splitlines()) == len(STATUS.splitlines()) + 24, "status in a file shows all nodes",
              t.run("status").stdout)
        term = Terminal(t, ["map"])
        term.end()
        check("\033[30;42m#\033[0m" in term.seen, "the map has colours in a terminal", term.seen)
        check("\033" not in t.run("map").stdout, "the map has no colours in a file")
        term = Terminal(t, ["accept", "1G"])
        check(term.end() == 0 and "accepted 0 (0 bytes)" in term.seen, "accept in a terminal", term.seen)
        t.remove(f"{SYS}/accept")
        os.mkfifo(os.path.join(t.path, SYS, "accept"))
        term = Terminal(t, ["accept", "1G"])
        term.until("\033[K")
        term.resize(30, 100)
        term.until("accepted", 0.5)
        with open(os.open(os.path.join(t.path, SYS, "accept"), os.O_RDONLY | os.O_NONBLOCK), encoding="ascii") as file:
            code = term.end()
            check(code == 0 and file.read() == "1G" and "\raccepted 0 " in term.seen.replace("\033[K", ""),
                  "accept goes on when the terminal is resized", f"{code} {term.seen!r}")
        for columns, end in ((80, "left: ?"), (50, "  0/s  l")):
            term = Terminal(t, ["accept", "1G"], columns=columns)
            term.until("\033[K")
            os.kill(term.pid, signal.SIGTERM)
            code = term.end()
            line = term.seen.split("\033[K")[0].lstrip("\r")
            check(code == 143 and len(line) < columns and line.endswith(end), f"the progress fits into {columns} columns",
                  f"{code} {term.seen!r}")


def test_completion():
    """What bash offers, and what the tool is then given."""
    path = os.path.join(os.path.dirname(os.path.realpath(__file__)),
                        "../../tools/unacceptedctl/unacceptedctl.bash-completion")
    with open(path, encoding="utf-8") as file:
        script = file.read()
    with tree() as t:
        script = script.replace("/sys/kernel/", f"{t.path}/sys/kernel/") + (
            "compopt() { :; }\nCOMP_WORDS=(\"$@\")\nCOMP_CWORD=$(($# - 1))\n_unacceptedctl\n"
            "eval \"printf '%s ' ${COMPREPLY[*]}\"\n")

        def offers(words, wanted):
            done = subprocess.run(["bash", "-c", script, "bash", "unacceptedctl", *words], check=False,
                                  capture_output=True, text=True)
            check(done.stdout.split() == wanted, f"completion: {' '.join(words)!r}: {wanted}", done.stdout + done.stderr)

        offers(["wa"], ["watch", "wait"])
        offers(["wait", "--until", ""], ["complete", "bytes<="])
        offers(["wait", "--until", "b"], ["bytes<="])
        offers(["accept", "1G", "--node", ""], ["0", "1"])
        offers(["accept", "1G", "--zone", "N"], ["Normal"])
        t.remove(SYS)
        offers(["accept", "1G", "--node", ""], [])


def main():
    print("TAP version 13")
    # If these tests run under nohup, what they start must not.
    signal.signal(signal.SIGHUP, lambda *_: None)
    for name, function in list(globals().items()):
        if name.startswith("test_"):
            function()
    print(f"1..{tests}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
