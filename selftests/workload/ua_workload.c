// SPDX-License-Identifier: GPL-2.0
/*
 * Workloads that show how the page allocator treats unaccepted memory, with the
 * kernel's own policy or with that of a module. For tests only.
 *
 * Write one of these to /sys/kernel/debug/ua_workload/run, and read the result, as
 * lines of "key value", from report:
 *
 *	fragment MIB		leave this much accepted memory of each zone free, in
 *				single pages, and hold the rest
 *	release			free all held pages
 *	high ORDER N KIND	N allocations; KIND: noretry, retry, plain or movable.
 *				short: allocations before which no zone had one free;
 *				unserved: those of them that accepted nothing;
 *				lacked: allocations before which the zone had none
 *	burst BLOCKS [probe]	raise the watermark by this much at once; then allocate
 *				single pages until it is reached. probe: a timer
 *				measures for how long interrupts are off
 *	parallel THREADS BLOCKS	the same by threads, each on a CPU of its own
 *	exhaust			take single pages, without reclaim, until no zone has one
 *				for GFP_KERNEL; then ask for BULK_PAGES at once.
 *				normal_left: unaccepted pages that zone Normal has then;
 *				dma32_lost: those that DMA32 has no longer
 *	contig first|second	alloc_contig_range() on half of an unaccepted block
 *	loop ORDER N		allocate and free memory of ORDER N times, with
 *				interrupts off, and count the cycles
 *	steal PERCENT MS	for this time, let the kernel's statistics say that the
 *				host takes this share of each CPU
 *	skew PAGES		add this to the counter of unaccepted pages
 *	bit UNIT		flip the bit of a unit in the EFI table
 *	alias shared|private	allocate a page of this kind, map it as the other kind,
 *				and read it
 *	zone			only report the state of the zone
 *
 * The watermark (WMARK_PROMO) is changed here and not by sysctl, because no other
 * task may allocate between that and the allocation of the test.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/efi.h>
#include <linux/gfp.h>
#include <linux/hrtimer.h>
#include <linux/kernel_stat.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched/task.h>
#include <linux/seq_file.h>
#include <linux/set_memory.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/stringify.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/vmstat.h>

#include <asm/msr.h>
#include <asm/unaccepted_memory.h>

#include "../../module/bind_zone.h"

#define BLOCK_PAGES	((long)MAX_ORDER_NR_PAGES)
/* MAX_PAGE_ORDER, which kernels before 6.8 do not have. */
#define LARGEST_ORDER	ilog2(MAX_ORDER_NR_PAGES)
#define HALF_PAGES	(BLOCK_PAGES / 2)

/* In pages: less than one allocation of order 9, but enough to fill the per-CPU lists. */
#define LEFT_FREE	400

/* More allocations than any policy needs to make up a deficit. */
#define ENOUGH		1000000

#define PROBE_NS	(100 * NSEC_PER_USEC)

static DEFINE_MUTEX(lock);	/* one workload at a time; guards what follows */
static LIST_HEAD(held);
static char report[1024];
static size_t report_len;

static void say(const char *key, s64 value)
{
	report_len += scnprintf(report + report_len, sizeof(report) - report_len,
				"%s %lld\n", key, value);
}

static void free_list(struct list_head *list)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, list, lru) {
		list_del(&page->lru);
		__free_page(page);
		cond_resched();
	}
}

static long unaccepted(struct zone *zone)
{
	return zone_page_state(zone, NR_UNACCEPTED);
}

/* Accepted and free pages, as the watermark checks count them. */
static long spare(struct zone *zone)
{
	long pages = ua_zone_free(zone);

	pages -= unaccepted(zone) + ua_zone_highatomic(zone);
	if (IS_ENABLED(CONFIG_CMA))
		pages -= zone_page_state(zone, NR_FREE_CMA_PAGES);
	return pages;
}

static long deficit(struct zone *zone)
{
	return (long)wmark_pages(zone, WMARK_PROMO) - spare(zone);
}

