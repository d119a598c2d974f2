// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs: the stable half of the control plane, and all of its controls. Kernels
 * locked down by Secure Boot refuse writes to debugfs, so nothing may be
 * possible only there.
 *
 * Documentation/ABI/testing/sysfs-kernel-unaccepted says what each file means.
 */
#include <linux/err.h>
#include <linux/kobject.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/time64.h>

#include "control.h"

static struct kobject *control_kobj;

/**
 * ua_control_copy - a trimmed, terminated copy of what a user wrote
 * @to: where to
 * @size: and how much that holds
 * @buf: what was written; need not be terminated
 * @count: its length
 *
 * Return: 0; -EINVAL if it is too long or holds a NUL, behind which anything
 * could hide.
 */
int ua_control_copy(char *to, size_t size, const char *buf, size_t count)
{
	char *start;

	if (count >= size || memchr(buf, 0, count))
		return -EINVAL;
	memcpy(to, buf, count);
	to[count] = 0;
	start = strim(to);
	memmove(to, start, strlen(start) + 1);
	return 0;
}

/* Digits, of which there are @digits, and at most one suffix, which is cut off. */
static int parse_number(char *s, size_t digits, unsigned int base, u64 *bytes)
{
	char one[] = { '1', s[digits], 0 };
	u64 number, unit;
	char *end;
	int ret;

	unit = memparse(one, &end);
	if (s[digits] && (end != one + 2 || s[digits + 1]))
		return -EINVAL;

	s[digits] = 0;
	ret = kstrtou64(s, base, &number);
	if (ret)
		return ret;
	return check_mul_overflow(number, unit, bytes) ? -ERANGE : 0;
}

/**
 * ua_control_parse_bytes - read an amount of bytes
 * @s: decimal digits and at most one of memparse()'s suffixes, which is cut off
 * @bytes: the result
 *
 * memparse() alone would wrap silently past 2^64 and stop at the first stray
 * character, so it only gets to say what the suffix is worth.
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int ua_control_parse_bytes(char *s, u64 *bytes)
{
	return parse_number(s, strspn(s, "0123456789"), 10, bytes);
}

/**
 * ua_control_parse_address - read an address or a size
 * @s: as for ua_control_parse_bytes(), or "0x" and hexadecimal digits instead
 * @bytes: the result
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int ua_control_parse_address(char *s, u64 *bytes)
{
	if (strncmp(s, "0x", 2))
		return ua_control_parse_bytes(s, bytes);
	return parse_number(s, 2 + strspn(s + 2, "0123456789abcdefABCDEF"), 16, bytes);
}

/**
 * ua_control_emit_error - show an error
 * @buf: where; of a sysfs file
 * @error: a copy that nobody changes
 *
 * Return: the length.
 */
int ua_control_emit_error(char *buf, const struct ua_error *error)
{
	if (!error->number)
		return sysfs_emit(buf, "none\n");
	return sysfs_emit(buf, "%llu.%06llu %d %s %s\n",
			  div_u64(error->at_ns, NSEC_PER_SEC),
			  div_u64(error->at_ns, NSEC_PER_USEC) % USEC_PER_SEC,
			  error->number, error->who, error->reason);
}

/* Is there a table that can be believed? */
static bool have_table(void)
{
	return ua_state.table.present && !ua_state.table.why;
}

/**
 * ua_control_may_accept - may anything be accepted here at all?
 *
 * Return: 0; -ENODEV without a table, -EOPNOTSUPP if the binding cannot.
 */
int ua_control_may_accept(void)
{
	if (!have_table())
		return -ENODEV;
	if (!ua_state.core->accept_block)
		return -EOPNOTSUPP;
	return 0;
}

static ssize_t version_show(struct kobject *kobj, struct kobj_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%s\n", THIS_MODULE->version);
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

	return sysfs_emit(buf, "counters%s%s%s%s\n",
			  have_table() ? " table" : "",
			  core->accept_block ? " accept acceptor" : "",
			  core->eager ? " eager" : "",
			  READ_ONCE(ua_state.owns_policy) ? " policy" : "");
}

static struct kobj_attribute caps_attr = __ATTR_RO(caps);

/* Of this version, whatever the kernel. */
static ssize_t features_show(struct kobject *kobj, struct kobj_attribute *attr,
			     char *buf)
{
	return sysfs_emit(buf, "scopes range progress poll params errors map recent audit\n");
}

static struct kobj_attribute features_attr = __ATTR_RO(features);

static const char * const status_names[] = {
	[UA_ABSENT] = "absent",
	[UA_ERROR] = "error",
	[UA_RUNNING] = "running",
	[UA_IDLE] = "idle",
	[UA_COMPLETE] = "complete",
};

/**
 * ua_control_status - what "state" says
 * @unaccepted: bytes that are unaccepted
 *
 * Context: any.
 * Return: see enum ua_status.
 */
enum ua_status ua_control_status(u64 unaccepted)
{
	if (!have_table())
		return UA_ABSENT;
	if (!unaccepted)
		return UA_COMPLETE;
	if (READ_ONCE(ua_state.last_error))
		return UA_ERROR;
	if (READ_ONCE(ua_state.trigger.users))
		return UA_RUNNING;
	switch (ua_acceptor_throttle_reason()) {
	case UA_THROTTLE_ENOUGH:
	case UA_THROTTLE_DONE:
		return UA_IDLE;
	default:
		return UA_RUNNING;
	}
}

static ssize_t state_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	ua_watch_reading();
	return sysfs_emit(buf, "%s\n",
			  status_names[ua_control_status(ua_stats_unaccepted(&ua_everything))]);
}

static struct kobj_attribute state_attr = __ATTR_RO(state);

static const char *complete_reason(const struct ua_stats_sum *sum)
{
	if (sum->stats.calls || sum->other)
		return "nothing left to accept";
	if (ua_state.core->eager && ua_state.core->eager())
		return "accepted at boot: accept_memory=eager";
	return "everything had been accepted before the module was loaded";
}

static ssize_t reason_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	const char *why = ua_state.core->why;
	struct ua_stats_sum sum;

	ua_stats_sum(&ua_everything, &sum);
	switch (ua_control_status(sum.unaccepted)) {
	case UA_ABSENT:
		if (!ua_state.table.present)
			return sysfs_emit(buf, "no table: the firmware passed none\n");
		return sysfs_emit(buf, "table refused: %s\n", ua_state.table.why);
	case UA_ERROR:
		return sysfs_emit(buf, "the platform refused a block: error %d\n",
				  READ_ONCE(ua_state.last_error));
	case UA_RUNNING:
		if (READ_ONCE(ua_state.trigger.users))
			return sysfs_emit(buf, "a write to accept is at work\n");
		return sysfs_emit(buf, "the acceptor is %s\n",
				  ua_control_throttle_name(ua_acceptor_throttle_reason()));
	case UA_COMPLETE:
		return sysfs_emit(buf, "%s\n", complete_reason(&sum));
	case UA_IDLE:
		if (ua_acceptor_throttle_reason() == UA_THROTTLE_ENOUGH)
			return sysfs_emit(buf, "the acceptor waits until free memory runs short\n");
		break;
	}
	return sysfs_emit(buf, "memory is unaccepted and nobody asks for it%s%s\n",
			  why ? "; cannot accept: " : "", why ?: "");
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
 * ua_control_init - show the files
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
 * ua_control_exit - take the files away
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
