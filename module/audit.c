// SPDX-License-Identifier: GPL-2.0
/*
 * Do all counters of unaccepted memory agree? The page allocator's blocks,
 * the kernel's counter and the table's bitmap are of three moments, since no task may
 * hold zone->lock while a large zone is walked. So what has changed meanwhile is
 * allowed for, and what does not fit is looked at again before it is reported.
 *
 * That an unaccepted block has no bit is no mistake: the unit that it had may have been
 * accepted as the guard behind its neighbour.
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

/* More blocks than there are CPUs to accept them, mostly. */
#define SUSPECTS	32

/**
 * struct walk - a walk through a zone
 * @audit:	what is found
 * @suspects:	blocks with a bit set that are not unaccepted
 * @nr_suspects: how many there are, also beyond SUSPECTS
 */
struct walk {
	struct ua_audit *audit;
	unsigned long suspects[SUSPECTS];
	u64 nr_suspects;
};

/* In this order, for a block leaves the list before its bits are cleared. */
static bool is_suspect(unsigned long pfn)
{
	return ua_state.core->page_state(pfn) == UA_PAGE_OTHER && ua_block_has_bits(pfn);
}

static void look_at_block(struct walk *walk, unsigned long pfn)
{
	switch (ua_state.core->page_state(pfn)) {
	case UA_PAGE_UNACCEPTED:
		walk->audit->list++;
		break;
	case UA_PAGE_IN_FLIGHT:
		walk->audit->taken++;
		break;
	case UA_PAGE_OTHER:
		if (!ua_block_has_bits(pfn))
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

	/* Each block was unaccepted at one moment between the two readings, or not. */
	pages = (audit->list + audit->taken) * UA_BLOCK_PAGES;
	if (pages < min(before, audit->counter))
		audit->missing = min(before, audit->counter) - pages;
	else if (pages > max(before, audit->counter))
		audit->missing = max(before, audit->counter) - pages;
}

/* A block in flight is accepted soon; with more than SUSPECTS of them look again. */
static void question_suspects(struct walk *walk)
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
 * ua_audit_zone - do all counters of a zone agree?
 * @zone: a populated zone
 * @audit: what they say
 *
 * Context: process context; sleeps for some tenths of a second if they do not.
 * Return: true if they do.
 */
bool ua_audit_zone(struct zone *zone, struct ua_audit *audit)
{
	struct walk walk = { .audit = audit };
	int tries = 0;

	do {
		if (tries)
			msleep(PAUSE_MS);
		walk_zone(zone, &walk);
		question_suspects(&walk);
	} while ((audit->missing || walk.nr_suspects > SUSPECTS) && ++tries < TRIES);
	return !audit->missing && !audit->stray;
}
