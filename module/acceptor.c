// SPDX-License-Identifier: GPL-2.0
/*
 * The background acceptor: one thread per memory node with memory parked.
 *
 * Threads exist only while the mode is not "off". They run at the lowest
 * priority on the CPUs of their node; what they accept is then local to the
 * CPU that pays for it.
 */
#include <linux/cpumask.h>
#include <linux/freezer.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "unaccepted.h"

static u64 node_parked(int nid)
{
	struct ua_sum sum = {};

	ua_accept_sum_node(nid, &sum);
	return sum.parked;
}

/* Jiffies until this thread may take its next block: 0 for now. */
static long acceptor_delay(struct ua_acceptor *acceptor, int nid)
{
	u64 wait_ns;

	/* What is parked only ever gets less: nothing to wake up for. */
	if (!node_parked(nid))
		return MAX_SCHEDULE_TIMEOUT;

	spin_lock(&acceptor->pace_lock);
	wait_ns = ua_policy_pace(&acceptor->pace_next_ns, ktime_get_ns(),
				 UA_BLOCK_BYTES,
				 READ_ONCE(acceptor->bytes_per_second));
	spin_unlock(&acceptor->pace_lock);

	/* Rounded up, or the last part of a wait would be spent spinning. */
	return wait_ns ? nsecs_to_jiffies(wait_ns) + 1 : 0;
}

/*
 * Take one block. Returns the jiffies to stay away afterwards: until the knobs
 * are written again if the platform refused, and a tick if others hold the last
 * blocks but have not finished them.
 */
static long acceptor_step(int nid)
{
	u64 blocks = 1;
	int ret = ua_accept_node(nid, &blocks, UA_WHY_BACKGROUND);

	if (ret)
		return MAX_SCHEDULE_TIMEOUT;
	return blocks ? 1 : 0;
}

static int acceptor_thread(void *data)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;
	int nid = (long)data;
	long delay = 0;

	set_freezable();
	while (!kthread_should_stop()) {
		/* Before the delay is worked out, so that no change is missed. */
		unsigned long generation = READ_ONCE(acceptor->generation);

		if (!delay)
			delay = acceptor_delay(acceptor, nid);
		if (!delay) {
			delay = acceptor_step(nid);
			try_to_freeze();
			continue;
		}
		wait_event_freezable_timeout(acceptor->wait,
					     kthread_should_stop() ||
					     READ_ONCE(acceptor->generation) != generation,
					     delay);
		delay = 0;
	}
	return 0;
}

static int acceptor_start(struct ua_acceptor *acceptor, int nid)
{
	struct task_struct *task;

	task = kthread_create_on_node(acceptor_thread, (void *)(long)nid, nid,
				      "kacceptd%d", nid);
	if (IS_ERR(task))
		return PTR_ERR(task);

	set_user_nice(task, MAX_NICE);
	/* A node without CPUs is served from wherever there is time. */
	if (cpumask_intersects(cpumask_of_node(nid), cpu_online_mask))
		set_cpus_allowed_ptr(task, cpumask_of_node(nid));
	/*
	 * A reference of our own, so that a thread that ended by itself could
	 * still be stopped without touching freed memory.
	 */
	acceptor->threads[nid] = get_task_struct(task);
	wake_up_process(task);
	return 0;
}

static void acceptor_stop_all(struct ua_acceptor *acceptor)
{
	int nid;

	for (nid = 0; nid < nr_node_ids; nid++) {
		if (!acceptor->threads[nid])
			continue;
		kthread_stop_put(acceptor->threads[nid]);
		acceptor->threads[nid] = NULL;
	}
}

static int acceptor_start_all(struct ua_acceptor *acceptor)
{
	int nid, ret;

	for_each_node_state(nid, N_MEMORY) {
		if (!node_parked(nid))
			continue;
		ret = acceptor_start(acceptor, nid);
		if (ret)
			goto err_stop;
	}
	return 0;

err_stop:
	acceptor_stop_all(acceptor);
	return ret;
}

/**
 * ua_acceptor_set_mode - change what the background threads do
 * @mode: the new mode; the old one again starts afresh after a failure
 *
 * Context: process context, sleeps until running threads have finished their
 * block.
 * Return: 0, or the errno of a thread that could not be created, and then the
 * mode is off.
 */
int ua_acceptor_set_mode(enum ua_mode mode)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;
	int ret = 0;

	mutex_lock(&acceptor->lock);
	acceptor_stop_all(acceptor);
	WRITE_ONCE(acceptor->mode, UA_MODE_OFF);
	if (mode != UA_MODE_OFF)
		ret = acceptor_start_all(acceptor);
	if (!ret)
		WRITE_ONCE(acceptor->mode, mode);
	mutex_unlock(&acceptor->lock);

	return ret;
}

/**
 * ua_acceptor_set_pace - limit the rate of all background threads together
 * @bytes_per_second: 0 for no limit
 *
 * Takes effect at once: a thread that waits for its slot under the old limit is
 * woken.
 */
void ua_acceptor_set_pace(u64 bytes_per_second)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;

	spin_lock(&acceptor->pace_lock);
	WRITE_ONCE(acceptor->bytes_per_second, bytes_per_second);
	acceptor->pace_next_ns = 0;
	WRITE_ONCE(acceptor->generation, acceptor->generation + 1);
	spin_unlock(&acceptor->pace_lock);
	wake_up_all(&acceptor->wait);
}

/**
 * ua_acceptor_pid - who serves a node
 * @nid: a possible node
 *
 * Context: process context, may sleep.
 * Return: the thread's process id, 0 if there is none.
 */
pid_t ua_acceptor_pid(int nid)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;
	pid_t pid = 0;

	mutex_lock(&acceptor->lock);
	if (acceptor->threads[nid])
		pid = acceptor->threads[nid]->pid;
	mutex_unlock(&acceptor->lock);
	return pid;
}

/**
 * ua_acceptor_init - make ready, start nothing
 *
 * Return: 0 or -ENOMEM.
 */
int ua_acceptor_init(void)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;

	mutex_init(&acceptor->lock);
	spin_lock_init(&acceptor->pace_lock);
	init_waitqueue_head(&acceptor->wait);
	acceptor->threads = kcalloc(nr_node_ids, sizeof(*acceptor->threads),
				    GFP_KERNEL);
	return acceptor->threads ? 0 : -ENOMEM;
}

/**
 * ua_acceptor_exit - stop the threads; nobody may start new ones any more
 */
void ua_acceptor_exit(void)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;

	mutex_lock(&acceptor->lock);
	acceptor_stop_all(acceptor);
	mutex_unlock(&acceptor->lock);
	kfree(acceptor->threads);
}
