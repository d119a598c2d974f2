// SPDX-License-Identifier: GPL-2.0
/*
 * The arithmetic of acceptance. It uses no locks and no kernel state, so that the
 * unit tests can build this file in userspace.
 */
#include <linux/math64.h>

#include "policy.h"

#define NS_PER_SECOND	1000000000ULL

/* 2^64 bytes. No zone is larger; counters that are out of step may say so. */
#define PAGES_MAX	((s64)1 << 52)

static s64 pages(s64 number)
{
	if (number > PAGES_MAX)
		return PAGES_MAX;
	return number < -PAGES_MAX ? -PAGES_MAX : number;
}

static s64 least_pages(u64 number)
{
	return number < PAGES_MAX ? number : PAGES_MAX;
}

/**
 * ua_policy_blocks - number of blocks that hold a number of bytes
 * @bytes: any value, up to U64_MAX
 * @block_bytes: bytes in a block, not 0
 *
 * Divides before it rounds up: adding @block_bytes - 1 to a value near U64_MAX
 * would wrap, and turn "everything" into "nothing".
 *
 * Return: blocks, rounded up.
 */
u64 ua_policy_blocks(u64 bytes, u64 block_bytes)
{
	return div64_u64(bytes, block_bytes) +
	       (div64_u64(bytes, block_bytes) * block_bytes != bytes);
}

/**
 * ua_policy_percent - a share of a number of blocks
 * @blocks: all blocks
 * @percent: 0 to 100
 *
 * Return: blocks, rounded up, so that 1 % of a single block is that block.
 */
u64 ua_policy_percent(u64 blocks, unsigned int percent)
{
	u64 hundreds = div64_u64(blocks, 100);

	return hundreds * percent + ua_policy_blocks((blocks - hundreds * 100) * percent, 100);
}

/**
 * ua_policy_pace - may a piece of work start now?
 * @next_ns: in and out: the earliest time at which the next piece may start, 0 at
 *	first. Callers that share a limit share this, and hold a lock.
 * @now_ns: CLOCK_MONOTONIC
 * @bytes: size of the piece; below 2^34, so that the product fits
 * @bytes_per_second: the limit, 0 for none
 *
 * Unused time is not saved up: after a pause the first piece may start at once,
 * and the second waits its full interval. So the work that starts within any
 * window of w seconds is at most bytes_per_second * w plus one piece.
 *
 * Return: 0 if the piece may start, and then @next_ns is moved on; otherwise the
 * nanoseconds to wait before asking again.
 */
u64 ua_policy_pace(u64 *next_ns, u64 now_ns, u64 bytes, u64 bytes_per_second)
{
	if (!bytes_per_second) {
		*next_ns = 0;
		return 0;
	}
	if (now_ns < *next_ns)
		return *next_ns - now_ns;

	*next_ns = now_ns + div64_u64(bytes * NS_PER_SECOND, bytes_per_second);
	if (*next_ns < now_ns)
		*next_ns = ~0ULL;
	return 0;
}

/**
 * ua_policy_want - how many blocks should an allocation accept?
 * @view: the zone
 * @block_pages: pages in a block, below 2^52
 * @failed: the zone could not serve the allocation
 * @begun: this allocation has accepted a block already
 *
 * The goal is the promo watermark, as in the kernel: above it nothing reclaims.
 * Blocks in flight count as free, so that several CPUs do not each make up the same
 * deficit. An allocation that did not fail starts only when the zone is a block
 * below the goal, or at the high watermark, whichever is closer, so that not every
 * allocation accepts a little. One that failed accepts a block even without a
 * deficit: many small free pieces do not serve a high order, a whole block does.
 *
 * Return: blocks; at most the deficit rounded up, but at least 1 for @failed if
 * there is an unaccepted block.
 */
