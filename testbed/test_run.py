#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Tests of the launcher that need no QEMU: python3 -m unittest test_run"""
import contextlib
import gzip
import importlib.machinery
import importlib.util
import io
import json
import os
import signal
import socket
import ssl
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))

import certificates     # noqa: E402
import console          # noqa: E402
import emulator         # noqa: E402
import initramfs        # noqa: E402
import options          # noqa: E402
import plug             # noqa: E402
import shape            # noqa: E402
import symbols          # noqa: E402
import vmcore           # noqa: E402
from shape import GIB, MIB, PAGE, ShapeError  # noqa: E402

HERE = os.path.dirname(os.path.realpath(__file__))


class Sizes(unittest.TestCase):
    def test_good(self):
        for text, value in (("4G", 4 * GIB), ("512m", 512 * MIB), ("0x1000", 4096), ("1.5G", 1536 * MIB),
                            ("4096", 4096), ("1T", 1024 * GIB), ("2MiB", 2 * MIB), ("0x10K", 16384),
                            ("64kb", 65536), ("0", 0)):
            self.assertEqual(shape.parse_size(text), value, text)

    def test_bad(self):
        for text in ("", "G", "-1", "4X", "1.5", "0x", "1e3", "4 G", "0.1K"):
            with self.assertRaises(ShapeError, msg=text):
                shape.parse_size(text)

    def test_ranges(self):
        self.assertEqual(shape.parse_range("1G-2G"), (GIB, 2 * GIB))
        self.assertEqual(shape.parse_range("4K@0x100000000"), (4 * GIB, 4 * GIB + PAGE))
        for text in ("1G", "2G-1G", "1G-1G", "1-4096", "100@1G", "@1G", "1G@"):
            with self.assertRaises(ShapeError, msg=text):
                shape.parse_range(text)

    def test_costs(self):
        self.assertEqual(shape.parse_cost("none"), (0, 0, 0))
        self.assertEqual(shape.parse_cost("lkvs"), (10_000, 5_000_000, 2_560_000_000))
        self.assertEqual(shape.parse_cost("4K=10"), (10, 5120, 2621440))
        self.assertEqual(shape.parse_cost("2m=7,1G=9"), (0, 7, 9))
        for text in ("", "quick", "4K=", "4K=-1", "8K=1", "4K=1;2M=2"):
            with self.assertRaises(ShapeError, msg=text):
                shape.parse_cost(text)


