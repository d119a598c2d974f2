// SPDX-License-Identifier: GPL-2.0
/*
 * policy=module on unpatched kernels: replaces the function of mm/page_alloc.c that
 * decides what an allocation accepts, as livepatch replaces functions.
 *
 * The function is static, so neither its prototype nor its existence is known when the
 * module is built. From 807174a93d24 (6.11) on it is cond_accept_memory(zone, order),
 * from 6.15 on (zone, order, alloc_flags). gcc 14 and later split it: its checks are
 * inlined in the callers, and the rest is a function with another name, which lacks the
 * arguments that only the checks use. So allocations are traced before the function
 * is replaced, to see with what arguments it is called.
 *
 * gcc may assume that a static function changes fewer registers than the ABI allows
 * (-fipa-ra), which would make replacing it unsafe. It does not in kernels with ftrace:
 * -pg turns -fipa-ra off.
 */
#include <linux/err.h>
#include <linux/ftrace.h>
#include <linux/gfp.h>
#include <linux/irq_work.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/static_call.h>
#include <linux/string.h>
#include <linux/vmstat.h>
#include <linux/workqueue.h>

#include "bind.h"

static const char * const replace_names[] = {
	"cond_accept_memory",
	"cond_accept_memory.part.0",
};

/*
 * The bit of alloc_flags in mm/ of an allocation that must not spin for a lock:
 * ALLOC_TRYLOCK from 6.15 on, named ALLOC_NOLOCK since 7.3.
 */
#define REPLACE_NOLOCK	0x400

/* The function gets alloc_flags; otherwise it is never called with REPLACE_NOLOCK. */
static bool replace_has_flags;

static const struct ua_upcalls *replace_upcalls;

/* When no memory is unaccepted any more, gives the function back, for good. */
static void replace_retire(struct work_struct *work);
static DECLARE_WORK(replace_retire_work, replace_retire);

/* Called by irq_work, because no task may be woken from within the allocator. */
static void replace_retire_soon(struct irq_work *work)
{
	schedule_work(&replace_retire_work);
}

static DEFINE_IRQ_WORK(replace_retire_irq_work, replace_retire_soon);

/* Guards replace_attached and queueing of replace_retire_irq_work. */
static DEFINE_RAW_SPINLOCK(replace_retire_lock);
static bool replace_attached;

/**
 * ua_replace_retire_if_done - give the function back if no memory is unaccepted any more
 *
 * To be called after a block was accepted.
 *
 * Context: any.
 */
void ua_replace_retire_if_done(void)
{
	unsigned long flags;

	if (!READ_ONCE(replace_attached) || global_zone_page_state(NR_UNACCEPTED))
		return;
	raw_spin_lock_irqsave(&replace_retire_lock, flags);
	if (replace_attached)
		irq_work_queue(&replace_retire_irq_work);
	raw_spin_unlock_irqrestore(&replace_retire_lock, flags);
}

static void set_attached(bool attached)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&replace_retire_lock, flags);
	WRITE_ONCE(replace_attached, attached);
	raw_spin_unlock_irqrestore(&replace_retire_lock, flags);
}

/*
 * Has the zone no free page of this order? The function is not told whether the
 * attempt has failed already, and the number of free pages alone says nothing of
 * high orders. Takes no lock; a wrong answer costs a block or another attempt.
 */
static bool lacks_order(struct zone *zone, unsigned int order)
{
	unsigned int i;

	for (i = order; i < NR_PAGE_ORDERS; i++)
		if (READ_ONCE(zone->free_area[i].nr_free))
			return false;
	return true;
}

/*
 * Will the zone fail this allocation unless a block is accepted? The kernel counts
 * unaccepted memory as free, so its watermark check passes at the low watermark
 * although all that is left there may be unaccepted.
 */
static bool must_fail(struct zone *zone, unsigned int order)
{
	s64 free = (s64)zone_page_state(zone, NR_FREE_PAGES) -
		   (s64)zone_page_state(zone, NR_UNACCEPTED);

	return free <= (s64)low_wmark_pages(zone) || (order && lacks_order(zone, order));
}

/*
 * Takes the place of the kernel's function. @alloc_flags is undefined unless
 * replace_has_flags. notrace, because ftrace must not be entered again from here.
 */
static bool notrace replace_cond_accept(struct zone *zone, unsigned int order,
					unsigned int alloc_flags)
{
	/* Accepting takes zone->lock, which the interrupted code may hold. */
	if (replace_has_flags && (alloc_flags & REPLACE_NOLOCK))
		return false;
	if (list_empty(&zone->unaccepted_pages)) {
		ua_replace_retire_if_done();
		return false;
	}
	/* The mask is not known here: 0 says that no task may be woken. */
	return replace_upcalls->below_watermark(zone, order, 0, must_fail(zone, order));
}

