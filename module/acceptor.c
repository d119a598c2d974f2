// SPDX-License-Identifier: GPL-2.0
/*
 * The background acceptor: threads for each memory node with memory unaccepted.
 *
 * They exist only while the mode is not "off", run at the lowest priority, on
 * the CPUs of their node, and need no memory while they run: they are to help
 * when there is none.
 */
#include <linux/cpumask.h>
#include <linux/freezer.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "unaccepted.h"

#include "../include/trace/events/unaccepted.h"

#define FOREVER		U64_MAX

/* Where nobody kicks us we look ourselves, the more often the faster memory goes. */
#define POLL_MIN_NS	(10 * (u64)NSEC_PER_MSEC)
#define POLL_MAX_NS	(200 * (u64)NSEC_PER_MSEC)

/* Memory must not all be headroom. */
#define HEADROOM_SHARE	8

static struct zone *node_zone(int nid, int i)
{
	struct zone *zone = &NODE_DATA(nid)->node_zones[i];

	return populated_zone(zone) && ua_state.core->unaccepted_pages(zone) ? zone : NULL;
}

/* Pages to be had beyond the watermark of a zone, as things are. */
static u64 zone_headroom(struct ua_acceptor_thread *thread, struct zone *zone,
			 const struct ua_acceptor_knobs *knobs)
{
	struct ua_demand *demand = &ua_zone_stat(zone)->demand;
	struct ua_headroom headroom = {
		.pages = knobs->headroom_bytes >> PAGE_SHIFT,
		/* It takes us a moment to come, and blocks to get going. */
		.lead_ns = 4 * thread->usual_ns + POLL_MIN_NS,
		.limit = zone_managed_pages(zone) / HEADROOM_SHARE,
	};

	if (!thread->index)
		ua_policy_observe(demand, ktime_get_ns(),
				  zone_page_state(zone, NR_FREE_PAGES));
	/* While others wait for the CPU we do without half of it. */
	if (ua_throttle_pressed(thread))
		headroom.pages /= 2;
	return ua_policy_headroom(&headroom, demand);
}

/* Does the zone want a block now? If not, see to it that we hear when it does. */
static bool zone_wants(struct ua_acceptor_thread *thread, struct zone *zone,
		       const struct ua_acceptor_knobs *knobs)
{
	struct ua_zone_stat *stat = ua_zone_stat(zone);
	u64 headroom = zone_headroom(thread, zone, knobs);
	struct ua_zone_view view;
	bool wants;

	ua_zone_view(zone, 0, &view);
	wants = ua_policy_ahead(&view, UA_BLOCK_PAGES, headroom,
				READ_ONCE(stat->filling));
	WRITE_ONCE(stat->filling, wants);
	if (wants || !READ_ONCE(ua_state.owns_policy))
		return wants;

	WRITE_ONCE(stat->kick_below,
		   ua_policy_kick_below(&view, UA_BLOCK_PAGES, headroom));
	/* Who took memory before it could see that must not be missed. */
	smp_mb();
	ua_zone_view(zone, 0, &view);
	return ua_policy_ahead(&view, UA_BLOCK_PAGES, headroom, false);
}

/* How long until a zone without our policy is worth another look? */
static u64 zone_poll(struct zone *zone, const struct ua_acceptor_knobs *knobs)
{
	u64 rate = READ_ONCE(ua_zone_stat(zone)->demand.fast);
	u64 slack = max_t(u64, knobs->headroom_bytes >> (PAGE_SHIFT + 3), UA_BLOCK_PAGES);

	return clamp(div64_u64(slack * NSEC_PER_SEC, rate + 1), POLL_MIN_NS, POLL_MAX_NS);
}

/*
 * The zone to take a block from: the highest that wants one, for what only the
 * low zones can serve stays untouched longest. If none does, @wait_ns says for
 * how long.
 */
