// SPDX-License-Identifier: GPL-2.0
/*
 * The engine: walks nodes and zones, accepts block by block, keeps the
 * accounts. Knows nothing of who asks, nor of how the kernel accepts.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "unaccepted.h"

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

static struct ua_zone_stat *zone_stat(struct zone *zone)
{
	return &ua_state.stats[zone_to_nid(zone) * MAX_NR_ZONES + zone_idx(zone)];
}

static u64 zone_parked(struct zone *zone)
{
	return (u64)ua_state.core->parked_pages(zone) << PAGE_SHIFT;
}

static void stat_max(atomic64_t *max, s64 value)
{
	s64 old = atomic64_read(max);

	while (old < value && !atomic64_try_cmpxchg(max, &old, value))
		;
}

/*
 * Accept one block of a zone and enter it in the books. -ENOENT, nothing left
 * to take, is no call and no failure.
 */
static int accept_one(struct zone *zone, enum ua_why why)
{
	struct ua_zone_stat *stat = zone_stat(zone);
	u64 start = ktime_get_ns();
	u64 ns;
	int ret;

	atomic64_add(UA_BLOCK_BYTES, &stat->inflight);
	ret = ua_state.core->accept_block(zone);
	if (ret == -ENOENT)
		goto out_inflight;

	ns = ktime_get_ns() - start;
	atomic64_inc(&stat->calls);
	atomic64_add(ns, &stat->total_ns);
	stat_max(&stat->max_ns, ns);
	if (ret)
		atomic64_inc(&stat->failures);
	else
		atomic64_add(UA_BLOCK_BYTES, &stat->accepted[why]);
	WRITE_ONCE(ua_state.last_error, ret);

out_inflight:
	atomic64_sub(UA_BLOCK_BYTES, &stat->inflight);
	return ret;
}

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
			ret = accept_one(zone, why);
		if (ret)
			return ret == -ENOENT ? 0 : ret;
		(*blocks)--;
		cond_resched();
	}
	return 0;
}

/**
 * ua_accept_node - accept blocks of one node
 * @nid:	an online node
 * @blocks:	in: how many; out: how many of them are left to do
 * @why:	on whose behalf
 *
 * From the highest zone down: what only the low zones can serve stays
 * untouched longest.
 *
 * Context: process context, may sleep between blocks, holds no lock across one.
 * Return: 0 also when the node had less; -EINTR on a signal, -ENODEV when the
 * module is being unloaded, or what the platform answered. Blocks done stay done.
 */
int ua_accept_node(int nid, u64 *blocks, enum ua_why why)
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
 * Context and return value: as ua_accept_node().
 */
int ua_accept_blocks(u64 blocks, enum ua_why why)
{
	int nid, ret;

	for_each_online_node(nid) {
		ret = ua_accept_node(nid, &blocks, why);
		if (ret || !blocks)
			return ret;
	}
	return 0;
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
	struct ua_zone_stat *stat = zone_stat(zone);
	u64 max_ns = atomic64_read(&stat->max_ns);
	u64 ours = atomic64_read(&stat->inflight);
	u64 parked = zone_parked(zone);
	u64 gone = stat->parked_at_load - min(parked, stat->parked_at_load);
	int i;

	for (i = 0; i < UA_NR_WHY; i++) {
		u64 bytes = atomic64_read(&stat->accepted[i]);

		sum->accepted[i] += bytes;
		ours += bytes;
	}
	sum->managed += (u64)zone_managed_pages(zone) << PAGE_SHIFT;
	sum->parked += parked;
	sum->other += gone - min(gone, ours);
	sum->calls += atomic64_read(&stat->calls);
	sum->total_ns += atomic64_read(&stat->total_ns);
	sum->max_ns = max(sum->max_ns, max_ns);
	sum->failures += atomic64_read(&stat->failures);
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

	ua_state.stats = kcalloc(nr_node_ids * MAX_NR_ZONES,
				 sizeof(*ua_state.stats), GFP_KERNEL);
	if (!ua_state.stats)
		return -ENOMEM;

	for (zone = ua_zone_next(NULL); zone; zone = ua_zone_next(zone))
		zone_stat(zone)->parked_at_load = zone_parked(zone);
	return 0;
}

/**
 * ua_accept_exit - close the books; nobody may be accepting any more
 */
void ua_accept_exit(void)
{
	kfree(ua_state.stats);
}
