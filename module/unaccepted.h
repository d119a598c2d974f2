/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _UNACCEPTED_H
#define _UNACCEPTED_H

#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/irq_work.h>
#include <linux/mmzone.h>
#include <linux/mutex.h>
#include <linux/percpu-defs.h>
#include <linux/sched.h>
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
 * watermark. This module shows what is unaccepted and accepts ahead of need.
 *
 * The rooms, from the top; each calls only what stands below it::
 *
 *   control*.c  sysfs and debugfs
 *   notify.c    what else happens to the machine
 *   acceptor.c  background threads, for each memory node
 *   throttle.c  what keeps them back
 *   accept.c    the engine: zones, blocks
 *   audit.c     do all who count come to the same?
 *   block.c     what is known of a block
 *   stats.c   the cpu_stats
 *   policy.c    arithmetic
 *   ------- core.h -------
 *   bind_hooks.c or bind_stock.c, table.c
 *
 * With the hooks, the page allocator calls upwards: bind_hooks.c hands it
 * ua_below_watermark() of accept.c. That path takes no lock of ours.
 *
 * Lock order, outermost first:
 *
 * 0. the kernel's lock of CPU hotplug: under it ua_acceptor_rebind() takes 1, so
 *    nobody may ask for it while holding 1
 * 1. &ua_acceptor.lock (mutex): the knobs and the life of the threads
 * 2. leaves (spinlocks, process context): &ua_acceptor.quota_lock, &ua_trigger.lock
 * 3. zone->lock (in the binding): the kernel's, a leaf
 *
 * Apart from these stands watch_lock of control_watch.c (mutex): under it are only
 * the kernel's own locks of who polls a file. 2 and 3 are never held together, and
 * no lock of ours is held while a block is accepted. Counters are per CPU, or
 * atomic, and read without a lock.
 */

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

/* Who wanted the memory accepted. */
enum ua_cause {
	UA_CAUSE_USER,		/* a write to "accept" */
	UA_CAUSE_BACKGROUND,	/* the acceptor threads */
	UA_CAUSE_WATERMARK,	/* an allocation, before it was in need */
	UA_CAUSE_FALLBACK,	/* an allocation that could not be served */
	UA_CAUSE_ISOLATION,	/* a contiguous allocation; by the kernel, which tells */
	UA_NR_CAUSES,
};

/* Waits are counted by the power of two they stay below, in ns. */
#define UA_NR_WAITS	40

/* Those in whose name somebody waits for us. */
#define UA_NR_WAITERS	UA_CAUSE_ISOLATION

/**
 * struct ua_stats - what happened in one zone since load
 * @accepted:	bytes accepted by us, by cause
 * @calls:	blocks we tried to accept
 * @total_ns:	time spent in them
 * @max_ns:	the longest
 * @failures:	how many the platform refused
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
 * @waits:	how long allocations waited for all of their blocks, and how long each
 *		block took that users or the background had accepted
 */
struct ua_cpu_stats {
	struct ua_stats stats;
	u64 waits[UA_NR_WAITERS][UA_NR_WAITS];
};

#define UA_NR_RECENT	256
#define UA_PFN_UNKNOWN	ULONG_MAX

/**
 * struct ua_event - a block that was accepted, or refused
 * @at_ns:	when that began; CLOCK_MONOTONIC
 * @ns:		how long it took, 0 if we were only told of it
 * @pfn:	number of its first page, or UA_PFN_UNKNOWN
 * @nid:	where
 * @zone:	the index of the zone
 * @why:	on whose behalf
 * @result:	0 or an errno
 * @pid:	who was running
 * @comm:	its name
 */
struct ua_event {
	u64 at_ns;
	u64 ns;
	unsigned long pfn;
	int nid;
	int zone;
	enum ua_cause why;
	int result;
	pid_t pid;
	char comm[TASK_COMM_LEN];
};

