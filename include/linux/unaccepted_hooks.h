/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The contract between the page allocator and a module that decides when
 * unaccepted memory is accepted. For code that depends on
 * CONFIG_UNACCEPTED_MEMORY: there are no stubs for kernels without.
 */
#ifndef _LINUX_UNACCEPTED_HOOKS_H
#define _LINUX_UNACCEPTED_HOOKS_H

#include <linux/bits.h>
#include <linux/types.h>

struct page;
struct zone;

/* Incremented with every change of this interface; registration compares it. */
#define UNACCEPTED_HOOKS_VERSION	4

/**
 * struct unaccepted_hooks - a policy that decides when blocks are accepted
 * @version:	UNACCEPTED_HOOKS_VERSION
 * @below_watermark: called for an allocation of @order from @zone, which has
 *	unaccepted blocks: with @failed false before the zone's watermarks are
 *	checked, and with @failed true if the zone has enough free pages, unaccepted
 *	ones included, but none for the allocation, and will not be tried again
 *	without ALLOC_NOFRAGMENT. Returns the number of blocks that it accepted.
 *
 *	Context: any in which the allocator runs, including hard interrupts, in
 *	an RCU read-side critical section. Must not sleep, allocate memory, patch
 *	text (static keys, static calls), take cpus_read_lock(), or work without
 *	a bound. It may wake a task only if @gfp has __GFP_KSWAPD_RECLAIM:
 *	otherwise the caller may hold the scheduler's locks.
 * @isolated:	called after a block of @zone was accepted because pages in it
 *	are to be isolated, for example for a contiguous allocation. Same
 *	restrictions.
 *
 * Without a policy the core accepts up to the promo watermark. With a policy it
 * accepts a block for an allocation itself only if @failed is true and the
 * policy has accepted none. So a slow or faulty policy can neither make an
 * allocation fail nor strand memory.
 */
struct unaccepted_hooks {
	unsigned int version;
	unsigned int (*below_watermark)(struct zone *zone, unsigned int order,
					gfp_t gfp, bool failed);
	void (*isolated)(struct zone *zone);
};

/*
 * A block that the platform refuses stays unaccepted, and in NR_UNACCEPTED. For a second
 * the allocator does not try it again, and it is not in NR_FREE_PAGES, but in
 * zone->nr_refused.
 */

/* For unaccepted_accept_block(): take the last block of the zone's list, not the first. */
#define UNACCEPTED_FROM_END	BIT(0)
/* Let the allocator use the block next, not last. No effect with page_alloc.shuffle=1. */
#define UNACCEPTED_TO_FRONT	BIT(1)

int unaccepted_hooks_register(const struct unaccepted_hooks *hooks);
void unaccepted_hooks_unregister(const struct unaccepted_hooks *hooks);
int unaccepted_accept_block(struct zone *zone, unsigned int flags,
			    unsigned long *pfn);
int unaccepted_accept_page(struct page *page, unsigned int flags);

#endif /* _LINUX_UNACCEPTED_HOOKS_H */
