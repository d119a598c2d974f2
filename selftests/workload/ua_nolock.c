// SPDX-License-Identifier: GPL-2.0
/*
 * Allocations that must not spin for a lock, while memory is unaccepted. For tests only.
 *
 * The test runs when the module is loaded, and its results are read-only parameters:
 *
 *	pages		pages that alloc_pages_nolock() returned until it had none
 *	accepted	pages that were accepted meanwhile; must be 0
 *	held_calls	calls of alloc_pages_nolock() while another CPU held zone->lock
 *	held_accepted	pages that were accepted meanwhile; must be 0
 *	held_too_long	1 if the other CPU gave the lock up, because a call had not returned
 *			within five seconds: it waited for the lock
 *	ordinary	pages that were accepted for calls of alloc_pages() after that; if it
 *			is 0, the results above say nothing
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cpumask.h>
#include <linux/gfp.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/spinlock.h>
#include <linux/stop_machine.h>
#include <linux/vmstat.h>

#define NOLOCK_CALLS	1000

static long pages, accepted, held_calls, held_accepted, left, ordinary;
static bool held_too_long;
module_param(pages, long, 0444);
module_param(accepted, long, 0444);
module_param(held_calls, long, 0444);
module_param(held_accepted, long, 0444);
module_param(held_too_long, bool, 0444);
module_param(ordinary, long, 0444);

static LIST_HEAD(taken_pages);

static long unaccepted(struct zone *zone)
{
	return zone_page_state(zone, NR_UNACCEPTED);
}

/* A zone with unaccepted memory that allocations from its node try first. */
static struct zone *first_zone(void)
{
	struct zone *zone = &NODE_DATA(0)->node_zones[ZONE_NORMAL];

	return populated_zone(zone) && unaccepted(zone) ? zone : NULL;
}

static struct page *alloc_one(void)
{
	/* No flags: the page is not zeroed, and no task is woken. */
	return alloc_pages_nolock(0, 0, 0);
}

/*
 * Takes what is accepted and free, so that an ordinary allocation has to accept. Called by
 * stop_machine(), so that no other task accepts meanwhile.
 */
static int use_up(void *data)
{
	struct zone *zone = data;
	long before = unaccepted(zone);
	struct page *page;

	while (before == unaccepted(zone)) {
		page = alloc_one();
		if (!page)
			break;
		list_add(&page->lru, &taken_pages);
		pages++;
	}
	accepted = before - unaccepted(zone);
	return 0;
}

struct trial {
	struct zone *zone;
	bool holds, release;
};

/* Takes the lock, and waits until the caller is done. */
static void hold_lock(struct trial *trial)
{
	u64 end;

	spin_lock(&trial->zone->lock);
	end = ktime_get_mono_fast_ns() + 5 * NSEC_PER_SEC;
	/* Pairs with smp_load_acquire() in call_while_held(). */
	smp_store_release(&trial->holds, true);
	/* Pairs with smp_store_release() in call_while_held(). */
	while (!smp_load_acquire(&trial->release) && !held_too_long) {
		held_too_long = ktime_get_mono_fast_ns() > end;
		cpu_relax();
	}
	spin_unlock(&trial->zone->lock);
}

static void call_while_held(struct trial *trial)
{
	struct zone *zone = trial->zone;
	long before = unaccepted(zone);
	struct page *page;

	/* Pairs with smp_store_release() in hold_lock(). */
	while (!smp_load_acquire(&trial->holds))
		cpu_relax();
	for (held_calls = 0; held_calls < NOLOCK_CALLS; held_calls++) {
		page = alloc_one();
		if (page)
			list_add(&page->lru, &taken_pages);
	}
	left = unaccepted(zone);
	held_accepted = before - left;
	/* Pairs with smp_load_acquire() in hold_lock(). */
	smp_store_release(&trial->release, true);
}

/*
 * Called by stop_machine() on each CPU, with interrupts disabled. A task or an interrupt
 * handler on the caller's CPU that allocated in the ordinary way would wait for the lock, and
 * the calls would begin after the holder had given it up.
 */
static int try_while_held(void *data)
{
	struct trial *trial = data;
	unsigned int cpu = smp_processor_id();

	if (cpu == cpumask_first(cpu_online_mask))
		hold_lock(trial);
	else if (cpu == cpumask_last(cpu_online_mask))
		call_while_held(trial);
	return 0;
}

/*
 * Makes ordinary allocations until memory is accepted, for one of them or for another task.
 * Returns the number of pages accepted since the lock was released.
 */
static long allocate_ordinary(struct zone *zone)
{
	unsigned long tries = zone_managed_pages(zone);
	struct page *page;

	/* As many as needed: the per-CPU lists of other CPUs may come back meanwhile. */
	while (tries-- && left == unaccepted(zone)) {
		page = alloc_pages_node(0, GFP_KERNEL | __GFP_THISNODE, 0);
		if (page)
			list_add(&page->lru, &taken_pages);
	}
	return left - unaccepted(zone);
}

static void free_all(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &taken_pages, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
}

static int __init nolock_init(void)
{
	struct trial trial = { .zone = first_zone() };

	/* With PREEMPT_RT zone->lock sleeps, and cannot be held in try_while_held(). */
	if (!trial.zone || num_online_cpus() < 2 || IS_ENABLED(CONFIG_PREEMPT_RT)) {
		pr_err("needs two CPUs, unaccepted memory in zone Normal of node 0, and no PREEMPT_RT\n");
		return -EOPNOTSUPP;
	}

	stop_machine(use_up, trial.zone, NULL);
	stop_machine(try_while_held, &trial, cpu_online_mask);
	ordinary = allocate_ordinary(trial.zone);
	free_all();
	return 0;
}

static void __exit nolock_exit(void)
{
}

module_init(nolock_init);
module_exit(nolock_exit);
MODULE_DESCRIPTION("Allocations that must not spin for a lock, for tests");
MODULE_LICENSE("GPL");
