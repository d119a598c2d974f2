// SPDX-License-Identifier: GPL-2.0
/* What a background thread does: it picks a zone, accepts a block, and sleeps. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/freezer.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/printk.h>
#include <linux/sched.h>

#include "accept.h"
#include "acceptor.h"
#include "bind_zone.h"
#include "policy.h"
#include "state.h"
#include "stats.h"
#include "throttle.h"

#include "../include/trace/events/unaccepted.h"

#define FOREVER		U64_MAX

/* Without the hooks the thread polls, more often if memory is used faster. */
#define POLL_MIN_NS	(10 * (u64)NSEC_PER_MSEC)
#define POLL_MAX_NS	(200 * (u64)NSEC_PER_MSEC)

/* The headroom of a zone is at most its memory divided by this. */
#define HEADROOM_SHARE	8

static struct zone *node_zone(int nid, int i)
{
	struct zone *zone = &NODE_DATA(nid)->node_zones[i];

	return populated_zone(zone) && ua_state.core->unaccepted_pages(zone) ? zone : NULL;
}

/* Pages that should be accepted and free above the watermark of a zone now. */
static u64 zone_headroom(struct ua_acceptor_thread *thread, struct zone *zone,
			 const struct ua_acceptor_knobs *knobs)
{
	struct ua_demand *demand = &ua_zone_stat(zone)->demand;
	struct ua_headroom headroom = {
		.pages = knobs->headroom_bytes >> PAGE_SHIFT,
		/* Time for the thread to wake up and to accept the first blocks. */
		.lead_ns = 4 * thread->usual_ns + POLL_MIN_NS,
		.limit = zone_managed_pages(zone) / HEADROOM_SHARE,
	};

	if (!thread->index)
		ua_policy_observe(demand, ktime_get_ns(), ua_zone_free(zone));
	/* While other tasks wait for CPUs or memory, half of it is enough. */
	if (ua_throttle_pressed(thread))
		headroom.pages /= 2;
	return ua_policy_headroom(&headroom, demand);
}

/* Does the zone want a block now? If not, ask allocations to wake the thread. */
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
	/*
	 * Orders the write of kick_below before the second look at the free pages.
	 * Pairs with the locked add by which a CPU folds its own counter of free
	 * pages into zone->vm_stat, a full barrier on x86: either this look sees
	 * that add, or the next kick_background() on that CPU sees kick_below.
	 */
	smp_mb();
	ua_zone_view(zone, 0, &view);
	return ua_policy_ahead(&view, UA_BLOCK_PAGES, headroom, false);
}

/* How long until the next look at a zone whose allocations do not wake the thread? */
static u64 zone_poll(struct zone *zone, const struct ua_acceptor_knobs *knobs)
{
	u64 rate = READ_ONCE(ua_zone_stat(zone)->demand.fast);
	u64 slack = max_t(u64, knobs->headroom_bytes >> (PAGE_SHIFT + 3), UA_BLOCK_PAGES);

	return clamp(div64_u64(slack * NSEC_PER_SEC, rate + 1), POLL_MIN_NS, POLL_MAX_NS);
}

/*
 * The zone to take a block from: the highest that wants one and is not given up, because
 * some allocations can only use the low zones. If no zone wants one, @wait_ns is set to
 * the time until the next look.
 */
static struct zone *pick_zone(struct ua_acceptor_thread *thread,
			      const struct ua_acceptor_knobs *knobs, u64 *wait_ns)
{
	enum ua_throttle_reason reason = UA_THROTTLE_DONE;
	struct zone *zone;
	int i;

	*wait_ns = FOREVER;
	for (i = MAX_NR_ZONES - 1; i >= 0; i--) {
		zone = node_zone(thread->nid, i);
		if (!zone)
			continue;
		if (atomic_read(&ua_zone_stat(zone)->refusals) >= UA_GIVE_UP) {
			reason = UA_THROTTLE_GAVE_UP;
			continue;
		}
		if (knobs->mode != UA_MODE_AHEAD || zone_wants(thread, zone, knobs))
			return zone;
		reason = min(reason, UA_THROTTLE_ENOUGH);
		if (!READ_ONCE(ua_state.owns_policy))
			*wait_ns = min(*wait_ns, zone_poll(zone, knobs));
	}
	WRITE_ONCE(thread->reason, reason);
	return NULL;
}