/* Never 0, because to the kernel this means that there are no watermarks yet. */
static void set_promo(struct zone *zone, long pages)
{
	WRITE_ONCE(zone->watermark_boost, 0);
	WRITE_ONCE(zone->_watermark[WMARK_PROMO], max(pages, 1L));
}

/* Sets all watermarks as low as possible. */
static void lower_marks(struct zone *zone)
{
	int i;

	for (i = 0; i < WMARK_PROMO; i++)
		WRITE_ONCE(zone->_watermark[i], 1);
	set_promo(zone, 1);
}

/* The zone that serves GFP_KERNEL first, if it has unaccepted memory. */
static struct zone *target_zone(void)
{
	struct zone *zone = &NODE_DATA(first_online_node)->node_zones[ZONE_NORMAL];

	return populated_zone(zone) && unaccepted(zone) ? zone : NULL;
}

static void say_zone(struct zone *zone)
{
	say("spare_pages", spare(zone));
	say("unaccepted_pages", unaccepted(zone));
	say("promo_pages", wmark_pages(zone, WMARK_PROMO));
	say("deficit_pages", deficit(zone));
}

static int run_zone(int argc, char **argv)
{
	struct zone *zone = target_zone();

	if (!zone)
		return -ENODATA;
	say_zone(zone);
	return 0;
}

/* ---- fragmented memory, and allocations of high order ---- */

/* Lets the kernel accept until a number of pages of the zone are free. */
static int fill_up(struct zone *zone, long pages, gfp_t gfp)
{
	int i;

	set_promo(zone, pages);
	for (i = 0; i < ENOUGH && unaccepted(zone) && deficit(zone) >= BLOCK_PAGES; i++) {
		struct page *page = alloc_page(gfp);

		if (!page)
			return -ENOMEM;
		__free_page(page);
	}
	return 0;
}

/*
 * Allocate the accepted pages, down to LEFT_FREE, without accepting any, for which
 * the watermarks must be low. If a block is accepted nevertheless, the zone has no
 * large free page left, and it is enough to allocate that block as well.
 */
static void drain(struct zone *zone, struct list_head *list, gfp_t gfp)
{
	long before = unaccepted(zone), left = LONG_MAX;
	struct page *page;

	while (spare(zone) > LEFT_FREE && left--) {
		lower_marks(zone);
		page = alloc_page(gfp);
		if (!page)
			return;
		if (page_zone(page) != zone) {
			__free_page(page);
			return;
		}
		list_add(&page->lru, list);
		if (unaccepted(zone) < before) {
			left = min(left, BLOCK_PAGES - 1);
			before = unaccepted(zone);
		}
		cond_resched();
	}
}

/* For a zone without unaccepted memory: take large pages until the watermarks refuse. */
static void take_large(struct list_head *list, gfp_t gfp)
{
	int order, i;

	for (order = LARGEST_ORDER; order >= pageblock_order; order--) {
		struct page *page;

		while ((page = alloc_pages(gfp, order))) {
			split_page(page, order);
			for (i = 0; i < 1 << order; i++)
				list_add(&page[i].lru, list);
		}
	}
}

/* Free every second page, so that none has a free neighbour to merge with. */
static long perforate(struct list_head *list)
{
	struct page *page, *next;
	long pages = 0;

	list_for_each_entry_safe(page, next, list, lru) {
		if (!(page_to_pfn(page) & 1))
			continue;
		list_del(&page->lru);
		__free_page(page);
		pages++;
	}
	return pages;
}

