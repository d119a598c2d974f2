// SPDX-License-Identifier: GPL-2.0
/*
 * The engine: walks nodes and zones, accepts block by block. It depends neither on
 * its callers nor on how the kernel accepts.
 */
#include <linux/irq_work.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "accept.h"
#include "bind_zone.h"
#include "block.h"
#include "state.h"
#include "stats.h"

/*
 * How long most allocations stop trying after a refusal: long for an allocation,
 * short for a host that frees memory.
 */
#define REFUSED_PAUSE_NS	(100 * NSEC_PER_MSEC)

#define CREATE_TRACE_POINTS
#include "../include/trace/events/unaccepted.h"

#define ANY_BLOCK	UA_PFN_UNKNOWN

/* See ua_accept_set_upcall(). */
static void (*accepted_upcall)(int result);

static void tell_accepted(int result)
{
	void (*upcall)(int result) = READ_ONCE(accepted_upcall);

	if (upcall)
		upcall(result);
}

/* The platform accepts in this zone: background threads that gave it up begin again. */
static void zone_recovered(struct ua_zone_stat *stat)
{
	if (atomic_read(&stat->refusals) && atomic_xchg(&stat->refusals, 0) >= UA_GIVE_UP)
		irq_work_queue(&stat->kick);
}

/*
 * Accept the block of a zone at @pfn, or any block for ANY_BLOCK. The caller has
 * added its bytes to stat->inflight; they are subtracted here. -ENOENT means that
 * there was no such block, which is counted neither as a call nor as a failure.
 */
static int accept_reserved(struct zone *zone, enum ua_cause cause, unsigned int flags,
			   unsigned long pfn)
{
	struct ua_zone_stat *stat = ua_zone_stat(zone);
	struct ua_event event = {
		.cause = cause,
		.pfn = pfn,
		/* Usable in every context, and while timekeeping is suspended. */
		.at_ns = ktime_get_mono_fast_ns(),
	};
	int ret;

	trace_accept_begin(zone_to_nid(zone), zone_idx(zone), cause);
	if (pfn == ANY_BLOCK)
		ret = ua_state.core->accept_block(zone, flags, &event.pfn);
	else
		ret = ua_state.core->accept_block_at(zone, pfn);
	event.ns = ktime_get_mono_fast_ns() - event.at_ns;
	event.result = ret;
	trace_accept_end(zone_to_nid(zone), zone_idx(zone), cause, event.pfn,
			 event.ns, ret);

	if (ret != -ENOENT) {
		ua_stats_call(zone, &event);
		WRITE_ONCE(stat->refused_at_ns, ret ? event.at_ns : 0);
		if (!ret)
			zone_recovered(stat);
		/* For allocations, below_watermark() counts one wait for all of their blocks. */
		if (cause == UA_CAUSE_USER || cause == UA_CAUSE_BACKGROUND)
			ua_stats_wait(zone, cause, event.ns);
	}
	atomic64_sub(UA_BLOCK_BYTES, &stat->inflight);
	tell_accepted(ret == -ENOENT ? 0 : ret);
	return ret;
}

/**
 * ua_accept_one - accept a block of a zone
 * @zone: a populated zone
 * @cause: what the acceptance is for
 * @flags: UA_FROM_END for the last block of the zone's list, because allocations take the
 *	first; or 0
 *
 * Context: any in which memory may be allocated.
 * Return: 0, -ENOENT if the zone has no unaccepted block, or the errno of a refusal.
 */
int ua_accept_one(struct zone *zone, enum ua_cause cause, unsigned int flags)
{
	atomic64_add(UA_BLOCK_BYTES, &ua_zone_stat(zone)->inflight);
	return accept_reserved(zone, cause, flags, ANY_BLOCK);
}

/**
 * ua_zone_view - a zone as the policy sees it
 * @zone: a populated zone
 * @order: order of the allocation that the view is for
 * @view: the result
 *
 * Context: any; takes no lock, so the numbers may be of different moments.
 */
void ua_zone_view(struct zone *zone, unsigned int order, struct ua_zone_view *view)
{
	s64 unusable = BIT(order) - 1 + ua_zone_highatomic(zone);

	if (IS_ENABLED(CONFIG_CMA))
		unusable += zone_page_state(zone, NR_FREE_CMA_PAGES);
	view->inflight = atomic64_read(&ua_zone_stat(zone)->inflight) >> PAGE_SHIFT;
	view->unaccepted = ua_state.core->unaccepted_pages(zone);
	/*
	 * Free pages include the unaccepted ones. Signed, because the two counters
	 * may disagree.
	 */
	view->free = (s64)ua_zone_free(zone) - view->unaccepted - unusable;
	view->high = high_wmark_pages(zone);
	view->promo = wmark_pages(zone, WMARK_PROMO);
}

