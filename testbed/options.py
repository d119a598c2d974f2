# SPDX-License-Identifier: GPL-2.0
"""The launcher's command line, and how it becomes QEMU's."""
import argparse
import os
import sys

import certificates
import initramfs
import plug
import shape

LEVELS = {"4k": 0, "2m": 1, "1g": 2}

# The processor that the guest sees; kernels look at its vendor, too.
INTEL = "max,la57=off,vendor=GenuineIntel,family=6,model=143,stepping=8"
PLATFORMS = {"tdx": INTEL,
             "snp": "max,la57=off,vendor=AuthenticAMD,family=25,model=1,stepping=1",
             "none": INTEL}

_EPILOG = """\
examples:
  run                                      a shell in a 4 GiB guest
  run -- grep Unaccepted /proc/meminfo     one command; its status decides
  run --module ua.ko --script test.sh -- --fast
                                           test.sh --fast, with /root/ua.ko there
  run --memory 64G --numa 2 --cpus 4       64 GiB in two nodes
  run --fragments 200 --unaligned          a fragmented, unaligned memory map
  run --accept-level 4k --cost lkvs        a host that grants only 4K pages, slowly
  run --lie 0x60000000-0x61000000          the test bed must catch this one (97)
  run --platform snp -- dmesg              an SEV-SNP guest instead
  run --deterministic --log a.log -- ...   the same bytes every time

exit status:
  0 pass, 1 fail, 4 skip    what the guest said (the script's exit status)
  2                         wrong usage, nothing was started
  3                         the test bed could not be set up
  97                        unaccepted memory was touched
  98                        the guest's kernel panicked, or the guest was terminated by the host
  99                        the guest ended without a verdict
  124                       time limit
  130                       interrupted (128 + signal)

The guest's console goes to stdout; the launcher, the emulator and the final
"CCEMU {...}" line with all counters go to stderr. The guest has busybox only
(no bash), and `ccemu` to read the emulator's counters and turn its knobs.
"""


def _converter(function):
    """Let argparse show our own words for a wrong value."""
    def convert(text):
        try:
            return function(text)
        except shape.ShapeError as error:
            raise argparse.ArgumentTypeError(str(error)) from error
    return convert


def _count(text):
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"not a positive number: {text!r}")
    return int(text)


def _machine(parser, size):
    group = parser.add_argument_group("machine")
    group.add_argument("--platform", choices=tuple(PLATFORMS), default="tdx",
                       help="what kind of guest: Intel TDX, AMD SEV-SNP, or an ordinary one, where all "
                       "memory is accepted (tdx)")
    group.add_argument("--memory", metavar="SIZE", type=size, default=4 * shape.GIB,
                       help="guest memory (4G); host memory is used as it is touched")
    group.add_argument("--cpus", metavar="N", type=_count, default=1, help="processors (1)")
    group.add_argument("--numa", metavar="N", type=_count, default=1,
                       help="memory nodes; memory and processors are split evenly (1)")
    group.add_argument("--tcg", choices=("single", "multi"), default="single",
                       help="host threads for the guest's processors (single). Text patching in the "
                       "guest (kprobes, static calls, ftrace, loading modules in a loop) under "
                       "'multi' can crash it with a spurious int3, which no real processor does; "
                       "use 'multi' only to measure parallel work in real time")
    group.add_argument("--device", metavar="DEVICE", action="append", default=[],
                       help="one more device, as QEMU's -device takes it; repeatable")
    group.add_argument("--plug", metavar="SIZE", type=size, default=0,
                       help="let the guest plug in memory while it runs, up to this much: `plug NUMBER MIB`, "
                       "and out again: `plug -d NUMBER`. It begins unaccepted, and no table knows it")
    group.add_argument("--deterministic", action="store_true",
                       help="count instructions instead of time: equal input gives equal output, to "
                       "the byte")
    group.add_argument("--instruction-ns", metavar="N", type=int, choices=(1, 2, 4),
                       help="ns that an instruction takes if they are counted: 1, 2 or 4 (4)")


def _guest(parser):
    group = parser.add_argument_group("what runs in the guest")
    group.add_argument("--script", metavar="FILE",
                       help="run FILE (busybox sh unless it says otherwise) with the words after --")
    group.add_argument("--shell", action="store_true",
                       help="interactive shell; the default when there is nothing else to run and stdin "
                       "is a terminal")
    group.add_argument("--bring", "--initrd-file", metavar="SRC[:DEST]", action="append", default=[],
                       help="copy a file or directory into the guest (DEST: /root/<name>); repeatable")
    group.add_argument("--module", metavar="FILE", action="append", default=[],
                       help="copy a kernel module to /root; inserting it is the script's business; "
                       "repeatable")
    group.add_argument("--kernel", metavar="IMAGE", help="bzImage (default: from get-kernel)")
    group.add_argument("--db", metavar="CERT", action="append", default=[],
                       help="the machine trusts this X.509 certificate (PEM or DER), as if it were enrolled "
                       "in the firmware's db; repeatable")
    group.add_argument("--append", metavar="CMDLINE", action="append", default=[],
                       help="more for the kernel command line; repeatable")


