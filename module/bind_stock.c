// SPDX-License-Identifier: GPL-2.0
/*
 * The binding to unpatched kernels, 6.12 and later. The kernel decides what an
 * allocation accepts, and the module accepts ahead of demand. With policy=module the
 * module decides instead, see bind_replace.c.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/build_bug.h>
#include <linux/efi.h>
#include <linux/err.h>
#include <linux/kexec.h>
#include <linux/mm.h>
#include <linux/math.h>
#include <linux/static_call.h>
#include <generated/utsrelease.h>

#include "bind.h"

typedef void accept_page_fn(struct page *page);
typedef void accept_memory_fn(phys_addr_t start, unsigned long size);

/*
 * accept_page() is declared in mm/internal.h, which modules cannot include, and
 * a call with a wrong prototype corrupts memory silently. Before 55ad43e8ba0f
 * ("mm: add a helper to accept page") in 6.12 it was static and took an order.
 * The prototype of accept_memory() tells which one the kernel has: it took
 * (start, end) until 5adfeaecc487 ("mm: rework accept memory helpers") of the
 * same series. Where the kernel has type information, ua_bind() looks there too.
 */
static_assert(__same_type(accept_memory, accept_memory_fn),
	      "Linux " UTS_RELEASE " lacks accept_memory(start, size) of 6.12 and later");

DEFINE_STATIC_CALL_NULL(ua_accept_page, accept_page_fn);

/*
 * The blocks in flight, by the number of their first page; 0 is a free slot. The
 * kernel accepts the unit after a block with it, so a CPU that accepts the
 * neighbour of one of these blocks spins until that one is accepted.
 */
#define STOCK_BUSY	8
static DEFINE_RAW_SPINLOCK(stock_busy_lock);	/* guards writes; taken inside zone->lock */
static unsigned long stock_busy[STOCK_BUSY];

static bool stock_is_busy(unsigned long pfn)
{
	unsigned long busy;
	int i;

	/* Without stock_busy_lock: a wrong answer only costs a wait. */
	for (i = 0; i < STOCK_BUSY; i++) {
		busy = READ_ONCE(stock_busy[i]);
		if (busy && abs_diff(busy, pfn) <= UA_BLOCK_PAGES)
			return true;
	}
	return false;
}

/* Replaces @from by @to. If no slot is free (0), the block is not entered: that costs a wait. */
static void stock_set_busy(unsigned long from, unsigned long to)
{
	unsigned long flags;
	int i;

	raw_spin_lock_irqsave(&stock_busy_lock, flags);
	for (i = 0; i < STOCK_BUSY; i++) {
		if (stock_busy[i] == from) {
			WRITE_ONCE(stock_busy[i], to);
			break;
		}
	}
	raw_spin_unlock_irqrestore(&stock_busy_lock, flags);
}

/*
 * The last block of the list without a neighbour in flight; the last block of
 * the list if there is none near its end. Called with zone->lock held.
 */
static struct page *stock_pick_block(struct zone *zone)
{
	struct page *page, *last = NULL;
	int tries = 2 * STOCK_BUSY;

	list_for_each_entry_reverse(page, &zone->unaccepted_pages, lru) {
		last = last ?: page;
		if (!stock_is_busy(page_to_pfn(page)))
			return page;
		if (!--tries)
			break;
	}
	return last;
}

/*
 * Take a block off the zone's list: @page or, if that is NULL, one near the end,
 * because the allocator takes blocks from the front.
 *
 * The block stays PageUnaccepted without being on the list, so no other caller
 * picks it, and two acceptors never count the same block. A contiguous allocation
 * of this block may still accept it first: accept_page() checks PageUnaccepted
 * again under zone->lock, and then does nothing. list_del_init() and not
 * list_del(), because accept_page() deletes the page from its list once more.
 */
