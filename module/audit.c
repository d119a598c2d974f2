// SPDX-License-Identifier: GPL-2.0
/*
 * Do the page allocator's blocks, the kernel's counter and the table's bitmap agree?
 * They are read one after the other, because zone->lock must not be held while a
 * large zone is walked. So changes during the walk are allowed for, and a difference
 * is checked again before it is reported.
 *
 * An unaccepted block without a bit is no error: the only unit of it that still had
 * one may have been accepted as the guard unit after the neighbouring block.
 */
#include <linux/delay.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "audit.h"
#include "block.h"
#include "state.h"
#include "stats.h"

#define TRIES		20
#define PAUSE_MS	10

/* Normally enough for one block in flight on each CPU. */
#define SUSPECTS	32

/**
 * struct walk - a walk through a zone
 * @audit:	the result
 * @suspects:	blocks that have a bit set, but are not on the zone's list
 * @nr_suspects: number of these, which may be more than SUSPECTS
 */
struct walk {
	struct ua_audit *audit;
	unsigned long suspects[SUSPECTS];
	u64 nr_suspects;
};

/* In this order, because a block leaves the list before its bits are cleared. */
static bool is_suspect(unsigned long pfn)
{
	return ua_state.core->page_state(pfn) == UA_PAGE_OTHER && ua_block_has_ram_bits(pfn);
}

static void look_at_block(struct walk *walk, unsigned long pfn)
{
	switch (ua_state.core->page_state(pfn)) {
	case UA_PAGE_UNACCEPTED:
		walk->audit->list++;
		break;
	case UA_PAGE_IN_FLIGHT:
		walk->audit->leaving++;
		break;
	case UA_PAGE_OTHER:
		if (!ua_block_has_ram_bits(pfn))
			break;
		if (walk->nr_suspects < SUSPECTS)
			walk->suspects[walk->nr_suspects] = pfn;
		walk->nr_suspects++;
		break;
	}
	if (ua_block_has_bits(pfn))
		walk->audit->bitmap++;
}

static void walk_zone(struct zone *zone, struct walk *walk)
{
	struct ua_audit *audit = walk->audit;
	u64 before, pages;
	unsigned long pfn;

	memset(audit, 0, sizeof(*audit));
	walk->nr_suspects = 0;
	before = ua_state.core->unaccepted_pages(zone);
	for (pfn = ua_block_next(zone, 0); pfn != ULONG_MAX;
	     pfn = ua_block_next(zone, pfn + UA_BLOCK_PAGES))
		look_at_block(walk, pfn);
	audit->counter = ua_state.core->unaccepted_pages(zone);
	audit->inflight = atomic64_read(&ua_zone_stat(zone)->inflight) / UA_BLOCK_BYTES;

	/* The walk looked at each block once between the two readings of the counter. */
	pages = (audit->list + audit->leaving) * UA_BLOCK_PAGES;
	if (pages < min(before, audit->counter))
		audit->missing = min(before, audit->counter) - pages;
	else if (pages > max(before, audit->counter))
		audit->missing = max(before, audit->counter) - pages;
}

/* A suspect in flight has its bits cleared soon. One that keeps them is stray. */
static void recheck_suspects(struct walk *walk)
{
	struct ua_audit *audit = walk->audit;
	int i, tries = 0;

	audit->stray = walk->nr_suspects - min(walk->nr_suspects, SUSPECTS);
	for (i = 0; i < min(walk->nr_suspects, SUSPECTS); i++) {
		while (is_suspect(walk->suspects[i]) && tries++ < TRIES)
			msleep(PAUSE_MS);
		if (!is_suspect(walk->suspects[i]))
			continue;
		audit->stray++;
		if (!audit->stray_pfn)
			audit->stray_pfn = walk->suspects[i];
	}
}

/**
 * ua_audit_zone - do all sources agree on the unaccepted memory of a zone?
 * @zone: a populated zone
 * @audit: the result: what each source says
 *
 * Context: process context; if they differ, sleeps for up to a few seconds.
 * Return: true if they agree.
 */
bool ua_audit_zone(struct zone *zone, struct ua_audit *audit)
{
	struct walk walk = { .audit = audit };
	int tries = 0;

	do {
		if (tries)
			msleep(PAUSE_MS);
		walk_zone(zone, &walk);
		recheck_suspects(&walk);
	} while ((audit->missing || walk.nr_suspects > SUSPECTS) && ++tries < TRIES);
	return !audit->missing && !audit->stray;
}
