// SPDX-License-Identifier: GPL-2.0
/*
 * What is known of a block: from the page allocator, the table, and the map of
 * RAM. Looks at struct pages and bits, never at the memory itself.
 */
#include <linux/align.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched.h>

#include "block.h"
#include "state.h"
#include "stats.h"

/**
 * ua_block_next - walk the blocks of a zone
 * @zone: a populated zone
 * @pfn: where to begin
 *
 * Nodes may be interleaved, and there may be holes.
 *
 * Context: process context, may sleep. A block that is taken out of the machine
 * while it is looked at is nobody's; that is the caller's to bear, as for all who
 * look pages up by number.
 * Return: number of the first page of the first block at @pfn or behind it, or
 * ULONG_MAX behind the last.
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
 * ua_block_has_bits - is any of a block not accepted?
 * @pfn: number of its first page
 *
 * Context: any.
 * Return: what the table says at this moment; false if it says nothing.
 */
bool ua_block_has_bits(unsigned long pfn)
{
	return ua_table_any(&ua_state.table, PFN_PHYS(pfn), UA_BLOCK_BYTES);
}

/**
 * ua_block_look - what is known of a block
 * @pfn: number of its first page, whether there is one or not
 *
 * Context: process context.
 * Return: see enum ua_block; of a moment that may be over.
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
 * ua_block_unaccepted - what is unaccepted in a range
 * @start: number of its first page, the first of a block
 * @end: number of the page behind it, the first of a block
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