/**
 * struct ua_zone_stat - one zone
 * @cpu_stats:	per CPU
 * @unaccepted_at_load: bytes that were unaccepted when the module came
 * @inflight:	bytes being accepted by us right now. They leave the kernel's
 *		counter at once but enter the accounts when done; without this
 *		they would pass for the kernel's own in between. Allocations
 *		also look at it so as not to accept the same shortage twice.
 * @refused_ns:	when the platform last refused a block, 0 if none since a success
 * @kick_below:	free pages (see struct ua_zone_view) below which an allocation
 *		runs @kick and clears this; 0 while the background is awake
 * @kick:	wakes the background threads
 * @demand:	of the zone; only the first thread of the node looks
 * @filling:	the background is filling the zone up
 */
struct ua_zone_stat {
	struct ua_cpu_stats __percpu *cpu_stats;
	u64 unaccepted_at_load;
	atomic64_t inflight;
	u64 refused_ns;
	s64 kick_below;
	struct irq_work kick;
	struct ua_demand demand;
	bool filling;
};

/**
 * struct ua_stats_sum - a reading of the counters of one or more zones
 * @managed:	bytes that the zones manage
 * @unaccepted:	bytes that the kernel holds unaccepted
 * @unaccepted_at_load: bytes that it held when the module came
 * @other:	bytes that the kernel accepted by itself since load: computed from
 *		the rest, so it may lag one block per CPU while work is under way
 * @stats:	the rest
 */
struct ua_stats_sum {
	u64 managed;
	u64 unaccepted;
	u64 unaccepted_at_load;
	u64 other;
	struct ua_stats stats;
};

/**
 * struct ua_job - a long piece of work
 * @why:	on whose behalf
 * @done:	bytes accepted
 * @total:	to be raised with @done, or NULL
 */
struct ua_job {
	enum ua_cause why;
	u64 done;
	atomic64_t *total;
};

/**
 * struct ua_error - the last of its kind
 * @at_ns:	when, CLOCK_MONOTONIC
 * @number:	a negative errno, 0 if there was none yet
 * @who:	whose
 * @reason:	for people
 */
struct ua_error {
	u64 at_ns;
	int number;
	char who[40];
	const char *reason;
};

/**
 * struct ua_range - the last write to "accept_range" that was carried out
 * @asked:	first byte, and the byte behind the last, as written; 0, 0 for none
 * @rounded:	to blocks
 * @accepted:	bytes
 */
struct ua_range {
	u64 asked[2];
	u64 rounded[2];
	u64 accepted;
};

/**
 * struct ua_trigger - writes to the files that have something accepted
 * @done:	bytes that those under way have accepted, with those that ended
 *		while others went on
 * @lock:	guards what follows; a leaf
 * @users:	how many are under way; read without @lock as well
 * @asked:	bytes that they are to accept
 * @error:	the last
 * @range:	the last
 */
struct ua_trigger {
	atomic64_t done;
	spinlock_t lock;	/* what follows */
	unsigned int users;
	u64 asked;
	struct ua_error error;
	struct ua_range range;
};

/**
 * struct ua_watch - those who wait for "state" or "unaccepted_bytes" to change
 * @wanted:	there may be some
 * @soon:	looks at the numbers at once
 */
struct ua_watch {
	bool wanted;
	struct irq_work soon;
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
	UA_MODE_AHEAD,		/* keep some free memory accepted, ahead of demand */
	UA_MODE_IDLE,		/* accept everything while nobody else is at work */
	UA_MODE_ALL,		/* accept everything, as fast as the limits allow */
	UA_NR_MODES,
};

/* What a background thread does, or why not. */
enum ua_throttle_reason {
	UA_THROTTLE_BANDWIDTH,	/* bytes_per_second */
	UA_THROTTLE_CPU,		/* cpu_percent */
	UA_THROTTLE_FLOOR,		/* floor_bytes */
	UA_THROTTLE_SLOW,		/* the host takes much longer than usual */
	UA_THROTTLE_BUSY,		/* others use the CPUs */
	UA_THROTTLE_STEAL,		/* the host lets others use them */
	UA_THROTTLE_PRESSURE,	/* others wait for CPUs or memory */
	UA_THROTTLE_REFUSED,	/* the platform refused a block */
	UA_THROTTLE_HELD,		/* memory is being taken offline */
	UA_NR_LIMITS,		/* those above are counted */
	UA_THROTTLE_ENOUGH = UA_NR_LIMITS,	/* the headroom is there */
	UA_THROTTLE_DONE,		/* nothing is unaccepted */
	UA_THROTTLE_NOT,		/* it works */
	UA_NR_THROTTLE_REASONS,
};