class Shapes(unittest.TestCase):
    def sane(self, ranges):
        """Sorted, disjoint, not empty, page-aligned."""
        last = 0
        for start, end in ranges:
            self.assertLess(start, end)
            self.assertGreaterEqual(start, last)
            self.assertEqual((start | end) % PAGE, 0)
            last = end

    def test_layout(self):
        self.assertEqual(shape.ram_layout(GIB), [(0, GIB)])
        self.assertEqual(shape.ram_layout(0xafe00000), [(0, 0xafe00000)])
        self.assertEqual(shape.ram_layout(0xb0000000),
                         [(0, 2 * GIB), (4 * GIB, 4 * GIB + 0x30000000)])
        self.assertEqual(shape.ram_layout(4 * GIB), [(0, 2 * GIB), (4 * GIB, 6 * GIB)])

    def test_default(self):
        self.assertEqual(shape.build(4 * GIB), [(512 * MIB, 2 * GIB), (4 * GIB, 6 * GIB)])
        self.assertEqual(shape.build(512 * MIB), [(256 * MIB, 512 * MIB)])

    def test_start(self):
        self.assertEqual(shape.build(4 * GIB, 5 * GIB), [(5 * GIB, 6 * GIB)])
        self.assertEqual(shape.build(4 * GIB, 6 * GIB), [])
        with self.assertRaises(ShapeError):
            shape.build(4 * GIB, GIB + 1)

    def test_holes_and_lies(self):
        ranges = shape.build(4 * GIB, holes=[(4 * GIB, 5 * GIB)], lies=[(6 * GIB - PAGE, 6 * GIB)])
        self.assertEqual(ranges, [(512 * MIB, 2 * GIB), (5 * GIB, 6 * GIB - PAGE)])
        for bad in ((3 * GIB, 4 * GIB), (6 * GIB, 7 * GIB), (GIB, 5 * GIB)):
            with self.assertRaises(ShapeError):
                shape.build(4 * GIB, holes=[bad])
            with self.assertRaises(ShapeError):
                shape.build(4 * GIB, lies=[bad])

    def test_soft_reserved(self):
        self.assertEqual(shape.build(4 * GIB, soft=[(4 * GIB, 5 * GIB)]), [(512 * MIB, 2 * GIB), (5 * GIB, 6 * GIB)])
        with self.assertRaises(ShapeError):
            shape.build(4 * GIB, soft=[(3 * GIB, 5 * GIB)])

    def test_subtract(self):
        whole = [(10, 20)]
        self.assertEqual(shape.subtract(whole, (0, 10)), whole)
        self.assertEqual(shape.subtract(whole, (20, 30)), whole)
        self.assertEqual(shape.subtract(whole, (0, 30)), [])
        self.assertEqual(shape.subtract(whole, (12, 14)), [(10, 12), (14, 20)])

    def test_fragments(self):
        for count in (2, 3, 7, 200, 500):
            for gap in (PAGE, 3 * PAGE, 2 * MIB):
                ranges = shape.build(4 * GIB, fragments=count, gap=gap)
                self.sane(ranges)
                self.assertEqual(len(ranges), count)
                # One gap fewer than there are ranges, in each of the two pieces of RAM.
                self.assertEqual(shape.total(ranges), 3584 * MIB - gap * (count - 2))
                if gap == 2 * MIB:
                    self.assertFalse([r for r in ranges if (r[0] | r[1]) % shape.UNIT])

    def test_fragments_refused(self):
        for count, gap in ((1, shape.UNIT), (5000, shape.UNIT), (10, 0), (10, 100)):
            with self.assertRaises(ShapeError):
                shape.build(4 * GIB, fragments=count, gap=gap)

    def test_unaligned(self):
        ranges = shape.build(4 * GIB, fragments=200, unaligned=True)
        self.sane(ranges)
        self.assertEqual(len(ranges), 200)
        for start, end in ranges:
            self.assertTrue(start % shape.UNIT and end % shape.UNIT)

    def test_nodes(self):
        self.assertEqual(shape.split_nodes(4 * GIB, 4, 2), [(2 * GIB, 0, 1), (2 * GIB, 2, 3)])
        self.assertEqual(shape.split_nodes(4 * GIB, 1, 2), [(2 * GIB, None, None), (2 * GIB, 0, 0)])
        parts = shape.split_nodes(4 * GIB, 3, 3)
        self.assertEqual(sum(part[0] for part in parts), 4 * GIB)
        self.assertEqual([part[1:] for part in parts], [(0, 0), (1, 1), (2, 2)])

    def test_machine(self):
        shape.check_machine(4 * GIB, 1, 1)
        for bad in ((100 * MIB, 1, 1), (GIB + PAGE, 1, 1), (4096 * GIB, 1, 1), (GIB, 65, 1), (GIB, 1, 9)):
            with self.assertRaises(ShapeError):
                shape.check_machine(*bad)

    def test_settings(self):
        self.assertEqual(shape.settings("snp", [(GIB, 2 * GIB)], [(0, PAGE)], "empty"),
                         "platform=snp\nrange=0x40000000-0x80000000\nlie=0x0-0x1000\ntable=empty\n")
        self.assertEqual(shape.settings("none", []), "")
        self.assertEqual(shape.settings("tdx", [], soft=[(GIB, 2 * GIB)]),
                         "platform=tdx\nsoft=0x40000000-0x80000000\n")


