// SPDX-License-Identifier: GPL-2.0
/*
 * The state of a block, from the page allocator, the EFI table and the map of RAM.
 * Reads struct pages and bits, never the memory itself, which may be unaccepted.
 */
#include <linux/align.h>
#include <linux/memory_hotplug.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched.h>

#include "block.h"
#include "state.h"
#include "stats.h"

/**
 * ua_block_next - walk the blocks of a zone
 * @zone: a populated zone
 * @pfn: number of the page to begin at
 *
 * Skips holes, and blocks of other zones, since nodes may be interleaved.
 *
 * Context: process context, may sleep. Takes no lock: memory hotplug may remove the
 * block afterwards, as it may any page that is looked up by number.
 * Return: number of the first page of the next block that begins at or after @pfn,
 * or ULONG_MAX after the last block.
 */
unsigned long ua_block_next(struct zone *zone, unsigned long pfn)
{
	struct page *page;

	for (pfn = ALIGN(max(pfn, zone->zone_start_pfn), UA_BLOCK_PAGES);
	     pfn < zone_end_pfn(zone); pfn += UA_BLOCK_PAGES) {
		cond_resched();
		page = pfn_to_online_page(pfn);
		if (page && page_zone(page) == zone)
			return pfn;
	}
	return ULONG_MAX;
}

/**
 * ua_block_has_bits - is any unit of a block unaccepted?
 * @pfn: number of its first page
 *
 * Context: any; takes no lock, so the answer may be out of date.
 * Return: true if a bit of the block is set; false if the table does not cover it.
 */
bool ua_block_has_bits(unsigned long pfn)
{
	return ua_table_any(&ua_state.table, PFN_PHYS(pfn), UA_BLOCK_BYTES);
}

/**
 * ua_block_has_ram_bits - is any unit of a block unaccepted, of those that have RAM?
 * @pfn: number of its first page
 *
 * The kernel never accepts units whose RAM it does not use: what "memmap=" takes away, or the
 * firmware reserves for a driver.
 *
 * Context: process context; takes no lock, so the answer may be out of date.
 * Return: true if a bit of such a unit is set; false if the table does not cover it.
 */
bool ua_block_has_ram_bits(unsigned long pfn)
{
	phys_addr_t start = PFN_PHYS(pfn), end = start + UA_BLOCK_BYTES;
	u64 step = min_t(u64, ua_state.table.unit_size, UA_BLOCK_BYTES);

	if (!ua_block_has_bits(pfn))
		return false;
	for (; start < end; start += step)
		if (ua_table_any(&ua_state.table, start, step) && ua_bind_has_ram(start, step))
			return true;
	return false;
}

/**
 * ua_block_look - state of a block
 * @pfn: number of its first page, which need not exist
 *
 * Context: process context; takes no lock, so the answer may be out of date.
 * Return: see enum ua_block.
 */
enum ua_block ua_block_look(unsigned long pfn)
{
	switch (ua_state.core->page_state(pfn)) {
	case UA_PAGE_UNACCEPTED:
		return UA_BLOCK_UNACCEPTED;
	case UA_PAGE_IN_FLIGHT:
		return UA_BLOCK_IN_FLIGHT;
	case UA_PAGE_OTHER:
		break;
	}
	if (!ua_bind_has_ram(PFN_PHYS(pfn), UA_BLOCK_BYTES))
		return UA_BLOCK_HOLE;
	if (!ua_table_covers(&ua_state.table, PFN_PHYS(pfn), UA_BLOCK_BYTES))
		return UA_BLOCK_UNKNOWN;
	return ua_block_has_bits(pfn) ? UA_BLOCK_IN_FLIGHT : UA_BLOCK_ACCEPTED;
}

/**
 * ua_block_unaccepted - unaccepted memory in a range of blocks
 * @start: number of the first page of the first block
 * @end: number of the page after the last block
 *
 * Context: process context, may sleep.
 * Return: bytes.
 */
u64 ua_block_unaccepted(unsigned long start, unsigned long end)
{
	unsigned long pfn;
	struct zone *zone;
	u64 bytes = 0;

	for (zone = ua_zone_next(NULL); zone; zone = ua_zone_next(zone))
		for (pfn = ua_block_next(zone, start); pfn < end;
		     pfn = ua_block_next(zone, pfn + UA_BLOCK_PAGES))
			if (ua_state.core->page_state(pfn) == UA_PAGE_UNACCEPTED)
				bytes += UA_BLOCK_BYTES;
	return bytes;
}
