// SPDX-License-Identifier: GPL-2.0
/*
 * What holds the background threads back: the limits that users set, the work of
 * other tasks, and a platform that is slow or refuses.
 */
#include <linux/cpumask.h>
#include <linux/kernel_stat.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/isolation.h>
#include <linux/topology.h>

#include "policy.h"
#include "state.h"
#include "stats.h"
#include "throttle.h"

/* In the mode "idle", other tasks may use up to this share of the node's CPU time. */
#define BUSY_PERCENT		10
#define BUSY_WINDOW_NS		(100 * (u64)NSEC_PER_MSEC)
#define PAUSE_MIN_NS		(100 * (u64)NSEC_PER_MSEC)
#define PAUSE_MAX_NS		(3200 * (u64)NSEC_PER_MSEC)

/* The kernel updates PSI every two seconds, and only while a task is stalled. */
#define PRESSURE_PERCENT	10
#define PRESSURE_WINDOW_NS	(3 * (u64)NSEC_PER_SEC)

/* In the mode "idle": on a slow host the thread works for only a tenth of the time. */
#define SLOW_PERCENT		10

#define REFUSED_MIN_NS		(100 * (u64)NSEC_PER_MSEC)
#define REFUSED_MAX_NS		(60 * (u64)NSEC_PER_SEC)

/* Note which limit makes the thread wait, if @ns says that it must. */
static u64 throttle(struct ua_acceptor_thread *thread, enum ua_throttle_reason reason, u64 ns)
{
	if (ns) {
		WRITE_ONCE(thread->reason, reason);
		atomic64_inc(&ua_state.acceptor.hits[reason]);
	}
	return ns;
}

/*
 * Begin no block for @ns from now on. Of several waits the longest applies, with
 * its reason.
 */
static void put_off(struct ua_acceptor_thread *thread, enum ua_throttle_reason reason, u64 ns)
{
	u64 next = ktime_get_ns() + ns;

	if (next <= thread->next_ns)
		return;
	thread->next_ns = next;
	thread->next_reason = reason;
}

/*
 * CPUs of a node on which background work may run: not those that "isolcpus=",
 * "nohz_full=" or an isolated partition of cpusets (from 7.0 on) keeps for other work.
 */
static void node_cpus(int nid, int leaving, struct cpumask *cpus)
{
	int cpu;

	cpumask_clear(cpus);
	rcu_read_lock();
	for_each_cpu_and(cpu, cpumask_of_node(nid), cpu_online_mask)
		if (cpu != leaving && housekeeping_test_cpu(cpu, HK_TYPE_DOMAIN) &&
		    housekeeping_test_cpu(cpu, HK_TYPE_WQ))
			cpumask_set_cpu(cpu, cpus);
	rcu_read_unlock();
}

/**
 * ua_throttle_cpus - where the threads of a node run
 * @nid: the node
 * @leaving: a CPU that is about to go offline, or -1
 * @cpus: the result: the node's CPUs for background work that are online or, if it has none,
 *	those of the nearest node that has
 *
 * Context: process context.
 */
void ua_throttle_cpus(int nid, int leaving, struct cpumask *cpus)
{
	int best = NUMA_NO_NODE, other;

	for_each_online_node(other) {
		node_cpus(other, leaving, cpus);
		if (cpumask_empty(cpus))
			continue;
		if (best == NUMA_NO_NODE ||
		    node_distance(nid, other) < node_distance(nid, best))
			best = other;
	}
	if (best == NUMA_NO_NODE)
		cpumask_copy(cpus, cpu_possible_mask);
	else
		node_cpus(best, leaving, cpus);
}

/*
 * CPU time that some CPUs spent on anything but the acceptor's threads; @stolen is
 * the time that the host spent on other guests while these CPUs wanted to run.
 */