#define UA_MAX_THREADS	4	/* per node: hosts do not scale beyond */
#define UA_CPU_PERCENT_MAX	(100 * UA_MAX_THREADS)

/**
 * struct ua_acceptor_knobs - what users set about the background threads
 * @mode:	what they are for
 * @bytes_per_second: limit of all threads together, 0 for none
 * @cpu_percent: share of one CPU for the threads of a node together, 1 to
 *		UA_CPU_PERCENT_MAX, which is no limit
 * @headroom_bytes: of each zone, to be accepted and free beyond its watermark
 * @floor_bytes: of the whole machine, to be left unaccepted
 * @threads_per_node: 1 to UA_MAX_THREADS
 * @afresh:	the mode was written, the threads are to start anew
 */
struct ua_acceptor_knobs {
	enum ua_mode mode;
	u64 bytes_per_second;
	unsigned int cpu_percent;
	u64 headroom_bytes;
	u64 floor_bytes;
	unsigned int threads_per_node;
	bool afresh;
};

/* Enough for a burst of small processes, too little for the host to mind. */
#define UA_HEADROOM_DEFAULT	(64ULL << 20)

/**
 * struct ua_acceptor_thread - one of them; all but @task is its own to write
 * @task:	NULL if there is none; under &ua_acceptor.lock
 * @nid:	the node it serves
 * @index:	among the threads of that node
 * @reason:	what it does, or why not
 * @next_ns:	earliest time for its next block,
 * @next_why:	and for what reason
 * @refused_ns:	how long it stays away after a refusal, 0 if there was none
 * @paused_ns:	how long it stays away from others' work
 * @usual_ns:	what a block usually takes
 * @cpu_ns:	CPU time it has used
 * @busy_at_ns:	when it looked at the work of others
 * @busy_ns:	CPU time of others, on all CPUs of the node, until then
 * @stolen_ns:	the same, on the host's
 * @stalled_at_ns: when it looked at the waiting of others
 * @stalled_ns:	time for which somebody waited, until then
 * @pressed:	they waited for much of the time between the last looks
 */
struct ua_acceptor_thread {
	struct task_struct *task;
	int nid;
	unsigned int index;
	enum ua_throttle_reason reason;
	u64 next_ns;
	enum ua_throttle_reason next_why;
	u64 refused_ns;
	u64 paused_ns;
	u64 usual_ns;
	u64 cpu_ns;
	u64 busy_at_ns;
	u64 busy_ns;
	u64 stolen_ns;
	u64 stalled_at_ns;
	u64 stalled_ns;
	bool pressed;
};

/**
 * struct ua_acceptor - the background threads
 * @lock:	serialises changes of @knobs and of the life of @threads
 * @threads:	UA_MAX_THREADS slots per node id
 * @wait:	where the threads sleep
 * @kicks:	grows with each wake-up by an allocation
 * @hits:	how often each limit made a thread rest
 * @quota_lock:	guards what follows; a leaf
 * @held:	nobody may begin a block
 * @knobs:	written under @lock as well
 * @generation:	grows with each change of @knobs, to cut waits short
 * @next_ns:	earliest time for the next block, see ua_policy_pace()
 * @reserved:	bytes that threads are about to accept, for the floor
 * @error:	the last
 */
struct ua_acceptor {
	struct mutex lock;		/* @knobs, @threads */
	struct ua_acceptor_thread *threads;
	wait_queue_head_t wait;
	atomic_t kicks;
	atomic64_t hits[UA_NR_LIMITS];
	spinlock_t quota_lock;		/* what follows */
	bool held;
	struct ua_acceptor_knobs knobs;
	unsigned long generation;
	u64 next_ns;
	u64 reserved;
	struct ua_error error;
};

/**
 * struct ua_state - all there is
 * @core:	the binding; at least "observe"
 * @table:	the EFI table
 * @stats:	counters, nr_node_ids * MAX_NR_ZONES
 * @knobs:	how allocations accept
 * @owns_policy: allocations ask us what to accept
 * @trigger:	writes to "accept" and its like
 * @watch:	who polls
 * @stopping:	the module is on its way out: long work must end
 * @map_chunk_bytes: what a character of the debugfs file "map" stands for
 * @last_error:	errno of the last acceptance, 0 if it went well
 * @acceptor:	the background threads
 */
