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