static u64 others_busy_ns(const struct cpumask *cpus, u64 *stolen)
{
	const struct ua_acceptor_thread *threads = ua_state.acceptor.threads;
	struct kernel_cpustat stat;
	u64 busy = 0, ours = 0;
	int cpu, i;

	*stolen = 0;
	for_each_cpu_and(cpu, cpus, cpu_online_mask) {
		kcpustat_cpu_fetch(&stat, cpu);
		busy += stat.cpustat[CPUTIME_USER] + stat.cpustat[CPUTIME_NICE] +
			stat.cpustat[CPUTIME_SYSTEM] + stat.cpustat[CPUTIME_IRQ] +
			stat.cpustat[CPUTIME_SOFTIRQ];
		*stolen += stat.cpustat[CPUTIME_STEAL];
	}
	/* The threads of a node without CPUs may run on these. */
	for (i = 0; i < nr_node_ids * UA_MAX_THREADS; i++)
		if (cpumask_equal(&threads[i].cpus, cpus))
			ours += READ_ONCE(threads[i].cpu_ns);
	return busy - ours;
}

/* What used the node's CPUs since the last look; UA_THROTTLE_NOT if little did. */
static enum ua_throttle_reason look_at_others(struct ua_acceptor_thread *thread, u64 now_ns)
{
	const struct cpumask *cpus = &thread->cpus;
	s64 limit = (now_ns - thread->busy_at_ns) * cpumask_weight(cpus) *
		    BUSY_PERCENT / 100;
	u64 stolen, busy = others_busy_ns(cpus, &stolen);
	s64 used = busy - thread->busy_ns;
	s64 lost = stolen - thread->stolen_ns;

	thread->busy_at_ns = now_ns;
	thread->busy_ns = busy;
	thread->stolen_ns = stolen;
	if (used > limit)
		return UA_THROTTLE_BUSY;
	return lost > limit ? UA_THROTTLE_STEAL : UA_THROTTLE_NOT;
}

/**
 * ua_throttle_pressed - do other tasks wait for CPUs or memory?
 * @thread: the calling thread
 *
 * The kernel's own measure (PSI), of the whole machine. The threads' own waits for
 * a CPU count as well, because CPUs are short then, too.
 *
 * Context: the thread's own.
 * Return: true if a task waited for more than a tenth of the last seconds.
 */
bool ua_throttle_pressed(struct ua_acceptor_thread *thread)
{
	u64 now = ktime_get_ns(), window = now - thread->stalled_at_ns;
	u64 stalled;

	if (!ua_state.core->stalled_ns || window < PRESSURE_WINDOW_NS)
		return thread->pressed;

	stalled = ua_state.core->stalled_ns();
	thread->pressed = thread->stalled_at_ns &&
		stalled - thread->stalled_ns > window * PRESSURE_PERCENT / 100;
	thread->stalled_at_ns = now;
	thread->stalled_ns = stalled;
	return thread->pressed;
}

/* In the mode "idle": nanoseconds to wait because of the work of other tasks. */
static u64 wait_for_others(struct ua_acceptor_thread *thread, u64 now_ns)
{
	enum ua_throttle_reason reason;

	if (!thread->busy_at_ns) {
		/* The first look only stores the values to compare with. */
		look_at_others(thread, now_ns);
		WRITE_ONCE(thread->reason, UA_THROTTLE_BUSY);
		return BUSY_WINDOW_NS;
	}
	if (now_ns - thread->busy_at_ns < BUSY_WINDOW_NS)
		return 0;
	reason = look_at_others(thread, now_ns);
	if (reason == UA_THROTTLE_NOT) {
		if (!ua_throttle_pressed(thread)) {
			thread->paused_ns = 0;
			return 0;
		}
		reason = UA_THROTTLE_PRESSURE;
	}
	thread->paused_ns = ua_policy_backoff(thread->paused_ns, PAUSE_MIN_NS,
					      PAUSE_MAX_NS);
	return throttle(thread, reason, thread->paused_ns);
}