def _unaccepted(parser, size, ranges):
    group = parser.add_argument_group("unaccepted memory")
    group.add_argument("--unaccepted-start", metavar="ADDR", type=size,
                       help="what lies above is unaccepted (512M, or half of a guest below 1G)")
    group.add_argument("--hole", metavar="RANGE", type=ranges, action="append", default=[],
                       help="keep START-END or SIZE@ADDR accepted; repeatable")
    group.add_argument("--fragments", metavar="N", type=_count,
                       help="split the area into N ranges with accepted gaps")
    group.add_argument("--fragment-gap", metavar="SIZE", type=size, default=shape.UNIT,
                       help="size of these gaps (2M; 4K steps if it is no multiple of 2M)")
    group.add_argument("--unaligned", action="store_true",
                       help="move both ends of every range off 2M alignment by a few pages")
    group.add_argument("--lie", metavar="RANGE", type=ranges, action="append", default=[],
                       help="the memory map calls START-END (or SIZE@ADDR) accepted, but it is not; "
                       "repeatable")
    group.add_argument("--soft-reserved", metavar="RANGE", type=ranges, action="append", default=[],
                       help="START-END (or SIZE@ADDR) is unaccepted, and for a driver (EFI_MEMORY_SP), "
                       "not for the page allocator; repeatable")
    group.add_argument("--table", metavar="KIND",
                       help="give the kernel a malformed table of this kind (see the loader)")


def _host(parser, cost):
    group = parser.add_argument_group("the emulated host")
    group.add_argument("--accept-level", choices=tuple(LEVELS), default="1g", type=str.lower,
                       help="largest page the host grants (1g)")
    group.add_argument("--cost", metavar="COST", type=cost, default=(0, 0, 0),
                       help="time to accept a page: none, fast (2 us per 4K, 200 us per 2M), lkvs "
                       "(10 us, 5 ms) or 4K=ns,2M=ns,1G=ns (none)")
    group.add_argument("--lie-next", metavar="N", type=_count,
                       help="before the script starts: the next N accepts report success and do nothing")
    group.add_argument("--refuse-next", metavar="N", type=_count,
                       help="before the script starts: the next N accepts are refused")


def _output(parser):
    group = parser.add_argument_group("output")
    group.add_argument("--quiet", action="store_true",
                       help="only what the script prints; the console's end if the guest dies")
    group.add_argument("--screen", action="store_true",
                       help="as --quiet, but with colours and movements of the cursor")
    group.add_argument("--log", metavar="FILE", help="write the whole console to FILE as well")
    group.add_argument("--json", metavar="FILE", help="write status, counters and catch to FILE")
    group.add_argument("--dump", metavar="DIRECTORY",
                       help="let the guest write its memory to files in there, as vmcores: `dump NAME`")
    group.add_argument("--symbols", metavar="FILE",
                       help="System.map or kallsyms of the kernel (default: asked from a guest once, "
                       "then cached)")
    group.add_argument("--time-limit", metavar="SECONDS", type=_count,
                       help="end the guest after that (300; a shell has none)")


def _tools(parser):
    group = parser.add_argument_group("tools")
    group.add_argument("--qemu", metavar="PATH", help="patched QEMU (default: from build-qemu)")
    group.add_argument("--loader", metavar="PATH", help="EFI loader (default: from build-loader)")
    group.add_argument("--dry-run", action="store_true",
                       help="print memory ranges and QEMU's command line, start nothing")
    group.add_argument("--make-symbols", action="store_true",
                       help="only fetch the kernel's symbols into the cache and print their path")