class CommandLine(unittest.TestCase):
    def parse(self, *words):
        return options.parse(list(words))

    def test_command(self):
        args = self.parse("--memory", "8G", "--", "echo", "--memory", "--")
        self.assertEqual(args.memory, 8 * GIB)
        self.assertEqual(args.command, ["echo", "--memory", "--"])
        self.assertEqual(args.time_limit, 300)
        self.assertFalse(args.shell)

    def test_wrong_usage(self):
        for words in (["--memory", "x", "--", "true"], ["--cpus", "0", "--", "true"], ["--nonsense"],
                      ["--shell", "--", "true"], ["--hole", "1G", "--", "true"], ["--mem", "4G", "--", "a"],
                      ["--deterministic", "--tcg", "multi", "--", "true"],
                      ["--instruction-ns", "1", "--", "true"],
                      ["--deterministic", "--instruction-ns", "3", "--", "true"],
                      ["--script", "/nonexistent"], ["--db", "/nonexistent", "--", "a"],
                      ["--db", "/dev/null", "--", "a"], ["--plug", "100M", "--", "true"], ["--dump", "/nonexistent", "--", "true"],
                      ["--log", "/nonexistent/log", "--", "true"],
                      ["--unaccepted-start", "1G1", "--", "true"], ["--fragments", "1", "--", "true"],
                      ["--platform", "sev", "--", "true"],
                      ["--platform", "none", "--lie", "1G-2G", "--", "true"],
                      ["--accept-level", "3m", "--", "true"], ["stray", "--", "true"]):
            with self.assertRaises(SystemExit, msg=words) as caught, \
                    contextlib.redirect_stderr(io.StringIO()):
                self.parse(*words)
            self.assertEqual(caught.exception.code, 2, words)

    def test_nothing_to_run(self):
        with mock.patch("sys.stdin") as stdin, contextlib.redirect_stderr(io.StringIO()):
            stdin.isatty.return_value = False
            with self.assertRaises(SystemExit):
                self.parse()
            stdin.isatty.return_value = True
            args = self.parse()
        self.assertTrue(args.shell)
        self.assertIsNone(args.time_limit)

    def command(self, *words):
        args = self.parse(*words, "--", "true")
        return " ".join(options.qemu_command(args, "/q/bin/qemu", "/fw", "/l.efi", {"kernel": "/a,b"},
                                             "/m"))

    def test_qemu(self):
        line = self.command()
        self.assertIn("-object cc-emu,id=cc0,max-level=2,cost-4k=0,cost-2m=0,cost-1g=0", line)
        self.assertIn("name=opt/unaccepted/kernel,file=/a,,b", line)
        self.assertIn("tcg,thread=single", line)
        self.assertNotIn("icount", line)
        self.assertNotIn("-qmp", line)
        self.assertIn("-qmp unix:/m,server=on,wait=off", self.command("--dump", "/"))
        line = self.command("--plug", "1G")
        self.assertIn("-m 4096M,slots=8,maxmem=5120M ", line)
        self.assertIn("-qmp unix:/m,", line)
        self.assertIn("-device a,b=c -device d ", self.command("--device", "a,b=c", "--device", "d"))
        line = self.command("--accept-level", "4K", "--cost", "fast", "--deterministic")
        self.assertIn("max-level=0,cost-4k=2000,cost-2m=200000,", line)
        self.assertIn("-icount shift=2,sleep=off", line)
        self.assertIn("-icount shift=0,", self.command("--deterministic", "--instruction-ns", "1"))

    def test_kernel_cmdline(self):
        """The emulator's TSC runs at 1 GHz, and a kernel that measures it may be wrong."""
        words = options.kernel_cmdline(self.parse("--append", "quiet", "--", "true")).split()
        self.assertIn("tsc_early_khz=1000000", words)
        self.assertEqual(words[-1], "quiet")

    def test_platform(self):
        self.assertIn("vendor=GenuineIntel", self.command())
        self.assertIn("vendor=AuthenticAMD", self.command("--platform", "snp"))
        self.assertEqual(self.parse("--platform", "snp", "--", "true").ranges,
                         self.parse("--", "true").ranges)
        self.assertEqual(self.parse("--platform", "none", "--", "true").ranges, [])

    def test_numa(self):
        line = self.command("--numa", "2", "--cpus", "4", "--memory", "8G")
        self.assertIn("node,nodeid=1,memdev=ram1,cpus=2-3", line)
        self.assertEqual(line.count(f"size={4 * GIB},reserve=off"), 2)


class Certificates(unittest.TestCase):
    DER = b"\x30\x82\x01\x02" + bytes(range(258 - 4))

    def load(self, data):
        with tempfile.NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            return certificates.load(file.name)

    def test_load(self):
        self.assertEqual(self.load(self.DER), self.DER)
        self.assertEqual(self.load(ssl.DER_cert_to_PEM_cert(self.DER).encode()), self.DER)
        for data in (b"", b"\xff\x00", b"-----BEGIN CERTIFICATE-----\n"):
            self.assertRaises(certificates.CertificateError, self.load, data)

    def test_db(self):
        data = certificates.db([self.DER, self.DER])
        one = (len(data) - 40) // 2
        self.assertEqual(one, 28 + 16 + len(self.DER))
        self.assertEqual(struct.unpack_from("<III", data, 40 + 16), (one, 0, 16 + len(self.DER)))
        self.assertTrue(data.endswith(self.DER))


