# SPDX-License-Identifier: GPL-2.0
"""The guest's memory: where RAM lies and which parts start out unaccepted.

Pure functions: numbers in, numbers out. Ranges are (start, end) pairs, end
exclusive, sorted and disjoint.
"""
import re

KIB, MIB, GIB, TIB = 1 << 10, 1 << 20, 1 << 30, 1 << 40
PAGE = 4 * KIB
UNIT = 2 * MIB
FOUR_GIB = 4 * GIB

_UNITS = {"": 1, "K": KIB, "M": MIB, "G": GIB, "T": TIB}
_SIZE = re.compile(r"(0x[0-9a-f]+|[0-9]+(?:\.[0-9]+)?)([kmgt]?)(?:i?b)?", re.I)


class ShapeError(ValueError):
    """What was asked for cannot be built; the text is for the user."""


def parse_size(text):
    """'4G', '2.5g', '512MiB', '0x40000000' or plain bytes, as an int."""
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise ShapeError(f"not a size: {text!r} (try 512M, 4G or 0x40000000)")
    number, unit = match.group(1), _UNITS[match.group(2).upper()]
    if number.lower().startswith("0x"):
        return int(number, 16) * unit
    if "." not in number:
        return int(number) * unit
    whole, fraction = number.split(".")
    scaled = int(whole + fraction) * unit
    if scaled % 10 ** len(fraction):
        raise ShapeError(f"not a whole number of bytes: {text!r}")
    return scaled // 10 ** len(fraction)


def format_size(value):
    """The largest unit in which the value is a short number."""
    for unit in "TGM":
        if value >= _UNITS[unit]:
            return f"{value / _UNITS[unit]:.4g} {unit}iB"
    return f"{value / KIB:.4g} KiB"


def parse_range(text):
    """'START-END' or 'SIZE@ADDR', as a page-aligned (start, end)."""
    if "@" in text:
        size, _, address = text.partition("@")
        start = parse_size(address)
        end = start + parse_size(size)
    elif "-" in text:
        first, _, last = text.partition("-")
        start, end = parse_size(first), parse_size(last)
    else:
        raise ShapeError(f"not a range: {text!r} (START-END or SIZE@ADDR)")
    if start >= end:
        raise ShapeError(f"empty range: {text!r}")
    if start % PAGE or end % PAGE:
        raise ShapeError(f"not aligned to 4K pages: {text!r}")
    return start, end


def ram_layout(memory):
    """Where QEMU's q35 machine puts RAM: a low part, the rest from 4 GiB."""
    low = 2 * GIB if memory >= 0xb0000000 else 0xb0000000
    if memory <= low:
        return [(0, memory)]
    return [(0, low), (FOUR_GIB, FOUR_GIB + memory - low)]


