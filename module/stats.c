// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics: what is unaccepted, what was accepted since load, for which cause, and
 * how long it took. Written in every context in which memory is allocated.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bind_zone.h"
#include "state.h"
#include "stats.h"

const struct ua_scope ua_everything = { .nid = UA_ALL, .zone = UA_ALL };

/**
 * ua_zone_next - walk the zones that have memory
 * @zone: the last one, or NULL to begin
 *
 * The kernel's own iterators need symbols that are not exported.
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
 * ua_zone_stat - the module's data of a zone
 * @zone: any zone
 *
 * Context: any.
 * Return: never NULL.
 */
struct ua_zone_stat *ua_zone_stat(struct zone *zone)
{
	return &ua_state.stats[zone_to_nid(zone) * MAX_NR_ZONES + zone_idx(zone)];
}

/**
 * ua_scope_covers - is a zone part of a scope?
 * @scope: a part of the machine
 * @zone: any zone
 *
 * Context: any.
 * Return: true if it is.
 */
bool ua_scope_covers(const struct ua_scope *scope, struct zone *zone)
{
	return (scope->nid == UA_ALL || scope->nid == zone_to_nid(zone)) &&
	       (scope->zone == UA_ALL || scope->zone == zone_idx(zone));
}

static u64 zone_unaccepted(struct zone *zone)
{
	return (u64)ua_state.core->unaccepted_pages(zone) << PAGE_SHIFT;
}

/**
 * ua_stats_unaccepted - unaccepted memory of a scope
 * @scope: a part of the machine
 *
 * Context: any; takes no lock.
 * Return: bytes.
 */
u64 ua_stats_unaccepted(const struct ua_scope *scope)
{
	struct zone *zone;
	u64 bytes = 0;

	for (zone = ua_zone_next(NULL); zone; zone = ua_zone_next(zone))
		if (ua_scope_covers(scope, zone))
			bytes += zone_unaccepted(zone);
	return bytes;
}

/**
 * ua_stats_unaccepted_node - unaccepted memory of a node
 * @nid: an online node
 *
 * Context: any; takes no lock.
 * Return: bytes.
 */
u64 ua_stats_unaccepted_node(int nid)
{
	const struct ua_scope scope = { .nid = nid, .zone = UA_ALL };

	return ua_stats_unaccepted(&scope);
}

/*
 * A ring of the last events, for debugfs. Writers run in any context and must not
 * wait for each other. Each takes the next slot; if the writer that had this slot
 * one lap before is not done yet, the new event is lost.
 */
static struct recent {
	u64 number;
	struct ua_event event;
} recent[UA_NR_RECENT];
static atomic64_t recent_last;

#define RECENT_BUSY	U64_MAX

static void note_recent(const struct ua_event *event)
{
	u64 number = atomic64_inc_return(&recent_last);
	struct recent *slot = &recent[number % UA_NR_RECENT];
	u64 old = READ_ONCE(slot->number);

	if (old == RECENT_BUSY || cmpxchg(&slot->number, old, RECENT_BUSY) != old)
		return;
	slot->event = *event;
	/* The event before its number. Pairs with smp_load_acquire() in ua_stats_recent(). */
	smp_store_release(&slot->number, number);
}

/**
 * ua_stats_recent_last - the number of the last event
 *
 * Context: any.
 * Return: the number; events are numbered from 1, so 0 if there was none.
 */
u64 ua_stats_recent_last(void)
{
	return atomic64_read(&recent_last);
}

/**
 * ua_stats_recent - read an event
 * @number: its number
 * @event: the result, valid if this returns true
 *
 * Context: any.
 * Return: false if the event was overwritten, is being written, or was lost.
 */
bool ua_stats_recent(u64 number, struct ua_event *event)
{
	const struct recent *slot = &recent[number % UA_NR_RECENT];

	/* Pairs with smp_store_release() in note_recent(). */
	if (smp_load_acquire(&slot->number) != number)
		return false;
	*event = slot->event;
	/*
	 * The event before its number again: the copy is whole if that is the
	 * same. Pairs with cmpxchg() in note_recent(), which is a full barrier.
	 */
	smp_rmb();
	return READ_ONCE(slot->number) == number;
}