/* Reserve a block under the limits of all threads: 0, or ns until one is allowed. */
static u64 wait_for_quota(struct ua_acceptor_thread *thread,
			  const struct ua_acceptor_knobs *knobs, u64 now_ns)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;
	enum ua_throttle_reason reason = UA_THROTTLE_FLOOR;
	u64 unaccepted, wait_ns = U64_MAX;

	unaccepted = ua_stats_unaccepted(&ua_everything);
	spin_lock(&acceptor->quota_lock);
	if (!knobs->floor_bytes ||
	    ua_policy_above_floor(unaccepted, acceptor->reserved + UA_BLOCK_BYTES,
				  knobs->floor_bytes)) {
		reason = UA_THROTTLE_BANDWIDTH;
		wait_ns = ua_policy_pace(&acceptor->next_ns, now_ns, UA_BLOCK_BYTES,
					 knobs->bytes_per_second);
	}
	if (!wait_ns)
		acceptor->reserved += UA_BLOCK_BYTES;
	spin_unlock(&acceptor->quota_lock);
	return throttle(thread, reason, wait_ns);
}

/**
 * ua_throttle_wait - may the thread begin a block?
 * @thread: the calling thread
 * @knobs: the knobs to apply
 * @now_ns: CLOCK_MONOTONIC
 *
 * If so, ua_throttle_done() must follow.
 *
 * Context: process context.
 * Return: 0 if it may, else the nanoseconds to wait; U64_MAX until something
 * changes. The cause is in @thread->reason.
 */
u64 ua_throttle_wait(struct ua_acceptor_thread *thread,
		     const struct ua_acceptor_knobs *knobs, u64 now_ns)
{
	u64 wait_ns;

	if (READ_ONCE(ua_state.acceptor.held))
		return throttle(thread, UA_THROTTLE_HELD, U64_MAX);
	if (now_ns < thread->next_ns)
		return throttle(thread, thread->next_reason, thread->next_ns - now_ns);
	if (knobs->mode == UA_MODE_IDLE) {
		wait_ns = wait_for_others(thread, now_ns);
		if (wait_ns)
			return wait_ns;
	}
	return wait_for_quota(thread, knobs, now_ns);
}

/**
 * ua_throttle_done - set the waits that follow a block
 * @thread: the calling thread
 * @knobs: the knobs that were applied
 * @ns: how long the block took
 * @ret: what ua_accept_one() returned
 */
void ua_throttle_done(struct ua_acceptor_thread *thread,
		      const struct ua_acceptor_knobs *knobs, u64 ns, int ret)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;
	unsigned int percent = knobs->cpu_percent / knobs->threads_per_node;

	spin_lock(&acceptor->quota_lock);
	acceptor->reserved -= UA_BLOCK_BYTES;
	spin_unlock(&acceptor->quota_lock);
	WRITE_ONCE(thread->cpu_ns, current->se.sum_exec_runtime);

	if (ret == -ENOENT)
		return;
	if (ret) {
		thread->refused_ns = ua_policy_backoff(thread->refused_ns,
						       REFUSED_MIN_NS, REFUSED_MAX_NS);
		thread->from_front = true;
		put_off(thread, UA_THROTTLE_REFUSED, thread->refused_ns);
		return;
	}
	thread->refused_ns = 0;
	if (percent < 100)
		put_off(thread, UA_THROTTLE_CPU, ua_policy_share(ns, max(percent, 1U)));
	if (ua_policy_slow(&thread->usual_ns, ns) && knobs->mode == UA_MODE_IDLE)
		put_off(thread, UA_THROTTLE_SLOW, ua_policy_share(ns, SLOW_PERCENT));
}

/**
 * ua_throttle_reset - forget all waits, because the knobs have changed
 * @thread: the calling thread
 */
void ua_throttle_reset(struct ua_acceptor_thread *thread)
{
	thread->next_ns = 0;
	thread->refused_ns = 0;
	thread->from_front = false;
	thread->paused_ns = 0;
	thread->busy_at_ns = 0;
}
