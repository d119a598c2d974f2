// SPDX-License-Identifier: GPL-2.0
/*
 * The engine: walks nodes and zones, accepts block by block, keeps the
 * accounts. Knows nothing of who asks, nor of how the kernel accepts.
 */
#include <linux/irq_work.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "unaccepted.h"

/* Long to an allocation, short to a host that makes room. */
#define REFUSED_PAUSE_NS	(100 * NSEC_PER_MSEC)

#define CREATE_TRACE_POINTS
#include "../include/trace/events/unaccepted.h"

/**
 * ua_zone_next - walk the zones that have memory
 * @zone: the last one, or NULL to begin
 *
 * The kernel's own iterators need symbols that modules do not get.
 *
 * Context: any.
 * Return: the next populated zone of an online node, or NULL after the last.
 */
struct zone *ua_zone_next(struct zone *zone)
{
	int nid = zone ? zone_to_nid(zone) : first_online_node;
	int i = zone ? zone_idx(zone) + 1 : 0;

	for (; nid < MAX_NUMNODES; nid = next_online_node(nid), i = 0)
		for (; i < MAX_NR_ZONES; i++)
			if (populated_zone(&NODE_DATA(nid)->node_zones[i]))
				return &NODE_DATA(nid)->node_zones[i];
	return NULL;
}

/**
 * ua_zone_stat - what we keep of a zone
 * @zone: any zone
 *
 * Context: any.
 * Return: never NULL.
 */
struct ua_zone_stat *ua_zone_stat(struct zone *zone)
{
	return &ua_state.stats[zone_to_nid(zone) * MAX_NR_ZONES + zone_idx(zone)];
}

static u64 zone_parked(struct zone *zone)
{
	return (u64)ua_state.core->parked_pages(zone) << PAGE_SHIFT;
}

/*
 * Enter a call in the books. Interrupts allocate and accept as well, so each
 * counter moves by one instruction of its CPU.
 */
static void count_call(struct ua_zone_stat *stat, enum ua_why why, u64 ns, int ret)
{
	u64 old = this_cpu_read(stat->count->max_ns);

	this_cpu_inc(stat->count->calls);
	this_cpu_add(stat->count->total_ns, ns);
	while (old < ns && !this_cpu_try_cmpxchg(stat->count->max_ns, &old, ns))
		;
	if (ret)
		this_cpu_inc(stat->count->failures);
	else
		this_cpu_add(stat->count->accepted[why], UA_BLOCK_BYTES);
	WRITE_ONCE(ua_state.last_error, ret);
}

/*
 * Accept one block of a zone; its bytes are in stat->inflight already, and
 * leave it here. -ENOENT, nothing left to take, is no call and no failure.
 */
static int accept_reserved(struct zone *zone, enum ua_why why, unsigned int flags)
{
	struct ua_zone_stat *stat = ua_zone_stat(zone);
	/* Usable in every context, and while timekeeping is suspended. */
	u64 start = ktime_get_mono_fast_ns();
	u64 ns;
	int ret;

	trace_accept_begin(zone_to_nid(zone), zone_idx(zone), why);
	ret = ua_state.core->accept_block(zone, flags);
	ns = ktime_get_mono_fast_ns() - start;
	trace_accept_end(zone_to_nid(zone), zone_idx(zone), why, ns, ret);

	if (ret != -ENOENT) {
		count_call(stat, why, ns, ret);
		WRITE_ONCE(stat->refused_ns, ret ? start : 0);
	}
	atomic64_sub(UA_BLOCK_BYTES, &stat->inflight);
	return ret;
}

/**
 * ua_accept_parked_node - what is parked in all zones of a node
 * @nid: an online node
 *
 * Context: any; no lock.
 * Return: bytes.
 */
u64 ua_accept_parked_node(int nid)
{
	struct zone *zones = NODE_DATA(nid)->node_zones;
	u64 bytes = 0;
	int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		if (populated_zone(&zones[i]))
			bytes += zone_parked(&zones[i]);
	return bytes;
}

/**
 * ua_accept_parked - what is parked in all zones
 *
 * Context: any; no lock.
 * Return: bytes.
 */