def default_start(memory):
    """Leave 512 MiB accepted for the loader and early boot, at most half.

    A 4 GiB guest then comes up with about 2.6 GiB unaccepted; what is missing
    was accepted for swiotlb, the memory map and the first watermark.
    """
    return min(512 * MIB, memory // 2 // UNIT * UNIT)


def subtract(ranges, cut):
    """The ranges without the parts that lie in cut."""
    out = []
    for start, end in ranges:
        if start < min(end, cut[0]):
            out.append((start, min(end, cut[0])))
        if max(start, cut[1]) < end:
            out.append((max(start, cut[1]), end))
    return out


def clip(ranges, start):
    """The parts of the ranges at or above start."""
    return [(max(a, start), b) for a, b in ranges if b > start]


def total(ranges):
    return sum(end - start for start, end in ranges)


def _share(count, ranges):
    """Split count over the ranges by length, at least one for each."""
    shares = [1] * len(ranges)
    for _ in range(count - len(ranges)):
        # The next one goes where the pieces are largest now.
        sizes = [(end - start) / n for (start, end), n in zip(ranges, shares)]
        shares[sizes.index(max(sizes))] += 1
    return shares


def _split_one(span, pieces, gap, grain):
    """pieces ranges of about the same size, with gap bytes between them."""
    start, end = span
    usable = end - start - gap * (pieces - 1)
    if usable < pieces * grain:
        raise ShapeError(f"{pieces} fragments with gaps of {format_size(gap)} do not fit into "
                         f"{start:#x}-{end:#x}")
    out = []
    for i in range(pieces):
        first = start + usable * i // pieces // grain * grain + gap * i
        last = start + usable * (i + 1) // pieces // grain * grain + gap * i
        out.append((first, last))
    out[-1] = (out[-1][0], end)
    return out


def fragment(ranges, count, gap):
    """Exactly count ranges instead of len(ranges), accepted gaps between."""
    if count < len(ranges):
        raise ShapeError(f"memory already consists of {len(ranges)} ranges, "
                         f"cannot make {count} fragments")
    if gap < PAGE or gap % PAGE:
        raise ShapeError("the gap between fragments must be a multiple of 4K, at least one page")
    grain = UNIT if gap % UNIT == 0 else PAGE
    out = []
    for span, pieces in zip(ranges, _share(count, ranges)):
        out += _split_one(span, pieces, gap, grain)
    return out


def unalign(ranges):
    """Pull both ends of every range in by one to seven pages."""
    out = []
    for i, (start, end) in enumerate(ranges):
        start = start + PAGE * (1 + i % 7)
        end = end - PAGE * (1 + (i * 3 + 2) % 7)
        if start >= end:
            raise ShapeError("a range is too small for --unaligned")
        out.append((start, end))
    return out


def _check_inside(name, ranges, ram):
    for start, end in ranges:
        if not any(a <= start and end <= b for a, b in ram):
            raise ShapeError(f"{name} {start:#x}-{end:#x} is not inside one piece of RAM ("
                             + ", ".join(f"{a:#x}-{b:#x}" for a, b in ram) + ")")


def build(memory, start=None, holes=(), lies=(), fragments=None, gap=UNIT, unaligned=False, soft=()):
    """The ranges to leave unaccepted. Raises ShapeError if the options contradict each other."""
    ram = ram_layout(memory)
    if start is None:
        start = default_start(memory)
    if start % PAGE:
        raise ShapeError("the start of the unaccepted area is not aligned to 4K pages")
    ranges = clip(ram, start)
    _check_inside("hole", holes, ram)
    _check_inside("lie", lies, ram)
    _check_inside("soft-reserved range", soft, ram)
    # Lies and soft-reserved ranges have lines of their own.
    for cut in list(holes) + list(lies) + list(soft):
        ranges = subtract(ranges, cut)
    if fragments is not None:
        ranges = fragment(ranges, fragments, gap)
    if unaligned:
        ranges = unalign(ranges)
    return ranges


def check_machine(memory, cpus, nodes):
    """Refuse what the machine model cannot do."""
    if memory < 256 * MIB or memory % UNIT:
        raise ShapeError("memory must be a multiple of 2M and at least 256M")
    if memory > 2 * TIB:
        raise ShapeError("more than 2T of memory is not supported")
    if not 1 <= cpus <= 64:
        raise ShapeError("1 to 64 CPUs, please")
    if not 1 <= nodes <= 8:
        raise ShapeError("1 to 8 NUMA nodes, please")


def split_nodes(memory, cpus, nodes):
    """Per node: (bytes, first CPU, last CPU); the CPUs are None if none is left."""
    out = []
    step = memory // nodes // UNIT * UNIT
    for i in range(nodes):
        size = step if i < nodes - 1 else memory - step * (nodes - 1)
        first, last = cpus * i // nodes, cpus * (i + 1) // nodes - 1
        out.append((size, first, last) if last >= first else (size, None, None))
    return out


def settings(platform, ranges, lies=(), table=None, soft=()):
    """The text the EFI loader reads."""
    lines = [] if platform == "none" else [f"platform={platform}"]
    lines += [f"range={start:#x}-{end:#x}" for start, end in ranges]
    lines += [f"lie={start:#x}-{end:#x}" for start, end in lies]
    lines += [f"soft={start:#x}-{end:#x}" for start, end in soft]
    if table:
        lines.append(f"table={table}")
    return "".join(line + "\n" for line in lines)


def parse_cost(text):
    """'none', 'fast', 'lkvs' or '4K=ns,2M=ns,1G=ns', as ns for each level.

    A level that is not given costs as much as the pages of the next smaller
    one that it replaces.
    """
    known = {"none": (0, 0, 0),
             "fast": (2_000, 200_000, 512 * 200_000),
             "lkvs": (10_000, 5_000_000, 512 * 5_000_000)}
    if text in known:
        return known[text]
    given = {}
    for part in text.split(","):
        level, _, value = part.partition("=")
        if level.upper() not in ("4K", "2M", "1G") or not value.isdecimal():
            raise ShapeError(f"not a cost: {text!r} (none, fast, lkvs or 4K=ns,2M=ns,1G=ns)")
        given[level.upper()] = int(value)
    small = given.get("4K", 0)
    middle = given.get("2M", 512 * small)
    return small, middle, given.get("1G", 512 * middle)
