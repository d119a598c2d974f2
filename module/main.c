// SPDX-License-Identifier: GPL-2.0
/*
 * The stairs: up at load, the same stairs down at unload.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>

#include "unaccepted.h"

/* All state hangs off this one symbol, so that a debugger needs no other. */
struct ua_state ua_state;

static char *binding = "auto";
module_param(binding, charp, 0444);
MODULE_PARM_DESC(binding, "auto (default): the most this kernel allows; observe: look only, accept nothing");

/* What to bind to; NULL if the parameter is none of its words. */
static const struct ua_core *choose_core(void)
{
	const struct ua_table *table = &ua_state.table;

	if (!strcmp(binding, "observe"))
		return ua_bind_observe("loaded with binding=observe");
	if (strcmp(binding, "auto"))
		return NULL;
	if (!table->present || table->why)
		return ua_bind_observe("no table to go by");
	return ua_bind_stock();
}

static int __init unaccepted_init(void)
{
	int ret;

	ua_table_find(&ua_state.table);
	if (ua_state.table.why)
		pr_warn("table refused: %s\n", ua_state.table.why);

	ua_state.core = choose_core();
	if (!ua_state.core) {
		pr_err("binding=%s is neither auto nor observe\n", binding);
		return -EINVAL;
	}

	ret = ua_accept_init();
	if (ret)
		return ret;
	ret = ua_acceptor_init();
	if (ret)
		goto err_accept;
	ret = ua_control_init();
	if (ret)
		goto err_acceptor;
	return 0;

err_acceptor:
	ua_acceptor_exit();
err_accept:
	ua_accept_exit();
	return ret;
}

static void __exit unaccepted_exit(void)
{
	/* Or the removal of the files would wait for a write of "all". */
	WRITE_ONCE(ua_state.stopping, true);
	ua_control_exit();
	ua_acceptor_exit();
	ua_accept_exit();
}

module_init(unaccepted_init);
module_exit(unaccepted_exit);

MODULE_DESCRIPTION("Control plane for lazily accepted memory in confidential VMs");
MODULE_AUTHOR("The unaccepted authors");
MODULE_LICENSE("GPL");
MODULE_VERSION("0.1.0");