/**
 * ua_stats_wait - count how long a task waited for acceptance
 * @zone: the zone in which blocks were accepted
 * @cause: the cause; not UA_CAUSE_ISOLATION
 * @ns: the time, in nanoseconds
 *
 * Context: any.
 */
void ua_stats_wait(struct zone *zone, enum ua_cause cause, u64 ns)
{
	unsigned int bucket = min_t(unsigned int, fls64(ns), UA_NR_WAITS - 1);

	this_cpu_inc(ua_zone_stat(zone)->cpu_stats->waits[cause][bucket]);
}

/**
 * ua_stats_waits - one bucket of the histogram of waits
 * @zone: the zone in which blocks were accepted
 * @cause: the cause; not UA_CAUSE_ISOLATION
 * @bucket: of waits below 2^@bucket nanoseconds, and not below half of that; the last has
 *	    all longer ones, too
 *
 * Context: any.
 * Return: number of waits, on all CPUs.
 */
u64 ua_stats_waits(struct zone *zone, enum ua_cause cause, unsigned int bucket)
{
	struct ua_cpu_stats __percpu *cpu_stats = ua_zone_stat(zone)->cpu_stats;
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(cpu_stats, cpu)->waits[cause][bucket]);
	return sum;
}

/**
 * ua_stats_call - count an attempt to accept a block
 * @zone: the block's zone
 * @event: the attempt; this fills in the node, the zone and the task
 *
 * Interrupt handlers allocate and accept as well, so each counter is changed by a
 * single per-CPU instruction.
 *
 * Context: any.
 */
void ua_stats_call(struct zone *zone, struct ua_event *event)
{
	struct ua_cpu_stats __percpu *cpu_stats = ua_zone_stat(zone)->cpu_stats;
	u64 max = this_cpu_read(cpu_stats->stats.max_ns), seen;

	this_cpu_inc(cpu_stats->stats.calls);
	this_cpu_add(cpu_stats->stats.total_ns, event->ns);
	while (max < event->ns) {
		seen = this_cpu_cmpxchg(cpu_stats->stats.max_ns, max, event->ns);
		if (seen == max)
			break;
		max = seen;
	}
	if (event->result)
		this_cpu_inc(cpu_stats->stats.failures);
	else
		this_cpu_add(cpu_stats->stats.accepted[event->cause], UA_BLOCK_BYTES);
	WRITE_ONCE(ua_state.last_error, event->result);

	event->nid = zone_to_nid(zone);
	event->zone = zone_idx(zone);
	event->pid = current->pid;
	memcpy(event->comm, current->comm, sizeof(event->comm));
	note_recent(event);
}

/**
 * ua_stats_isolated - count a block that the kernel accepted to isolate it
 * @zone: the block's zone
 *
 * Not the module's work, so neither a call nor a wait.
 *
 * Context: any.
 */
void ua_stats_isolated(struct zone *zone)
{
	struct ua_event event = {
		.at_ns = ktime_get_mono_fast_ns(),
		.pfn = UA_PFN_UNKNOWN,
		.nid = zone_to_nid(zone),
		.zone = zone_idx(zone),
		.cause = UA_CAUSE_ISOLATION,
		.pid = current->pid,
	};

	memcpy(event.comm, current->comm, sizeof(event.comm));
	this_cpu_add(ua_zone_stat(zone)->cpu_stats->stats.accepted[UA_CAUSE_ISOLATION],
		     UA_BLOCK_BYTES);
	note_recent(&event);
}

static void sum_count(struct ua_stats *sum, const struct ua_stats *stats)
{
	int i;

	for (i = 0; i < UA_NR_CAUSES; i++)
		sum->accepted[i] += READ_ONCE(stats->accepted[i]);
	sum->calls += READ_ONCE(stats->calls);
	sum->total_ns += READ_ONCE(stats->total_ns);
	sum->max_ns = max(sum->max_ns, READ_ONCE(stats->max_ns));
	sum->failures += READ_ONCE(stats->failures);
	sum->shortfalls += READ_ONCE(stats->shortfalls);
}