u64 ua_policy_want(const struct ua_zone_view *view, u64 block_pages,
		   bool failed, bool begun)
{
	s64 deficit = pages(view->promo) - pages(view->free) - pages(view->inflight);
	s64 slack = pages(view->promo) - pages(view->high);
	u64 unaccepted, want = 0;

	if (view->unaccepted <= 0)
		return 0;
	/* Before the watermarks are set there is no goal: accept only if the allocation failed. */
	if (!view->promo)
		return failed;

	if (slack > (s64)block_pages)
		slack = block_pages;
	if (deficit > 0 && (begun || failed || deficit >= slack))
		want = ua_policy_blocks(deficit, block_pages);
	if (failed && !want)
		want = 1;

	unaccepted = ua_policy_blocks(view->unaccepted, block_pages);
	return want < unaccepted ? want : unaccepted;
}

/*
 * How many pages the zone may fall below the goal of the background thread before
 * the thread begins: at least a block, or each block would wake it.
 */
static s64 ahead_slack(u64 block_pages, u64 headroom)
{
	u64 slack = least_pages(headroom) / 4;

	return slack > block_pages ? slack : block_pages;
}

/**
 * ua_policy_ahead - how many blocks should be accepted ahead of need?
 * @view: the zone
 * @block_pages: pages in a block
 * @headroom: pages that should be free above the promo watermark
 * @begun: the background is filling the zone up already
 *
 * Return: blocks, rounded down, so that no more than the headroom is accepted ahead.
 */
u64 ua_policy_ahead(const struct ua_zone_view *view, u64 block_pages,
		    u64 headroom, bool begun)
{
	s64 deficit = pages(view->promo) + least_pages(headroom) - pages(view->free) -
		      pages(view->inflight);
	u64 want, unaccepted;

	if (view->unaccepted <= 0 || !view->promo || deficit <= 0)
		return 0;
	if (!begun && deficit < ahead_slack(block_pages, headroom))
		return 0;
	want = div64_u64(deficit, block_pages);
	unaccepted = ua_policy_blocks(view->unaccepted, block_pages);
	return want < unaccepted ? want : unaccepted;
}

/**
 * ua_policy_kick_below - when must a sleeping background thread be woken?
 * @view: the zone
 * @block_pages: pages in a block
 * @headroom: as for ua_policy_ahead()
 *
 * Return: pages; ua_policy_ahead() has nothing to do unless fewer are free.
 */
s64 ua_policy_kick_below(const struct ua_zone_view *view, u64 block_pages,
			 u64 headroom)
{
	if (view->unaccepted <= 0 || !view->promo)
		return 0;
	return pages(view->promo) + least_pages(headroom) -
	       ahead_slack(block_pages, headroom) + 1;
}

/* Moves an average with time constant @tau_ns towards what was seen for @dt_ns. */
static u64 average(u64 old, u64 seen, u64 dt_ns, u64 tau_ns)
{
	/* In units of 1/1024, because products of rates and times would not fit. */
	u64 weight = div64_u64(dt_ns << 10, dt_ns + tau_ns);

	return (old * (1024 - weight) + seen * weight) >> 10;
}

#define DEMAND_FAST_NS	(NS_PER_SECOND / 4)
#define DEMAND_SLOW_NS	(5 * NS_PER_SECOND)
/* Observations closer together than this are skipped: the counters move in steps. */
#define DEMAND_STEP_NS	(NS_PER_SECOND / 200)
/* Longer intervals are cut to this: the averages have forgotten the rest, and products fit. */
#define DEMAND_MAX_NS	(600 * NS_PER_SECOND)
/* What is allocated in an interval is cut to this, 32 TiB, for the products. */
#define DEMAND_PAGES	((s64)1 << 33)

/**
 * ua_policy_observe - update the demand for memory of a zone
 * @demand: the averages so far; all 0 at first
 * @now_ns: CLOCK_MONOTONIC
 * @free: free pages, accepted or not. Acceptance does not change this number, so
 *	it falls by what was allocated.
 */
