// SPDX-License-Identifier: GPL-2.0
/*
 * ua_nothing, for kernels with the hooks: a policy that never accepts anything.
 * With claim=N each call returns that it has accepted N blocks. The core must
 * handle both. For tests only.
 *
 * Under /sys/module/ua_nothing/parameters/ are counters. asked: calls of the
 * policy; failed: those for an allocation that the zone could not serve; told:
 * blocks that the kernel reported as accepted for alloc_contig_range().
 */
#include <linux/atomic.h>
#include <linux/module.h>
#include <linux/sysfs.h>
#include <linux/unaccepted_hooks.h>

static unsigned int claim;
module_param(claim, uint, 0444);
MODULE_PARM_DESC(claim, "number of blocks that each call claims to have accepted");

static unsigned int version = UNACCEPTED_HOOKS_VERSION;
module_param(version, uint, 0444);
MODULE_PARM_DESC(version, "version of the contract, which registration checks");

static atomic_long_t asked, failed, told;

static int get_count(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%ld\n", atomic_long_read(kp->arg));
}

static const struct kernel_param_ops count_ops = { .get = get_count };

module_param_cb(asked, &count_ops, &asked, 0444);
module_param_cb(failed, &count_ops, &failed, 0444);
module_param_cb(told, &count_ops, &told, 0444);

static unsigned int below_watermark(struct zone *zone, unsigned int order,
				    gfp_t gfp, bool has_failed)
{
	atomic_long_inc(&asked);
	if (has_failed)
		atomic_long_inc(&failed);
	return claim;
}

/* Called for each block that is accepted for alloc_contig_range(). */
static void isolated(struct zone *zone)
{
	atomic_long_inc(&told);
}

static struct unaccepted_hooks hooks = {
	.below_watermark = below_watermark,
	.isolated = isolated,
};

static int __init nothing_init(void)
{
	hooks.version = version;
	return unaccepted_hooks_register(&hooks);
}

static void __exit nothing_exit(void)
{
	unaccepted_hooks_unregister(&hooks);
}

module_init(nothing_init);
module_exit(nothing_exit);
MODULE_DESCRIPTION("A policy that accepts nothing, for tests");
MODULE_LICENSE("GPL");
