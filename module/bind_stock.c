// SPDX-License-Identifier: GPL-2.0
/*
 * The binding to unpatched kernels, 6.12 and later. The kernel decides what an
 * allocation accepts, and the module accepts ahead of it. On request at load, the
 * module decides: it replaces cond_accept_memory() as livepatch replaces
 * functions.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/build_bug.h>
#include <linux/ftrace.h>
#include <linux/irq_work.h>
#include <linux/mm.h>
#include <linux/math.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/static_call.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>

#include "bind.h"

typedef void accept_page_fn(struct page *page);
typedef void accept_memory_fn(phys_addr_t start, unsigned long size);

/*
 * accept_page() is declared in mm/internal.h, which modules cannot include, and
 * a call with a wrong prototype corrupts memory silently. Before 55ad43e8ba0f
 * ("mm: add a helper to accept page") in 6.12 it was static and took an order.
 * The prototype of accept_memory() tells which one the kernel has: it took
 * (start, end) until 5adfeaecc487 ("mm: rework accept memory helpers") of the
 * same series.
 */
static_assert(__same_type(accept_memory, accept_memory_fn),
	      "the stock binding needs Linux 6.12 or later");

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

/* If no slot is free, the block is not entered, which may only cost a wait. */
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
 * The last block of the list without a neighbour in flight; the last block of all
 * if there is no such one near the end. Called with zone->lock held.
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
}

/* Ignores @flags: the kernel always puts an accepted block last in the free list. */
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

static const struct ua_upcalls *stock_upcalls;

/* When no memory is unaccepted any more, gives the function back, for good. */
static void stock_retire(struct work_struct *work);
static DECLARE_WORK(stock_retire_work, stock_retire);

/* By way of irq_work, because in the allocator no task may be woken. */
static void stock_retire_soon(struct irq_work *work)
{
	schedule_work(&stock_retire_work);
}

static DEFINE_IRQ_WORK(stock_retire_irq_work, stock_retire_soon);

/*
 * Has the zone no free page of this order? cond_accept_memory() is not told
 * whether the attempt has failed already, and the number of free pages alone says
 * nothing of high orders. Takes no lock; a wrong answer costs a block or another
 * attempt.
 */
static bool stock_lacks_order(struct zone *zone, unsigned int order)
{
	unsigned int i;

	for (i = order; i < NR_PAGE_ORDERS; i++)
		if (READ_ONCE(zone->free_area[i].nr_free))
			return false;
	return true;
}

/*
 * Will the zone fail this allocation unless a block is accepted? The kernel counts
 * unaccepted memory as free, so its watermark check passes at the low watermark
 * although all that is left there may be unaccepted.
 */
static bool stock_must_fail(struct zone *zone, unsigned int order)
{
	s64 free = (s64)zone_page_state(zone, NR_FREE_PAGES) -
		   (s64)zone_page_state(zone, NR_UNACCEPTED);

	return free <= (s64)low_wmark_pages(zone) ||
	       (order && stock_lacks_order(zone, order));
}

/*
 * Replaces cond_accept_memory() of mm/page_alloc.c, which has this prototype from
 * commit 807174a93d24 (6.11) until 6.15. notrace, because ftrace must not be
 * entered again from here.
 */
static bool notrace stock_cond_accept(struct zone *zone, unsigned int order)
{
	if (list_empty(&zone->unaccepted_pages)) {
		if (!global_zone_page_state(NR_UNACCEPTED))
			irq_work_queue(&stock_retire_irq_work);
		return false;
	}
	/* The mask is not known here: 0 says that no task may be woken. */
	return stock_upcalls->below_watermark(zone, order, 0,
					      stock_must_fail(zone, order));
}

static void notrace stock_redirect(unsigned long ip, unsigned long parent_ip,
				   struct ftrace_ops *ops,
				   struct ftrace_regs *fregs)
{
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)stock_cond_accept);
}

/*
 * IPMODIFY is exclusive: registration fails if a live patch or another tool owns
 * the function. PERMANENT: the sysctl kernel.ftrace_enabled must not give the
 * function back without the module knowing.
 */
static struct ftrace_ops stock_ftrace_ops = {
	.func = stock_redirect,
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT |
		 (IS_ENABLED(CONFIG_DYNAMIC_FTRACE_WITH_ARGS) ? 0 :
		  FTRACE_OPS_FL_SAVE_REGS),
};

/* Guards stock_attached: retiring and detaching may happen at the same time. */
static DEFINE_MUTEX(stock_lock);
static bool stock_attached;

static int stock_attach(const struct ua_upcalls *upcalls)
{
	/* A writable copy, because ftrace's parser writes to it. */
	char function[] = "cond_accept_memory";
	int ret;

	stock_upcalls = upcalls;
	ret = ftrace_set_filter(&stock_ftrace_ops, function, strlen(function), 1);
	if (!ret)
		ret = register_ftrace_function(&stock_ftrace_ops);
	if (ret) {
		ftrace_free_filter(&stock_ftrace_ops);
		return ret;
	}
	stock_attached = true;
	return 0;
}

static void stock_unhook(void)
{
	mutex_lock(&stock_lock);
	if (stock_attached) {
		unregister_ftrace_function(&stock_ftrace_ops);
		/*
		 * A task may still be in stock_cond_accept(), running or preempted.
		 * It does not sleep there, so this waits until it has left.
		 */
		synchronize_rcu_tasks();
		ftrace_free_filter(&stock_ftrace_ops);
		stock_attached = false;
	}
	mutex_unlock(&stock_lock);
}

static void stock_retire(struct work_struct *work)
{
	stock_unhook();
}

static void stock_detach(void)
{
	stock_unhook();
	/* After stock_unhook() nothing queues these any more. */
	irq_work_sync(&stock_retire_irq_work);
	cancel_work_sync(&stock_retire_work);
}

static struct ua_core stock_core = {
	.name = "stock",
	.unaccepted_pages = ua_bind_unaccepted_pages,
	.page_state = ua_bind_unaccepted_at,
	.accept_block = stock_accept_block,
	.accept_block_at = stock_accept_block_at,
	.kexec_unsafe = true,
	.attach = stock_attach,
	.detach = stock_detach,
};

/**
 * ua_bind - bind to an unpatched kernel
 *
 * Context: process context, at load, no lock held: this updates static calls,
 * which takes cpus_read_lock(). They are never updated again.
 * Return: the binding "stock", or "observe" if accept_page() is not found; the log
 * and ua_core.reason say so.
 */
const struct ua_core *ua_bind(void)
{
	static const char need[] = "accept_page";
	static char reason[64];
	accept_page_fn *accept = ua_bind_symbol(need);

	if (!accept) {
		pr_warn("the kernel has no function %s, cannot accept\n", need);
		snprintf(reason, sizeof(reason), "the kernel has no function %s", need);
		return ua_bind_observe(reason);
	}
	static_call_update(ua_accept_page, accept);

	ua_bind_data(&stock_core);
	return &stock_core;
}
