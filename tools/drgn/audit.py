#!/usr/bin/env drgn
# SPDX-License-Identifier: GPL-2.0
"""Do all counters of unaccepted memory agree?

Prints a line for each zone, as in the debugfs file "audit"; below it, if fewer bits
are set than units are unaccepted, the cause; then the ranges that are being accepted.
The last line is "consistent" or "inconsistent", and so is the exit status: 0 or 1.

A live system changes meanwhile: if something differs, run this again, or read the debugfs file.
Works with and without the module.
"""
import ua


class ZoneAudit:
    """What each counter says of a zone."""

    def __init__(self, nid, zone, table, ranges, ram):
        self.nid, self.name = nid, ua.zone_name(zone)
        self.table, self.ranges, self.ram = table, ranges, ram
        self.block = ua.block_pages(zone.prog_) << ua.PAGE_SHIFT
        self.counter = ua.counter(zone) * ua.PAGE_SIZE
        self.listed = {pfn << ua.PAGE_SHIFT for pfn in ua.listed(zone)}
        self.marked, self.leaving, self.with_bits = set(), set(), set()
        for pfn, page in ua.blocks(zone):
            self._look(pfn << ua.PAGE_SHIFT, page)
        self.unaccepted = self.listed | self.leaving
        suspects = self.with_bits - self.unaccepted
        self.inflight = {start for start in suspects if self._is_inflight(start)}
        self.strays = {start for start in suspects - self.inflight if self._has_ram_bits(start)}

    def _look(self, start, page):
        if ua.is_unaccepted(page):
            self.marked.add(start)
            if ua.is_taken(page):
                self.leaving.add(start)
        if self.table.any(start, self.block):
            self.with_bits.add(start)

    def _is_inflight(self, start):
        return any(first < start + self.block and start < end for first, end in self.ranges)

    def _has_ram_bits(self, start):
        """The kernel never accepts units whose RAM it does not use (memmap=, soft-reserved)."""
        step = min(self.table.unit_size, self.block)
        return any(self.table.any(unit, step) and any(first < unit + step and unit <= last for first, last, _ in self.ram)
                   for unit in range(start, start + self.block, step))

    def differences(self):
        """What differs, a sentence each."""
        pages = (self.counter - len(self.unaccepted) * self.block) // ua.PAGE_SIZE
        if pages:
            yield f"the counter says {abs(pages)} pages too {'many' if pages > 0 else 'few'};"
        for what, starts in (("have bits set but are neither unaccepted nor in flight", self.strays),
                             ("are on the list but not marked as unaccepted", self.listed - self.marked),
                             ("are marked as unaccepted but not on the list", self.marked - self.unaccepted)):
            if starts:
                yield f"{len(starts)} blocks {what}, the first at {min(starts):#x};"

    def missing_bits(self):
        """(guards, others): units of unaccepted blocks that are accepted already.

        The kernel accepts the unit after a block with it, so that a load that
        runs over its end meets no unaccepted memory (load_unaligned_zeropad()).
        """
        guards = others = 0
        for start in self.unaccepted:
            bits = self.table.bits(start, self.block)
            guard = not bits[0] and start - self.block not in self.unaccepted if bits else False
            guards += guard
            others += bits.count(False) - guard
        return guards, others

    def show(self):
        """Prints the lines of the zone; true if all agree."""
        differences = list(self.differences())
        print(f"{self.nid} {self.name} list_blocks {len(self.unaccepted)} "
              f"counter_blocks {self.counter // self.block} bitmap_blocks {len(self.with_bits)} "
              f"inflight_blocks {len(self.inflight | self.leaving)}",
              " ".join(["differs:", *differences]) if differences else "consistent")
        guards, others = self.missing_bits()
        if guards:
            print(f"  {guards} units of unaccepted blocks were accepted as the guard unit after a neighbouring block")
        if others:
            print(f"  {others} units of unaccepted blocks were accepted for another reason, such as at boot")
        return not differences


def main(prog, _args):
    table = ua.Table(prog)
    ranges = ua.accepting(prog, table) if table.bitmap else []
    ram = list(ua.ram_resources(prog))
    agree = [ZoneAudit(nid, zone, table, ranges, ram).show() for nid, zone in ua.zones(prog)]
    if table.reason:
        print(f"  without the bitmap: {table.reason}")
    for start, end in ranges:
        print(f"  {start:#x}-{end:#x} is being accepted")
    print("consistent" if all(agree) else "inconsistent")
    return 0 if all(agree) else 1


ua.run(main, __doc__, globals().get("prog"))