/*
 * May this allocation take a block? If so, the block is reserved in stat->inflight,
 * where other CPUs see it before they decide: CPUs that are short of the same
 * blocks must not each accept them. If two CPUs reserve at the same time, both may
 * see too much in flight and accept nothing; the next allocation decides again. Returns
 * the number of blocks wanted, 0 for none.
 */
static u64 reserve_block(struct zone *zone, unsigned int order, bool failed,
			 bool begun)
{
	struct ua_zone_stat *stat = ua_zone_stat(zone);
	struct ua_zone_view view;
	u64 inflight, want;

	/*
	 * Most allocations want no block. They must not write to data that CPUs
	 * share.
	 */
	ua_zone_view(zone, order, &view);
	want = ua_policy_want(&view, UA_BLOCK_PAGES, failed, begun);
	if (!want)
		return 0;

	inflight = atomic64_add_return(UA_BLOCK_BYTES, &stat->inflight);
	ua_zone_view(zone, order, &view);
	view.inflight = (inflight - UA_BLOCK_BYTES) >> PAGE_SHIFT;
	want = ua_policy_want(&view, UA_BLOCK_PAGES, failed, begun);
	if (!want)
		atomic64_sub(UA_BLOCK_BYTES, &stat->inflight);
	return want;
}

/*
 * Wake the background thread before allocations run short of accepted memory. Uses
 * irq_work, because the caller may hold locks of the scheduler. Done only once:
 * kick_below stays 0 until the thread goes back to sleep.
 */
static void kick_background(struct zone *zone, unsigned int order)
{
	struct ua_zone_stat *stat = ua_zone_stat(zone);
	struct ua_zone_view view;

	/* Pairs with smp_mb() in zone_wants(). */
	if (!READ_ONCE(stat->kick_below))
		return;
	ua_zone_view(zone, order, &view);
	if (view.free + view.inflight >= READ_ONCE(stat->kick_below))
		return;
	WRITE_ONCE(stat->kick_below, 0);
	irq_work_queue(&stat->kick);
}

/*
 * Has the platform refused a block in the last REFUSED_PAUSE_NS? Then only
 * allocations that failed try to accept. Otherwise each allocation below the
 * watermark would try again in vain.
 */
static bool was_refused(const struct ua_zone_stat *stat)
{
	u64 refused = READ_ONCE(stat->refused_at_ns);

	return refused && ktime_get_mono_fast_ns() - refused < REFUSED_PAUSE_NS;
}

/* See struct ua_upcalls. */
static unsigned int below_watermark(struct zone *zone, unsigned int order,
				    gfp_t gfp, bool failed)
{
	const struct ua_knobs *knobs = &ua_state.knobs;
	unsigned int flags = READ_ONCE(knobs->to_front) ? UA_TO_FRONT : 0;
	unsigned int budget = READ_ONCE(knobs->max_blocks);
	enum ua_cause cause = failed ? UA_CAUSE_FALLBACK : UA_CAUSE_WATERMARK;
	u64 limit = READ_ONCE(knobs->max_us) * (u64)NSEC_PER_USEC;
	u64 start = 0, ns = 0, want;
	unsigned int done = 0;

	kick_background(zone, order);
	if (!failed && was_refused(ua_zone_stat(zone)))
		return 0;

	while ((want = reserve_block(zone, order, failed && !done, done))) {
		if (done && (done >= budget || ns >= limit)) {
			atomic64_sub(UA_BLOCK_BYTES, &ua_zone_stat(zone)->inflight);
			this_cpu_inc(ua_zone_stat(zone)->cpu_stats->stats.shortfalls);
			trace_shortfall(zone_to_nid(zone), zone_idx(zone), order,
					done, want);
			break;
		}
		if (!start)
			start = ktime_get_mono_fast_ns();
		if (accept_reserved(zone, cause, flags, ANY_BLOCK))
			break;
		done++;
		ns = ktime_get_mono_fast_ns() - start;
	}
	if (start)
		ua_stats_wait(zone, cause, ktime_get_mono_fast_ns() - start);
	return done;
}

