// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs: the directory of the whole machine, and in it one of each memory node,
 * and in that one of each zone. All have the same counters and the file "accept".
 */
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/sysfs.h>
#include <linux/wait_bit.h>

#include "control.h"

/**
 * struct scope_dir - a directory of the machine, a node or a zone
 * @kobj: its kobject
 * @scope: the part of the machine that it shows
 * @list: entry in scope_dirs
 */
struct scope_dir {
	struct kobject kobj;
	struct ua_scope scope;
	struct list_head list;
};

/* In the order of their creation. Changes only at load and unload. */
static LIST_HEAD(scope_dirs);

/* Directories that are not released yet: until then the module must stay loaded. */
static atomic_t scope_dirs_left;

static const struct ua_scope *scope_of(struct kobject *kobj)
{
	return &container_of(kobj, struct scope_dir, kobj)->scope;
}

static ssize_t unaccepted_bytes_show(struct kobject *kobj,
				     struct kobj_attribute *attr, char *buf)
{
	const struct ua_scope *scope = scope_of(kobj);

	if (scope->nid == UA_ALL)
		ua_watch_reading();
	return sysfs_emit(buf, "%llu\n", ua_stats_unaccepted(scope));
}

static struct kobj_attribute unaccepted_bytes_attr = __ATTR_RO(unaccepted_bytes);

/* A file that shows one number of the sum over a scope's zones. */
#define SUM_ATTR_RO(_name, _field)					\
static ssize_t _name##_show(struct kobject *kobj,			\
			    struct kobj_attribute *attr, char *buf)	\
{									\
	struct ua_stats_sum sum;						\
									\
	ua_stats_sum(scope_of(kobj), &sum);				\
	return sysfs_emit(buf, "%llu\n", sum._field);			\
}									\
									\
static struct kobj_attribute _name##_attr = __ATTR_RO(_name)

SUM_ATTR_RO(refused_bytes, refused);
SUM_ATTR_RO(managed_bytes, managed);
SUM_ATTR_RO(accepted_user_bytes, stats.accepted[UA_CAUSE_USER]);
SUM_ATTR_RO(accepted_background_bytes, stats.accepted[UA_CAUSE_BACKGROUND]);
SUM_ATTR_RO(accepted_watermark_bytes, stats.accepted[UA_CAUSE_WATERMARK]);
SUM_ATTR_RO(accepted_fallback_bytes, stats.accepted[UA_CAUSE_FALLBACK]);
SUM_ATTR_RO(accepted_other_bytes, other);
SUM_ATTR_RO(accepted_isolation_bytes, stats.accepted[UA_CAUSE_ISOLATION]);
SUM_ATTR_RO(accepted_allocation_bytes, stats.accepted[UA_CAUSE_WATERMARK] +
	    sum.stats.accepted[UA_CAUSE_FALLBACK]);
SUM_ATTR_RO(accept_calls, stats.calls);
SUM_ATTR_RO(accept_total_ns, stats.total_ns);
SUM_ATTR_RO(accept_max_ns, stats.max_ns);
SUM_ATTR_RO(accept_failures, stats.failures);
SUM_ATTR_RO(shortfalls, stats.shortfalls);

static ssize_t accept_store(struct kobject *kobj, struct kobj_attribute *attr,
			    const char *buf, size_t count)
{
	return ua_control_accept(scope_of(kobj), buf, count);
}

static struct kobj_attribute accept_attr = __ATTR(accept, 0200, NULL, accept_store);

static struct attribute *scope_attrs[] = {
	&accept_attr.attr,
	&unaccepted_bytes_attr.attr,
	&refused_bytes_attr.attr,
	&managed_bytes_attr.attr,
	&accepted_user_bytes_attr.attr,
	&accepted_background_bytes_attr.attr,
	&accepted_watermark_bytes_attr.attr,
	&accepted_fallback_bytes_attr.attr,
	&accepted_allocation_bytes_attr.attr,
	&accepted_isolation_bytes_attr.attr,
	&accepted_other_bytes_attr.attr,
	&accept_calls_attr.attr,
	&accept_total_ns_attr.attr,
	&accept_max_ns_attr.attr,
	&accept_failures_attr.attr,
	&shortfalls_attr.attr,
	NULL
};
ATTRIBUTE_GROUPS(scope);

