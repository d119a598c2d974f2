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
 *	shared by all who are paced together, under their lock. 0 at first.
 * @now_ns: monotonic time
 * @bytes: size of the piece; below 2^34, so that the product fits
 * @bytes_per_second: the limit, 0 for none
 *
 * Time that nobody used is not saved up: after a pause the first piece goes at
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
 * never 0 for @failed with a block parked.
 */
u64 ua_policy_want(const struct ua_zone_view *view, u64 block_pages,
		   bool failed, bool begun)
{
	s64 deficit = view->promo - view->free - view->coming;
	s64 slack = view->promo - view->high;
	u64 parked, want = 0;

	if (view->parked <= 0)
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

	parked = ua_policy_blocks(view->parked, block_pages);
	return want < parked ? want : parked;
}