static void notrace replace_redirect(unsigned long ip, unsigned long parent_ip,
				     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	ftrace_regs_set_instruction_pointer(fregs, (unsigned long)replace_cond_accept);
}

/*
 * IPMODIFY is exclusive: registration fails if a live patch or another tool owns
 * the function. PERMANENT: the sysctl kernel.ftrace_enabled must not give the
 * function back without the module knowing.
 */
static struct ftrace_ops replace_ops = {
	.func = replace_redirect,
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT |
		 (IS_ENABLED(CONFIG_DYNAMIC_FTRACE_WITH_ARGS) ? 0 :
		  FTRACE_OPS_FL_SAVE_REGS),
};

/* The first call that the traced task made, with its arguments. */
static struct {
	const struct task_struct *task;
	unsigned int calls;
	const struct zone *zone;
	unsigned int order;
	unsigned int flags;
} trial;

static void notrace trial_called(unsigned long ip, unsigned long parent_ip,
				 struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	if (current != READ_ONCE(trial.task) || !in_task() || trial.calls++)
		return;
	trial.zone = (void *)ftrace_regs_get_argument(fregs, 0);
	trial.order = ftrace_regs_get_argument(fregs, 1);
	trial.flags = ftrace_regs_get_argument(fregs, 2);
}

static struct ftrace_ops trial_ops = {
	.func = trial_called,
	.flags = IS_ENABLED(CONFIG_DYNAMIC_FTRACE_WITH_ARGS) ? 0 : FTRACE_OPS_FL_SAVE_REGS,
};

/* Do the kernel's headers declare an allocation that must not spin? kallsyms may not know it. */
#if defined(alloc_pages_nolock) || defined(try_alloc_pages)
#define HAS_NOLOCK	true
#else
#define HAS_NOLOCK	false
#endif

/* An order that no argument has by accident. */
#define TRIAL_ORDER	2

/* A zone with unaccepted memory that allocations from its node try first, or NULL. */
static struct zone *trial_zone(void)
{
	struct zone *zone;
	int nid, i;

	for_each_online_node(nid) {
		for (i = ZONE_NORMAL; i >= 0; i--) {
			zone = &NODE_DATA(nid)->node_zones[i];
			if (!populated_zone(zone))
				continue;
			if (!list_empty(&zone->unaccepted_pages))
				return zone;
			break;
		}
	}
	return NULL;
}

static void trial_begin(void)
{
	trial.calls = 0;
	WRITE_ONCE(trial.task, current);
}

/* Returns whether the page came from the zone; frees it. */
static bool trial_end(struct page *page, const struct zone *zone)
{
	bool from_zone = page && page_zone(page) == zone;

	WRITE_ONCE(trial.task, NULL);
	if (page)
		__free_pages(page, TRIAL_ORDER);
	return from_zone;
}

#ifdef alloc_pages_nolock
/*
 * The only prototype that the module can call, as a declaration without a function.
 * Older kernels have no @gfp.
 */
struct page *replace_nolock(gfp_t gfp, int nid, unsigned int order);

DEFINE_STATIC_CALL_NULL(ua_alloc_pages_nolock, replace_nolock);

/* By name, because not every kernel exports the function. */
static bool find_nolock(void)
{
	typeof(replace_nolock) *nolock = (void *)ua_bind_lookup("alloc_pages_nolock_noprof");

	if (!nolock || !__same_type(alloc_pages_nolock_noprof, replace_nolock))
		return false;
	static_call_update(ua_alloc_pages_nolock, nolock);
	return true;
}

static struct page *alloc_nolock(int nid)
{
	return static_call(ua_alloc_pages_nolock)(0, nid, TRIAL_ORDER);
}
#else
static bool find_nolock(void)
{
	return false;
}

static struct page *alloc_nolock(int nid)
{
	return NULL;
}
#endif

/*
 * Do allocations that must not spin skip the function, or do they pass REPLACE_NOLOCK
 * to it? A trial is conclusive only if it is served from @zone, which it is not while another CPU
 * holds the zone's lock. @marked: an ordinary allocation passed the flag, too. Returns the
 * reason not to replace the function, or NULL.
 */
static const char *try_nolock(const struct zone *zone, bool marked)
{
	int tries = 100;
	bool served;

	if (!find_nolock())
		return "alloc_pages_nolock() of this kernel is unknown";
	do {
		trial_begin();
		served = trial_end(alloc_nolock(zone_to_nid((struct zone *)zone)), zone);
	} while (!served && !trial.calls && --tries);

	if (!trial.calls)
		return served ? NULL : "alloc_pages_nolock() fails, so it cannot be traced";
	if (marked || trial.zone != zone || !(trial.flags & REPLACE_NOLOCK))
		return "the function has unknown arguments";
	replace_has_flags = true;
	return NULL;
}

