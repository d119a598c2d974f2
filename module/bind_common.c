// SPDX-License-Identifier: GPL-2.0
/*
 * What all bindings use: counters, eager or lazy, pressure, and the addresses of
 * symbols; and the binding "observe", which offers nothing else.
 *
 * A function that the kernel does not export is looked up once, at load, with a
 * kprobe that is registered disabled: this resolves the name without changing
 * the kernel's text. The function is only called through a static call, which is
 * a patched direct branch. An indirect call would end in #CP on machines with
 * IBT, because the kernel has sealed these functions at boot.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/array_size.h>
#include <linux/build_bug.h>
#include <linux/err.h>
#include <linux/ioport.h>
#include <linux/jump_label.h>
#include <linux/kallsyms.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/psi_types.h>
#include <linux/static_call.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vmstat.h>
#include <asm/processor.h>

#include "bind.h"

typedef unsigned long kallsyms_lookup_name_fn(const char *name);

static_assert(__same_type(kallsyms_lookup_name, kallsyms_lookup_name_fn));

DEFINE_STATIC_CALL_RET0(ua_kallsyms_lookup_name, kallsyms_lookup_name_fn);

/*
 * Unregistering a probe waits for RCU, about 20 ms, which was nearly all of the
 * time that loading took. So the probes stay, disabled, until unload, which has to
 * wait anyway.
 */
static struct kprobe bind_probes[2];
static struct kprobe *bind_used[ARRAY_SIZE(bind_probes)];
static int bind_nr_used;

/*
 * A kprobe on a function is placed after its ENDBR, if the kernel has IBT. Return the
 * true entry: call-depth tracking (retbleed=stuff) warns about calls into the middle
 * of a function. sprint_symbol() writes "name+0x4/0x50".
 */
static void *bind_entry(void *addr)
{
	char text[KSYM_SYMBOL_LEN];
	unsigned int offset;
	char *plus;

	sprint_symbol(text, (unsigned long)addr);
	plus = strchr(text, '+');
	if (!plus || sscanf(plus, "+0x%x/", &offset) != 1)
		return ERR_PTR(-EINVAL);
	return addr - offset;
}

/**
 * ua_bind_symbol - find the address of a kernel function
 * @name: its name; must stay valid until ua_unbind()
 *
 * Context: process context, at load, one caller at a time. Patches no text.
 * Return: the function's entry, or an ERR_PTR: -ENOENT if kprobes does not find the
 * function, -ENOMEM, or the errno with which kprobes refuses it.
 */
void *ua_bind_symbol(const char *name)
{
	struct kprobe *probe = &bind_probes[bind_nr_used];
	int ret;

	if (WARN_ON_ONCE(bind_nr_used == ARRAY_SIZE(bind_probes)))
		return ERR_PTR(-ENOSPC);
	*probe = (struct kprobe) {
		.symbol_name = name,
		.flags = KPROBE_FLAG_DISABLED,
	};
	ret = register_kprobe(probe);
	if (ret)
		return ERR_PTR(ret);
	bind_used[bind_nr_used++] = probe;
	return bind_entry(probe->addr);
}

/**
 * ua_unbind - unregister the probes of ua_bind_symbol()
 *
 * Context: process context, at unload; waits for RCU.
 */
void ua_unbind(void)
{
	unregister_kprobes(bind_used, bind_nr_used);
}

/**
 * ua_bind_lookup - find the address of a symbol of the kernel by kallsyms
 * @name: its name
 *
 * Context: process context, after ua_bind_data().
 * Return: the address, or 0 if there is no such symbol, or no kallsyms.
 */
unsigned long ua_bind_lookup(const char *name)
{
	return static_call(ua_kallsyms_lookup_name)(name);
}

/**
 * ua_bind_read - read a variable of the kernel
 * @name: its name
 * @value: the result
 * @size: its size, in bytes
 *
 * Context: process context, after ua_bind_data().
 * Return: 0, -ENOENT if there is no such symbol, or -EFAULT.
 */
int ua_bind_read(const char *name, void *value, size_t size)
{
	unsigned long addr = ua_bind_lookup(name);

	return addr ? copy_from_kernel_nofault(value, (void *)addr, size) : -ENOENT;
}