u64 ua_accept_parked(void)
{
	u64 bytes = 0;
	int nid;

	for_each_online_node(nid)
		bytes += ua_accept_parked_node(nid);
	return bytes;
}

/**
 * ua_accept_one - accept a block of a zone
 * @zone: a populated zone
 * @why: on whose behalf
 *
 * From the end of its list, away from where allocations take theirs.
 *
 * Context: any in which memory may be allocated.
 * Return: 0, -ENOENT if it has none, or what the platform answered.
 */
int ua_accept_one(struct zone *zone, enum ua_why why)
{
	atomic64_add(UA_BLOCK_BYTES, &ua_zone_stat(zone)->inflight);
	return accept_reserved(zone, why, UA_FROM_END);
}

/**
 * ua_zone_view - a zone as the policy sees it
 * @zone: a populated zone
 * @order: of the allocation on whose behalf we look
 * @view: the result
 *
 * Context: any; takes no lock, so the numbers may be of different moments.
 */
void ua_zone_view(struct zone *zone, unsigned int order, struct ua_zone_view *view)
{
	s64 unusable = BIT(order) - 1 + READ_ONCE(zone->nr_free_highatomic);

	if (IS_ENABLED(CONFIG_CMA))
		unusable += zone_page_state(zone, NR_FREE_CMA_PAGES);
	view->coming = atomic64_read(&ua_zone_stat(zone)->inflight) >> PAGE_SHIFT;
	view->parked = ua_state.core->parked_pages(zone);
	/* Free pages include the parked ones; signed, for the two may disagree. */
	view->free = (s64)zone_page_state(zone, NR_FREE_PAGES) - view->parked -
		     unusable;
	view->high = high_wmark_pages(zone);
	view->promo = promo_wmark_pages(zone);
}

/*
 * May this allocation take a block? If so it is reserved: others see it in
 * stat->inflight before they decide, so that CPUs short of the same blocks do
 * not each take them. Where two reserve at once both may see too much coming
 * and leave it; the next allocation decides anew.
 */
static u64 reserve_block(struct zone *zone, unsigned int order, bool failed,
			 bool begun)
{
	struct ua_zone_stat *stat = ua_zone_stat(zone);
	struct ua_zone_view view;
	u64 coming, want;

	/* Most allocations want nothing, and need not disturb other CPUs. */
	ua_zone_view(zone, order, &view);
	want = ua_policy_want(&view, UA_BLOCK_PAGES, failed, begun);
	if (!want)
		return 0;

	coming = atomic64_add_return(UA_BLOCK_BYTES, &stat->inflight);
	ua_zone_view(zone, order, &view);
	view.coming = (coming - UA_BLOCK_BYTES) >> PAGE_SHIFT;
	want = ua_policy_want(&view, UA_BLOCK_PAGES, failed, begun);
	if (!want)
		atomic64_sub(UA_BLOCK_BYTES, &stat->inflight);
	return want;
}

/*
 * Wake the background thread before allocations are in need. By irq_work, for
 * the caller may hold the scheduler's locks. Once: who comes next finds that it
 * was done, until the thread goes back to sleep.
 */
static void kick_background(struct zone *zone, unsigned int order)
{
	struct ua_zone_stat *stat = ua_zone_stat(zone);
	struct ua_zone_view view;

	if (!READ_ONCE(stat->kick_below))
		return;
	ua_zone_view(zone, order, &view);
	if (view.free + view.coming >= READ_ONCE(stat->kick_below))
		return;
	WRITE_ONCE(stat->kick_below, 0);
	irq_work_queue(&stat->kick);
}

static void count_wait(struct zone *zone, u64 ns)
{
	unsigned int bucket = min_t(unsigned int, fls64(ns), UA_NR_WAITS - 1);

	this_cpu_inc(ua_zone_stat(zone)->count->waits[bucket]);
}

/*
 * Has the platform refused just now? Then it is asked for what is needed, not for
 * what would be good to have: below the watermark every single allocation would
 * ask, and find nothing.
 */