struct ua_state {
	const struct ua_core *core;
	struct ua_table table;
	struct ua_zone_stat *stats;
	struct ua_knobs knobs;
	bool owns_policy;
	struct ua_trigger trigger;
	struct ua_watch watch;
	bool stopping;
	u64 map_chunk_bytes;
	int last_error;
	struct ua_acceptor acceptor;
};

extern struct ua_state ua_state;

/* stats.c */
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
void ua_stats_wait(struct zone *zone, enum ua_cause why, u64 ns);
u64 ua_stats_waits(struct zone *zone, enum ua_cause why, unsigned int bucket);
u64 ua_stats_recent_last(void);
bool ua_stats_recent(u64 number, struct ua_event *event);
void ua_stats_error(struct ua_error *error, int number, const char *who,
		      const char *reason);

/* What is known of a block. */
enum ua_block {
	UA_BLOCK_HOLE,		/* there is no RAM */
	UA_BLOCK_UNKNOWN,	/* RAM of which the table says nothing */
	UA_BLOCK_ACCEPTED,	/* all of it */
	UA_BLOCK_UNACCEPTED,	/* it waits */
	UA_BLOCK_IN_FLIGHT,	/* it is being accepted */
	UA_NR_BLOCKS,
};

/* block.c */
unsigned long ua_block_next(struct zone *zone, unsigned long pfn);
enum ua_block ua_block_look(unsigned long pfn);
bool ua_block_has_bits(unsigned long pfn);
u64 ua_block_unaccepted(unsigned long start, unsigned long end);

/**
 * struct ua_audit - what those who count say of a zone
 * @list:	blocks that are unaccepted
 * @taken:	blocks that are unaccepted, and that we are about to accept
 * @counter:	pages that the kernel's counter says
 * @bitmap:	blocks with a bit set
 * @inflight:	blocks that we are accepting
 * @missing:	pages by which the counter is too high; negative, too low
 * @stray:	blocks with a bit set that are neither unaccepted nor being accepted
 * @stray_pfn:	first page of the first of these
 */
struct ua_audit {
	u64 list;
	u64 taken;
	u64 counter;
	u64 bitmap;
	u64 inflight;
	s64 missing;
	u64 stray;
	unsigned long stray_pfn;
};

/* audit.c */
bool ua_audit_zone(struct zone *zone, struct ua_audit *audit);

/* accept.c */
void ua_zone_view(struct zone *zone, unsigned int order, struct ua_zone_view *view);
extern const struct ua_upcalls ua_accept_upcalls;
void ua_accept_init(void);
int ua_accept_blocks(const struct ua_scope *scope, u64 blocks, struct ua_job *job);
int ua_accept_range(unsigned long start, unsigned long end, struct ua_job *job);
int ua_accept_one(struct zone *zone, enum ua_cause why);

/* acceptor.c */
int ua_acceptor_init(void);
void ua_acceptor_exit(void);
void ua_acceptor_get(struct ua_acceptor_knobs *knobs);
int ua_acceptor_set(int (*change)(struct ua_acceptor_knobs *knobs, void *arg), void *arg);
enum ua_throttle_reason ua_acceptor_throttle_reason(void);
const struct cpumask *ua_acceptor_cpus(int nid);
void ua_acceptor_hold(bool hold);
void ua_acceptor_rebind(void);

/* throttle.c */
void ua_throttle_reset(struct ua_acceptor_thread *thread);
bool ua_throttle_pressed(struct ua_acceptor_thread *thread);
u64 ua_throttle_wait(struct ua_acceptor_thread *thread,
		     const struct ua_acceptor_knobs *knobs, u64 now_ns);
void ua_throttle_done(struct ua_acceptor_thread *thread,
		      const struct ua_acceptor_knobs *knobs, u64 ns, int ret);

/* notify.c */
int ua_notify_init(void);
void ua_notify_exit(void);

/* control.c */
int ua_control_init(void);
void ua_control_exit(void);

/* control_watch.c */
void ua_watch_init(void);
void ua_watch_exit(void);

#endif /* _UNACCEPTED_H */