/*
 * Was the kernel booted with accept_memory=eager? That parameter clears
 * lazy_accept, which is static in the page allocator.
 */
static bool bind_eager(void)
{
	bool lazy = true;

	ua_bind_read("lazy_accept", &lazy, sizeof(lazy));
	return !lazy;
}

#ifdef CONFIG_PSI
/*
 * psi_system, by kallsyms, because the kernel exports no way to read its totals:
 * of PSI, modules get psi_memstall_enter() and psi_memstall_leave() only. Only
 * userspace can read the totals, from /proc/pressure.
 */
static struct psi_group *bind_psi;

/*
 * Nanoseconds; the kernel updates these totals every two seconds while a task
 * waits.
 */
static u64 bind_stalled_ns(void)
{
	const u64 *total = bind_psi->total[PSI_AVGS];

	return READ_ONCE(total[PSI_CPU_SOME]) + READ_ONCE(total[PSI_MEM_SOME]);
}

/* With psi=0, or CONFIG_PSI_DEFAULT_DISABLED and not psi=1, the totals stay 0. */
static bool psi_is_off(void)
{
	struct static_key_false disabled;

	return ua_bind_read("psi_disabled", &disabled, sizeof(disabled)) ||
	       static_key_enabled(&disabled);
}

static void bind_pressure(struct ua_core *core)
{
	bind_psi = (void *)ua_bind_lookup("psi_system");
	if (bind_psi && !psi_is_off())
		core->stalled_ns = bind_stalled_ns;
}
#else
static void bind_pressure(struct ua_core *core)
{
}
#endif

static int find_kallsyms(void)
{
	static const char name[] = "kallsyms_lookup_name";
	kallsyms_lookup_name_fn *lookup;

	lookup = ua_bind_symbol(name);
	if (IS_ERR(lookup)) {
		pr_warn("kprobes cannot find the function %s (%pe): accept_memory=eager and pressure are not detected\n",
			name, lookup);
		return PTR_ERR(lookup);
	}
	static_call_update(ua_kallsyms_lookup_name, lookup);
	return 0;
}

/**
 * ua_bind_data - add the operations that need kallsyms to a binding
 * @core: gets @eager and @stalled_ns, or a warning in the log says what is missing
 *
 * Context: process context, at load, no lock held: updates a static call.
 * Return: 0, also if something is missing, or -ENOMEM.
 */
int ua_bind_data(struct ua_core *core)
{
	int ret = find_kallsyms();

	if (ret)
		return ret == -ENOMEM ? ret : 0;
	core->eager = bind_eager;
	bind_pressure(core);
	if (!core->stalled_ns)
		pr_info("the kernel does not measure pressure (boot parameter psi=1): the acceptor looks at CPU time only\n");
	return 0;
}

/**
 * ua_bind_unaccepted_pages - unaccepted memory of a zone
 * @zone: any zone
 *
 * Context: any; takes no lock.
 * Return: pages, from the kernel's counter NR_UNACCEPTED.
 */
unsigned long ua_bind_unaccepted_pages(struct zone *zone)
{
	return zone_page_state(zone, NR_UNACCEPTED);
}

/**
 * ua_bind_unaccepted_at - state of a block in the page allocator
 * @pfn: number of its first page, which need not exist
 *
 * Reads the struct page only, never the memory, which may be unaccepted. A block
 * that bind_stock.c is about to accept is marked, but on no list.
 *
 * Context: process context; takes no lock, so the answer may be out of date.
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
 * Context: any.
 * Return: bits.
 */
unsigned int ua_bind_phys_bits(void)
{
	return boot_cpu_data.x86_phys_bits;
}

/**
 * ua_bind_has_ram - is there RAM in a range?
 * @start: physical address
 * @bytes: size of the range, not 0
 *
 * Context: process context.
 * Return: true if the resource tree has System RAM in any part of the range.
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
 * ua_bind_observe - the binding that reads counters and accepts nothing
 * @reason: why the module cannot accept; a string that lives as long as the module
 *
 * Return: the binding "observe".
 */
const struct ua_core *ua_bind_observe(const char *reason)
{
	observe_core.reason = reason;
	return &observe_core;
}