static void scope_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct scope_dir, kobj));
	if (atomic_dec_and_test(&scope_dirs_left))
		wake_up_var(&scope_dirs_left);
}

/*
 * All files of the module in sysfs are written through here. Their modes do not hold
 * back the root user of a container that has /sys mounted writable.
 */
static ssize_t scope_store(struct kobject *kobj, struct attribute *attr, const char *buf,
			   size_t count)
{
	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	return kobj_sysfs_ops.store(kobj, attr, buf, count);
}

static ssize_t scope_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	return kobj_sysfs_ops.show(kobj, attr, buf);
}

static const struct sysfs_ops scope_ops = {
	.show = scope_show,
	.store = scope_store,
};

static const struct kobj_type scope_type = {
	.release = scope_release,
	.sysfs_ops = &scope_ops,
	.default_groups = scope_groups,
};

/* Creates a directory with all its files. */
static struct kobject *add_dir(struct kobject *parent, const char *name, int nid,
			       int zone)
{
	struct scope_dir *dir = kzalloc(sizeof(*dir), GFP_KERNEL);
	int ret;

	if (!dir)
		return ERR_PTR(-ENOMEM);
	dir->scope.nid = nid;
	dir->scope.zone = zone;
	atomic_inc(&scope_dirs_left);
	ret = kobject_init_and_add(&dir->kobj, &scope_type, parent, "%s", name);
	if (ret) {
		kobject_put(&dir->kobj);
		return ERR_PTR(ret);
	}
	list_add_tail(&dir->list, &scope_dirs);
	return &dir->kobj;
}

static int add_node(struct kobject *top, int nid)
{
	struct zone *zones = NODE_DATA(nid)->node_zones;
	struct kobject *node, *zone;
	char name[16];
	int i;

	snprintf(name, sizeof(name), "node%d", nid);
	node = add_dir(top, name, nid, UA_ALL);
	if (IS_ERR(node))
		return PTR_ERR(node);

	for (i = 0; i < MAX_NR_ZONES; i++) {
		if (!populated_zone(&zones[i]))
			continue;
		zone = add_dir(node, zones[i].name, nid, i);
		if (IS_ERR(zone))
			return PTR_ERR(zone);
	}
	return 0;
}

/**
 * ua_control_scopes_init - create the directories
 *
 * Return: the directory of the whole machine, or the errno of what could not be
 * created.
 */
struct kobject *ua_control_scopes_init(void)
{
	/* Under /sys/kernel, because mm_kobj is not exported to modules. */
	struct kobject *top = add_dir(kernel_kobj, "unaccepted", UA_ALL, UA_ALL);
	int nid, ret;

	if (IS_ERR(top))
		goto err_dirs;

	for_each_node_state(nid, N_MEMORY) {
		ret = add_node(top, nid);
		if (ret) {
			top = ERR_PTR(ret);
			goto err_dirs;
		}
	}
	return top;

err_dirs:
	ua_control_scopes_exit();
	return top;
}

/**
 * ua_control_scopes_exit - remove the directories
 *
 * Waits for running reads and writes, and for the release of each directory.
 */
void ua_control_scopes_exit(void)
{
	struct scope_dir *dir, *next;

	/* In reverse, because a directory was created after the one that it is in. */
	list_for_each_entry_safe_reverse(dir, next, &scope_dirs, list) {
		list_del(&dir->list);
		kobject_del(&dir->kobj);
		kobject_put(&dir->kobj);
	}
	wait_var_event(&scope_dirs_left, !atomic_read(&scope_dirs_left));
}