static u64 sum_accepted(const struct ua_stats *stats)
{
	u64 bytes = 0;
	int i;

	for (i = 0; i < UA_NR_CAUSES; i++)
		bytes += stats->accepted[i];
	return bytes;
}

static void sum_zone(struct zone *zone, struct ua_stats_sum *sum)
{
	struct ua_zone_stat *stat = ua_zone_stat(zone);
	u64 before = sum_accepted(&sum->stats);
	u64 unaccepted, gone, ours;
	int cpu;

	ours = atomic64_read(&stat->inflight);
	unaccepted = zone_unaccepted(zone);
	gone = stat->unaccepted_at_load - min(unaccepted, stat->unaccepted_at_load);
	for_each_possible_cpu(cpu)
		sum_count(&sum->stats, &per_cpu_ptr(stat->cpu_stats, cpu)->stats);
	ours += sum_accepted(&sum->stats) - before;

	sum->managed += (u64)zone_managed_pages(zone) << PAGE_SHIFT;
	sum->unaccepted += unaccepted;
	sum->refused += (u64)ua_zone_refused(zone) << PAGE_SHIFT;
	sum->unaccepted_at_load += stat->unaccepted_at_load;
	sum->other += gone - min(gone, ours);
}

/**
 * ua_stats_sum - add up the counters of a scope
 * @scope: a part of the machine
 * @sum: the result
 *
 * Context: any; takes no lock, so the counters may change between the readings.
 */
void ua_stats_sum(const struct ua_scope *scope, struct ua_stats_sum *sum)
{
	struct zone *zone;

	memset(sum, 0, sizeof(*sum));
	for (zone = ua_zone_next(NULL); zone; zone = ua_zone_next(zone))
		if (ua_scope_covers(scope, zone))
			sum_zone(zone, sum);
}

/**
 * ua_stats_error - remember an error
 * @error: the record to write; callers must serialise
 * @number: a negative errno
 * @source: the file or thread that failed
 * @reason: a message for the user, a string that lives as long as the module
 *
 * Context: any.
 */
void ua_stats_error(struct ua_error *error, int number, const char *source,
		    const char *reason)
{
	error->at_ns = ktime_get_mono_fast_ns();
	error->number = number;
	strscpy(error->source, source, sizeof(error->source));
	error->reason = reason;
}

/**
 * ua_stats_init - allocate the counters, and read what is unaccepted at load
 *
 * Context: process context, at load.
 * Return: 0 or -ENOMEM.
 */
int ua_stats_init(void)
{
	struct zone *zone;
	unsigned int i;

	ua_state.stats = kcalloc(nr_node_ids * MAX_NR_ZONES,
				 sizeof(*ua_state.stats), GFP_KERNEL);
	if (!ua_state.stats)
		return -ENOMEM;

	/* For empty zones too: memory hotplug may fill them while the module is loaded. */
	for (i = 0; i < nr_node_ids * MAX_NR_ZONES; i++) {
		ua_state.stats[i].cpu_stats = alloc_percpu(struct ua_cpu_stats);
		if (!ua_state.stats[i].cpu_stats)
			goto err_stats;
	}
	for (zone = ua_zone_next(NULL); zone; zone = ua_zone_next(zone))
		ua_zone_stat(zone)->unaccepted_at_load = zone_unaccepted(zone);
	return 0;

err_stats:
	ua_stats_exit();
	return -ENOMEM;
}

/**
 * ua_stats_exit - free the counters
 *
 * Context: process context, at unload, when nothing accepts any more.
 */
void ua_stats_exit(void)
{
	unsigned int i;

	for (i = 0; i < nr_node_ids * MAX_NR_ZONES; i++)
		free_percpu(ua_state.stats[i].cpu_stats);
	kfree(ua_state.stats);
}
