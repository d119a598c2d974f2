// SPDX-License-Identifier: GPL-2.0
/*
 * The arithmetic of acceptance: numbers in, number out. No locks, no kernel
 * state, so that the same file runs in userspace under its unit tests.
 */
#include <linux/math64.h>

#include "policy.h"

#define NS_PER_SECOND	1000000000ULL

/**
 * ua_policy_blocks - how many blocks it takes to hold a number of bytes
 * @bytes: bytes asked for; any value, up to U64_MAX
 * @block_bytes: bytes in a block, not 0
 *
 * Return: blocks, rounded up. The division comes first: adding
 * @block_bytes - 1 would wrap for a request near U64_MAX and turn "everything"
 * into "nothing".
 */
u64 ua_policy_blocks(u64 bytes, u64 block_bytes)
{
	return div64_u64(bytes, block_bytes) +
	       (div64_u64(bytes, block_bytes) * block_bytes != bytes);
}

/**
 * ua_policy_percent - a share of a number of blocks
 * @blocks: the whole; below 2^57, which physical addresses guarantee
 * @percent: 0 to 100
 *
 * Return: blocks, rounded up, so that 1 % of a single block is that block.
 */
u64 ua_policy_percent(u64 blocks, unsigned int percent)
{
	return ua_policy_blocks(blocks * percent, 100);
}

/**
 * ua_policy_pace - may a piece of work start now?
 * @next_ns: in and out: the earliest time at which the next piece may start;
 *	shared by all that are paced together, under their lock. 0 at first.
 * @now_ns: monotonic time
 * @bytes: size of the piece; below 2^34, so that the product fits
 * @bytes_per_second: the limit, 0 for none
 *
 * Unused time is not saved up: after a pause the first piece goes at
 * once and the second waits its full interval. So the work that starts within
 * any window of w seconds is at most bytes_per_second * w plus one piece.
 *
 * Return: 0 if the piece may start (and its slot is taken), else the
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
	return 0;
}

/**
 * ua_policy_want - how many blocks should an allocation accept?
 * @view: the zone
 * @block_pages: pages in a block
 * @failed: the zone could not serve the allocation as it is
 * @begun: this allocation has accepted a block already
 *
 * The goal is the promo watermark, as in the kernel: above it nothing reclaims.
 * What others are just accepting counts as if it were there, so that CPUs short
 * of the same blocks do not each take them. An allocation that was served lets
 * the zone fall a block below the goal before it begins (or down to the high
 * watermark, whichever is closer), so that not every allocation accepts a bit.
 * One that failed takes a block whatever the sum says: free pages in small
 * pieces do not serve a high order, an untouched block serves any.
 *
 * Return: blocks; never more than the deficit rounded up, or 1 for @failed;
 * never 0 for @failed with a block unaccepted.
 */