void ua_policy_observe(struct ua_demand *demand, u64 now_ns, s64 free)
{
	u64 dt = now_ns - demand->at_ns;
	u64 rate = 0;
	s64 used;

	free = pages(free);
	if (!demand->at_ns || now_ns < demand->at_ns) {
		demand->at_ns = now_ns;
		demand->free = free;
		return;
	}
	if (dt < DEMAND_STEP_NS)
		return;
	if (dt > DEMAND_MAX_NS)
		dt = DEMAND_MAX_NS;
	used = demand->free - free;
	if (used > 0)
		rate = div64_u64((used < DEMAND_PAGES ? used : DEMAND_PAGES) * NS_PER_SECOND, dt);

	demand->fast = average(demand->fast, rate, dt, DEMAND_FAST_NS);
	demand->slow = average(demand->slow, rate, dt, DEMAND_SLOW_NS);
	demand->at_ns = now_ns;
	demand->free = free;
}

/**
 * ua_policy_headroom - how many pages should be free above the watermark now?
 * @headroom: the user's settings
 * @demand: how fast memory is allocated
 *
 * Return: pages.
 */
u64 ua_policy_headroom(const struct ua_headroom *headroom,
		       const struct ua_demand *demand)
{
	u64 rate = demand->fast > demand->slow ? demand->fast : demand->slow;
	u64 lead = headroom->lead_ns >> 10, ahead;

	if (headroom->pages >= headroom->limit)
		return headroom->limit;
	if (lead && rate > div64_u64(~0ULL, lead))
		return headroom->limit;
	ahead = div64_u64(rate * lead, NS_PER_SECOND >> 10);
	return ahead < headroom->limit - headroom->pages ? headroom->pages + ahead :
		headroom->limit;
}

/**
 * ua_policy_backoff - how long to wait after another failure
 * @last_ns: the last wait, 0 if there was a success since
 * @first_ns: the first wait
 * @max_ns: the longest wait
 *
 * Return: nanoseconds; twice the last wait, within these limits.
 */
u64 ua_policy_backoff(u64 last_ns, u64 first_ns, u64 max_ns)
{
	if (!last_ns)
		return first_ns;
	return last_ns < max_ns / 2 ? 2 * last_ns : max_ns;
}

/**
 * ua_policy_above_floor - may one more block be accepted above a floor?
 * @unaccepted:	bytes that are unaccepted, with what is being accepted
 * @taken: bytes that are being accepted, and the block
 * @floor: bytes that must stay unaccepted
 *
 * Return: true if they do.
 */
bool ua_policy_above_floor(u64 unaccepted, u64 taken, u64 floor)
{
	return unaccepted >= taken && unaccepted - taken >= floor;
}

/**
 * ua_policy_share - how long to pause so that work is a share of the time
 * @work_ns: how long the work took; more than 5 years count as these
 * @percent: the share, 1 to 100
 *
 * Return: nanoseconds.
 */
u64 ua_policy_share(u64 work_ns, unsigned int percent)
{
	u64 most = div64_u64(~0ULL, 100);

	return div64_u64((work_ns < most ? work_ns : most) * (100 - percent), percent);
}

/**
 * ua_policy_slow - has acceptance become slow?
 * @usual_ns: in and out: the usual time for a block; 0 at first
 * @block_ns: the time that the last block took
 *
 * @usual_ns moves towards @block_ns by an eighth each time, so a host that stays
 * slow becomes the usual case. The shortest time would be a bad measure, because a
 * block of which most is accepted already takes next to no time.
 *
 * Return: true if the block took more than four times the usual time.
 */
bool ua_policy_slow(u64 *usual_ns, u64 block_ns)
{
	bool slow = *usual_ns && block_ns / 4 > *usual_ns;

	if (!*usual_ns)
		*usual_ns = block_ns;
	else
		*usual_ns = *usual_ns - *usual_ns / 8 + block_ns / 8;
	return slow;
}
