// SPDX-License-Identifier: GPL-2.0
/*
 * What every binding can do: count, tell eager from lazy, find symbols; and the
 * binding that does nothing else.
 *
 * What the kernel does not export is looked up once, at load, with a kprobe
 * that is registered disabled: it resolves a name to an address without
 * touching the kernel's text. What is found is only ever called through a
 * static call, which is a patched direct branch: an indirect call would end in
 * #CP on machines with IBT, since the kernel sealed these functions at boot.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/array_size.h>
#include <linux/build_bug.h>
#include <linux/ioport.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/psi_types.h>
#include <linux/static_call.h>
#include <linux/uaccess.h>
#include <linux/vmstat.h>
#include <asm/ibt.h>
#include <asm/processor.h>

#include "bind.h"

#ifndef CONFIG_UNACCEPTED_MEMORY
#error "this kernel is built without CONFIG_UNACCEPTED_MEMORY"
#endif

typedef unsigned long kallsyms_lookup_name_fn(const char *name);

static_assert(__same_type(kallsyms_lookup_name, kallsyms_lookup_name_fn));

DEFINE_STATIC_CALL_RET0(ua_kallsyms_lookup_name, kallsyms_lookup_name_fn);

/*
 * To take a probe away is to wait for RCU, some 20 ms: nearly all of the time that
 * loading took. So they stay, disabled, until we go and have to wait anyway.
 */
static struct kprobe bind_probes[2];
static struct kprobe *bind_used[ARRAY_SIZE(bind_probes)];
static int bind_nr_used;

/**
 * ua_bind_symbol - address of a kernel function
 * @name: its name
 *
 * Context: process context, at load. Patches no text, arms nothing.
 * Return: the function's entry, or NULL.
 */
void *ua_bind_symbol(const char *name)
{
	struct kprobe *probe = &bind_probes[bind_nr_used];
	void *addr;

	if (WARN_ON_ONCE(bind_nr_used == ARRAY_SIZE(bind_probes)))
		return NULL;
	*probe = (struct kprobe) {
		.symbol_name = name,
		.flags = KPROBE_FLAG_DISABLED,
	};
	if (register_kprobe(probe))
		return NULL;
	bind_used[bind_nr_used++] = probe;
	addr = probe->addr;

	/*
	 * The probe sits behind an ENDBR. Go back to the true entry: call-depth
	 * tracking (retbleed=stuff) warns about a call into a function's middle.
	 */
	if (!is_endbr(*(u32 *)addr) && is_endbr(*(u32 *)(addr - ENDBR_INSN_SIZE)))
		addr -= ENDBR_INSN_SIZE;
	return addr;
}

/**
 * ua_unbind - let go of the kernel
 *
 * Context: process context, at unload; waits for RCU.
 */
void ua_unbind(void)
{
	unregister_kprobes(bind_used, bind_nr_used);
}

/*
 * Was all memory accepted at boot, as accept_memory=eager says? lazy_accept is
 * static data in mm/page_alloc.c, cleared by that parameter.
 */
static bool bind_eager(void)
{
	unsigned long addr = static_call(ua_kallsyms_lookup_name)("lazy_accept");
	bool lazy;

	if (!addr || copy_from_kernel_nofault(&lazy, (void *)addr, sizeof(lazy)))
		return false;
	return !lazy;
}

#ifdef CONFIG_PSI
static struct psi_group *bind_psi;

/* The averages' totals: updated every two seconds in which a task waits. */
static u64 bind_stalled_ns(void)
{
	const u64 *total = bind_psi->total[PSI_AVGS];

	return READ_ONCE(total[PSI_CPU_SOME]) + READ_ONCE(total[PSI_MEM_SOME]);
}

static void bind_pressure(struct ua_core *core)
{
	bind_psi = (void *)static_call(ua_kallsyms_lookup_name)("psi_system");
	if (bind_psi)
		core->stalled_ns = bind_stalled_ns;
}
#else
static void bind_pressure(struct ua_core *core)
{
}
#endif

/**
 * ua_bind_data - let a binding see what only kallsyms knows
 * @core: gets @eager and @stalled_ns, if the kernel lets us; else the log says so
 *
 * Context: process context, at load; patches a static call of ours.
 */
void ua_bind_data(struct ua_core *core)
{
	static const char name[] = "kallsyms_lookup_name";
	kallsyms_lookup_name_fn *lookup = ua_bind_symbol(name);

	if (!lookup) {
		pr_warn("the kernel has no function %s, cannot tell eager from lazy, nor pressure\n",
			name);
		return;
	}
	static_call_update(ua_kallsyms_lookup_name, lookup);
	core->eager = bind_eager;
	bind_pressure(core);
}

/**
 * ua_bind_unaccepted_pages - what waits unaccepted in a zone
 * @zone: any zone
 *
 * Context: any; no lock.
 * Return: pages.
 */
unsigned long ua_bind_unaccepted_pages(struct zone *zone)
{
	return zone_page_state(zone, NR_UNACCEPTED);
}

/**
 * ua_bind_unaccepted_at - what the page allocator says of a block
 * @pfn: number of its first page, whether there is one or not
 *
 * Only looks at the struct page, never at what may not be accepted. A block
 * that we are about to accept has left the list already, see bind_stock.c.
 *
 * Context: process context; no lock, so the answer may be out of date.
 * Return: see enum ua_page_state.
 */
enum ua_page_state ua_bind_unaccepted_at(unsigned long pfn)
{
	struct page *page = pfn_to_online_page(pfn);

	if (!page || !PageUnaccepted(page))
		return UA_PAGE_OTHER;
	return list_empty(&page->lru) ? UA_PAGE_IN_FLIGHT : UA_PAGE_UNACCEPTED;
}

/**
 * ua_bind_phys_bits - width of a physical address on this machine
 *
 * Return: bits.
 */
unsigned int ua_bind_phys_bits(void)
{
	return boot_cpu_data.x86_phys_bits;
}

/**
 * ua_bind_has_ram - is there RAM in a range?
 * @start: where it begins
 * @bytes: its size, not 0
 *
 * Context: process context.
 * Return: true if any of it is RAM.
 */
bool ua_bind_has_ram(phys_addr_t start, u64 bytes)
{
	return region_intersects(start, bytes, IORESOURCE_SYSTEM_RAM,
				 IORES_DESC_NONE) != REGION_DISJOINT;
}

static struct ua_core observe_core = {
	.name = "observe",
	.unaccepted_pages = ua_bind_unaccepted_pages,
	.page_state = ua_bind_unaccepted_at,
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