/**
 * ua_acceptor_error - record an error for the file "acceptor/error"
 * @source: the name of the thread
 * @number: a negative errno
 * @reason: a string that lives as long as the module
 *
 * Context: process context.
 */
void ua_acceptor_error(const char *source, int number, const char *reason)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;

	spin_lock(&acceptor->quota_lock);
	ua_stats_error(&acceptor->error, number, source, reason);
	spin_unlock(&acceptor->quota_lock);
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

/* The platform refused a block of a zone. */
static void note_refusal(struct ua_acceptor_thread *thread, struct zone *zone, int error)
{
	ua_acceptor_error(current->comm, error, "the platform refused a block");
	if (atomic_inc_return(&ua_zone_stat(zone)->refusals) != UA_GIVE_UP)
		return;
	pr_warn("%s: gave up zone %s: the platform refused %d blocks in a row\n",
		current->comm, zone->name, UA_GIVE_UP);
	/* The other zones, and this one when it is tried again, have not been refused yet. */
	ua_throttle_reset(thread);
}

/* The knobs have changed: try again what was given up. */
static void forget_refusals(int nid)
{
	int i;

	for (i = 0; i < MAX_NR_ZONES; i++)
		atomic_set(&ua_zone_stat(&NODE_DATA(nid)->node_zones[i])->refusals, 0);
}

/* Try to accept a block. Returns 0 if one was tried, else the nanoseconds to sleep. */
static u64 acceptor_step(struct ua_acceptor_thread *thread)
{
	struct ua_acceptor_knobs knobs;
	struct zone *zone;
	u64 start, wait_ns;
	int ret;

	ua_acceptor_get(&knobs);
	/* About to be stopped: ua_acceptor_set() publishes the knobs before. */
	if (knobs.mode == UA_MODE_OFF || thread->index >= knobs.threads_per_node)
		return FOREVER;
	zone = pick_zone(thread, &knobs, &wait_ns);
	if (!zone)
		return wait_ns;

	start = ktime_get_ns();
	wait_ns = ua_throttle_wait(thread, &knobs, start);
	if (wait_ns)
		return wait_ns;

	WRITE_ONCE(thread->reason, UA_THROTTLE_NOT);
	ret = ua_accept_one(zone, UA_CAUSE_BACKGROUND,
			    thread->from_front ? 0 : UA_FROM_END);
	ua_throttle_done(thread, &knobs, ktime_get_ns() - start, ret);
	if (ret && ret != -ENOENT)
		note_refusal(thread, zone, ret);
	cond_resched();
	/* The last blocks of the zone are in flight elsewhere. */
	return ret == -ENOENT ? NSEC_PER_MSEC : 0;
}

/* Sleep for @wait_ns, or until something changes. */
static void acceptor_sleep(struct ua_acceptor_thread *thread, u64 wait_ns,
			   unsigned long generation, int kicks)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;
	/* Rounded up; otherwise the thread would spin for the last part of a wait. */
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

/**
 * ua_acceptor_run - the loop of a thread
 * @data: its struct ua_acceptor_thread
 *
 * Context: a kthread.
 * Return: 0, once it is told to stop.
 */
int ua_acceptor_run(void *data)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;
	struct ua_acceptor_thread *thread = data;
	unsigned long generation = 0;
	u64 wait_ns;
	int kicks;

	/* Here, because from 6.14 on the kernel sets the CPUs when a thread first runs. */
	set_cpus_allowed_ptr(current, &thread->cpus);
	set_freezable();
	while (!kthread_should_stop()) {
		/*
		 * Read before the step looks at zones and knobs, so that no change
		 * is missed.
		 */
		kicks = atomic_read(&acceptor->kicks);
		if (generation != READ_ONCE(acceptor->generation)) {
			generation = READ_ONCE(acceptor->generation);
			ua_throttle_reset(thread);
			forget_refusals(thread->nid);
		}
		wait_ns = acceptor_step(thread);
		if (wait_ns)
			acceptor_sleep(thread, wait_ns, generation, kicks);
		else
			try_to_freeze();
	}
	return 0;
}
