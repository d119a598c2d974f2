// SPDX-License-Identifier: GPL-2.0
/*
 * The background acceptor: threads for each memory node with unaccepted memory;
 * their knobs, and how they start and stop.
 *
 * They exist only while the mode is not "off", run at the lowest priority, on
 * the CPUs of their node, and allocate no memory while they run, because they must
 * work when none is free.
 */
#include <linux/cpumask.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "acceptor.h"
#include "state.h"
#include "stats.h"
#include "throttle.h"

/* See struct ua_zone_stat. Hard interrupt context, or a thread's on PREEMPT_RT. */
static void acceptor_kicked(struct irq_work *work)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;

	atomic_inc(&acceptor->kicks);
	wake_up_all(&acceptor->wait);
}

static struct ua_acceptor_thread *slot(struct ua_acceptor *acceptor, int nid, int i)
{
	return &acceptor->threads[nid * UA_MAX_THREADS + i];
}

static int acceptor_start(int nid, int i, struct ua_acceptor_thread *thread)
{
	struct task_struct *task;
	char name[TASK_COMM_LEN];

	memset(thread, 0, sizeof(*thread));
	thread->nid = nid;
	thread->index = i;
	thread->reason = UA_THROTTLE_NOT;
	snprintf(name, sizeof(name), i ? "kacceptd%d/%d" : "kacceptd%d", nid, i);
	ua_throttle_cpus(nid, -1, &thread->cpus);
	/* Not on @nid: from 6.14 on the kernel would choose the CPUs, at each change of theirs. */
	task = kthread_create_on_node(ua_acceptor_run, thread, NUMA_NO_NODE, "%s", name);
	if (IS_ERR(task)) {
		ua_acceptor_error(name, PTR_ERR(task), "the thread could not be started");
		return PTR_ERR(task);
	}

	set_user_nice(task, MAX_NICE);
	/*
	 * Take a reference, so that a thread that has ended can still be stopped
	 * without touching freed memory.
	 */
	thread->task = get_task_struct(task);
	wake_up_process(task);
	return 0;
}

static void acceptor_stop(struct ua_acceptor_thread *thread)
{
	/*
	 * At the lowest priority the thread might not run, and so not see the
	 * request, for minutes.
	 */
	set_user_nice(thread->task, 0);
	kthread_stop(thread->task);
	put_task_struct(thread->task);
	thread->task = NULL;
}

/* No thread is left that allocations could wake. */
static void acceptor_forget_kicks(void)
{
	int i;

	for (i = 0; i < nr_node_ids * MAX_NR_ZONES; i++) {
		WRITE_ONCE(ua_state.stats[i].kick_below, 0);
		ua_state.stats[i].filling = false;
	}
}

static bool wants_start(int nid)
{
	return node_state(nid, N_MEMORY) && ua_stats_unaccepted_node(nid);
}

/*
 * Starts the threads that @knobs ask for, and stops all others. A thread that is to
 * stay is not touched. Caller holds acceptor->lock.
 */
static int acceptor_adjust(struct ua_acceptor *acceptor, const struct ua_acceptor_knobs *knobs)
{
	int wanted = knobs->mode == UA_MODE_OFF ? 0 : knobs->threads_per_node;
	struct ua_acceptor_thread *thread;
	int nid, i, ret = 0;

	for (nid = 0; nid < nr_node_ids; nid++) {
		for (i = 0; i < UA_MAX_THREADS; i++) {
			thread = slot(acceptor, nid, i);
			if (i >= wanted && thread->task)
				acceptor_stop(thread);
			if (i < wanted && !thread->task && !ret && wants_start(nid))
				ret = acceptor_start(nid, i, thread);
		}
	}
	if (!wanted)
		acceptor_forget_kicks();
	return ret;
}

/* Caller holds acceptor->quota_lock, and wakes the threads when it has dropped it. */
static void acceptor_publish(struct ua_acceptor *acceptor,
			     const struct ua_acceptor_knobs *knobs)
{
	acceptor->knobs = *knobs;
	acceptor->next_ns = 0;
	WRITE_ONCE(acceptor->generation, acceptor->generation + 1);
}

/* A node without threads would never be accepted, so none is better than some. */
static void acceptor_give_up(struct ua_acceptor *acceptor)
{
	struct ua_acceptor_knobs knobs;

	spin_lock(&acceptor->quota_lock);
	knobs = acceptor->knobs;
	knobs.mode = UA_MODE_OFF;
	acceptor_publish(acceptor, &knobs);
	spin_unlock(&acceptor->quota_lock);
	acceptor_adjust(acceptor, &knobs);
}

/**
 * ua_acceptor_set - change what the background threads do, all of it at once
 * @change: applies the change to a copy of the knobs; 0 or a negative errno. Must not sleep
 * @arg: for @change
 *
 * Threads that wait under the old limits are woken. Of several writers the last one
 * wins. The first of them that comes so far starts and stops threads for the knobs that are
 * set then, and those after it find nothing left to do.
 *
 * Context: process context, sleeps until the threads that end have finished their
 * block.
 * Return: 0; the errno of @change, and then nothing has changed; or that of a thread
 * that could not be created, and then the mode is off.
 */