static int fragment_zone(struct zone *zone, long pages, gfp_t gfp)
{
	unsigned long marks[NR_WMARK];
	LIST_HEAD(list);
	long before;
	int i, ret;

	if (!populated_zone(zone))
		return 0;
	if (!unaccepted(zone)) {
		take_large(&held, gfp);
		return 0;
	}
	memcpy(marks, zone->_watermark, sizeof(marks));
	ret = fill_up(zone, 2 * pages, gfp);
	before = unaccepted(zone);
	drain(zone, &list, gfp);
	say("blocks", (before - unaccepted(zone)) / BLOCK_PAGES);
	say("freed_pages", perforate(&list));
	list_splice(&list, &held);
	for (i = 0; i < NR_WMARK; i++)
		WRITE_ONCE(zone->_watermark[i], marks[i]);
	return ret;
}

static int run_fragment(int argc, char **argv)
{
	struct zone *zones = NODE_DATA(first_online_node)->node_zones;
	struct zone *zone = target_zone();
	gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;
	unsigned long mib;
	int ret;

	if (!zone)
		return -ENODATA;
	if (argc != 2 || kstrtoul(argv[1], 0, &mib))
		return -EINVAL;
	/* In the order in which the allocator tries the zones. */
	ret = fragment_zone(zone, mib << (20 - PAGE_SHIFT), gfp);
#ifdef CONFIG_ZONE_DMA32
	if (!ret)
		ret = fragment_zone(&zones[ZONE_DMA32], mib << (20 - PAGE_SHIFT),
				    gfp | GFP_DMA32);
#endif
#ifdef CONFIG_ZONE_DMA
	if (!ret)
		ret = fragment_zone(&zones[ZONE_DMA], mib << (20 - PAGE_SHIFT),
				    gfp | GFP_DMA);
#endif
	say_zone(zone);
	return ret;
}

static int run_release(int argc, char **argv)
{
	free_list(&held);
	return 0;
}

#define BULK_PAGES	64

#ifdef HAVE_BULK_ARRAY
#define bulk_alloc	alloc_pages_bulk_array
#else
#define bulk_alloc	alloc_pages_bulk
#endif

/* Frees the pages before it returns: the next allocation of any task may need them. */
static int run_exhaust(int argc, char **argv)
{
	struct zone *zones = NODE_DATA(0)->node_zones;
	gfp_t gfp = (GFP_KERNEL & ~__GFP_RECLAIM) | __GFP_NOWARN;
	s64 dma32 = unaccepted(&zones[ZONE_DMA32]), pages = 0;
	struct page *bulk[BULK_PAGES] = {}, *page;
	unsigned long got;
	LIST_HEAD(taken);

	while ((page = alloc_page(gfp))) {
		list_add(&page->lru, &taken);
		pages++;
		cond_resched();
	}
	got = bulk_alloc(gfp, BULK_PAGES, bulk);

	say("pages", pages);
	say("bulk", got);
	say("normal_left", unaccepted(&zones[ZONE_NORMAL]));
	say("dma32_lost", dma32 - unaccepted(&zones[ZONE_DMA32]));
	while (got)
		__free_page(bulk[--got]);
	free_list(&taken);
	return 0;
}

static u64 allocstalls(const unsigned long *events)
{
	u64 sum = 0;
	int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		sum += events[ALLOCSTALL_NORMAL - ZONE_NORMAL + i];
	return sum;
}

static int high_gfp(const char *kind, gfp_t *gfp)
{
	static const char * const kinds[] = { "noretry", "retry", "plain", "movable" };
	static const gfp_t flags[] = { __GFP_NORETRY, __GFP_RETRY_MAYFAIL, 0, __GFP_MOVABLE };
	int i = match_string(kinds, ARRAY_SIZE(kinds), kind);

	if (i < 0)
		return -EINVAL;
	*gfp = GFP_KERNEL | __GFP_NOWARN | flags[i];
	return 0;
}

