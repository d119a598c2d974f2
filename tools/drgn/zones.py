#!/usr/bin/env drgn
# SPDX-License-Identifier: GPL-2.0
"""How much memory of each zone is unaccepted, by each of its counters?

list_blocks    blocks on zone->unaccepted_pages
nr_unaccepted  the zone's counter, in pages
bitmap_units   bits of the EFI table that are set for blocks of the zone
difference     units of the blocks on the list that have no bit, less those with a bit
               elsewhere: mostly the guard that is accepted behind each block

The last line is for the whole machine; its bitmap_units are all set bits of the
table. If the table cannot be read or failed a check, its two columns show "-".
Works with and without the module.
"""
import ua


def compare(table, block, listed, bits):
    """The columns bitmap_units and difference, for a number of blocks on the list."""
    if not table.bitmap:
        return "-", "-"
    return bits, listed * (block // table.unit_size) - bits


def main(prog, _args):
    table = ua.Table(prog)
    block = ua.block_pages(prog) << ua.PAGE_SHIFT
    total = [0, 0]
    print("node zone list_blocks nr_unaccepted bitmap_units difference")
    for nid, zone in ua.zones(prog):
        listed, counter = len(ua.listed(zone)), ua.counter(zone)
        bits = sum(sum(table.bits(pfn << ua.PAGE_SHIFT, block)) for pfn, _ in ua.blocks(zone))
        print(nid, ua.zone_name(zone), listed, counter, *compare(table, block, listed, bits))
        total = [total[0] + listed, total[1] + counter]
    print("all all", *total, *compare(table, block, total[0], len(table.set_units())))
    return 0


ua.run(main, __doc__, globals().get("prog"))