int ua_acceptor_set(int (*change)(struct ua_acceptor_knobs *knobs, void *arg), void *arg)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;
	struct ua_acceptor_knobs knobs;
	int ret;

	spin_lock(&acceptor->quota_lock);
	knobs = acceptor->knobs;
	ret = change(&knobs, arg);
	if (!ret)
		acceptor_publish(acceptor, &knobs);
	spin_unlock(&acceptor->quota_lock);
	if (ret)
		return ret;
	wake_up_all(&acceptor->wait);

	mutex_lock(&acceptor->lock);
	ua_acceptor_get(&knobs);
	ret = acceptor_adjust(acceptor, &knobs);
	if (ret)
		acceptor_give_up(acceptor);
	mutex_unlock(&acceptor->lock);
	return ret;
}

/**
 * ua_acceptor_throttle_reason - the state of all threads together
 *
 * Context: any; no lock, a thread that begins or ends meanwhile may be missed.
 * Return: UA_THROTTLE_NOT if a thread works; otherwise the limit that holds one back;
 * otherwise UA_THROTTLE_ENOUGH if one waits until free memory runs short; otherwise,
 * also without threads, UA_THROTTLE_DONE.
 */
enum ua_throttle_reason ua_acceptor_throttle_reason(void)
{
	const struct ua_acceptor *acceptor = &ua_state.acceptor;
	enum ua_throttle_reason reason, sum = UA_THROTTLE_DONE;
	int i;

	for (i = 0; i < nr_node_ids * UA_MAX_THREADS; i++) {
		if (!READ_ONCE(acceptor->threads[i].task))
			continue;
		reason = READ_ONCE(acceptor->threads[i].reason);
		if (reason == UA_THROTTLE_NOT)
			return reason;
		if (reason < sum)
			sum = reason;
	}
	return sum;
}

/**
 * ua_acceptor_hold - let no thread begin a block for a while
 * @hold: true to begin, false to end
 *
 * Does not wait for a block that is in flight.
 *
 * Context: process context.
 */
void ua_acceptor_hold(bool hold)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;

	spin_lock(&acceptor->quota_lock);
	WRITE_ONCE(acceptor->held, hold);
	WRITE_ONCE(acceptor->generation, acceptor->generation + 1);
	spin_unlock(&acceptor->quota_lock);
	wake_up_all(&acceptor->wait);
}

/**
 * ua_acceptor_rebind - move the threads to the CPUs of their nodes
 * @leaving: a CPU that is about to go offline, or -1
 *
 * Call this when a CPU has come online or is about to leave. If root has
 * set the CPUs of a thread, that thread stays on them.
 *
 * Context: process context, may sleep.
 */
void ua_acceptor_rebind(int leaving)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;
	struct ua_acceptor_thread *thread;
	bool ours;
	int i;

	mutex_lock(&acceptor->lock);
	for (i = 0; i < nr_node_ids * UA_MAX_THREADS; i++) {
		thread = &acceptor->threads[i];
		if (!thread->task)
			continue;
		ours = cpumask_equal(&thread->task->cpus_mask, &thread->cpus);
		ua_throttle_cpus(thread->nid, leaving, &thread->cpus);
		if (ours)
			set_cpus_allowed_ptr(thread->task, &thread->cpus);
	}
	mutex_unlock(&acceptor->lock);
}

/**
 * ua_acceptor_init - set the default knobs and allocate the slots of the threads
 *
 * Return: 0 or -ENOMEM.
 */
int ua_acceptor_init(void)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;
	int i;

	mutex_init(&acceptor->lock);
	spin_lock_init(&acceptor->quota_lock);
	init_waitqueue_head(&acceptor->wait);
	acceptor->knobs.cpu_percent = UA_CPU_PERCENT_MAX;
	acceptor->knobs.headroom_bytes = UA_HEADROOM_DEFAULT;
	acceptor->knobs.threads_per_node = 1;
	for (i = 0; i < nr_node_ids * MAX_NR_ZONES; i++)
		init_irq_work(&ua_state.stats[i].kick, acceptor_kicked);

	acceptor->threads = kcalloc(nr_node_ids * UA_MAX_THREADS,
				    sizeof(*acceptor->threads), GFP_KERNEL);
	return acceptor->threads ? 0 : -ENOMEM;
}

/**
 * ua_acceptor_exit - stop the threads
 *
 * Call this when no caller can start new threads, and no allocation calls the
 * module.
 */
void ua_acceptor_exit(void)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;
	struct ua_acceptor_knobs off = { .mode = UA_MODE_OFF };
	int i;

	mutex_lock(&acceptor->lock);
	acceptor_adjust(acceptor, &off);
	mutex_unlock(&acceptor->lock);
	for (i = 0; i < nr_node_ids * MAX_NR_ZONES; i++)
		irq_work_sync(&ua_state.stats[i].kick);
}

/**
 * ua_acceptor_free - free the slots of the threads
 *
 * Call this after ua_watch_exit(): until then a work item may look at what the threads do.
 */
void ua_acceptor_free(void)
{
	kfree(ua_state.acceptor.threads);
}
