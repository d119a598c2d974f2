// SPDX-License-Identifier: GPL-2.0
/*
 * Events that need care while memory is unaccepted: hibernation, kexec, memory
 * that goes offline, CPUs that come and go.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/align.h>
#include <linux/cpuhotplug.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/memory.h>
#include <linux/notifier.h>
#include <linux/reboot.h>
#include <linux/string.h>
#include <linux/suspend.h>

#include "accept.h"
#include "acceptor.h"
#include "block.h"
#include "notify.h"
#include "state.h"
#include "stats.h"

/* For a block that another task accepts; more than the slowest block takes. */
#define DESTINATION_WAIT	(10 * HZ)

/* Accept all there is. 0 if nothing is left unaccepted. */
static int accept_everything(const char *what)
{
	struct ua_job job = { .cause = UA_CAUSE_BACKGROUND };
	u64 unaccepted = ua_stats_unaccepted(&ua_everything);
	int ret = -EOPNOTSUPP;

	if (!unaccepted)
		return 0;
	pr_info("accepting %llu MiB before %s\n", unaccepted >> 20, what);
	if (ua_state.core->accept_block)
		ret = ua_accept_blocks(&ua_everything, U64_MAX, &job);
	return ret ?: ua_stats_unaccepted(&ua_everything) ? -EBUSY : 0;
}

/*
 * Hibernation saves every page that is not marked free, and unaccepted ones are
 * not: the guest would die in the middle of it. The kernel that resumes has accepted
 * other memory than the one that made the image, and copies the image over all of it.
 * (Suspend needs no help: the threads are frozen, and what is unaccepted is not touched.)
 */
static int notify_pm(struct notifier_block *nb, unsigned long event, void *data)
{
	const char *what;
	int ret;

	if (event != PM_HIBERNATION_PREPARE && event != PM_RESTORE_PREPARE)
		return NOTIFY_DONE;
	what = event == PM_RESTORE_PREPARE ? "resume from hibernation" : "hibernation";
	ret = accept_everything(what);
	if (ret)
		pr_err("%s refused, because memory is unaccepted: error %d\n", what, ret);
	return notifier_from_errno(ret);
}

static struct notifier_block pm_block = { .notifier_call = notify_pm };

/* Accepts the blocks of a range, and waits for those that another task accepts. */
static int accept_destination(phys_addr_t start, u64 bytes, struct ua_job *job)
{
	unsigned long pfn = ALIGN_DOWN(PHYS_PFN(start), UA_BLOCK_PAGES);
	unsigned long end = ALIGN(PFN_UP(start + bytes), UA_BLOCK_PAGES);
	unsigned long until = jiffies + DESTINATION_WAIT;
	int ret;

	ret = ua_accept_range(pfn, end, job);
	if (ret)
		return ret;
	for (; pfn < end; pfn += UA_BLOCK_PAGES) {
		while (ua_block_look(pfn) == UA_BLOCK_IN_FLIGHT) {
			if (time_after(jiffies, until))
				return -EBUSY;
			usleep_range(1000, 2000);
		}
	}
	return 0;
}

/* Accepts the memory that the new kernel is copied to, or all of it if there is no other way. */
static int accept_for_kexec(void)
{
	struct ua_job job = { .cause = UA_CAUSE_BACKGROUND };
	phys_addr_t start;
	unsigned int i;
	u64 bytes;
	int ret = 0;

	for (i = 0; !ret && ua_state.core->kexec_segment(i, &start, &bytes); i++)
		ret = accept_destination(start, bytes, &job);
	/* There may be no segments to accept alone, see core.h. */
	return i ? ret : accept_everything("kexec");
}

/*
 * The reboot notifiers are the last code that may sleep before the copy; kernel_kexec()
 * passes them "kexec reboot".
 */
static int notify_reboot(struct notifier_block *nb, unsigned long event, void *data)
{
	int ret;

	if (!data || strcmp(data, "kexec reboot") || !ua_state.core->kexec_segment)
		return NOTIFY_DONE;
	ret = accept_for_kexec();
	if (ret)
		pr_err("kexec with memory unaccepted may fail: error %d\n", ret);
	return NOTIFY_DONE;
}

static struct notifier_block reboot_block = { .notifier_call = notify_reboot };

/* Memory that is about to go offline need not be accepted by the threads. */
static int notify_memory(struct notifier_block *nb, unsigned long event, void *data)
{
	switch (event) {
	case MEM_GOING_OFFLINE:
		ua_acceptor_hold(true);
		break;
	case MEM_OFFLINE:
	case MEM_CANCEL_OFFLINE:
		ua_acceptor_hold(false);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block memory_block = { .notifier_call = notify_memory };

static int notify_cpu_online(unsigned int cpu)
{
	ua_acceptor_rebind(-1);
	return 0;
}

static int notify_cpu_leaving(unsigned int cpu)
{
	ua_acceptor_rebind(cpu);
	return 0;
}

static int cpu_state;

/**
 * ua_notify_init - register for the events
 *
 * Return: 0, or the errno of what could not be registered.
 */
int ua_notify_init(void)
{
	int ret;

	ret = register_pm_notifier(&pm_block);
	if (ret)
		return ret;
	ret = register_reboot_notifier(&reboot_block);
	if (ret)
		goto err_pm;
	ret = register_memory_notifier(&memory_block);
	if (ret)
		goto err_reboot;
	ret = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "unaccepted:online",
					notify_cpu_online, notify_cpu_leaving);
	if (ret < 0)
		goto err_memory;
	cpu_state = ret;
	return 0;

err_memory:
	unregister_memory_notifier(&memory_block);
err_reboot:
	unregister_reboot_notifier(&reboot_block);
err_pm:
	unregister_pm_notifier(&pm_block);
	return ret;
}

/**
 * ua_notify_exit - unregister; waits for notifiers that are running
 */
void ua_notify_exit(void)
{
	cpuhp_remove_state_nocalls(cpu_state);
	unregister_memory_notifier(&memory_block);
	unregister_reboot_notifier(&reboot_block);
	unregister_pm_notifier(&pm_block);
}
