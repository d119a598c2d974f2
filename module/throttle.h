/* SPDX-License-Identifier: GPL-2.0 */
/* throttle.c: holds the background threads back. */
#ifndef _UA_THROTTLE_H
#define _UA_THROTTLE_H

#include <linux/cpumask.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "names.h"

#define UA_MAX_THREADS	4	/* per node: hosts do not scale beyond */
#define UA_CPU_PERCENT_MAX	(100 * UA_MAX_THREADS)

/**
 * struct ua_acceptor_knobs - the settings of the background threads
 * @mode:	what they are for
 * @bytes_per_second: limit of all threads together, 0 for none
 * @cpu_percent: share of one CPU for the threads of a node together, 1 to
 *		UA_CPU_PERCENT_MAX, which is no limit
 * @headroom_bytes: memory of each zone to keep accepted and free beyond its
 *	watermark
 * @floor_bytes: memory of the whole machine to leave unaccepted
 * @threads_per_node: 1 to UA_MAX_THREADS
 */
struct ua_acceptor_knobs {
	enum ua_mode mode;
	u64 bytes_per_second;
	unsigned int cpu_percent;
	u64 headroom_bytes;
	u64 floor_bytes;
	unsigned int threads_per_node;
};

/**
 * struct ua_acceptor_thread - a thread; all but @task and @cpus is written by the thread itself
 * @task:	NULL if there is none; under &ua_acceptor.lock
 * @cpus:	where it runs, unless root has chosen otherwise; under &ua_acceptor.lock. The
 *	thread reads it without: half of a change makes one look at other tasks inexact
 * @nid:	the node it serves
 * @index:	among the threads of that node
 * @reason:	what it does, or what holds it back
 * @next_ns:	earliest time for its next block
 * @next_reason:	the limit that set @next_ns
 * @refused_ns:	how long it waited after the last refusal, 0 if a block was accepted since
 * @from_front:	blocks were refused, which are at the end of the list now: take the first
 * @paused_ns:	how long it waited last because other tasks worked
 * @usual_ns:	what a block usually takes
 * @cpu_ns:	CPU time it has used
 * @busy_at_ns:	when it last read @busy_ns and @stolen_ns
 * @busy_ns:	CPU time of other tasks, on all CPUs of the node, until then
 * @stolen_ns:	the same for steal time, which the host gave to other guests
 * @stalled_at_ns: when it last read @stalled_ns
 * @stalled_ns:	time for which tasks waited, until then
 * @pressed:	tasks waited for more than a tenth of the time between the last
 *	readings
 */
struct ua_acceptor_thread {
	struct task_struct *task;
	struct cpumask cpus;
	int nid;
	unsigned int index;
	enum ua_throttle_reason reason;
	u64 next_ns;
	enum ua_throttle_reason next_reason;
	u64 refused_ns;
	bool from_front;
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

void ua_throttle_cpus(int nid, int leaving, struct cpumask *cpus);
void ua_throttle_reset(struct ua_acceptor_thread *thread);
bool ua_throttle_pressed(struct ua_acceptor_thread *thread);
u64 ua_throttle_wait(struct ua_acceptor_thread *thread,
		     const struct ua_acceptor_knobs *knobs, u64 now_ns);
void ua_throttle_done(struct ua_acceptor_thread *thread,
		      const struct ua_acceptor_knobs *knobs, u64 ns, int ret);

#endif /* _UA_THROTTLE_H */
