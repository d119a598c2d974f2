// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs: poll() on "state" and "unaccepted_bytes".
 *
 * The kernel accepts memory without telling the module, so while a task polls, the
 * numbers are looked at ten times a second. The module does not see poll(), but a task
 * that polls a file of sysfs reads it first, and again each time it is woken. So a read
 * starts this polling of the numbers, which goes on for LEASE. At the end of that time
 * pollers are woken without a change: a task that still polls reads, which starts it
 * again, and if there is no such task nothing runs any more. Nothing runs either while
 * nothing is unaccepted.
 *
 * The last block is reported at once if the module accepts it itself.
 */
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/kobject.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "accept.h"
#include "control.h"
#include "watch.h"

#define PERIOD	(HZ / 10)
#define LEASE	(5 * HZ)

static const char * const watch_names[] = { "state", "unaccepted_bytes" };
static struct kernfs_node *watch_files[ARRAY_SIZE(watch_names)];

/* Guards what follows, and changes of ua_watch.wanted. */
static DEFINE_MUTEX(watch_lock);

/* What pollers were told last, and what the last look found. */
static struct watch_view {
	enum ua_status status;
	u64 unaccepted;
	u64 percent;
} watch_told, watch_seen;

static unsigned long watch_told_at;	/* jiffies */
static unsigned long watch_until;	/* jiffies; LEASE after the last read */

static void watch_look(struct work_struct *work);
static DECLARE_DELAYED_WORK(watch_work, watch_look);

static void queue_look(unsigned long delay)
{
	mod_delayed_work(system_power_efficient_wq, &watch_work, delay);
}

static struct watch_view view_now(void)
{
	struct watch_view view;
	struct ua_stats_sum sum;

	ua_stats_sum(&ua_everything, &sum);
	view.unaccepted = sum.unaccepted;
	view.status = ua_control_status(sum.unaccepted);
	view.percent = sum.unaccepted_at_load ?
		div64_u64(sum.unaccepted * 100, sum.unaccepted_at_load) : 0;
	return view;
}

static void tell(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(watch_files); i++)
		if (watch_files[i])
			sysfs_notify_dirent(watch_files[i]);
}

/* A new state, a new whole percent, or the end of a smaller change: the same number twice. */
static bool worth_telling(const struct watch_view *view)
{
	return view->status != watch_told.status || view->percent != watch_told.percent ||
	       (view->unaccepted != watch_told.unaccepted &&
		view->unaccepted == watch_seen.unaccepted);
}

/* Returns the time until the next look, in jiffies; 0 for none. */
static unsigned long watch_step(void)
{
	struct watch_view view = view_now();
	unsigned long next = watch_told_at + PERIOD;

	if (worth_telling(&view)) {
		/* "complete" is not delayed: no later change would report it. */
		if (view.status != UA_COMPLETE && time_before(jiffies, next))
			return next - jiffies;
		watch_told = view;
		watch_told_at = jiffies;
		tell();
	}
	watch_seen = view;
	return view.unaccepted ? PERIOD : 0;
}

static void watch_look(struct work_struct *work)
{
	unsigned long delay;

	mutex_lock(&watch_lock);
	if (time_after(jiffies, watch_until)) {
		WRITE_ONCE(ua_state.watch.wanted, false);
		tell();
	} else {
		delay = watch_step();
		if (delay)
			queue_look(delay);
	}
	mutex_unlock(&watch_lock);
}

/* The allocator's context allows neither queueing work nor taking watch_lock. */
static void watch_soon(struct irq_work *work)
{
	queue_look(0);
}

/*
 * Reports the last block at once, and a refusal too: while the refused
 * block was in flight, the counter may have said that nothing was left. Other changes are
 * seen at the next look.
 */
static void watch_accepted(int result)
{
	if (READ_ONCE(ua_state.watch.wanted) &&
	    (result || !ua_stats_unaccepted(&ua_everything)))
		irq_work_queue(&ua_state.watch.soon);
}

/**
 * ua_watch_reading - tell pollers of changes from now on, for LEASE
 *
 * A reader of one of the files must call this before it takes the value, so that no
 * change after the value is missed by the poll() that may follow.
 *
 * Context: process context; takes watch_lock.
 */
void ua_watch_reading(void)
{
	mutex_lock(&watch_lock);
	watch_until = jiffies + LEASE;
	if (!ua_state.watch.wanted) {
		watch_told = view_now();
		watch_seen = watch_told;
		WRITE_ONCE(ua_state.watch.wanted, true);
		/* With nothing unaccepted, only a refusal can change the state. */
		if (watch_told.unaccepted)
			queue_look(PERIOD);
	}
	mutex_unlock(&watch_lock);
}

/**
 * ua_watch_init - prepare for reports of accepted blocks
 *
 * Context: process context, at load, before anything is accepted.
 */
void ua_watch_init(void)
{
	init_irq_work(&ua_state.watch.soon, watch_soon);
	ua_accept_set_upcall(watch_accepted);
}

/**
 * ua_watch_open - find the files that can be polled
 * @kobj: their directory, complete
 *
 * Context: process context, at load.
 */
void ua_watch_open(struct kobject *kobj)
{
	struct kernfs_node *file;
	int i;

	for (i = 0; i < ARRAY_SIZE(watch_files); i++) {
		file = sysfs_get_dirent(kobj->sd, watch_names[i]);
		mutex_lock(&watch_lock);
		watch_files[i] = file;
		mutex_unlock(&watch_lock);
	}
}

/**
 * ua_watch_close - wake all pollers; their next read fails
 *
 * Context: process context, at unload, after the files were removed.
 */
void ua_watch_close(void)
{
	int i;

	mutex_lock(&watch_lock);
	WRITE_ONCE(ua_state.watch.wanted, false);
	tell();
	for (i = 0; i < ARRAY_SIZE(watch_files); i++) {
		sysfs_put(watch_files[i]);
		watch_files[i] = NULL;
	}
	mutex_unlock(&watch_lock);
}

/**
 * ua_watch_exit - wait until no look runs any more
 *
 * Context: process context, at unload, when nothing accepts any more.
 */
void ua_watch_exit(void)
{
	ua_accept_set_upcall(NULL);
	irq_work_sync(&ua_state.watch.soon);
	cancel_delayed_work_sync(&watch_work);
}
