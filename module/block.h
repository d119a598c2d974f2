/* SPDX-License-Identifier: GPL-2.0 */
/* block.c: what is known of a block. */
#ifndef _UA_BLOCK_H
#define _UA_BLOCK_H

#include <linux/mmzone.h>
#include <linux/types.h>

/* What is known of a block. */
enum ua_block {
	UA_BLOCK_HOLE,		/* there is no RAM */
	UA_BLOCK_UNKNOWN,	/* RAM of which the table says nothing */
	UA_BLOCK_ACCEPTED,	/* all of it */
	UA_BLOCK_UNACCEPTED,	/* it is on the zone's list */
	UA_BLOCK_IN_FLIGHT,	/* it is being accepted */
	UA_NR_BLOCKS,
};

unsigned long ua_block_next(struct zone *zone, unsigned long pfn);
enum ua_block ua_block_look(unsigned long pfn);
bool ua_block_has_bits(unsigned long pfn);
bool ua_block_has_ram_bits(unsigned long pfn);
u64 ua_block_unaccepted(unsigned long start, unsigned long end);

#endif /* _UA_BLOCK_H */
