// SPDX-License-Identifier: GPL-2.0
/*
 * The binding to stock kernels, 6.12 and later.
 *
 * What the kernel does not export is looked up once, at load, with a kprobe
 * that is registered disabled: it resolves a name to an address without
 * touching the kernel's text. What is found is only ever called through a
 * static call, which is a patched direct branch: an indirect call would end in
 * #CP on machines with IBT, since the kernel sealed these functions at boot.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/build_bug.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/mm.h>
#include <linux/static_call.h>
#include <linux/uaccess.h>
#include <linux/vmstat.h>
#include <asm/ibt.h>

#include "core.h"

#ifndef CONFIG_UNACCEPTED_MEMORY
#error "this kernel is built without CONFIG_UNACCEPTED_MEMORY"
#endif

typedef void accept_page_fn(struct page *page);
typedef void accept_memory_fn(phys_addr_t start, unsigned long size);
typedef unsigned long kallsyms_lookup_name_fn(const char *name);

/*
 * accept_page() lives in mm/internal.h, out of a module's sight, and a wrong
 * prototype is silent corruption: before 55ad43e8ba0f ("mm: add a helper to
 * accept page") in 6.12 it was static and took an order. accept_memory() tells
 * the two apart: until 5adfeaecc487 ("mm: rework accept memory helpers"), of
 * the same series, it took (start, end).
 */
static_assert(__same_type(accept_memory, accept_memory_fn),
	      "the stock binding needs Linux 6.12 or later");
static_assert(__same_type(kallsyms_lookup_name, kallsyms_lookup_name_fn));

DEFINE_STATIC_CALL_NULL(ua_accept_page, accept_page_fn);
DEFINE_STATIC_CALL_RET0(ua_kallsyms_lookup_name, kallsyms_lookup_name_fn);

static unsigned long stock_parked_pages(struct zone *zone)
{
	return zone_page_state(zone, NR_UNACCEPTED);
}

/*
 * Take the block at the end of the zone's list. The allocator takes blocks
 * from the front: working from the other end keeps the two from meeting in
 * the guard unit behind a block, where one of them would spin.
 *
 * The block leaves the list but stays PageUnaccepted, so that from here on
 * nobody else picks it: two acceptors never count the same block, and only a
 * contiguous allocation of this very block can still get ahead of us, which
 * accept_page() notices by looking at PageUnaccepted under zone->lock again.
 * list_del_init() and not list_del(), since whoever accepts it will delete it
 * once more.
 */
static struct page *stock_claim_block(struct zone *zone)
{
	struct page *page;
	unsigned long flags;

	spin_lock_irqsave(&zone->lock, flags);
	page = list_empty(&zone->unaccepted_pages) ? NULL :
	       list_last_entry(&zone->unaccepted_pages, struct page, lru);
	if (page)
		list_del_init(&page->lru);
	spin_unlock_irqrestore(&zone->lock, flags);

	return page;
}

static int stock_accept_block(struct zone *zone)
{
	struct page *page = stock_claim_block(zone);

	if (!page)
		return -ENOENT;

	/* Never fails: where the platform refuses, the kernel panics. */
	static_call_cond(ua_accept_page)(page);
	return 0;
}

/* lazy_accept is static data in mm/page_alloc.c, cleared by accept_memory=eager. */
static bool stock_eager(void)
{
	unsigned long addr = static_call(ua_kallsyms_lookup_name)("lazy_accept");
	bool lazy;

	if (!addr || copy_from_kernel_nofault(&lazy, (void *)addr, sizeof(lazy)))
		return false;
	return !lazy;
}

/* Address of a kernel function, or NULL. Patches no text, arms nothing. */
static void *stock_lookup(const char *name)
{
	struct kprobe probe = {
		.symbol_name = name,
		.flags = KPROBE_FLAG_DISABLED,
	};
	void *addr;

	if (register_kprobe(&probe))
		return NULL;
	addr = probe.addr;
	unregister_kprobe(&probe);

	/*
	 * The probe sits behind an ENDBR. Go back to the true entry: call-depth
	 * tracking (retbleed=stuff) warns about a call into a function's middle.
	 */
	if (!is_endbr(*(u32 *)addr) && is_endbr(*(u32 *)(addr - ENDBR_INSN_SIZE)))
		addr -= ENDBR_INSN_SIZE;
	return addr;
}

static const struct ua_core stock_core = {
	.name = "stock",
	.parked_pages = stock_parked_pages,
	.accept_block = stock_accept_block,
	.eager = stock_eager,
};

static char missing_why[64];

static struct ua_core observe_core = {
	.name = "observe",
	.parked_pages = stock_parked_pages,
};

/**
 * ua_bind_observe - bind for looking only
 * @why: the reason, a string that lives as long as the module
 *
 * Return: a binding that can count but not accept.
 */
const struct ua_core *ua_bind_observe(const char *why)
{
	observe_core.why = why;
	return &observe_core;
}

/**
 * ua_bind_stock - bind to an unpatched kernel
 *
 * Context: process context, at load: static calls are patched here and never
 * again, and no lock may be held (cpus_read_lock inside).
 *
 * Return: the binding, degraded to "observe" if a function that it cannot do
 * without is missing, with the name in the log and in ua_core.why.
 */
const struct ua_core *ua_bind_stock(void)
{
	static const char need[] = "accept_page", want[] = "kallsyms_lookup_name";
	accept_page_fn *accept = stock_lookup(need);
	kallsyms_lookup_name_fn *lookup = stock_lookup(want);

	if (!accept) {
		pr_warn("the kernel has no function %s, cannot accept\n", need);
		snprintf(missing_why, sizeof(missing_why),
			 "the kernel has no function %s", need);
		return ua_bind_observe(missing_why);
	}
	static_call_update(ua_accept_page, accept);

	if (lookup)
		static_call_update(ua_kallsyms_lookup_name, lookup);
	else
		pr_warn("the kernel has no function %s, cannot tell eager from lazy\n",
			want);
	return &stock_core;
}