static struct page *stock_claim_block(struct zone *zone, struct page *page)
{
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	if (!page)
		page = stock_pick_block(zone);
	else if (!PageUnaccepted(page) || list_empty(&page->lru))
		page = NULL;
	if (page) {
		list_del_init(&page->lru);
		stock_set_busy(0, page_to_pfn(page));
	}
	spin_unlock_irqrestore(&zone->lock, flags);

	return page;
}

/* Cannot fail: the kernel panics if the platform refuses. */
static void stock_accept_claimed(struct page *page)
{
	static_call_cond(ua_accept_page)(page);
	stock_set_busy(page_to_pfn(page), 0);
	ua_replace_retire_if_done();
}

/*
 * Ignores @flags: takes a block near the end of the list, and the kernel always puts an
 * accepted block last in the free list.
 */
static int stock_accept_block(struct zone *zone, unsigned int flags,
			      unsigned long *pfn)
{
	struct page *page = stock_claim_block(zone, NULL);

	if (!page)
		return -ENOENT;
	*pfn = page_to_pfn(page);
	stock_accept_claimed(page);
	return 0;
}

static int stock_accept_block_at(struct zone *zone, unsigned long pfn)
{
	struct page *page = stock_claim_block(zone, pfn_to_page(pfn));

	if (!page)
		return -ENOENT;
	stock_accept_claimed(page);
	return 0;
}

#ifdef CONFIG_KEXEC_CORE
/*
 * Linux 7.3 accepts the destinations of an image when it loads the image, 6.12 does not.
 * The image does not tell whether that was done, so all segments are returned: one that is
 * accepted already costs only a look at each block.
 *
 * Without runtime services (efi=noruntime, PREEMPT_RT) the kernel does not hand the EFI
 * system table over, see setup_efi_state(). The new kernel finds no table of unaccepted
 * memory then, and needs all of its memory accepted.
 */
static bool stock_kexec_segment(unsigned int i, phys_addr_t *start, u64 *bytes)
{
	struct kimage *image;

	if (!efi_enabled(EFI_RUNTIME_SERVICES))
		return false;
	if (ua_bind_read("kexec_image", &image, sizeof(image)) || !image ||
	    i >= image->nr_segments)
		return false;
	*start = image->segment[i].mem;
	*bytes = image->segment[i].memsz;
	return true;
}
#else
#define stock_kexec_segment NULL
#endif

static struct ua_core stock_core = {
	.name = "stock",
	.unaccepted_pages = ua_bind_unaccepted_pages,
	.page_state = ua_bind_unaccepted_at,
	.accept_block = stock_accept_block,
	.accept_block_at = stock_accept_block_at,
	.kexec_segment = stock_kexec_segment,
	.attach = ua_replace_attach,
	.detach = ua_replace_detach,
};

/**
 * ua_bind - bind to an unpatched kernel
 *
 * Context: process context, at load, no lock held: this updates static calls,
 * which takes cpus_read_lock(). They are never updated again.
 * Return: the binding "stock", or "observe" if accept_page() is not found or has
 * another prototype; the log and ua_core.reason say so. Or an ERR_PTR of -ENOMEM.
 */
const struct ua_core *ua_bind(void)
{
	static const char need[] = "accept_page";
	static char reason[80];
	accept_page_fn *accept = ua_bind_symbol(need);
	int ret;

	if (IS_ERR(accept) && PTR_ERR(accept) == -ENOMEM)
		return ERR_CAST(accept);
	ret = ua_bind_data(&stock_core);
	if (ret)
		return ERR_PTR(ret);
	if (!IS_ERR(accept) && ua_bind_takes_page(need)) {
		static_call_update(ua_accept_page, accept);
		return &stock_core;
	}
	snprintf(reason, sizeof(reason),
		 !IS_ERR(accept) ? "the kernel's %s() takes arguments other than a page" :
		 "the kernel has no function %s", need);
	pr_warn("%s, cannot accept\n", reason);
	return ua_bind_observe(reason);
}