/* See struct ua_upcalls. */
static void isolated(struct zone *zone)
{
	ua_stats_isolated(zone);
	tell_accepted(0);
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

static void job_did_block(struct ua_job *job)
{
	job->done += UA_BLOCK_BYTES;
	if (job->total)
		atomic64_add(UA_BLOCK_BYTES, job->total);
}

static int accept_zone(struct zone *zone, u64 *blocks, struct ua_job *job)
{
	while (*blocks) {
		int ret = may_go_on();

		if (!ret)
			ret = ua_accept_one(zone, job->cause, UA_FROM_END);
		if (ret)
			return ret == -ENOENT ? 0 : ret;
		job_did_block(job);
		(*blocks)--;
		cond_resched();
	}
	return 0;
}

/* From the highest zone down, as the background threads do. */
static int accept_node(int nid, const struct ua_scope *scope, u64 *blocks,
		       struct ua_job *job)
{
	struct zone *zones = NODE_DATA(nid)->node_zones;
	int i, ret = 0;

	for (i = MAX_NR_ZONES - 1; i >= 0 && *blocks && !ret; i--)
		if (populated_zone(&zones[i]) && ua_scope_covers(scope, &zones[i]))
			ret = accept_zone(&zones[i], blocks, job);
	return ret;
}

/**
 * ua_accept_blocks - accept blocks wherever they are in a scope
 * @scope:	the nodes and zones to accept in
 * @blocks:	number of blocks; more than are unaccepted is not an error
 * @job:	the cause, and what was done
 *
 * Context: process context, may sleep between blocks, holds no lock across one.
 * Return: 0, also if fewer blocks were unaccepted; -EINTR on a signal, -ENODEV when the
 * module is being unloaded, or the errno of a refusal. Accepted blocks stay accepted.
 */
int ua_accept_blocks(const struct ua_scope *scope, u64 blocks, struct ua_job *job)
{
	int nid, ret;

	for_each_online_node(nid) {
		ret = accept_node(nid, scope, &blocks, job);
		if (ret || !blocks)
			return ret;
	}
	return 0;
}

static int accept_zone_range(struct zone *zone, unsigned long start,
			     unsigned long end, struct ua_job *job)
{
	unsigned long pfn;
	int ret;

	for (pfn = ua_block_next(zone, start); pfn < end;
	     pfn = ua_block_next(zone, pfn + UA_BLOCK_PAGES)) {
		ret = may_go_on();
		if (ret)
			return ret;
		if (ua_state.core->page_state(pfn) != UA_PAGE_UNACCEPTED)
			continue;
		atomic64_add(UA_BLOCK_BYTES, &ua_zone_stat(zone)->inflight);
		ret = accept_reserved(zone, job->cause, UA_FROM_END, pfn);
		if (!ret)
			job_did_block(job);
		else if (ret != -ENOENT)
			return ret;
	}
	return 0;
}

/**
 * ua_accept_range - accept the blocks of a range that are unaccepted
 * @start:	number of its first page, aligned to UA_BLOCK_PAGES
 * @end:	number of the page after it, aligned to UA_BLOCK_PAGES
 * @job:	the cause, and what was done
 *
 * Whatever else is in the range is passed over, also blocks that another task has
 * begun to accept.
 *
 * Context: as ua_accept_blocks().
 * Return: as ua_accept_blocks().
 */
int ua_accept_range(unsigned long start, unsigned long end, struct ua_job *job)
{
	struct zone *zone;
	int ret;

	for (zone = ua_zone_next(NULL); zone; zone = ua_zone_next(zone)) {
		ret = accept_zone_range(zone, start, end, job);
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * ua_accept_init - set the defaults of the knobs of allocations
 */
void ua_accept_init(void)
{
	ua_state.knobs.max_blocks = UA_MAX_BLOCKS_DEFAULT;
	ua_state.knobs.max_us = UA_MAX_US_DEFAULT;
	ua_state.knobs.to_front = true;
}

/**
 * ua_accept_set_upcall - set the function to call after each attempt to accept a block
 * @accepted: gets 0, also if there was no block, or the errno of a refusal; in any context in which
 *	memory may be allocated. NULL to end, when no caller accepts any more.
 *
 * Context: process context.
 */
void ua_accept_set_upcall(void (*accepted)(int result))
{
	WRITE_ONCE(accepted_upcall, accepted);
}
