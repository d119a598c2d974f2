// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs: poll() on "state" and "unaccepted_bytes".
 *
 * A program that polls a file of sysfs reads it first. From that read until no file
 * is open any more, the numbers are looked at ten times a second: the kernel accepts
 * memory without telling the module. Of blocks that the module accepts itself, the
 * last one is reported at once. Nothing runs while no file is open, or while nothing
 * is unaccepted.
 */
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/kernfs.h>
#include <linux/kobject.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/sysfs.h>
#include <linux/workqueue.h>

#include "accept.h"
#include "control.h"
#include "watch.h"

#define PERIOD	(HZ / 10)

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

static void watch_look(struct work_struct *work);
static DECLARE_DELAYED_WORK(watch_work, watch_look);

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

/*
 * Is one of the files open? Only kernfs knows: a file of sysfs is told of reads, but
 * not of open() and release(), and without these the timer would outlive its reader.
 */
static bool files_are_open(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(watch_files); i++)
		if (watch_files[i] && rcu_access_pointer(watch_files[i]->attr.open))
			return true;
	return false;
}

static void tell(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(watch_files); i++)
		if (watch_files[i])
			sysfs_notify_dirent(watch_files[i]);
}

/* A whole percent, another state, or the end of a movement? */
static bool worth_telling(const struct watch_view *view)
{
	return view->status != watch_told.status || view->percent != watch_told.percent ||
	       (view->unaccepted != watch_told.unaccepted &&
		view->unaccepted == watch_seen.unaccepted);
}

/* How long until the next look; 0 for none. */
static unsigned long watch_step(void)
{
	struct watch_view view = view_now();
	unsigned long next = watch_told_at + PERIOD;

	if (worth_telling(&view)) {
		/* The end may come right behind something else, and will not come twice. */
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
	if (!files_are_open()) {
		WRITE_ONCE(ua_state.watch.wanted, false);
	} else {
		delay = watch_step();
		if (delay)
			mod_delayed_work(system_wq, &watch_work, delay);
	}
	mutex_unlock(&watch_lock);
}

/* The allocator's context allows neither waking a worker nor taking its lock. */
static void watch_soon(struct irq_work *work)
{
	mod_delayed_work(system_wq, &watch_work, 0);
}

/*
 * The end is told at once, and so is a refusal, which may be of what looked like
 * the last block. Other changes are seen at the next look.
 */
static void watch_accepted(int result)
{
	if (READ_ONCE(ua_state.watch.wanted) &&
	    (result || !ua_stats_unaccepted(&ua_everything)))
		irq_work_queue(&ua_state.watch.soon);
}

/**
 * ua_watch_reading - a number is about to be read, and its reader may poll next
 *
 * To be called before the number is taken: what changes from here on is told.
 *
 * Context: process context, of a reader of one of the files.
 */
void ua_watch_reading(void)
{
	mutex_lock(&watch_lock);
	if (!ua_state.watch.wanted) {
		watch_told = view_now();
		watch_seen = watch_told;
		/* What changes while nothing is unaccepted changes by a refusal only. */
		WRITE_ONCE(ua_state.watch.wanted, true);
		if (watch_told.unaccepted)
			mod_delayed_work(system_wq, &watch_work, PERIOD);
	}
	mutex_unlock(&watch_lock);
}

/**
 * ua_watch_init - to be called before anything is accepted
 */
void ua_watch_init(void)
{
	init_irq_work(&ua_state.watch.soon, watch_soon);
	ua_accept_set_upcall(watch_accepted);
}

/**
 * ua_watch_open - the files are there
 * @kobj: of their directory
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
 * ua_watch_close - the files are gone
 *
 * Pollers are woken; their next read fails.
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
 * ua_watch_exit - to be called when nothing accepts any more
 */
void ua_watch_exit(void)
{
	ua_accept_set_upcall(NULL);
	irq_work_sync(&ua_state.watch.soon);
	cancel_delayed_work_sync(&watch_work);
}