static bool was_refused(const struct ua_zone_stat *stat)
{
	u64 refused = READ_ONCE(stat->refused_ns);

	return refused && ktime_get_mono_fast_ns() - refused < REFUSED_PAUSE_NS;
}

/* See struct ua_upcalls. */
static unsigned int below_watermark(struct zone *zone, unsigned int order,
				    gfp_t gfp, bool failed)
{
	const struct ua_knobs *knobs = &ua_state.knobs;
	unsigned int flags = READ_ONCE(knobs->to_front) ? UA_TO_FRONT : 0;
	unsigned int budget = READ_ONCE(knobs->max_blocks);
	enum ua_why why = failed ? UA_WHY_FALLBACK : UA_WHY_WATERMARK;
	u64 limit = READ_ONCE(knobs->max_us) * (u64)NSEC_PER_USEC;
	u64 start = 0, ns = 0, want;
	unsigned int done = 0;

	kick_background(zone, order);
	if (!failed && was_refused(ua_zone_stat(zone)))
		return 0;

	while ((want = reserve_block(zone, order, failed && !done, done))) {
		if (done && (done >= budget || ns >= limit)) {
			atomic64_sub(UA_BLOCK_BYTES, &ua_zone_stat(zone)->inflight);
			this_cpu_inc(ua_zone_stat(zone)->count->shortfalls);
			trace_shortfall(zone_to_nid(zone), zone_idx(zone), order,
					done, want);
			break;
		}
		if (!start)
			start = ktime_get_mono_fast_ns();
		if (accept_reserved(zone, why, flags))
			break;
		done++;
		ns = ktime_get_mono_fast_ns() - start;
	}
	if (start)
		count_wait(zone, ktime_get_mono_fast_ns() - start);
	return done;
}

/* See struct ua_upcalls. Not our work, so neither a call nor a wait of ours. */
static void isolated(struct zone *zone)
{
	this_cpu_add(ua_zone_stat(zone)->count->accepted[UA_WHY_ISOLATION],
		     UA_BLOCK_BYTES);
}

const struct ua_upcalls ua_accept_upcalls = {
	.below_watermark = below_watermark,
	.isolated = isolated,
};

/* May a long piece of work go on? */
static int may_go_on(void)
{
	if (READ_ONCE(ua_state.stopping))
		return -ENODEV;
	/*
	 * -EINTR, not -ERESTARTSYS: a restarted write would ask for the whole
	 * amount again, on top of what was accepted before the signal.
	 */
	if (signal_pending(current))
		return -EINTR;
	return 0;
}

static int accept_zone(struct zone *zone, u64 *blocks, enum ua_why why)
{
	while (*blocks) {
		int ret = may_go_on();

		if (!ret)
			ret = ua_accept_one(zone, why);
		if (ret)
			return ret == -ENOENT ? 0 : ret;
		(*blocks)--;
		cond_resched();
	}
	return 0;
}

/* From the highest zone down, as the background does. */
static int accept_node(int nid, u64 *blocks, enum ua_why why)
{
	struct zone *zones = NODE_DATA(nid)->node_zones;
	int i, ret = 0;

	for (i = MAX_NR_ZONES - 1; i >= 0 && *blocks && !ret; i--)
		if (populated_zone(&zones[i]))
			ret = accept_zone(&zones[i], blocks, why);
	return ret;
}

/**
 * ua_accept_blocks - accept blocks wherever they are
 * @blocks:	how many; more than there are is no error
 * @why:	on whose behalf
 *
 * Context: process context, may sleep between blocks, holds no lock across one.
 * Return: 0 also when there was less; -EINTR on a signal, -ENODEV when the
 * module is being unloaded, or what the platform answered. Blocks done stay done.
 */
int ua_accept_blocks(u64 blocks, enum ua_why why)
{
	int nid, ret;

	for_each_online_node(nid) {
		ret = accept_node(nid, &blocks, why);
		if (ret || !blocks)
			return ret;
	}
	return 0;
}

