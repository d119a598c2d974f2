/* SPDX-License-Identifier: GPL-2.0 */
/* stats.c: what is kept of each zone. */
#ifndef _UA_STATS_H
#define _UA_STATS_H

#include <linux/atomic.h>
#include <linux/irq_work.h>
#include <linux/mmzone.h>
#include <linux/percpu-defs.h>
#include <linux/sched.h>

#include "names.h"
#include "policy.h"

#define UA_ALL		(-1)

/**
 * struct ua_scope - a part of the machine
 * @nid:	a node, or UA_ALL
 * @zone:	index of a zone of that node, or UA_ALL
 */
struct ua_scope {
	int nid;
	int zone;
};

extern const struct ua_scope ua_everything;

/* Waits are counted by the power of two they stay below, in ns. */
#define UA_NR_WAITS	40

/* Number of causes for which a task waits: those before UA_CAUSE_ISOLATION. */
#define UA_NR_WAITERS	UA_CAUSE_ISOLATION

/**
 * struct ua_stats - what happened in one zone since load
 * @accepted:	bytes accepted, by cause; for isolation by the kernel
 * @calls:	blocks that the module tried to accept
 * @total_ns:	time spent in @calls
 * @max_ns:	the longest of @calls
 * @failures:	blocks of @calls that the platform refused
 * @shortfalls:	allocations that reached their budget below the watermark
 */
struct ua_stats {
	u64 accepted[UA_NR_CAUSES];
	u64 calls;
	u64 total_ns;
	u64 max_ns;
	u64 failures;
	u64 shortfalls;
};

/**
 * struct ua_cpu_stats - what happened in one zone since load, on one CPU
 * @stats:	the numbers
 * @waits:	histogram of waits by cause: an allocation counts once, with the time for all of
 *		its blocks; writes and background threads count once per block
 */
struct ua_cpu_stats {
	struct ua_stats stats;
	u64 waits[UA_NR_WAITERS][UA_NR_WAITS];
};

#define UA_NR_RECENT	256
#define UA_PFN_UNKNOWN	ULONG_MAX

/**
 * struct ua_event - a block that was accepted, or refused
 * @at_ns:	when the acceptance began; CLOCK_MONOTONIC
 * @ns:		how long it took; 0 if the kernel accepted the block
 * @pfn:	number of its first page, or UA_PFN_UNKNOWN
 * @nid:	node of the block
 * @zone:	the index of the zone
 * @cause:	what the acceptance was for
 * @result:	0 or a negative errno
 * @pid:	the task that was running
 * @comm:	its name
 */
struct ua_event {
	u64 at_ns;
	u64 ns;
	unsigned long pfn;
	int nid;
	int zone;
	enum ua_cause cause;
	int result;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

/**
 * struct ua_zone_stat - one zone
 * @cpu_stats:	per CPU
 * @unaccepted_at_load: bytes that were unaccepted when the module was loaded
 * @inflight:	bytes that the module is accepting right now. They leave the
 *	kernel's counter at once but are counted for a cause only when done; without
 *	this they would be counted as accepted by the kernel meanwhile. Allocations also look
 *	at it, so that two do not accept for the same shortage.
 * @refused_at_ns:	when the platform last refused a block, 0 if none since a success
 * @refusals:	of the background threads, without a success of any caller in between; after
 *	UA_GIVE_UP of them the threads leave the zone alone
 * @kick_below:	free pages (see struct ua_zone_view) below which an allocation
 *		queues @kick and clears this; 0 while the background is awake
 * @kick:	wakes the background threads
 * @demand:	demand for the zone's memory; only the first thread of the node
 *	updates it
 * @filling:	the background is filling the zone up
 */
struct ua_zone_stat {
	struct ua_cpu_stats __percpu *cpu_stats;
	u64 unaccepted_at_load;
	atomic64_t inflight;
	u64 refused_at_ns;
	atomic_t refusals;
	s64 kick_below;
	struct irq_work kick;
	struct ua_demand demand;
	bool filling;
};

/**
 * struct ua_stats_sum - a reading of the counters of one or more zones
 * @managed:	bytes that the zones manage
 * @unaccepted:	bytes that the kernel holds unaccepted
 * @refused:	part of @unaccepted that the platform refused a moment ago
 * @unaccepted_at_load: bytes that it held when the module was loaded
 * @other:	bytes that the kernel accepted by itself since load: computed from
 *		the rest, so it may lag one block per CPU while work is under way
 * @stats:	the rest
 */
struct ua_stats_sum {
	u64 managed;
	u64 unaccepted;
	u64 refused;
	u64 unaccepted_at_load;
	u64 other;
	struct ua_stats stats;
};

/**
 * struct ua_error - the last error of a group of files or threads
 * @at_ns:	when, CLOCK_MONOTONIC
 * @number:	a negative errno, 0 if there was none yet
 * @source:	the file or thread that failed
 * @reason:	a message for the user
 */
struct ua_error {
	u64 at_ns;
	int number;
	char source[40];
	const char *reason;
};

struct zone *ua_zone_next(struct zone *zone);
struct ua_zone_stat *ua_zone_stat(struct zone *zone);
bool ua_scope_covers(const struct ua_scope *scope, struct zone *zone);
int ua_stats_init(void);
void ua_stats_exit(void);
u64 ua_stats_unaccepted(const struct ua_scope *scope);
u64 ua_stats_unaccepted_node(int nid);
void ua_stats_sum(const struct ua_scope *scope, struct ua_stats_sum *sum);
void ua_stats_call(struct zone *zone, struct ua_event *event);
void ua_stats_isolated(struct zone *zone);
void ua_stats_wait(struct zone *zone, enum ua_cause cause, u64 ns);
u64 ua_stats_waits(struct zone *zone, enum ua_cause cause, unsigned int bucket);
u64 ua_stats_recent_last(void);
bool ua_stats_recent(u64 number, struct ua_event *event);
void ua_stats_error(struct ua_error *error, int number, const char *source,
		    const char *reason);

#endif /* _UA_STATS_H */
