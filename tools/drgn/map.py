#!/usr/bin/env drgn
# SPDX-License-Identifier: GPL-2.0
"""Which physical memory is accepted? A picture, with a character for each chunk.

#  accepted          *  some of it is being accepted
.  unaccepted        -  no RAM, or another node's
+  some of it        ?  RAM of which the table says nothing

The same as the debugfs file "map". Works with and without the module.
"""
import argparse

from drgn.helpers.linux.nodemask import for_each_node_state

import ua

LINE_CHARS = 64
HOLE, UNKNOWN, ACCEPTED, UNACCEPTED, IN_FLIGHT = "-?#.*"


def look(prog, table, ram, pfn, page):
    """What is known of a block, as ua_block_look() of module/block.c has it."""
    if page is not None and ua.is_unaccepted(page):
        return IN_FLIGHT if ua.is_taken(page) else UNACCEPTED
    start, size = pfn << ua.PAGE_SHIFT, ua.block_pages(prog) << ua.PAGE_SHIFT
    if not any(first < start + size and start <= last for first, last in ram):
        return HOLE
    if not table.covers(start, size):
        return UNKNOWN
    return IN_FLIGHT if table.any(start, size) else ACCEPTED


def character(seen):
    """The character for a chunk whose blocks have these states."""
    if UNACCEPTED in seen and IN_FLIGHT not in seen:
        return "+" if seen & {ACCEPTED, UNKNOWN} else UNACCEPTED
    return next((what for what in (IN_FLIGHT, ACCEPTED, UNKNOWN) if what in seen), HOLE)


class Map:
    """The map of one node."""

    def __init__(self, prog, nid):
        pgdat = ua.node_data(prog, nid)
        self.prog, self.nid = prog, nid
        self.start = pgdat.node_start_pfn.value_() << ua.PAGE_SHIFT
        self.end = self.start + (pgdat.node_spanned_pages.value_() << ua.PAGE_SHIFT)
        self.table = ua.Table(prog)
        self.ram = [(start, end) for start, end, _ in ua.ram_resources(prog)]

    def chunk(self, start, end):
        seen = set()
        for pfn in range(start >> ua.PAGE_SHIFT, end >> ua.PAGE_SHIFT, ua.block_pages(self.prog)):
            page = ua.page_at(self.prog, pfn)
            if page is None or ua.page_node_zone(page)[0] == self.nid:
                seen.add(look(self.prog, self.table, self.ram, pfn, page))
        return character(seen)

    def show(self, chunk):
        print(f"node {self.nid} {self.start:#x} {self.end:#x}")
        for line in range(self.start // chunk * chunk, self.end, LINE_CHARS * chunk):
            starts = range(line, min(line + LINE_CHARS * chunk, self.end), chunk)
            print(f"{line:#x}", "".join(self.chunk(at, min(at + chunk, self.end)) for at in starts))


def chunk_size(text):
    """4M to 1T, a power of two."""
    units = {"M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
    number, unit = (text[:-1], units[text[-1]]) if text[-1:] in units else (text, 1)
    size = int(number) * unit if number.isdecimal() else 0
    if not 1 << 22 <= size <= 1 << 40 or size & (size - 1):
        raise argparse.ArgumentTypeError(f"not a power of two from 4M to 1T: {text!r}")
    return size


def options(parser):
    parser.add_argument("--chunk", metavar="SIZE", type=chunk_size, default="64M",
                        help="bytes for a character, 4M to 1T, a power of two (%(default)s)")
    parser.add_argument("--node", metavar="N", type=int, help="only this node")


def main(prog, args):
    nodes = list(for_each_node_state(prog, prog["N_MEMORY"]))
    if args.node is not None:
        if args.node not in nodes:
            raise ua.UaError(f"there is no memory in node {args.node}")
        nodes = [args.node]
    print("chunk_bytes", args.chunk)
    for nid in nodes:
        Map(prog, nid).show(args.chunk)
    return 0


ua.run(main, __doc__, globals().get("prog"), options)