class Judgement(unittest.TestCase):
    def test_statuses(self):
        for status, arguments in (
                (0, dict(returncode=100)), (1, dict(returncode=101)), (4, dict(returncode=104)),
                (3, dict(returncode=114)), (1, dict(returncode=107)), (97, dict(returncode=97)),
                (97, dict(returncode=97, panicked=True)), (98, dict(returncode=0, panicked=True)),
                (99, dict(returncode=0)), (99, dict(returncode=-11)), (124, dict(returncode=0, timed_out=True)),
                (98, dict(returncode=0, timed_out=True, panicked=True)),
                (0, dict(returncode=100, timed_out=True)), (3, dict(returncode=1, ran=False)),
                (130, dict(returncode=0, stopped=signal.SIGINT)),
                (143, dict(returncode=100, stopped=signal.SIGTERM))):
            self.assertEqual(emulator.judge(**arguments)[0], status, arguments)


class ConsoleText(unittest.TestCase):
    NOISE = b"\x1b[2J\x1b[01;01H\x1b[=3hBds\x1b[0m: \x1b]0;title\x07caf\xc3\xa9\xff\r\nnext\x1b(B\x00\x08!\r\n"
    CLEAN = "Bds: caf\u00e9\ufffd\nnext!\n"

    def test_clean(self):
        cleaner = console.Cleaner()
        self.assertEqual(cleaner.feed(self.NOISE, final=True), self.CLEAN)

    def test_every_cut(self):
        for cut in range(len(self.NOISE)):
            cleaner = console.Cleaner()
            text = cleaner.feed(self.NOISE[:cut]) + cleaner.feed(self.NOISE[cut:], final=True)
            self.assertEqual(text, self.CLEAN, cut)

    def test_nothing_held_for_ever(self):
        cleaner = console.Cleaner()
        self.assertIn("x", cleaner.feed(b"\x1b]" + b"x" * 300))

    def test_only_script(self):
        guest = console.Console(only_script=True)
        shown = ""
        for piece in (b"boot\r\ntestbed: -- be", b"gin --\r\nhel", b"lo\r\n", b"testbed: -- end, status 1 --\r\nx\n"):
            shown += guest.feed(piece)[1]
        self.assertEqual(shown, "hello\n")
        self.assertTrue(guest.begun and guest.ended)
        self.assertFalse(guest.panicked)

    def test_screen(self):
        noise = (b"\x1b[2Jboot\r\ntestbed: -- begin --\r\n\x1b[1mhel\r\xc3\xa4\x1b[0m testbed: no\r\n"
                 b"testbed: -- end, status 1 --\r\n[9.9] reboot\r\n")
        for cut in range(len(noise)):
            guest = console.Console(True, console.Screen())
            text = guest.feed(noise[:cut])[1] + guest.feed(noise[cut:], final=True)[1]
            self.assertEqual(text, "\x1b[1mhel\r\u00e4\x1b[0m testbed: no\r\n", cut)

    def test_panic(self):
        guest = console.Console()
        for piece in (b"[    1.0] Kernel panic - not", b" syncing: x\n"):
            guest.feed(piece)
        self.assertTrue(guest.panicked)

    def test_report(self):
        report = console.Report()
        self.assertFalse(report.feed("RAX=0"))
        self.assertFalse(report.feed("STACK 0x1"))
        self.assertTrue(report.feed("UNACCEPTED ACCESS gpa=0x60000000 kind=cpu rip=0xffffffff81000010 "
                                    "lstar=0x0 cpu=1"))
        self.assertTrue(report.feed("STACK 0xffffffff81000020"))
        self.assertTrue(report.feed('CCEMU {"accept_calls": 3}'))
        self.assertFalse(report.feed("CCEMU {broken"))
        self.assertEqual(report.counters, {"accept_calls": 3})
        self.assertEqual(report.catch, {"gpa": 0x60000000, "kind": "cpu", "rip": 0xffffffff81000010,
                                        "lstar": 0, "cpu": 1, "stack": [0xffffffff81000020]})
        self.assertIsNone(report.end)

    def test_report_of_an_end(self):
        report = console.Report()
        self.assertTrue(report.feed("TERMINATED rip=0x10 lstar=0x0 cpu=0 value=0x1100 cause=the guest is tired"))
        self.assertTrue(report.feed("STACK 0xffffffff81000020"))
        self.assertEqual(report.end, {"rip": 16, "lstar": 0, "cpu": 0, "value": 0x1100,
                                      "cause": "the guest is tired", "stack": [0xffffffff81000020]})
        self.assertIsNone(report.catch)