static struct zone *pick_zone(struct ua_acceptor_thread *thread,
			      const struct ua_acceptor_knobs *knobs, u64 *wait_ns)
{
	enum ua_throttle_reason rest = UA_THROTTLE_DONE;
	struct zone *zone;
	int i;

	*wait_ns = FOREVER;
	for (i = MAX_NR_ZONES - 1; i >= 0; i--) {
		zone = node_zone(thread->nid, i);
		if (!zone)
			continue;
		if (knobs->mode != UA_MODE_AHEAD || zone_wants(thread, zone, knobs))
			return zone;
		rest = UA_THROTTLE_ENOUGH;
		if (!READ_ONCE(ua_state.owns_policy))
			*wait_ns = min(*wait_ns, zone_poll(zone, knobs));
	}
	WRITE_ONCE(thread->reason, rest);
	return NULL;
}

static void note_error(const char *who, int number, const char *reason)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;

	spin_lock(&acceptor->quota_lock);
	ua_stats_error(&acceptor->error, number, who, reason);
	spin_unlock(&acceptor->quota_lock);
}

/* What next? 0 if a block was tried, else how long to stay away. */
static u64 acceptor_step(struct ua_acceptor_thread *thread)
{
	struct ua_acceptor_knobs knobs;
	struct zone *zone;
	u64 start, wait_ns;
	int ret;

	ua_acceptor_get(&knobs);
	zone = pick_zone(thread, &knobs, &wait_ns);
	if (!zone)
		return wait_ns;

	start = ktime_get_ns();
	wait_ns = ua_throttle_wait(thread, &knobs, start);
	if (wait_ns)
		return wait_ns;

	WRITE_ONCE(thread->reason, UA_THROTTLE_NOT);
	ret = ua_accept_one(zone, UA_CAUSE_BACKGROUND);
	ua_throttle_done(thread, &knobs, ktime_get_ns() - start, ret);
	if (ret && ret != -ENOENT)
		note_error(current->comm, ret, "the platform refused a block");
	cond_resched();
	/* Others hold the last blocks of the zone but have not finished them. */
	return ret == -ENOENT ? NSEC_PER_MSEC : 0;
}

/* Sleep for @wait_ns, or until something changes. */
static void acceptor_sleep(struct ua_acceptor_thread *thread, u64 wait_ns,
			   unsigned long generation, int kicks)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;
	/* Rounded up, or the last part of a wait would be spent spinning. */
	long timeout = wait_ns == FOREVER ? MAX_SCHEDULE_TIMEOUT :
		       nsecs_to_jiffies(wait_ns) + 1;

	trace_acceptor_sleep(thread->nid, thread->index, thread->reason, wait_ns,
			     ua_stats_unaccepted_node(thread->nid));
	wait_event_freezable_timeout(acceptor->wait,
				     kthread_should_stop() ||
				     READ_ONCE(acceptor->generation) != generation ||
				     atomic_read(&acceptor->kicks) != kicks,
				     timeout);
	trace_acceptor_wake(thread->nid, thread->index,
			    atomic_read(&acceptor->kicks) != kicks,
			    ua_stats_unaccepted_node(thread->nid));
}

static int acceptor_thread(void *data)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;
	struct ua_acceptor_thread *thread = data;
	unsigned long generation = 0;
	u64 wait_ns;
	int kicks;

	set_freezable();
	while (!kthread_should_stop()) {
		/* Before the step looks around, so that no change is missed. */
		kicks = atomic_read(&acceptor->kicks);
		if (generation != READ_ONCE(acceptor->generation)) {
			generation = READ_ONCE(acceptor->generation);
			ua_throttle_reset(thread);
		}
		wait_ns = acceptor_step(thread);
		if (wait_ns)
			acceptor_sleep(thread, wait_ns, generation, kicks);
		else
			try_to_freeze();
	}
	return 0;
}

/* See struct ua_zone_stat. Hard interrupt context, or a thread's on PREEMPT_RT. */
static void acceptor_kicked(struct irq_work *work)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;

	atomic_inc(&acceptor->kicks);
	wake_up_all(&acceptor->wait);
}

