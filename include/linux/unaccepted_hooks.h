/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract between the page allocator and a module that decides when
 * unaccepted memory is accepted.
 */
#ifndef _LINUX_UNACCEPTED_HOOKS_H
#define _LINUX_UNACCEPTED_HOOKS_H

#include <linux/bits.h>
#include <linux/types.h>

struct page;
struct zone;

/* Changes with every change of what is below; registration compares it. */
#define UNACCEPTED_HOOKS_VERSION	3

/**
 * struct unaccepted_hooks - a policy of acceptance
 * @version:	UNACCEPTED_HOOKS_VERSION
 * @below_watermark: an allocation of @order looks at @zone, which has blocks
 *	parked. Called before each look at the zone's watermarks with @failed
 *	false, and with @failed true each time that the zone could not serve
 *	the allocation. Returns the number of blocks that it accepted.
 *
 *	Context: any in which the allocator runs, hard interrupts included, with
 *	RCU held for reading. Must not sleep, allocate, patch text (no static
 *	keys, no static calls), take cpus_read_lock(), or work without bound.
 *	Only @gfp tells whether a task may be woken: without
 *	__GFP_KSWAPD_RECLAIM it must not, since the caller may hold the
 *	scheduler's locks.
 * @isolated:	a block of @zone was accepted because pages in it are to be
 *	isolated: a contiguous allocation. Same context.
 *
 * What the core does by itself: before a policy is registered and after it is
 * unregistered it accepts up to the promo watermark. With a policy it accepts
 * nothing, save one block when @failed is true and the policy returned 0. So a
 * slow or faulty policy can neither make an allocation fail nor strand memory.
 */
struct unaccepted_hooks {
	unsigned int version;
	unsigned int (*below_watermark)(struct zone *zone, unsigned int order,
					gfp_t gfp, bool failed);
	void (*isolated)(struct zone *zone);
};

/* For unaccepted_accept_block() and unaccepted_accept_page(). */
#define UNACCEPTED_FROM_END	BIT(0)	/* take the zone's last block, not its first */
#define UNACCEPTED_TO_FRONT	BIT(1)	/* to be handed out next, not last */

int unaccepted_hooks_register(const struct unaccepted_hooks *hooks);
void unaccepted_hooks_unregister(const struct unaccepted_hooks *hooks);
int unaccepted_accept_block(struct zone *zone, unsigned int flags,
			    unsigned long *pfn);
int unaccepted_accept_page(struct page *page, unsigned int flags);

#endif /* _LINUX_UNACCEPTED_HOOKS_H */
