// SPDX-License-Identifier: GPL-2.0
/*
 * ua_nothing, for unpatched kernels: becomes the owner of cond_accept_memory() in
 * ftrace, as a live patch would, but does not replace it. For tests of
 * policy=module when the function has another owner.
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
	/* Writable copies, because ftrace's parser writes to them. */
	char function[] = "cond_accept_memory", part[] = "cond_accept_memory.part.0";
	int ret;

	ret = ftrace_set_filter(&ops, function, strlen(function), 1);
	if (ret)
		ret = ftrace_set_filter(&ops, part, strlen(part), 1);
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
MODULE_DESCRIPTION("Owns cond_accept_memory() and leaves it as it is, for tests");
MODULE_LICENSE("GPL");
