// SPDX-License-Identifier: GPL-2.0
/*
 * The binding to stock kernels, 6.12 and later. The kernel decides what an
 * allocation accepts, and the module is ahead of it; or, if asked for at load,
 * the module decides, by taking the place of cond_accept_memory() in the way in
 * which livepatch replaces functions.
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
 * accept_page() lives in mm/internal.h, out of a module's sight, and a wrong
 * prototype is silent corruption: before 55ad43e8ba0f ("mm: add a helper to
 * accept page") in 6.12 it was static and took an order. accept_memory() tells
 * the two apart: until 5adfeaecc487 ("mm: rework accept memory helpers"), of
 * the same series, it took (start, end).
 */
static_assert(__same_type(accept_memory, accept_memory_fn),
	      "the stock binding needs Linux 6.12 or later");

DEFINE_STATIC_CALL_NULL(ua_accept_page, accept_page_fn);

/*
 * The blocks under way, by the number of their first page; 0 is none. The kernel
 * accepts the unit behind a block with it, so who takes the neighbour of one of
 * these would spin until it is done.
 */
#define STOCK_BUSY	8
static DEFINE_RAW_SPINLOCK(stock_busy_lock);	/* writes of stock_busy; inside zone->lock */
static unsigned long stock_busy[STOCK_BUSY];

static bool stock_is_busy(unsigned long pfn)
{
	unsigned long busy;
	int i;

	/* Without stock_busy_lock: a wrong answer costs a wait, no more. */
	for (i = 0; i < STOCK_BUSY; i++) {
		busy = READ_ONCE(stock_busy[i]);
		if (busy && abs_diff(busy, pfn) <= UA_BLOCK_PAGES)
			return true;
	}
	return false;
}

/* Without a free slot the block may be waited for, no more. */
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

/* The last block whose neighbours are left alone, if there is one near the end. */
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
 * Take a block off the zone's list: a certain one or, for NULL, one at the end.
 * The allocator takes blocks from the front: working from the other end keeps
 * the two apart.
 *
 * The block leaves the list but stays PageUnaccepted, so that from here on
 * no other task picks it: two acceptors never count the same block, and only a
 * contiguous allocation of this very block can still get ahead of us, which
 * accept_page() notices by looking at PageUnaccepted under zone->lock again.
 * list_del_init() and not list_del(), since the task that accepts it will delete it
 * once more.
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

/* Never fails: where the platform refuses, the kernel panics. */
static void stock_accept_claimed(struct page *page)
{
	static_call_cond(ua_accept_page)(page);
	stock_set_busy(page_to_pfn(page), 0);
}

/* The flags are not for us: the kernel frees accepted blocks to the end. */
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

/* Nothing is unaccepted any more: step out of every allocation's way, for good. */
static void stock_retire(struct work_struct *work);
static DECLARE_WORK(stock_retire_work, stock_retire);

/* The allocator's context allows neither waking a worker nor taking its lock. */
static void stock_retire_soon(struct irq_work *work)
{
	schedule_work(&stock_retire_work);
}

static DEFINE_IRQ_WORK(stock_retire_irq_work, stock_retire_soon);

/*
 * Has the zone no free page of this order? The kernel does not tell its
 * cond_accept_memory() whether the attempt failed already, and only the sum of
 * free pages would never accept for a high order. Lockless, so a hint; wrong
 * costs one block or one more attempt.
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
 * Is this an attempt in need? The kernel's own check would let one pass that is
 * down at the low watermark, for it counts what is unaccepted as free; but then the
 * unaccepted memory is what it needs.
 */
static bool stock_must_fail(struct zone *zone, unsigned int order)
{
	s64 free = (s64)zone_page_state(zone, NR_FREE_PAGES) -
		   (s64)zone_page_state(zone, NR_UNACCEPTED);

	return free <= (s64)low_wmark_pages(zone) ||
	       (order && stock_lacks_order(zone, order));
}

/*
 * In the place of cond_accept_memory() of mm/page_alloc.c, whose prototype is
 * this since commit 807174a93d24 (6.11) and until 6.15. Not to be traced: its
 * own entry must not lead back into ftrace.
 */
static bool notrace stock_cond_accept(struct zone *zone, unsigned int order)
{
	if (list_empty(&zone->unaccepted_pages)) {
		if (!global_zone_page_state(NR_UNACCEPTED))
			irq_work_queue(&stock_retire_irq_work);
		return false;
	}
	/* Without a mask, assume that no task may be woken. */
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
 * IPMODIFY is exclusive: a live patch or another tool that owns the function
 * makes registration fail. PERMANENT: turning ftrace off by sysctl must not
 * give the function back behind our back.
 */
static struct ftrace_ops stock_ftrace_ops = {
	.func = stock_redirect,
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT |
		 (IS_ENABLED(CONFIG_DYNAMIC_FTRACE_WITH_ARGS) ? 0 :
		  FTRACE_OPS_FL_SAVE_REGS),
};

/* Guards against retiring and detaching at the same time. */
static DEFINE_MUTEX(stock_lock);
static bool stock_attached;

static int stock_attach(const struct ua_upcalls *upcalls)
{
	/* A copy, for the parser writes into it. */
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
		 * A task that was redirected may still be inside: preempted, but
		 * never asleep of its own will, which is what this waits for.
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
	/* No caller queues these any more. */
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
 * Context: process context, at load: static calls are patched here and never
 * again, and no lock may be held (cpus_read_lock inside).
 *
 * Return: the binding, degraded to "observe" if a function that it cannot do
 * without is missing, with the name in the log and in ua_core.why.
 */
const struct ua_core *ua_bind(void)
{
	static const char need[] = "accept_page";
	static char why[64];
	accept_page_fn *accept = ua_bind_symbol(need);

	if (!accept) {
		pr_warn("the kernel has no function %s, cannot accept\n", need);
		snprintf(why, sizeof(why), "the kernel has no function %s", need);
		return ua_bind_observe(why);
	}
	static_call_update(ua_accept_page, accept);

	ua_bind_data(&stock_core);
	return &stock_core;
}