class Starts(unittest.TestCase):
    """A program in place of QEMU."""

    def machine(self, script, **options):
        machine = emulator.Emulator(["sh", "-c", script], console.Console(), console.Report(), show=False, **options)
        return machine, machine.run()

    def test_silent(self):
        machine, status = self.machine("exec sleep 100", start_limit=0.3)
        self.assertTrue(machine.silent)
        self.assertEqual(status, -signal.SIGTERM)

    def test_slow(self):
        machine, status = self.machine("echo loader; sleep 1; exit 100", start_limit=0.3)
        self.assertFalse(machine.silent)
        self.assertEqual(status, 100)

    def test_again(self):
        """The second machine prints something, and gets no limit for that if it is the last."""
        spec = importlib.util.spec_from_loader("run", importlib.machinery.SourceFileLoader(
            "run", os.path.join(HERE, "run")))
        run = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(run)
        run.START_LIMIT, run.START_TRIES = 0.3, 2
        with tempfile.TemporaryDirectory() as work, contextlib.redirect_stderr(io.StringIO()) as said:
            path = os.path.join(work, "second")
            script = f"[ -e {path} ] || {{ touch {path}; exec sleep 100; }}; sleep 1; exit 100"
            args = options.parse(["--quiet", "--", "true"])
            machine, status = run.start(args, ["sh", "-c", script], {}, None)
        self.assertEqual((machine.silent, status), (False, 100))
        self.assertEqual(said.getvalue(), "run: the firmware has printed nothing for 0.3 s: starting again\n")


class SymbolTable(unittest.TestCase):
    LINES = ("0000000000000000 A fixed_percpu_data", "ffffffff81000000 T _text", "ffffffff81000000 T startup_64",
             "ffffffff81000100 t helper", "ffffffff81e00080 T entry_SYSCALL_64", "ffffffff81f00000 D _etext",
             "ffffffffc0001000 t module_code\t[hello]", "rubbish")

    def setUp(self):
        self.table = symbols.Symbols(self.LINES)

    def test_lookup(self):
        for address, name in ((0xffffffff81000010, "_text+0x10"), (0xffffffff810000ff, "_text+0xff"),
                              (0xffffffff81000100, "helper+0x0"), (0xffffffff80ffffff, None),
                              (0xffffffff81f00000, None), (0xffffffffc0001000, None), (0x1000, None)):
            self.assertEqual(self.table.lookup(address), name)

    def test_slide(self):
        anchor = 0xffffffff81e00080
        self.assertEqual(symbols.find_slide(self.table, anchor + 0x2a000000, "quiet"), (0x2a000000, None))
        self.assertEqual(symbols.find_slide(self.table, 0, "quiet nokaslr"), (0, None))
        for lstar in (0, anchor + 0x1000, anchor - 0x200000):
            slide, cause = symbols.find_slide(self.table, lstar, "quiet")
            self.assertIsNone(slide)
            self.assertTrue(cause)

    def test_describe(self):
        self.assertEqual(symbols.describe(self.table, 0x200000, 0xffffffff81200104),
                         "0xffffffff81200104 helper+0x4")
        self.assertEqual(symbols.describe(None, 0, 0x10), "0x0000000000000010")
        self.assertIn("module", symbols.describe(self.table, 0, 0xffffffffc0001000))

    def test_files(self):
        with tempfile.TemporaryDirectory() as work:
            packed, path = os.path.join(work, "in"), os.path.join(work, "out", "kallsyms")
            for data in (b"", b"firmware talk", gzip.compress(b"no symbols at all")[:-3]):
                with open(packed, "wb") as file:
                    file.write(data)
                with self.assertRaises(symbols.SymbolError):
                    symbols.store(packed, path)
                self.assertFalse(os.path.exists(path))
            with open(packed, "wb") as file:
                file.write(b"\x1b[2Jtalk" + gzip.compress("\n".join(self.LINES).encode()))
            symbols.store(packed, path)
            self.assertEqual(symbols.Symbols.load(path).lookup(0xffffffff81000100), "helper+0x0")
            with self.assertRaises(symbols.SymbolError):
                symbols.Symbols.load(os.path.join(work, "nothing"))


