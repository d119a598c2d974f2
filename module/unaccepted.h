/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _UNACCEPTED_H
#define _UNACCEPTED_H

#include <linux/atomic.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
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
 *   bind_stock.c, table.c
 *
 * Lock order, outermost first:
 *
 * 1. &ua_acceptor.lock (mutex): the mode and the life of the threads
 * 2. &ua_acceptor.pace_lock (spinlock): a leaf
 * 3. zone->lock (in the binding): the kernel's, a leaf
 *
 * 2 and 3 are never held together, and no lock of ours is held while a block is
 * accepted. Counters are atomic and read without a lock.
 */

/* Who wanted the memory accepted. */
enum ua_why {
	UA_WHY_USER,		/* a write to "accept" */
	UA_WHY_BACKGROUND,	/* the acceptor threads */
	UA_NR_WHY,
};

/**
 * struct ua_zone_stat - what happened in one zone since load
 * @parked_at_load: bytes that were parked when the module came
 * @accepted:	bytes accepted by us, by cause
 * @inflight:	bytes being accepted by us right now. They leave the kernel's
 *		counter at once but enter @accepted when done; without this they
 *		would pass for the kernel's own in between.
 * @calls:	blocks we tried to accept
 * @total_ns:	time spent in them
 * @max_ns:	the longest
 * @failures:	how many the platform refused
 */
struct ua_zone_stat {
	u64 parked_at_load;
	atomic64_t accepted[UA_NR_WHY];
	atomic64_t inflight;
	atomic64_t calls;
	atomic64_t total_ns;
	atomic64_t max_ns;
	atomic64_t failures;
};

/**
 * struct ua_sum - a reading of the counters of one or more zones, in bytes
 * @managed:	what the zones manage
 * @parked:	what the kernel holds unaccepted
 * @accepted:	what we accepted since load, by cause
 * @other:	what the kernel accepted by itself since load: computed from the
 *		rest, so it may lag one block per CPU while work is under way
 * @calls:	blocks we tried
 * @total_ns:	time spent
 * @max_ns:	the longest of all
 * @failures:	refusals
 */
struct ua_sum {
	u64 managed;
	u64 parked;
	u64 accepted[UA_NR_WHY];
	u64 other;
	u64 calls;
	u64 total_ns;
	u64 max_ns;
	u64 failures;
};

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
 * @users:	writes to "accept" at work
 * @stopping:	the module is on its way out: long work must end
 * @last_error:	errno of the last acceptance, 0 if it went well
 * @acceptor:	the background threads
 */
struct ua_state {
	const struct ua_core *core;
	struct ua_table table;
	struct ua_zone_stat *stats;
	atomic_t users;
	bool stopping;
	int last_error;
	struct ua_acceptor acceptor;
};

extern struct ua_state ua_state;

/* accept.c */
struct zone *ua_zone_next(struct zone *zone);
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

/* control.c */
int ua_control_init(void);
void ua_control_exit(void);
ssize_t ua_control_accept(const char *buf, size_t count);

/* control_debugfs.c */
void ua_debugfs_init(void);
void ua_debugfs_exit(void);

#endif /* _UNACCEPTED_H */