static void sum_count(struct ua_count *sum, const struct ua_count *count)
{
	int i;

	for (i = 0; i < UA_NR_WHY; i++)
		sum->accepted[i] += READ_ONCE(count->accepted[i]);
	for (i = 0; i < UA_NR_WAITS; i++)
		sum->waits[i] += READ_ONCE(count->waits[i]);
	sum->calls += READ_ONCE(count->calls);
	sum->total_ns += READ_ONCE(count->total_ns);
	sum->max_ns = max(sum->max_ns, READ_ONCE(count->max_ns));
	sum->failures += READ_ONCE(count->failures);
	sum->shortfalls += READ_ONCE(count->shortfalls);
}

static u64 sum_accepted(const struct ua_count *count)
{
	u64 bytes = 0;
	int i;

	for (i = 0; i < UA_NR_WHY; i++)
		bytes += count->accepted[i];
	return bytes;
}

/**
 * ua_accept_sum_zone - add the counters of a zone to a sum
 * @zone: a populated zone
 * @sum: what to add to
 *
 * Context: any; takes no lock, so the parts may be of different moments.
 */
void ua_accept_sum_zone(struct zone *zone, struct ua_sum *sum)
{
	struct ua_zone_stat *stat = ua_zone_stat(zone);
	u64 before = sum_accepted(&sum->count);
	u64 parked, gone, ours;
	int cpu;

	ours = atomic64_read(&stat->inflight);
	parked = zone_parked(zone);
	gone = stat->parked_at_load - min(parked, stat->parked_at_load);
	for_each_possible_cpu(cpu)
		sum_count(&sum->count, per_cpu_ptr(stat->count, cpu));
	ours += sum_accepted(&sum->count) - before;

	sum->managed += (u64)zone_managed_pages(zone) << PAGE_SHIFT;
	sum->parked += parked;
	sum->other += gone - min(gone, ours);
}

/**
 * ua_accept_sum_node - add the counters of a node to a sum
 * @nid: an online node
 * @sum: what to add to
 *
 * Context: as ua_accept_sum_zone().
 */
void ua_accept_sum_node(int nid, struct ua_sum *sum)
{
	struct zone *zones = NODE_DATA(nid)->node_zones;
	int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		if (populated_zone(&zones[i]))
			ua_accept_sum_zone(&zones[i], sum);
}

/**
 * ua_accept_sum - the counters of the whole machine
 * @sum: the result
 *
 * Context: as ua_accept_sum_zone().
 */
void ua_accept_sum(struct ua_sum *sum)
{
	struct zone *zone;

	memset(sum, 0, sizeof(*sum));
	for (zone = ua_zone_next(NULL); zone; zone = ua_zone_next(zone))
		ua_accept_sum_zone(zone, sum);
}

/**
 * ua_accept_init - open the books
 *
 * Return: 0 or -ENOMEM.
 */
int ua_accept_init(void)
{
	struct zone *zone;
	unsigned int i;

	ua_state.knobs.max_blocks = UA_MAX_BLOCKS_DEFAULT;
	ua_state.knobs.max_us = UA_MAX_US_DEFAULT;
	ua_state.knobs.to_front = true;

	ua_state.stats = kcalloc(nr_node_ids * MAX_NR_ZONES,
				 sizeof(*ua_state.stats), GFP_KERNEL);
	if (!ua_state.stats)
		return -ENOMEM;

	/* For empty zones too: memory hotplug may fill them while we are here. */
	for (i = 0; i < nr_node_ids * MAX_NR_ZONES; i++) {
		ua_state.stats[i].count = alloc_percpu(struct ua_count);
		if (!ua_state.stats[i].count)
			goto err_stats;
	}
	for (zone = ua_zone_next(NULL); zone; zone = ua_zone_next(zone))
		ua_zone_stat(zone)->parked_at_load = zone_parked(zone);
	return 0;

err_stats:
	ua_accept_exit();
	return -ENOMEM;
}

/**
 * ua_accept_exit - close the books; nobody may be accepting any more
 */
void ua_accept_exit(void)
{
	unsigned int i;

	for (i = 0; i < nr_node_ids * MAX_NR_ZONES; i++)
		free_percpu(ua_state.stats[i].count);
	kfree(ua_state.stats);
}
