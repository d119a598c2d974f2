// SPDX-License-Identifier: GPL-2.0
/*
 * ua_nothing, for kernels with the hooks: a policy of acceptance that never
 * accepts anything, and, with claim=N, says all the same that it did. The core
 * must get along with both. For tests only.
 *
 * Under /sys/module/ua_nothing/parameters/: asked, the number of calls; failed,
 * how many of them were for an allocation that the zone could not serve; told,
 * the number of blocks that others have accepted.
 */
#include <linux/atomic.h>
#include <linux/module.h>
#include <linux/sysfs.h>
#include <linux/unaccepted_hooks.h>

static unsigned int claim;
module_param(claim, uint, 0444);
MODULE_PARM_DESC(claim, "blocks that each call claims to have accepted");

static unsigned int version = UNACCEPTED_HOOKS_VERSION;
module_param(version, uint, 0444);
MODULE_PARM_DESC(version, "of the contract, for registration to look at");

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

/* Each block that is accepted for alloc_contig_range() is told of. */
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
MODULE_DESCRIPTION("A policy of acceptance that accepts nothing");
MODULE_LICENSE("GPL");