def make_parser():
    parser = argparse.ArgumentParser(
        prog="run", usage="run [options] [-- COMMAND...]", allow_abbrev=False, epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Boot an unmodified kernel in an emulated TDX or SEV-SNP guest with unaccepted memory.")
    _machine(parser, _converter(shape.parse_size))
    _guest(parser)
    _unaccepted(parser, _converter(shape.parse_size), _converter(shape.parse_range))
    _host(parser, _converter(shape.parse_cost))
    _output(parser)
    _tools(parser)
    return parser


def _check(parser, args):
    """What argparse cannot see for itself."""
    if args.shell and (args.script or args.command):
        parser.error("--shell together with something else to run")
    if args.deterministic and args.tcg == "multi":
        parser.error("--deterministic needs --tcg single")
    if args.instruction_ns and not args.deterministic:
        parser.error("--instruction-ns needs --deterministic")
    for path in filter(None, [args.script, args.kernel, args.symbols, args.qemu, args.loader,
                              *args.module, *args.db]):
        if not os.path.isfile(path):
            parser.error(f"no such file: {path}")
    try:
        args.brought = [initramfs.destination(spec) for spec in args.bring + args.module]
        args.certificates = [certificates.load(path) for path in args.db]
    except (initramfs.SetupError, certificates.CertificateError) as error:
        parser.error(str(error))
    if args.dump and not os.path.isdir(args.dump):
        parser.error(f"no such directory: {args.dump}")
    for path in filter(None, [args.log, args.json]):
        if not os.path.isdir(os.path.dirname(path) or "."):
            parser.error(f"no such directory: {os.path.dirname(path)}")
    if args.plug % (128 * shape.MIB):
        parser.error("--plug: Linux takes memory in multiples of 128M")
    if args.platform == "none" and (args.lie or args.hole or args.fragments or args.unaligned or
                                    args.soft_reserved):
        parser.error("an ordinary machine (--platform none) has no unaccepted memory")
    try:
        shape.check_machine(args.memory, args.cpus, args.numa)
        args.ranges = shape.build(args.memory, args.unaccepted_start, args.hole, args.lie,
                                  args.fragments, args.fragment_gap, args.unaligned, args.soft_reserved)
    except shape.ShapeError as error:
        parser.error(str(error))
    if args.platform == "none":
        args.ranges = []


def parse(argv):
    """The options; .command are the words after '--', .ranges the unaccepted ranges."""
    parser = make_parser()
    cut = argv.index("--") if "--" in argv else len(argv)
    args = parser.parse_args(argv[:cut])
    args.command = argv[cut + 1:]
    _check(parser, args)
    if not (args.shell or args.script or args.command or args.make_symbols):
        if not sys.stdin.isatty() and not args.dry_run:
            parser.error("nothing to run: --script FILE, a command after --, or --shell")
        args.shell = True
    if args.time_limit is None and not args.shell:
        args.time_limit = 300
    return args


def kernel_cmdline(args):
    """A panic ends the machine at once. With --quiet or --screen the kernel prints errors only.

    The kernel does not measure the frequency of the TSC (see qemu/hooks.patch): on a busy host it
    found 143 MHz instead of 2596, and its clock ran 18 times too fast."""
    words = ["console=ttyS0", "panic=-1", "tsc_early_khz=1000000",
             "loglevel=4" if args.quiet or args.screen else "loglevel=7"]
    return " ".join(words + args.append)


def escape(path):
    """A comma in a file name, as QEMU wants it."""
    return path.replace(",", ",,")


def _memory(args):
    total = f"{args.memory // shape.MIB}M"
    if args.plug:
        total += f",slots={plug.SLOTS},maxmem={(args.memory + args.plug) // shape.MIB}M"
    if args.numa == 1:
        return ["-m", total, "-machine", "memory-backend=ram0",
                "-object", f"memory-backend-ram,id=ram0,size={args.memory},reserve=off"]
    out = ["-m", total]
    for node, (size, first, last) in enumerate(shape.split_nodes(args.memory, args.cpus, args.numa)):
        cpus = "" if first is None else f",cpus={first}-{last}"
        out += ["-object", f"memory-backend-ram,id=ram{node},size={size},reserve=off",
                "-numa", f"node,nodeid={node},memdev=ram{node}{cpus}"]
    return out


def _console(interactive):
    """Monitor and console share a terminal; a pipe carries the console alone."""
    if not interactive:
        return ["-chardev", "stdio,id=con,signal=off", "-serial", "chardev:con"]
    return ["-chardev", "stdio,id=con,signal=off,mux=on", "-serial", "chardev:con",
            "-mon", "chardev=con"]


def qemu_base(qemu, firmware, platform="none"):
    """What every machine of the test bed has in common."""
    command = [qemu]
    data = os.path.join(os.path.dirname(os.path.dirname(qemu)), "share", "qemu")
    if os.path.isdir(data):
        command += ["-L", data]
    return command + [
        "-machine", "q35,smm=off", "-nodefaults", "-no-user-config", "-no-reboot",
        "-display", "none", "-bios", firmware,
        "-cpu", PLATFORMS[platform]]


def qemu_command(args, qemu, firmware, loader, files, monitor):
    """The whole command line. files: fw_cfg name -> path; monitor: path of its socket."""
    cost = ",".join(f"cost-{level}={ns}" for level, ns in zip(LEVELS, args.cost))
    command = qemu_base(qemu, firmware, args.platform)
    command += ["-accel", f"tcg,thread={args.tcg}", "-smp", str(args.cpus)]
    command += _memory(args)
    command += _console(args.shell and sys.stdin.isatty())
    command += ["-object", f"cc-emu,id=cc0,max-level={LEVELS[args.accept_level]},{cost}"]
    for device in args.device:
        command += ["-device", device]
    command += ["-kernel", loader]
    for name, path in files.items():
        command += ["-fw_cfg", f"name=opt/unaccepted/{name},file={escape(path)}"]
    if args.dump or args.plug:
        command += ["-qmp", f"unix:{escape(monitor)},server=on,wait=off"]
    if args.deterministic:
        shift = (args.instruction_ns or 4).bit_length() - 1
        command += ["-icount", f"shift={shift},sleep=off", "-rtc", "base=2026-01-01,clock=vm", "-seed", "1"]
    return command