/**
 * ua_acceptor_cpus - where the threads of a node run
 * @nid: the node
 *
 * Context: any.
 * Return: its CPUs or, if it has none online, those of the nearest that has.
 */
const struct cpumask *ua_acceptor_cpus(int nid)
{
	int best = NUMA_NO_NODE, other;

	for_each_online_node(other) {
		if (!cpumask_intersects(cpumask_of_node(other), cpu_online_mask))
			continue;
		if (best == NUMA_NO_NODE ||
		    node_distance(nid, other) < node_distance(nid, best))
			best = other;
	}
	return best == NUMA_NO_NODE ? cpu_possible_mask : cpumask_of_node(best);
}

static struct ua_acceptor_thread *slot(struct ua_acceptor *acceptor, int nid, int i)
{
	return &acceptor->threads[nid * UA_MAX_THREADS + i];
}

static int acceptor_start(struct ua_acceptor *acceptor, int nid, int i)
{
	struct ua_acceptor_thread *thread = slot(acceptor, nid, i);
	struct task_struct *task;
	char name[TASK_COMM_LEN];

	memset(thread, 0, sizeof(*thread));
	thread->nid = nid;
	thread->index = i;
	thread->reason = UA_THROTTLE_NOT;
	snprintf(name, sizeof(name), i ? "kacceptd%d/%d" : "kacceptd%d", nid, i);
	task = kthread_create_on_node(acceptor_thread, thread, nid, "%s", name);
	if (IS_ERR(task)) {
		note_error(name, PTR_ERR(task), "the thread could not be started");
		return PTR_ERR(task);
	}

	set_user_nice(task, MAX_NICE);
	set_cpus_allowed_ptr(task, ua_acceptor_cpus(nid));
	/*
	 * A reference of our own, so that a thread that ended by itself could
	 * still be stopped without touching freed memory.
	 */
	thread->task = get_task_struct(task);
	wake_up_process(task);
	return 0;
}

static void acceptor_stop_all(struct ua_acceptor *acceptor)
{
	int i;

	for (i = 0; i < nr_node_ids * UA_MAX_THREADS; i++) {
		if (!acceptor->threads[i].task)
			continue;
		/* At the lowest priority it might not get to see for minutes that it is to end. */
		set_user_nice(acceptor->threads[i].task, 0);
		kthread_stop(acceptor->threads[i].task);
		put_task_struct(acceptor->threads[i].task);
		acceptor->threads[i].task = NULL;
	}
	/* Nobody is there to be kicked. */
	for (i = 0; i < nr_node_ids * MAX_NR_ZONES; i++) {
		WRITE_ONCE(ua_state.stats[i].kick_below, 0);
		ua_state.stats[i].filling = false;
	}
}

static int acceptor_start_all(struct ua_acceptor *acceptor, int threads)
{
	int nid, i, ret;

	for_each_node_state(nid, N_MEMORY) {
		if (!ua_stats_unaccepted_node(nid))
			continue;
		for (i = 0; i < threads; i++) {
			ret = acceptor_start(acceptor, nid, i);
			if (ret)
				goto err_stop;
		}
	}
	return 0;

err_stop:
	acceptor_stop_all(acceptor);
	return ret;
}

/**
 * ua_acceptor_get - read all knobs at one moment
 * @knobs: the result
 *
 * Context: process context.
 */
void ua_acceptor_get(struct ua_acceptor_knobs *knobs)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;

	spin_lock(&acceptor->quota_lock);
	*knobs = acceptor->knobs;
	spin_unlock(&acceptor->quota_lock);
}

static void acceptor_publish(struct ua_acceptor *acceptor,
			     const struct ua_acceptor_knobs *knobs)
{
	spin_lock(&acceptor->quota_lock);
	acceptor->knobs = *knobs;
	acceptor->next_ns = 0;
	WRITE_ONCE(acceptor->generation, acceptor->generation + 1);
	spin_unlock(&acceptor->quota_lock);
	wake_up_all(&acceptor->wait);
}