class Vmcores(unittest.TestCase):
    """A dump as QEMU writes it: a note of a CPU, and memory from 0x10000 on."""
    ROOT = vmcore._KERNEL_MAP + 0x11000
    TEXT = f"SYMBOL(swapper_pg_dir)={ROOT:x}\nNUMBER(phys_base)=0\n".encode()
    NOTE = vmcore._NHDR.pack(11, len(TEXT), 0) + b"VMCOREINFO\0\0" + TEXT

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.path = os.path.join(self.directory.name, "core")
        header = vmcore._EHDR.pack(b"\x7fELF", 4, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
        notes = vmcore._PHDR.pack(4, 0, 0x200, 0, 0, 8, 8, 0)
        memory = vmcore._PHDR.pack(1, 0, 0x1000, 0, 0x10000, 0x3000, 0x3000, 0)
        with open(self.path, "wb") as file:
            file.write((header + notes + memory).ljust(0x200) + b"cpu note")
            file.seek(0x1000)
            file.write(self.NOTE.ljust(0x3000, b"\0"))

    def test_complete(self):
        vmcore.complete(self.path, 0x10000)
        with open(self.path, "rb") as file:
            header, headers = vmcore._headers(file)
            self.assertEqual(header[10], 3)
            file.seek(headers[0][2])
            notes = file.read(headers[0][5])
        self.assertTrue(notes.startswith(b"cpu note" + self.NOTE))
        self.assertEqual(headers[1][:6], [1, 0, 0x1000, 0, 0x10000, 0x3000])
        self.assertEqual(headers[2][:6], [1, 0, 0x2000, self.ROOT, 0x11000, 4096])

    def test_bad(self):
        for address in (0x11000, 0, 0x13000):
            with self.assertRaises(vmcore.DumpError, msg=address):
                vmcore.complete(self.path, address)

    def test_request(self):
        guest = console.Console(only_script=True)
        guest.feed(b"testbed: -- begin --\ntestbed: -- dump a-1 0x0000000000abc000 1024\n"
                   b"testbed: -- dump ../x 0x1 1\nx\n")
        self.assertEqual([request.groups() for request in guest.requests],
                         [("a-1", "0x0000000000abc000", "1024")])


class Plugged(unittest.TestCase):
    """Memory that a guest wants to be plugged in, and a monitor that answers."""

    def answer(self, line, *answers):
        """(what the guest is told, the commands that QEMU got)"""
        guest = console.Console(only_script=True)
        guest.feed(b"testbed: -- begin --\n" + line + b"\n")
        commands = []
        with tempfile.TemporaryDirectory() as work, socket.socket(socket.AF_UNIX) as server:
            path = os.path.join(work, "monitor")
            server.bind(path)
            server.listen()

            def serve():
                link, _ = server.accept()
                with link, link.makefile("rw", encoding="utf-8") as stream:
                    print("{}", file=stream, flush=True)
                    for text in ('{"return": {}}', *answers):
                        commands.append(json.loads(stream.readline()))
                        print('{"event": "x"}\n' + text, file=stream, flush=True)

            thread = threading.Thread(target=serve)
            thread.start()
            told = plug.Plugger(path).answer(guest.requests[0])
            thread.join()
        return told, [(command["execute"], command["arguments"].get("id")) for command in commands[1:]]

    def test_plug(self):
        self.assertEqual(self.answer(b"testbed: -- plug 3 256", '{"return": {}}', '{"return": {}}'),
                         ("done", [("object-add", "plugged3"), ("device_add", "dimm3")]))
        self.assertEqual(self.answer(b"testbed: -- unplug 3 0", '{"return": {}}'), ("done", [("device_del", "dimm3")]))

    def test_refused(self):
        self.assertEqual(self.answer(b"testbed: -- plug 3 256", '{"error": {"desc": "no slot"}}'),
                         ("no slot", [("object-add", "plugged3")]))

    def test_no_request(self):
        guest = console.Console(only_script=True)
        guest.feed(b"testbed: -- begin --\ntestbed: -- plug 3 -1\ntestbed: -- plug x 1\n")
        self.assertEqual(guest.requests, [])


class Initramfs(unittest.TestCase):
    def unpack(self, data):
        """A reader of the format that shares no code with the writer."""
        out, at = {}, 0
        while True:
            self.assertEqual(data[at:at + 6], b"070701")
            fields = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
            name = data[at + 110:at + 110 + fields[11] - 1].decode()
            body = (at + 110 + fields[11] + 3) // 4 * 4
            if name == "TRAILER!!!":
                return out
            out[name] = (fields[1], data[body:body + fields[6]], (fields[9], fields[10]))
            at = (body + fields[6] + 3) // 4 * 4

    def test_archive(self):
        archive = initramfs.Archive()
        archive.file("a/b/c", b"12345", 0o755)
        archive.symlink("/link", "/a")
        archive.character_device("dev/console", 5, 1)
        entries = self.unpack(archive.image())
        self.assertEqual(list(entries), ["a", "a/b", "a/b/c", "dev", "dev/console", "link"])
        self.assertEqual(entries["a/b/c"], (stat.S_IFREG | 0o755, b"12345", (0, 0)))
        self.assertEqual(entries["link"][1], b"/a")
        self.assertEqual(entries["dev/console"], (stat.S_IFCHR | 0o600, b"", (5, 1)))

    def test_bring(self):
        with tempfile.TemporaryDirectory() as work:
            os.makedirs(os.path.join(work, "d", "e"))
            for name, mode in (("d/x", 0o700), ("d/e/y", 0o600)):
                with open(os.path.join(work, name), "w", encoding="ascii") as file:
                    file.write(name)
                os.chmod(os.path.join(work, name), mode)
            os.symlink("x", os.path.join(work, "d", "l"))
            archive = initramfs.Archive()
            archive.bring(*initramfs.destination(os.path.join(work, "d/")))
            archive.bring(*initramfs.destination(os.path.join(work, "d/x") + ":/bin/"))
            entries = self.unpack(archive.image())
        self.assertEqual(entries["root/d/x"][:2], (stat.S_IFREG | 0o755, b"d/x"))
        self.assertEqual(entries["root/d/e/y"][:2], (stat.S_IFREG | 0o644, b"d/e/y"))
        self.assertEqual(entries["root/d/l"][:2], (stat.S_IFLNK | 0o777, b"x"))
        self.assertIn("bin/x", entries)

    def test_bad_destination(self):
        for spec in ("/nonexistent", "", "/etc:relative", "/etc:/a/../b"):
            with self.assertRaises(initramfs.SetupError):
                initramfs.destination(spec)

    def test_whole(self):
        try:
            initramfs.find_busybox()
        except initramfs.SetupError as error:
            self.skipTest(str(error))
        with tempfile.TemporaryDirectory() as cache:
            make = lambda: initramfs.build(HERE, cache, script=__file__, command=["a b", "it's"],
                                           values={"LIE_NEXT": 3})
            image = make()
            self.assertEqual(image, make())
        entries = self.unpack(image)
        self.assertEqual(entries["testbed/command"][1], b"exec /script 'a b' 'it'\"'\"'s'\n")
        self.assertEqual(entries["testbed/settings"][1], b"TESTBED_LIE_NEXT=3\n")
        self.assertTrue(entries["script"][0] & 0o100)
        self.assertTrue(entries["init"][0] & 0o100)
        for name in ("bin/busybox", "bin/ccemu", "bin/sh", "dev/console"):
            self.assertIn(name, entries)

    @unittest.skipUnless(os.path.exists("/usr/bin/cpio"), "no cpio")
    def test_cpio_agrees(self):
        archive = initramfs.Archive()
        archive.file("etc/x", b"1")
        listing = subprocess.run(["cpio", "-it", "--quiet"], input=archive.image(), capture_output=True, check=True)
        self.assertEqual(listing.stdout.split(), [b"etc", b"etc/x"])
        self.assertEqual(listing.stderr, b"")


class Launcher(unittest.TestCase):
    """The whole of `run`, with a shell script in QEMU's place."""

    CATCH = ("echo 'UNACCEPTED ACCESS gpa=0x60000000 kind=cpu rip=0xffffffff81200104 "
             "lstar=0xffffffff82000080 cpu=0' >&2; echo 'STACK 0xffffffff81200001' >&2; echo RAX=7 >&2; exit 97")

    @classmethod
    def setUpClass(cls):
        try:
            initramfs.find_busybox()
        except initramfs.SetupError as error:
            raise unittest.SkipTest(str(error)) from error
        cls.work = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.work.cleanup)
        for name, text in (("kernel", ""), ("loader", ""), ("kallsyms", "\n".join(SymbolTable.LINES))):
            with open(os.path.join(cls.work.name, name), "w", encoding="ascii") as file:
                file.write(text)

    def launch(self, fake, *options_, **keywords):
        path = {name: os.path.join(self.work.name, name)
                for name in ("qemu", "kernel", "loader", "kallsyms", "json", "log")}
        with open(path["qemu"], "w", encoding="ascii") as file:
            file.write("#!/bin/sh\n" + fake + "\n")
        os.chmod(path["qemu"], 0o755)
        command = [os.path.join(HERE, "run"), "--qemu", path["qemu"], "--kernel", path["kernel"],
                   "--loader", path["loader"], "--symbols", path["kallsyms"], "--json", path["json"],
                   "--log", path["log"], *options_]
        if "--shell" not in options_:
            command += ["--", "true"]
        done = subprocess.run(command, capture_output=True, text=True, check=False,
                              env={**os.environ, "XDG_CACHE_HOME": self.work.name}, **keywords)
        if done.returncode not in (2, 3):
            with open(path["json"], encoding="ascii") as file:
                done.json = json.load(file)
            with open(path["log"], encoding="utf-8") as file:
                done.log = file.read()
        return done

    def test_verdicts(self):
        for code, status in ((100, 0), (101, 1), (104, 4), (114, 3), (0, 99)):
            done = self.launch(f"echo hello; exit {code}")
            self.assertEqual(done.returncode, status, done.stderr)
            self.assertEqual(done.stdout, "hello\n")

    def test_counters(self):
        done = self.launch("echo hello; echo 'CCEMU {\"accept_2m\": 7}' >&2; exit 100")
        self.assertEqual(done.json["counters"], {"accept_2m": 7})
        self.assertIn('CCEMU {"accept_2m": 7}\n', done.stderr)
        self.assertEqual(done.log, "hello\n")

    def test_panic(self):
        done = self.launch("echo '[ 1.0] Kernel panic - not syncing: test'")
        self.assertEqual(done.returncode, 98)

    def test_catch(self):
        done = self.launch(self.CATCH)
        self.assertEqual(done.returncode, 97)
        self.assertIn("helper+0x4", done.stderr)
        self.assertIn("_text+0x1", done.stderr)
        self.assertIn("RAX=7", done.stderr)
        self.assertEqual(done.json["catch"]["gpa"], 0x60000000)
        self.assertEqual(done.json["catch"]["slide"], 0x200000)

    def test_terminated(self):
        done = self.launch(self.CATCH.replace("UNACCEPTED ACCESS", "TERMINATED").replace("kind=cpu", "value=0x5")
                           .replace("exit 97", "exit 98").replace("cpu=0", "cpu=0 cause=no more"))
        self.assertEqual(done.returncode, 98)
        self.assertIn("TERMINATED cpu=0: no more: 0x5\n", done.stderr)
        self.assertIn("helper+0x4", done.stderr)
        self.assertEqual((done.json["terminated"]["cause"], done.json["catch"]), ("no more", None))

    def test_catch_without_slide(self):
        early = self.CATCH.replace("lstar=0xffffffff82000080", "lstar=0x0").replace("812", "810")
        done = self.launch(early)
        self.assertEqual(done.returncode, 97)
        self.assertNotIn("helper", done.stderr)
        self.assertIn("nokaslr", done.stderr)
        self.assertIn("helper+0x4", self.launch(early, "--append", "nokaslr").stderr)

    def test_time_limit(self):
        done = self.launch("trap 'echo \"CCEMU {}\" >&2; kill $!; exit 0' TERM; sleep 60 & wait", "--time-limit", "1")
        self.assertEqual(done.returncode, 124)
        self.assertEqual(done.json["counters"], {})

    def test_no_start(self):
        self.assertEqual(self.launch("echo no such option >&2; exit 1").returncode, 3)

    def test_missing_file(self):
        self.assertEqual(self.launch("exit 100", "--bring", "/nonexistent").returncode, 2)

    def test_quiet(self):
        done = self.launch("printf 'boot\\r\\ntestbed: -- begin --\\r\\nout\\r\\ntestbed: -- end, status 0 --\\n'; exit 100",
                           "--quiet")
        self.assertEqual(done.stdout, "out\n")
        self.assertNotIn("boot", done.stderr)
        done = self.launch("echo last words; exit 0", "--quiet")
        self.assertEqual(done.stdout, "")
        self.assertIn("last words", done.stderr)

    def test_shell(self):
        fake = "echo 'testbed: -- begin --'; read line; echo \"got $line\"; exit 100"
        done = self.launch(fake, "--shell", input="word\n")
        self.assertEqual((done.returncode, done.stdout), (0, "testbed: -- begin --\ngot word\n"))


if __name__ == "__main__":
    unittest.main()