u64 ua_policy_want(const struct ua_zone_view *view, u64 block_pages,
		   bool failed, bool begun)
{
	s64 deficit = view->promo - view->free - view->coming;
	s64 slack = view->promo - view->high;
	u64 unaccepted, want = 0;

	if (view->unaccepted <= 0)
		return 0;
	/* No watermarks yet: a storm of acceptance if each CPU had its way. */
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
 * How far the zone may fall below the goal of the background thread before it
 * begins: at least a block, or it would be woken for each.
 */
static s64 ahead_slack(u64 block_pages, u64 headroom)
{
	u64 slack = headroom / 4;

	return slack > block_pages ? slack : block_pages;
}

/**
 * ua_policy_ahead - how many blocks should be accepted ahead of need?
 * @view: the zone
 * @block_pages: pages in a block
 * @headroom: pages that are to be free beyond the promo watermark
 * @begun: it has begun to fill the zone up, and not finished
 *
 * Rounded down: what is accepted ahead is never more than the headroom.
 *
 * Return: blocks.
 */
u64 ua_policy_ahead(const struct ua_zone_view *view, u64 block_pages,
		    u64 headroom, bool begun)
{
	s64 deficit = view->promo + (s64)headroom - view->free - view->coming;
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
 * Return: the number of free pages at and above which ua_policy_ahead() has
 * nothing to do.
 */
s64 ua_policy_kick_below(const struct ua_zone_view *view, u64 block_pages,
			 u64 headroom)
{
	if (view->unaccepted <= 0 || !view->promo)
		return 0;
	return view->promo + (s64)headroom - ahead_slack(block_pages, headroom) + 1;
}

/* Moves an average towards what was seen for @dt_ns; tau is its memory. */
static u64 average(u64 old, u64 seen, u64 dt_ns, u64 tau_ns)
{
	/* In 1/1024: the products of rates and times would not fit. */
	u64 weight = div64_u64(dt_ns << 10, dt_ns + tau_ns);

	return (old * (1024 - weight) + seen * weight) >> 10;
}

#define DEMAND_FAST_NS	(NS_PER_SECOND / 4)
#define DEMAND_SLOW_NS	(5 * NS_PER_SECOND)
/* Looks closer together than this are one: the counters move in steps. */
#define DEMAND_STEP_NS	(NS_PER_SECOND / 200)
/* After so long nothing of what was is left, and the products still fit. */
#define DEMAND_MAX_NS	(600 * NS_PER_SECOND)

/**
 * ua_policy_observe - take a look at what is free
 * @demand: what was learned so far; all 0 at first
 * @now_ns: monotonic time
 * @free: pages free now, accepted or not. So what is accepted does not change
 *	it, and what falls is what was taken.
 */
void ua_policy_observe(struct ua_demand *demand, u64 now_ns, s64 free)
{
	u64 dt = now_ns - demand->at_ns;
	u64 rate = 0;

	if (!demand->at_ns || now_ns < demand->at_ns) {
		demand->at_ns = now_ns;
		demand->free = free;
		return;
	}
	if (dt < DEMAND_STEP_NS)
		return;
	if (dt > DEMAND_MAX_NS)
		dt = DEMAND_MAX_NS;
	if (free < demand->free)
		rate = div64_u64((demand->free - free) * NS_PER_SECOND, dt);

	demand->fast = average(demand->fast, rate, dt, DEMAND_FAST_NS);
	demand->slow = average(demand->slow, rate, dt, DEMAND_SLOW_NS);
	demand->at_ns = now_ns;
	demand->free = free;
}

/**
 * ua_policy_headroom - what is to be free beyond the watermark now?
 * @headroom: what was asked for
 * @demand: how fast memory is taken
 *
 * Return: pages.
 */
u64 ua_policy_headroom(const struct ua_headroom *headroom,
		       const struct ua_demand *demand)
{
	u64 rate = demand->fast > demand->slow ? demand->fast : demand->slow;
	u64 pages = headroom->pages +
		    div64_u64(rate * (headroom->lead_ns >> 10), NS_PER_SECOND >> 10);

	return pages < headroom->limit ? pages : headroom->limit;
}

/**
 * ua_policy_backoff - how long to stay away after another failure?
 * @last_ns: how long it was last time, 0 if that went well
 * @first_ns: the shortest
 * @max_ns: the longest
 *
 * Return: nanoseconds: twice as long each time.
 */
u64 ua_policy_backoff(u64 last_ns, u64 first_ns, u64 max_ns)
{
	if (!last_ns)
		return first_ns;
	return last_ns < max_ns / 2 ? 2 * last_ns : max_ns;
}

/**
 * ua_policy_share - how long to rest so that work is a share of the time?
 * @work_ns: how long the work took
 * @percent: 1 to 100
 *
 * Return: nanoseconds.
 */
u64 ua_policy_share(u64 work_ns, unsigned int percent)
{
	return div64_u64(work_ns * (100 - percent), percent);
}

/**
 * ua_policy_slow - has acceptance become slow?
 * @usual_ns: in and out: what a block usually takes; 0 at first
 * @block_ns: what one took just now
 *
 * The fastest ever seen would be a bad measure: one block of which all but a
 * unit is accepted already takes next to nothing. So what is usual follows
 * slowly, by an eighth, and a host that stays slow becomes the usual one.
 *
 * Return: whether it took more than four times what is usual.
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
