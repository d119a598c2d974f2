// SPDX-License-Identifier: GPL-2.0
/*
 * The init order at load, and the reverse of it at unload.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/module.h>
#include <linux/string.h>

#include "accept.h"
#include "acceptor.h"
#include "control.h"
#include "names.h"
#include "notify.h"
#include "state.h"
#include "stats.h"
#include "version.h"
#include "watch.h"

static char *binding = "auto";
module_param(binding, charp, 0444);
MODULE_PARM_DESC(binding, "auto (default): the most this kernel allows; observe: look only, accept nothing");

static char *policy = "auto";
module_param(policy, charp, 0444);
MODULE_PARM_DESC(policy, "what decides how much an allocation accepts: kernel; module; auto (default): the module if the kernel has the hooks");

static char *mode = "off";
module_param(mode, charp, 0444);
MODULE_PARM_DESC(mode, "what the background acceptor does from the start: off (default), ahead, idle, all");

static char *headroom;
module_param(headroom, charp, 0444);
MODULE_PARM_DESC(headroom, "memory that the mode ahead keeps accepted and free in each zone, with a suffix K, M, G (default: 64M)");

static const char * const policy_names[] = { "auto", "kernel", "module" };
enum { POLICY_AUTO, POLICY_KERNEL, POLICY_MODULE };

/* Checked even without a table, so that a wrong word fails in every guest of an image. */
static int check_words(int *choice)
{
	*choice = match_string(policy_names, ARRAY_SIZE(policy_names), policy);
	if (*choice < 0) {
		pr_err("policy=%s is neither auto, kernel nor module\n", policy);
		return -EINVAL;
	}
	if (match_string(ua_mode_names, UA_NR_MODES, mode) < 0) {
		pr_err("mode=%s is neither off, ahead, idle nor all\n", mode);
		return -EINVAL;
	}
	return 0;
}

static bool wants_policy(int choice)
{
	return choice == POLICY_MODULE ||
	       (choice == POLICY_AUTO && ua_state.core->policy_by_default);
}

/*
 * From here on allocations call the module. If that is impossible, policy=module fails;
 * with policy=auto everything else works, and "reason" says that the kernel decides.
 */
static int attach_policy(int choice)
{
	const char *reason = ua_state.core->reason ?: "this binding cannot decide for allocations";
	int ret = -EOPNOTSUPP;

	if (ua_state.core->attach)
		ret = ua_state.core->attach(&ua_accept_upcalls, &reason);
	if (!ret) {
		WRITE_ONCE(ua_state.owns_policy, true);
		return 0;
	}
	if (choice == POLICY_MODULE) {
		pr_err("policy=module is impossible: %s (%pe)\n", reason, ERR_PTR(ret));
		return ret;
	}
	pr_warn("the kernel decides what an allocation accepts: %s (%pe)\n", reason,
		ERR_PTR(ret));
	ua_state.policy_reason = reason;
	return 0;
}

/*
 * Starts the acceptor as the parameters say. Without a table there is nothing to accept,
 * which is no error: the same parameters may be given to each guest of an image.
 */
static int start_acceptor(void)
{
	int ret = 0;

	if (headroom) {
		ret = ua_control_set_acceptor("headroom_bytes", headroom);
		if (ret) {
			pr_err("headroom=%s is not an amount of memory (%pe)\n", headroom,
			       ERR_PTR(ret));
			return ret;
		}
	}
	if (strcmp(mode, "off"))
		ret = ua_control_set_acceptor("mode", mode);
	if (ret == -ENODEV) {
		pr_info("mode=%s has no effect: there is no unaccepted memory\n", mode);
		return 0;
	}
	if (ret)
		pr_err("mode=%s is impossible (%pe)\n", mode, ERR_PTR(ret));
	return ret;
}

/* What to bind to, or an ERR_PTR. */
static const struct ua_core *choose_core(void)
{
	const struct ua_table *table = &ua_state.table;

	if (!strcmp(binding, "observe"))
		return ua_bind_observe("loaded with binding=observe");
	if (strcmp(binding, "auto")) {
		pr_err("binding=%s is neither auto nor observe\n", binding);
		return ERR_PTR(-EINVAL);
	}
	if (!table->present || table->reason)
		return ua_bind_observe("no table to go by");
	return ua_bind();
}

static int __init unaccepted_init(void)
{
	int ret, choice;

	ret = check_words(&choice);
	if (ret)
		return ret;

	ua_table_find(&ua_state.table);
	if (ua_state.table.reason)
		pr_warn("table refused: %s\n", ua_state.table.reason);

	ua_state.core = choose_core();
	if (IS_ERR(ua_state.core)) {
		ret = PTR_ERR(ua_state.core);
		goto err_unbind;
	}
	ret = ua_stats_init();
	if (ret)
		goto err_unbind;
	ua_accept_init();
	ua_watch_init();
	ret = ua_acceptor_init();
	if (ret)
		goto err_watch;
	ret = ua_notify_init();
	if (ret)
		goto err_acceptor;
	ret = ua_control_init();
	if (ret)
		goto err_notify;
	ret = start_acceptor();
	if (ret)
		goto err_control;
	/* Last, because upcalls may run at once. */
	if (wants_policy(choice)) {
		ret = attach_policy(choice);
		if (ret)
			goto err_control;
	}
	return 0;

err_control:
	WRITE_ONCE(ua_state.stopping, true);
	ua_control_exit();
err_notify:
	ua_notify_exit();
err_acceptor:
	ua_acceptor_exit();
err_watch:
	ua_watch_exit();
	ua_acceptor_free();
	ua_stats_exit();
err_unbind:
	ua_unbind();
	return ret;
}

static void __exit unaccepted_exit(void)
{
	/* Otherwise removing the files would wait for the end of a write of "all". */
	WRITE_ONCE(ua_state.stopping, true);
	if (ua_state.owns_policy)
		ua_state.core->detach();
	ua_control_exit();
	ua_notify_exit();
	ua_acceptor_exit();
	/* After everything that accepts, because accepting calls its upcall. */
	ua_watch_exit();
	ua_acceptor_free();
	ua_stats_exit();
	ua_unbind();
}

module_init(unaccepted_init);
module_exit(unaccepted_exit);

MODULE_DESCRIPTION("Control plane for lazily accepted memory in confidential VMs");
MODULE_AUTHOR("The unaccepted authors");
MODULE_LICENSE("GPL");
MODULE_VERSION(UA_VERSION);