/* Leaves out pages that are reserved for atomic allocations, or isolated. */
static bool zone_may_have(struct zone *zone, unsigned int order)
{
	unsigned int larger;
	int type, cpu;

	for (larger = order; larger <= LARGEST_ORDER; larger++)
		for (type = 0; type < MIGRATE_PCPTYPES; type++)
			if (!list_empty(&zone->free_area[larger].free_list[type]))
				return true;
	/* The per-CPU lists hold huge pages, too. */
	for_each_online_cpu(cpu)
		if (READ_ONCE(per_cpu_ptr(zone->per_cpu_pageset, cpu)->count) >= 1 << order)
			return true;
	return false;
}

/* Is no page of this order free, and no larger one that could be split? */
static bool none_free(unsigned int order)
{
	int node, i;

	for_each_online_node(node) {
		struct zone *zones = NODE_DATA(node)->node_zones;

		for (i = 0; i < MAX_NR_ZONES; i++)
			if (populated_zone(&zones[i]) && zone_may_have(&zones[i], order))
				return false;
	}
	return true;
}

static int run_high(int argc, char **argv)
{
	static unsigned long before[NR_VM_EVENT_ITEMS], after[NR_VM_EVENT_ITEMS];
	unsigned int order, count, i, good = 0, short_of = 0, unserved = 0, lacked = 0;
	struct zone *zone = target_zone();
	struct page *page, *next;
	u64 ns, longest = 0;
	LIST_HEAD(list);
	long blocks;
	gfp_t gfp;

	if (!zone)
		return -ENODATA;
	if (argc != 4 || kstrtouint(argv[1], 0, &order) || order > LARGEST_ORDER ||
	    kstrtouint(argv[2], 0, &count) || high_gfp(argv[3], &gfp))
		return -EINVAL;

	blocks = unaccepted(zone);
	all_vm_events(before);
	for (i = 0; i < count; i++) {
		unsigned long accepted = global_zone_page_state(NR_UNACCEPTED);
		bool none = none_free(order);

		lacked += !zone_may_have(zone, order);
		ns = ktime_get_ns();
		page = alloc_pages(gfp, order);
		longest = max(longest, ktime_get_ns() - ns);
		accepted -= global_zone_page_state(NR_UNACCEPTED);
		short_of += none;
		unserved += none && !accepted;
		if (!page)
			continue;
		good++;
		list_add(&page->lru, &list);
	}
	all_vm_events(after);
	blocks = (blocks - unaccepted(zone)) / BLOCK_PAGES;
	list_for_each_entry_safe(page, next, &list, lru) {
		list_del(&page->lru);
		__free_pages(page, order);
	}

	say("succeeded", good);
	say("failed", count - good);
	say("short", short_of);
	say("unserved", unserved);
	say("lacked", lacked);
	say("longest_ns", longest);
	say("compact_stall", after[COMPACTSTALL] - before[COMPACTSTALL]);
	say("compact_fail", after[COMPACTFAIL] - before[COMPACTFAIL]);
	say("allocstall", allocstalls(after) - allocstalls(before));
	say("blocks", blocks);
	return 0;
}

/* ---- the watermark rises ---- */

/**
 * struct probe - a timer that measures for how long interrupts are off
 * @timer:	fires every PROBE_NS unless interrupts are off
 * @late_ns:	the longest delay so far
 */
struct probe {
	struct hrtimer timer;
	u64 late_ns;
};

static enum hrtimer_restart probe_fires(struct hrtimer *timer)
{
	struct probe *probe = container_of(timer, struct probe, timer);
	s64 late = ktime_to_ns(ktime_sub(ktime_get(), hrtimer_get_expires(timer)));

	if (late > (s64)probe->late_ns)
		probe->late_ns = late;
	hrtimer_forward_now(timer, ns_to_ktime(PROBE_NS));
	return HRTIMER_RESTART;
}

