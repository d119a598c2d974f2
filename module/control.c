// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs: the stable half of the control plane, and all of its controls. Kernels
 * locked down by Secure Boot refuse writes to debugfs, so each control must be
 * here.
 *
 * Documentation/ABI/testing/sysfs-kernel-unaccepted says what each file means.
 */
#include <linux/err.h>
#include <linux/kobject.h>
#include <linux/sysfs.h>

#include "control.h"
#include "version.h"

static struct kobject *control_kobj;

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%s\n", UA_VERSION);
}

static struct kobj_attribute version_attr = __ATTR_RO(version);

static ssize_t binding_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%s\n", ua_state.core->name);
}

static struct kobj_attribute binding_attr = __ATTR_RO(binding);

static ssize_t caps_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	const struct ua_core *core = ua_state.core;

	return sysfs_emit(buf, "counters%s%s%s%s%s\n",
			  ua_control_has_table() ? " table" : "",
			  core->accept_block ? " accept acceptor" : "",
			  core->eager ? " eager" : "",
			  core->stalled_ns ? " pressure" : "",
			  READ_ONCE(ua_state.owns_policy) ? " policy" : "");
}

static struct kobj_attribute caps_attr = __ATTR_RO(caps);

/* What this version of the module offers, on any kernel. */
static ssize_t features_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "scopes range progress poll params errors map recent audit\n");
}

static struct kobj_attribute features_attr = __ATTR_RO(features);

static ssize_t state_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	ua_watch_reading();
	return sysfs_emit(buf, "%s\n",
			  ua_status_names[ua_control_status(ua_stats_unaccepted(&ua_everything))]);
}

static struct kobj_attribute state_attr = __ATTR_RO(state);

static ssize_t reason_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	return ua_control_emit_reason(buf);
}

static struct kobj_attribute reason_attr = __ATTR_RO(reason);

static struct attribute *control_attrs[] = {
	&version_attr.attr,
	&binding_attr.attr,
	&caps_attr.attr,
	&features_attr.attr,
	&state_attr.attr,
	&reason_attr.attr,
	NULL
};

static const struct attribute_group control_group = {
	.attrs = control_attrs,
};

static const struct attribute_group *control_groups[] = {
	&control_group,
	&ua_control_accept_group,
	&ua_control_map_group,
	&ua_control_acceptor_group,
	&ua_control_policy_group,
	NULL
};

/**
 * ua_control_init - create the files in sysfs and debugfs
 *
 * Return: 0 or the errno of what could not be created.
 */
int ua_control_init(void)
{
	int ret;

	ua_control_accept_init();
	ua_control_map_init();
	control_kobj = ua_control_scopes_init();
	if (IS_ERR(control_kobj))
		return PTR_ERR(control_kobj);
	ret = sysfs_create_groups(control_kobj, control_groups);
	if (ret)
		goto err_scopes;
	ua_watch_open(control_kobj);
	ua_debugfs_init();
	return 0;

err_scopes:
	ua_control_scopes_exit();
	return ret;
}

/**
 * ua_control_exit - remove the files
 *
 * Waits for readers and writers that are inside; ua_state.stopping is set, so
 * none stays longer than one block.
 */
void ua_control_exit(void)
{
	ua_debugfs_exit();
	sysfs_remove_groups(control_kobj, control_groups);
	ua_control_scopes_exit();
	ua_watch_close();
}