/* Traces allocations from @zone. Returns the reason not to replace the function, or NULL. */
static const char *try_function(const struct zone *zone)
{
	trial_begin();
	trial_end(alloc_pages_node(zone_to_nid((struct zone *)zone),
				   GFP_KERNEL | __GFP_THISNODE | __GFP_NOWARN, TRIAL_ORDER), zone);
	if (!trial.calls)
		return "allocations do not call the function";
	if (trial.zone != zone || trial.order != TRIAL_ORDER)
		return "the function has unknown arguments";
	/* Since 97769a53f117 (6.15), as try_alloc_pages() at first; or backported. */
	if (!HAS_NOLOCK && !ua_bind_lookup("alloc_pages_nolock_noprof") &&
	    !ua_bind_lookup("try_alloc_pages_noprof"))
		return NULL;
	return try_nolock(zone, trial.flags & REPLACE_NOLOCK);
}

static int set_filter(struct ftrace_ops *ops, const char *function)
{
	/* A writable copy, because ftrace's parser writes to it. */
	char name[40];

	strscpy(name, function, sizeof(name));
	return ftrace_set_filter(ops, name, strlen(name), 1);
}

/* Registers @ops for @function. On failure it has no filter. */
static int trace_function(struct ftrace_ops *ops, const char *function)
{
	int ret = set_filter(ops, function);

	if (!ret)
		ret = register_ftrace_function(ops);
	if (ret)
		ftrace_free_filter(ops);
	return ret;
}

static void untrace(struct ftrace_ops *ops)
{
	unregister_ftrace_function(ops);
	ftrace_free_filter(ops);
}

/* The name that the function has in this kernel; NULL if it was inlined. */
static const char *find_function(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(replace_names); i++)
		if (ua_bind_lookup(replace_names[i]))
			return replace_names[i];
	return NULL;
}

/* Retiring and detaching may happen at the same time. */
static DEFINE_MUTEX(replace_unhook_lock);

/**
 * ua_replace_attach - let the module decide what an allocation accepts
 * @upcalls: what to call
 * @reason: set to the cause of a failure, a string that lives as long as the module
 *
 * Context: process context, at load.
 * Return: 0, also if nothing is unaccepted: nothing is replaced then; -EBUSY if tracing
 * is off or another tool owns the function, -EOPNOTSUPP if this kernel's function cannot
 * be replaced safely, or another errno of ftrace.
 */
int ua_replace_attach(const struct ua_upcalls *upcalls, const char **reason)
{
	const char *function = find_function();
	struct zone *zone = trial_zone();
	int enabled = 1;
	int ret;

	/* Nothing is left to decide. */
	if (!global_zone_page_state(NR_UNACCEPTED))
		return 0;
	if (!ua_bind_read("ftrace_enabled", &enabled, sizeof(enabled)) && !enabled) {
		*reason = "function tracing is off (sysctl kernel.ftrace_enabled)";
		return -EBUSY;
	}
	*reason = "the kernel has no function cond_accept_memory";
	if (!function)
		return -EOPNOTSUPP;
	*reason = "no zone that allocations try first has unaccepted memory";
	if (!zone)
		return -EOPNOTSUPP;

	*reason = "ftrace cannot trace cond_accept_memory";
	ret = trace_function(&trial_ops, function);
	if (ret)
		return ret;
	*reason = try_function(zone);
	untrace(&trial_ops);
	if (*reason)
		return -EOPNOTSUPP;

	replace_upcalls = upcalls;
	ret = trace_function(&replace_ops, function);
	if (ret)
		*reason = ret == -EBUSY ? "another module or a live patch owns cond_accept_memory" :
			  "ftrace cannot replace cond_accept_memory";
	else
		set_attached(true);
	return ret;
}

static void replace_unhook(void)
{
	mutex_lock(&replace_unhook_lock);
	if (replace_attached) {
		unregister_ftrace_function(&replace_ops);
		/*
		 * A task may still be in replace_cond_accept(), running or preempted.
		 * It does not sleep there, so this waits until it has left.
		 */
		synchronize_rcu_tasks();
		ftrace_free_filter(&replace_ops);
		set_attached(false);
	}
	mutex_unlock(&replace_unhook_lock);
}

static void replace_retire(struct work_struct *work)
{
	replace_unhook();
}

/**
 * ua_replace_detach - let the kernel decide again
 *
 * Context: process context, at unload; waits for RCU tasks. On return no upcall runs.
 */
void ua_replace_detach(void)
{
	replace_unhook();
	/* After replace_unhook() nothing queues these any more. */
	irq_work_sync(&replace_retire_irq_work);
	cancel_work_sync(&replace_retire_work);
}