static void probe_start(struct probe *probe)
{
#ifdef HAVE_HRTIMER_SETUP
	hrtimer_setup(&probe->timer, probe_fires, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL_PINNED_HARD);
#else
	hrtimer_init(&probe->timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	probe->timer.function = probe_fires;
#endif
	hrtimer_start(&probe->timer, ns_to_ktime(PROBE_NS),
		      HRTIMER_MODE_REL_PINNED_HARD);
}

/**
 * struct burst - the allocations that made up a deficit
 * @allocations: their number
 * @first_blocks: blocks that the first one accepted
 * @most_blocks: the most blocks that one of them accepted
 * @first_ns:	how long the first one took
 * @longest_ns:	how long the slowest one took
 */
struct burst {
	u64 allocations;
	s64 first_blocks;
	s64 most_blocks;
	u64 first_ns;
	u64 longest_ns;
};

/* Without preemption, so that no other task of this CPU accepts meanwhile. */
static bool burst_one(struct zone *zone, struct burst *burst)
{
	struct page *page;
	s64 blocks;
	u64 ns;

	preempt_disable();
	blocks = unaccepted(zone);
	ns = ktime_get_ns();
	page = alloc_page(GFP_NOWAIT | __GFP_NOWARN);
	ns = ktime_get_ns() - ns;
	blocks = (blocks - unaccepted(zone)) / BLOCK_PAGES;
	preempt_enable();

	if (!page)
		return false;
	__free_page(page);
	if (!burst->allocations++) {
		burst->first_blocks = blocks;
		burst->first_ns = ns;
	}
	burst->most_blocks = max(burst->most_blocks, blocks);
	burst->longest_ns = max(burst->longest_ns, ns);
	return true;
}

static int run_burst(int argc, char **argv)
{
	struct zone *zone = target_zone();
	struct probe probe = {};
	struct burst burst = {};
	unsigned long promo, blocks;
	long before;

	if (!zone)
		return -ENODATA;
	if (argc < 2 || argc > 3 || kstrtoul(argv[1], 0, &blocks))
		return -EINVAL;
	if (argc == 3 && strcmp(argv[2], "probe"))
		return -EINVAL;

	promo = zone->_watermark[WMARK_PROMO];
	before = unaccepted(zone);
	migrate_disable();
	if (argc == 3)
		probe_start(&probe);
	set_promo(zone, spare(zone) + blocks * BLOCK_PAGES);
	while (burst.allocations < ENOUGH && deficit(zone) >= BLOCK_PAGES)
		if (!burst_one(zone, &burst))
			break;
	set_promo(zone, promo);
	if (argc == 3)
		hrtimer_cancel(&probe.timer);
	migrate_enable();

	say("blocks", (before - unaccepted(zone)) / BLOCK_PAGES);
	say("allocations", burst.allocations);
	say("first_blocks", burst.first_blocks);
	say("first_ns", burst.first_ns);
	say("most_blocks", burst.most_blocks);
	say("longest_ns", burst.longest_ns);
	if (argc == 3)
		say("irqs_off_ns", probe.late_ns);
	return 0;
}

/* ---- several at once ---- */

/**
 * struct run - threads that start together
 * @zone:	the zone with the deficit
 * @ready:	number of threads that wait for @go
 * @go:		lets the threads begin
 * @last_ns:	when the last thread ended
 * @longest_ns:	how long the slowest allocation took
 * @allocations: number of allocations of all threads
 */
struct run {
	struct zone *zone;
	atomic_t ready;
	bool go;
	atomic64_t last_ns;
	atomic64_t longest_ns;
	atomic64_t allocations;
};

static void raise_to(atomic64_t *to, s64 value)
{
	s64 old = atomic64_read(to);

	while (old < value && !atomic64_try_cmpxchg(to, &old, value))
		;
}

static int worker(void *data)
{
	struct run *run = data;
	s64 ns, longest = 0;
	int i;

	atomic_inc(&run->ready);
	while (!READ_ONCE(run->go)) {
		cpu_relax();
		cond_resched();
	}
	for (i = 0; i < ENOUGH && deficit(run->zone) >= BLOCK_PAGES; i++) {
		struct page *page;

		ns = ktime_get_ns();
		page = alloc_page(GFP_KERNEL | __GFP_NOWARN);
		longest = max(longest, (s64)ktime_get_ns() - ns);
		if (!page)
			break;
		__free_page(page);
	}
	raise_to(&run->last_ns, ktime_get_ns());
	raise_to(&run->longest_ns, longest);
	atomic64_add(i, &run->allocations);
	return 0;
}

static int start_workers(struct run *run, struct task_struct **tasks, int threads)
{
	int i;

	for (i = 0; i < threads; i++) {
		struct task_struct *task = kthread_create(worker, run, "ua_work%d", i);

		if (IS_ERR(task))
			break;
		kthread_bind(task, i);
		tasks[i] = get_task_struct(task);
		wake_up_process(task);
	}
	/* kthread_stop() on a thread that has not run yet would keep it from running. */
	while (atomic_read(&run->ready) < i)
		msleep(20);
	return i;
}

static int run_parallel(int argc, char **argv)
{
	struct task_struct *tasks[16];
	struct run run = { .zone = target_zone() };
	unsigned long promo, blocks;
	unsigned int threads, i, started;
	long before;
	s64 begin;

	if (!run.zone)
		return -ENODATA;
	if (argc != 3 || kstrtouint(argv[1], 0, &threads) ||
	    kstrtoul(argv[2], 0, &blocks))
		return -EINVAL;
	if (!threads || threads > min_t(unsigned int, num_online_cpus(), 16))
		return -ERANGE;

	promo = run.zone->_watermark[WMARK_PROMO];
	started = start_workers(&run, tasks, threads);
	before = unaccepted(run.zone);
	if (started == threads)
		set_promo(run.zone, spare(run.zone) + blocks * BLOCK_PAGES);
	begin = ktime_get_ns();
	WRITE_ONCE(run.go, true);
	for (i = 0; i < started; i++) {
		kthread_stop(tasks[i]);
		put_task_struct(tasks[i]);
	}
	set_promo(run.zone, promo);
	if (started != threads)
		return -ENOMEM;

	say("blocks", (before - unaccepted(run.zone)) / BLOCK_PAGES);
	say("wall_ns", atomic64_read(&run.last_ns) - begin);
	say("allocations", atomic64_read(&run.allocations));
	say("longest_ns", atomic64_read(&run.longest_ns));
	return 0;
}

/* ---- contiguous memory ---- */

/* Caller holds zone->lock. */
static struct list_head *unaccepted_list(struct zone *zone)
{
#ifdef UA_ZONE_REFUSED
	/* All that is left was refused within the last second. */
	if (list_empty(&zone->unaccepted_pages))
		return &zone->refused_pages;
#endif
	return &zone->unaccepted_pages;
}

/* Number of the first page of an unaccepted block, or 0. It may be accepted at any time. */
static unsigned long unaccepted_pfn(struct zone *zone)
{
	unsigned long flags, pfn = 0;
	struct list_head *list;

	spin_lock_irqsave(&zone->lock, flags);
	list = unaccepted_list(zone);
	if (!list_empty(list))
		pfn = page_to_pfn(list_last_entry(list, struct page, lru));
	spin_unlock_irqrestore(&zone->lock, flags);
	return pfn;
}

static int run_contig(int argc, char **argv)
{
	struct zone *zone = target_zone();
	unsigned long pfn;
	long before;
	u64 ns;
	int ret;

	if (!zone)
		return -ENODATA;
	if (argc != 2 || (strcmp(argv[1], "first") && strcmp(argv[1], "second")))
		return -EINVAL;
	pfn = unaccepted_pfn(zone);
	if (!pfn)
		return -ENODATA;
	if (!strcmp(argv[1], "second"))
		pfn += HALF_PAGES;

	before = unaccepted(zone);
	ns = ktime_get_ns();
	ret = alloc_contig_range(pfn, pfn + HALF_PAGES, MIGRATE_MOVABLE, GFP_KERNEL);
	ns = ktime_get_ns() - ns;
	if (!ret)
		free_contig_range(pfn, HALF_PAGES);
	say("result", ret);
	say("ns", ns);
	say("blocks", (before - unaccepted(zone)) / BLOCK_PAGES);
	return 0;
}

/* ---- the cost of an allocation ---- */

#define NOPS		1000

/**
 * struct loop - equal allocations in a loop
 * @order:	order of each
 * @count:	number of allocations
 * @failed:	number of those that failed
 */
struct loop {
	unsigned int order;
	unsigned int count;
	unsigned int failed;
};

static noinline u64 loop_cycles(struct loop *loop)
{
	u64 start = rdtsc_ordered();
	unsigned int i;

	for (i = 0; i < loop->count; i++) {
		struct page *page = alloc_pages(GFP_NOWAIT | __GFP_NOWARN, loop->order);

		if (page)
			__free_pages(page, loop->order);
		else
			loop->failed++;
	}
	return rdtsc_ordered() - start;
}

/*
 * Returns how many cycles NOPS instructions take, in an emulator whose time counts
 * instructions.
 */
static noinline u64 nop_cycles(bool nops)
{
	u64 start = rdtsc_ordered();

	if (nops)
		asm volatile(".rept " __stringify(NOPS) "\n\tnop\n\t.endr");
	return rdtsc_ordered() - start;
}

/*
 * Interrupts are off all the time, because other code that runs allocates, too. The
 * first loop is not measured: it fills the per-CPU lists, and puts the page where
 * each allocation leaves it. The other two should take the same time.
 */
static int run_loop(int argc, char **argv)
{
	struct loop loop = {};
	struct zone *zone = &NODE_DATA(first_online_node)->node_zones[ZONE_NORMAL];
	u64 first, second, nops;
	unsigned long flags;
	long before;

	if (argc != 3 || kstrtouint(argv[1], 0, &loop.order) ||
	    kstrtouint(argv[2], 0, &loop.count) ||
	    loop.order > LARGEST_ORDER || !loop.count || loop.count > 10000)
		return -EINVAL;

	local_irq_save(flags);
	loop_cycles(&loop);
	before = unaccepted(zone);
	first = loop_cycles(&loop);
	second = loop_cycles(&loop);
	nops = nop_cycles(true) - nop_cycles(false);
	local_irq_restore(flags);

	say("first_cycles", first);
	say("second_cycles", second);
	say("nop_cycles", nops);
	say("nops", NOPS);
	say("failed", loop.failed);
	say("blocks", (before - unaccepted(zone)) / BLOCK_PAGES);
	return 0;
}

/* ---- faults in the counters ---- */

/* Falsifies the kernel's counter of the last zone of the first node. */
static int run_skew(int argc, char **argv)
{
	struct zone *zone = &NODE_DATA(first_online_node)->node_zones[MAX_NR_ZONES - 1];
	int pages;

	if (argc != 2 || kstrtoint(argv[1], 0, &pages))
		return -EINVAL;
	while (!populated_zone(zone))
		zone--;
	mod_zone_page_state(zone, NR_UNACCEPTED, pages);
	return 0;
}

/* The bit must be of a unit whose real state does not matter in the test. */
static int run_bit(int argc, char **argv)
{
	struct efi_unaccepted_memory *table = efi_get_unaccepted_table();
	unsigned long unit;

	if (!table)
		return -ENODATA;
	if (argc != 2 || kstrtoul(argv[1], 0, &unit) ||
	    unit >= table->size * BITS_PER_BYTE)
		return -EINVAL;
	change_bit(unit, table->bitmap);
	return 0;
}

/* ---- shared and private pages ---- */

/* A page that cannot be made private again is not freed, because it cannot be used. */
static int run_alias(int argc, char **argv)
{
	bool shared = argc == 2 && !strcmp(argv[1], "shared");
	struct page *page;
	void *alias;
	int ret = 0;

	if (argc != 2 || (!shared && strcmp(argv[1], "private")))
		return -EINVAL;
	page = alloc_page(GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	if (shared)
		ret = set_memory_decrypted((unsigned long)page_address(page), 1);
	if (ret)
		return ret;

	alias = vmap(&page, 1, VM_MAP, shared ? PAGE_KERNEL : pgprot_decrypted(PAGE_KERNEL));
	if (alias)
		say("first_byte", READ_ONCE(*(u8 *)alias));
	else
		ret = -ENOMEM;
	vunmap(alias);

	if (shared && set_memory_encrypted((unsigned long)page_address(page), 1))
		return -EIO;
	__free_page(page);
	return ret;
}

/* ---- CPU time taken by the host ---- */

/* Short steps, because the module may read the statistics ten times a second. */
#define STEAL_STEP_NS	(20 * (u64)NSEC_PER_MSEC)

static int run_steal(int argc, char **argv)
{
	u64 start = ktime_get_ns(), last = start, now;
	unsigned int percent, ms;
	int cpu;

	if (argc != 3 || kstrtouint(argv[1], 10, &percent) || percent > 100 ||
	    kstrtouint(argv[2], 10, &ms))
		return -EINVAL;

	do {
		fsleep(STEAL_STEP_NS / NSEC_PER_USEC);
		now = ktime_get_ns();
		/* Not atomic: races with the kernel's update, which adds no steal time here. */
		for_each_online_cpu(cpu)
			kcpustat_cpu(cpu).cpustat[CPUTIME_STEAL] += (now - last) * percent / 100;
		last = now;
	} while (now - start < ms * (u64)NSEC_PER_MSEC);
	return 0;
}

/* ---- debugfs ---- */

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} workloads[] = {
	{ "zone", run_zone },
	{ "fragment", run_fragment },
	{ "release", run_release },
	{ "exhaust", run_exhaust },
	{ "high", run_high },
	{ "burst", run_burst },
	{ "parallel", run_parallel },
	{ "contig", run_contig },
	{ "loop", run_loop },
	{ "steal", run_steal },
	{ "skew", run_skew },
	{ "bit", run_bit },
	{ "alias", run_alias },
};

static int run_workload(int argc, char **argv)
{
	int i;

	for (i = 0; argc && i < ARRAY_SIZE(workloads); i++)
		if (!strcmp(workloads[i].name, argv[0]))
			return workloads[i].run(argc, argv);
	return -EINVAL;
}

static ssize_t run_write(struct file *file, const char __user *ubuf,
			 size_t count, loff_t *ppos)
{
	char buf[64], **argv;
	int argc, ret;

	if (count >= sizeof(buf))
		return -EINVAL;
	if (copy_from_user(buf, ubuf, count))
		return -EFAULT;
	buf[count] = '\0';
	argv = argv_split(GFP_KERNEL, buf, &argc);
	if (!argv)
		return -ENOMEM;

	mutex_lock(&lock);
	report_len = 0;
	report[0] = '\0';
	ret = run_workload(argc, argv);
	mutex_unlock(&lock);
	argv_free(argv);
	return ret ? ret : count;
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = run_write,
	.llseek = noop_llseek,
};

static int report_show(struct seq_file *m, void *unused)
{
	mutex_lock(&lock);
	seq_puts(m, report);
	mutex_unlock(&lock);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(report);

static struct dentry *dir;

static int __init workload_init(void)
{
	dir = debugfs_create_dir("ua_workload", NULL);
	debugfs_create_file("run", 0200, dir, NULL, &run_fops);
	debugfs_create_file("report", 0444, dir, NULL, &report_fops);
	return 0;
}

static void __exit workload_exit(void)
{
	debugfs_remove_recursive(dir);
	free_list(&held);
}

module_init(workload_init);
module_exit(workload_exit);
MODULE_DESCRIPTION("Workloads for tests of unaccepted memory");
MODULE_LICENSE("GPL");
