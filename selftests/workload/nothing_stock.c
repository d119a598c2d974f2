// SPDX-License-Identifier: GPL-2.0
/*
 * ua_nothing, for stock kernels: has the right to replace cond_accept_memory()
 * as a live patch would, and does nothing with it. For tests only, of what the
 * module does when it comes too late.
 */
#include <linux/ftrace.h>
#include <linux/module.h>
#include <linux/string.h>

static void notrace do_nothing(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
}

static struct ftrace_ops ops = {
	.func = do_nothing,
	.flags = FTRACE_OPS_FL_IPMODIFY |
		 (IS_ENABLED(CONFIG_DYNAMIC_FTRACE_WITH_ARGS) ? 0 :
		  FTRACE_OPS_FL_SAVE_REGS),
};

static int __init nothing_init(void)
{
	/* A copy, for the parser writes into it. */
	char function[] = "cond_accept_memory";
	int ret;

	ret = ftrace_set_filter(&ops, function, strlen(function), 1);
	if (!ret)
		ret = register_ftrace_function(&ops);
	if (ret)
		ftrace_free_filter(&ops);
	return ret;
}

static void __exit nothing_exit(void)
{
	unregister_ftrace_function(&ops);
	ftrace_free_filter(&ops);
}

module_init(nothing_init);
module_exit(nothing_exit);
MODULE_DESCRIPTION("Owns the place of the kernel's policy, and leaves it as it is");
MODULE_LICENSE("GPL");
