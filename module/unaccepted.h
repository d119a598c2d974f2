/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _UNACCEPTED_H
#define _UNACCEPTED_H

#include <linux/atomic.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/percpu-defs.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "core.h"
#include "policy.h"

/**
 * DOC: overview
 *
 * In a TDX or SEV-SNP guest, memory must be accepted before it is used. Linux
 * parks what it has not accepted yet on a list per zone, in blocks of order
 * MAX_PAGE_ORDER, and accepts a block when an allocation falls below the
 * watermark. This module shows what is parked and accepts ahead of need.
 *
 * The rooms, from the top; each calls only what stands below it::
 *
 *   control.c   sysfs and debugfs
 *   acceptor.c  background threads, one per memory node
 *   accept.c    the engine: zones, blocks, accounting
 *   policy.c    arithmetic
 *   ------- core.h -------
 *   bind_hooks.c or bind_stock.c, table.c
 *
 * With the hooks, the page allocator calls upwards: bind_hooks.c hands it
 * ua_below_watermark() of accept.c. That path takes no lock of ours.
 *
 * Lock order, outermost first:
 *
 * 1. &ua_acceptor.lock (mutex): the mode and the life of the threads
 * 2. &ua_acceptor.pace_lock (spinlock): a leaf
 * 3. zone->lock (in the binding): the kernel's, a leaf
 *
 * 2 and 3 are never held together, and no lock of ours is held while a block is
 * accepted. Counters are per CPU, or atomic, and read without a lock.
 */

/* Who wanted the memory accepted. */
enum ua_why {
	UA_WHY_USER,		/* a write to "accept" */
	UA_WHY_BACKGROUND,	/* the acceptor threads */
	UA_WHY_WATERMARK,	/* an allocation, before it was in need */
	UA_WHY_FALLBACK,	/* an allocation that could not be served */
	UA_WHY_ISOLATION,	/* a contiguous allocation; by the kernel, which tells */
	UA_NR_WHY,
};

/* Waits of allocations are counted by the power of two they stay below, in ns. */
#define UA_NR_WAITS	40

/**
 * struct ua_count - what happened in one zone since load, on one CPU
 * @accepted:	bytes accepted by us, by cause
 * @calls:	blocks we tried to accept
 * @total_ns:	time spent in them
 * @max_ns:	the longest
 * @failures:	how many the platform refused
 * @shortfalls:	allocations that reached their budget below the watermark
 * @waits:	allocations that waited for acceptance, by the length of the wait
 */
struct ua_count {
	u64 accepted[UA_NR_WHY];
	u64 calls;
	u64 total_ns;
	u64 max_ns;
	u64 failures;
	u64 shortfalls;
	u64 waits[UA_NR_WAITS];
};

/**
 * struct ua_zone_stat - one zone
 * @parked_at_load: bytes that were parked when the module came
 * @inflight:	bytes being accepted by us right now. They leave the kernel's
 *		counter at once but enter the accounts when done; without this
 *		they would pass for the kernel's own in between. Allocations
 *		also look at it so as not to accept the same shortage twice.
 * @refused_ns:	when the platform last refused a block, 0 if none since a success
 * @count:	per CPU
 */
struct ua_zone_stat {
	u64 parked_at_load;
	atomic64_t inflight;
	u64 refused_ns;
	struct ua_count __percpu *count;
};

/**
 * struct ua_sum - a reading of the counters of one or more zones
 * @managed:	bytes that the zones manage
 * @parked:	bytes that the kernel holds unaccepted
 * @other:	bytes that the kernel accepted by itself since load: computed from
 *		the rest, so it may lag one block per CPU while work is under way
 * @count:	the rest
 */
struct ua_sum {
	u64 managed;
	u64 parked;
	u64 other;
	struct ua_count count;
};

/**
 * struct ua_knobs - what users set about allocations; read without a lock
 * @max_blocks:	blocks that one allocation accepts at most
 * @max_us:	it begins no further block after this many microseconds
 * @to_front:	accepted blocks are handed out next, not last
 */
struct ua_knobs {
	unsigned int max_blocks;
	unsigned int max_us;
	bool to_front;
};

/*
 * One block is what a failed attempt needs in any case; a second brings the
 * watermark closer without making one allocation pay for all the others.
 */
#define UA_MAX_BLOCKS_DEFAULT	2
#define UA_MAX_US_DEFAULT	1000

enum ua_mode {
	UA_MODE_OFF,		/* no threads */
	UA_MODE_ALL,		/* accept everything, as fast as the pace allows */
	UA_NR_MODES,
};

/**
 * struct ua_acceptor - the background threads
 * @lock:	serialises changes of @mode and @threads
 * @mode:	what the threads are for; written under @lock, read anywhere
 * @threads:	one slot per node id, NULL where there is none; under @lock
 * @wait:	where the threads sleep
 * @bytes_per_second: limit of all threads together, 0 for none
 * @generation:	grows with each change of the limit, to cut waits short
 * @pace_lock:	guards @pace_next_ns
 * @pace_next_ns: earliest time for the next block, see ua_policy_pace()
 */
struct ua_acceptor {
	struct mutex lock;		/* @mode, @threads */
	enum ua_mode mode;
	struct task_struct **threads;
	wait_queue_head_t wait;
	u64 bytes_per_second;
	unsigned long generation;
	spinlock_t pace_lock;		/* @pace_next_ns */
	u64 pace_next_ns;
};

/**
 * struct ua_state - all there is
 * @core:	the binding; at least "observe"
 * @table:	the EFI table
 * @stats:	counters, nr_node_ids * MAX_NR_ZONES
 * @knobs:	how allocations accept
 * @owns_policy: allocations ask us what to accept
 * @users:	writes to "accept" at work
 * @stopping:	the module is on its way out: long work must end
 * @last_error:	errno of the last acceptance, 0 if it went well
 * @acceptor:	the background threads
 */
struct ua_state {
	const struct ua_core *core;
	struct ua_table table;
	struct ua_zone_stat *stats;
	struct ua_knobs knobs;
	bool owns_policy;
	atomic_t users;
	bool stopping;
	int last_error;
	struct ua_acceptor acceptor;
};

extern struct ua_state ua_state;

/* accept.c */
struct zone *ua_zone_next(struct zone *zone);
extern const struct ua_upcalls ua_accept_upcalls;
int ua_accept_init(void);
void ua_accept_exit(void);
int ua_accept_blocks(u64 blocks, enum ua_why why);
int ua_accept_node(int nid, u64 *blocks, enum ua_why why);
void ua_accept_sum_zone(struct zone *zone, struct ua_sum *sum);
void ua_accept_sum_node(int nid, struct ua_sum *sum);
void ua_accept_sum(struct ua_sum *sum);

/* acceptor.c */
int ua_acceptor_init(void);
void ua_acceptor_exit(void);
int ua_acceptor_set_mode(enum ua_mode mode);
void ua_acceptor_set_pace(u64 bytes_per_second);
pid_t ua_acceptor_pid(int nid);

struct attribute_group;

/* control.c */
int ua_control_init(void);
void ua_control_exit(void);
ssize_t ua_control_accept(const char *buf, size_t count);

/* control_policy.c */
extern const struct attribute_group ua_control_policy_group;

/* control_debugfs.c */
void ua_debugfs_init(void);
void ua_debugfs_exit(void);

#endif /* _UNACCEPTED_H */