/**
 * ua_acceptor_set - change what the background threads do, all of it at once
 * @change: applies the change to a copy of the knobs; 0 or a negative errno
 * @arg: for @change
 *
 * Threads that wait under the old limits are woken. Where the mode was written,
 * be it the same again, they start anew.
 *
 * Context: process context, sleeps until running threads have finished their
 * block.
 * Return: 0; -EINTR if a signal came while others were at it, or the errno of
 * @change, and then nothing has changed; or that of a thread that could not be
 * created, and then the mode is off.
 */
int ua_acceptor_set(int (*change)(struct ua_acceptor_knobs *knobs, void *arg), void *arg)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;
	struct ua_acceptor_knobs old, knobs;
	int ret;

	if (mutex_lock_interruptible(&acceptor->lock))
		return -EINTR;
	ua_acceptor_get(&old);
	knobs = old;
	knobs.afresh = false;
	ret = change(&knobs, arg);
	if (ret)
		goto out;

	if (!knobs.afresh && knobs.threads_per_node == old.threads_per_node) {
		acceptor_publish(acceptor, &knobs);
		goto out;
	}
	acceptor_stop_all(acceptor);
	acceptor_publish(acceptor, &knobs);
	if (knobs.mode != UA_MODE_OFF)
		ret = acceptor_start_all(acceptor, knobs.threads_per_node);
	if (ret) {
		knobs.mode = UA_MODE_OFF;
		acceptor_publish(acceptor, &knobs);
	}
out:
	mutex_unlock(&acceptor->lock);
	return ret;
}

/**
 * ua_acceptor_throttle_reason - what the threads do, all in all
 *
 * Context: any; no lock, a thread that begins or ends meanwhile may be missed.
 * Return: UA_THROTTLE_NOT if one works, else what holds one back, else UA_THROTTLE_ENOUGH
 * if one waits for free memory to run short, else, or without any, UA_THROTTLE_DONE.
 */
enum ua_throttle_reason ua_acceptor_throttle_reason(void)
{
	const struct ua_acceptor *acceptor = &ua_state.acceptor;
	enum ua_throttle_reason rest, sum = UA_THROTTLE_DONE;
	int i;

	for (i = 0; i < nr_node_ids * UA_MAX_THREADS; i++) {
		if (!READ_ONCE(acceptor->threads[i].task))
			continue;
		rest = READ_ONCE(acceptor->threads[i].reason);
		if (rest == UA_THROTTLE_NOT)
			return rest;
		if (rest < sum)
			sum = rest;
	}
	return sum;
}

/**
 * ua_acceptor_hold - let no thread begin a block for a while
 * @hold: true to begin, false to end
 *
 * A block under way is finished meanwhile.
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
 * ua_acceptor_rebind - let the threads run where they belong
 *
 * To be called when a CPU has come: while a node has none, its threads run
 * elsewhere, and the scheduler does not lead them back.
 *
 * Context: process context, may sleep.
 */
void ua_acceptor_rebind(void)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;
	int i;

	mutex_lock(&acceptor->lock);
	for (i = 0; i < nr_node_ids * UA_MAX_THREADS; i++)
		if (acceptor->threads[i].task)
			set_cpus_allowed_ptr(acceptor->threads[i].task,
					     ua_acceptor_cpus(acceptor->threads[i].nid));
	mutex_unlock(&acceptor->lock);
}

/**
 * ua_acceptor_init - make ready, start nothing
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
 * Nobody may start new ones any more, and no allocation may ask us.
 */
void ua_acceptor_exit(void)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;
	int i;

	mutex_lock(&acceptor->lock);
	acceptor_stop_all(acceptor);
	mutex_unlock(&acceptor->lock);
	for (i = 0; i < nr_node_ids * MAX_NR_ZONES; i++)
		irq_work_sync(&ua_state.stats[i].kick);
	kfree(acceptor->threads);
}
