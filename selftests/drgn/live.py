# SPDX-License-Identifier: GPL-2.0
"""To be run by drgn in a guest: do the scripts show of a running kernel what the module,
the kernel and the emulator count? Prints KTAP."""
import contextlib
import io
import os
import runpy
import subprocess
import sys

from drgn import FaultError

HERE = os.path.dirname(os.path.realpath(__file__))
SCRIPTS = os.path.join(HERE, "scripts")
SYS, DBG = "/sys/kernel/unaccepted", "/sys/kernel/debug/unaccepted"
PLAN = 21
PIECE = 2 << 20

sys.path.insert(0, SCRIPTS)
import ua                               # noqa: E402

prog = globals()["prog"]
tests = 0


def is_(what, got, wanted):
    global tests
    tests += 1
    if got != wanted:
        print(f"# got {got!r}, expected {wanted!r}")
    print(f"{'ok' if got == wanted else 'not ok'} {tests} {what}", flush=True)


def script(name):
    """(status, lines) of one of the scripts, as drgn would run it."""
    out = io.StringIO()
    argv, sys.argv = sys.argv, [f"{name}.py"]
    try:
        with contextlib.redirect_stdout(out):
            runpy.run_path(os.path.join(SCRIPTS, f"{name}.py"), {"prog": prog}, "__main__")
    except SystemExit as end:
        return end.code, out.getvalue().splitlines()
    finally:
        sys.argv = argv
    raise AssertionError(f"{name}.py did not exit")


def lines(path):
    with open(path, encoding="ascii") as file:
        return file.read().splitlines()


def pages():
    """What the kernel counts, and the emulator, in pages."""
    vmstat = dict(line.split() for line in lines("/proc/vmstat"))
    pending = subprocess.run(["ccemu", "get", "pages_pending"], capture_output=True, check=True).stdout
    return int(vmstat["nr_unaccepted"]), int(pending)


def quiet(name, read):
    """(result of read(), status and lines of a script), with no change between them."""
    while True:
        before = read()
        status, found = script(name)
        if read() == before:
            return before, status, found


def test_file(name, file):
    wanted, status, found = quiet(name, lambda: lines(f"{DBG}/{file}"))
    if name == "stalls":
        found = [" ".join(line.split()[:5]) for line in found]
    is_(name, (status, [line for line in found if not line.startswith("  ")]), (0, wanted))


def test_zones():
    (counted, pending), status, found = quiet("zones", pages)
    units = pending // 512
    is_("zones", (status, found[-1:]),
        (0, [f"all all {counted // 1024} {counted} {units} {counted // 512 - units}"]))


def test_all():
    test_zones()
    for name, file in (("table", "table"), ("map", "map"), ("audit", "audit"), ("stalls", "latency")):
        test_file(name, file)
    pids, status, found = quiet("acceptor", lambda: lines(f"{SYS}/acceptor/pids"))
    threads = [line.split()[4] for line in found if line.startswith("thread ")]
    is_("acceptor", (status, " ".join(threads)), (0, " ".join(pids)))


def read_everything():
    """Read all RAM from /proc/kcore, accepted or not; returns the bytes read without a fault."""
    done = 0
    for start, end, _ in ua.ram_resources(prog):
        for address in range(start, end, PIECE):
            with contextlib.suppress(FaultError):
                done += len(prog.read(address, min(PIECE, end + 1 - address), True))
    return done


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def main():
    print(f"# selftest: live\n1..{PLAN}")
    write(f"{SYS}/acceptor/mode", "ahead")
    test_all()
    before = pages()
    print(f"# all memory is read, while {before[1]} pages are not accepted")
    is_("many pages are unaccepted", before[1] > 100000, True)
    is_("all memory can be read", read_everything() > 2 << 30, True)
    is_("reading accepts nothing", pages(), before)
    write(f"{SYS}/accept", "all")
    test_all()
    write(f"{SYS}/acceptor/mode", "off")
    subprocess.run(["rmmod", "unaccepted"], check=True)
    test_zones()
    is_("table without the module", script("table")[0], 0)
    is_("map without the module", script("map")[0], 0)
    is_("audit without the module", (script("audit")[0], script("audit")[1][-1:]), (0, ["consistent"]))
    for name in ("acceptor", "stalls"):
        is_(f"{name} without the module", script(name), (f"{name}.py: the module is not loaded", []))


main()
