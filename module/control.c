// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs: the stable half of the control plane, and all of its controls. Kernels
 * locked down by Secure Boot refuse writes to debugfs, so nothing may be
 * possible only there.
 *
 * Documentation/ABI/testing/sysfs-kernel-unaccepted says what each file means.
 */
#include <linux/ctype.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "unaccepted.h"

/* Longer input is no number, whatever it is. */
#define INPUT_MAX	64

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
	size_t digits = strspn(s, "0123456789");
	char one[] = { '1', s[digits], 0 };
	u64 number, unit;
	char *end;
	int ret;

	unit = memparse(one, &end);
	if (s[digits] && (end != one + 2 || s[digits + 1]))
		return -EINVAL;

	s[digits] = 0;
	ret = kstrtou64(s, 10, &number);
	if (ret)
		return ret;
	return check_mul_overflow(number, unit, bytes) ? -ERANGE : 0;
}

static int parse_percent(char *s, unsigned int *percent)
{
	int ret;

	if (!isdigit(*s))
		return -EINVAL;
	ret = kstrtouint(s, 10, percent);
	if (ret)
		return ret;
	return *percent > 100 ? -ERANGE : 0;
}

/* "<n>%" of what is parked, "all", or bytes: as blocks, never 0. */
static int parse_amount(char *s, u64 *blocks)
{
	size_t len = strlen(s);
	unsigned int percent;
	struct ua_sum sum;
	u64 bytes;
	int ret;

	if (!strcmp(s, "all")) {
		*blocks = U64_MAX;
		return 0;
	}

	if (len && s[len - 1] == '%') {
		s[len - 1] = 0;
		ret = parse_percent(s, &percent);
		if (ret)
			return ret;
		ua_accept_sum(&sum);
		*blocks = ua_policy_percent(ua_policy_blocks(sum.parked, UA_BLOCK_BYTES),
					    percent);
		return percent ? 0 : -EINVAL;
	}

	ret = ua_control_parse_bytes(s, &bytes);
	if (ret)
		return ret;
	*blocks = ua_policy_blocks(bytes, UA_BLOCK_BYTES);
	return bytes ? 0 : -EINVAL;
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

/**
 * ua_control_accept - carry out what was written to "accept"
 * @buf: what was written; need not be terminated
 * @count: its length
 *
 * Context: process context of the writer; returns when done.
 *
 * Return: @count; -ENODEV without a table or while unloading; -EOPNOTSUPP if
 * the binding cannot accept; -EINVAL or -ERANGE for what is no amount; -EINTR
 * on a signal, and then what was accepted before it stays accepted; -EIO if the
 * platform refused a block.
 */
ssize_t ua_control_accept(const char *buf, size_t count)
{
	char input[INPUT_MAX];
	u64 blocks;
	int ret;

	ret = ua_control_may_accept();
	if (ret)
		return ret;
	ret = ua_control_copy(input, sizeof(input), buf, count);
	if (ret)
		return ret;
	ret = parse_amount(input, &blocks);
	if (ret)
		return ret;

	atomic_inc(&ua_state.users);
	ret = ua_accept_blocks(blocks, UA_WHY_USER);
	atomic_dec(&ua_state.users);
	return ret ? ret : count;
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

/* Always of one moment's reading: never stored, so never stale. */
enum ua_status {
	UA_ABSENT,		/* no table, or one that was refused */
	UA_ERROR,		/* the last acceptance was refused */
	UA_RUNNING,		/* a trigger or the acceptor is at work */
	UA_IDLE,		/* memory is parked and nobody asks for it */
	UA_COMPLETE,		/* nothing is left */
};

static const char * const status_names[] = {
	[UA_ABSENT] = "absent",
	[UA_ERROR] = "error",
	[UA_RUNNING] = "running",
	[UA_IDLE] = "idle",
	[UA_COMPLETE] = "complete",
};

static enum ua_status status_now(u64 parked)
{
	if (!have_table())
		return UA_ABSENT;
	if (!parked)
		return UA_COMPLETE;
	if (READ_ONCE(ua_state.last_error))
		return UA_ERROR;
	if (atomic_read(&ua_state.users))
		return UA_RUNNING;
	switch (ua_acceptor_rest()) {
	case UA_REST_ENOUGH:
	case UA_REST_DONE:
		return UA_IDLE;
	default:
		return UA_RUNNING;
	}
}

static ssize_t state_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	struct ua_sum sum;

	ua_accept_sum(&sum);
	return sysfs_emit(buf, "%s\n", status_names[status_now(sum.parked)]);
}

static struct kobj_attribute state_attr = __ATTR_RO(state);

static const char *complete_reason(const struct ua_sum *sum)
{
	if (sum->count.calls || sum->other)
		return "nothing left to accept";
	if (ua_state.core->eager && ua_state.core->eager())
		return "accepted at boot: accept_memory=eager";
	return "everything had been accepted before the module was loaded";
}

static ssize_t reason_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	const char *why = ua_state.core->why;
	struct ua_sum sum;

	ua_accept_sum(&sum);
	switch (status_now(sum.parked)) {
	case UA_ABSENT:
		if (!ua_state.table.present)
			return sysfs_emit(buf, "no table: the firmware passed none\n");
		return sysfs_emit(buf, "table refused: %s\n", ua_state.table.why);
	case UA_ERROR:
		return sysfs_emit(buf, "the platform refused a block: error %d\n",
				  READ_ONCE(ua_state.last_error));
	case UA_RUNNING:
		if (atomic_read(&ua_state.users))
			return sysfs_emit(buf, "a write to accept is at work\n");
		return sysfs_emit(buf, "the acceptor is %s\n",
				  ua_control_rest_name(ua_acceptor_rest()));
	case UA_COMPLETE:
		return sysfs_emit(buf, "%s\n", complete_reason(&sum));
	case UA_IDLE:
		if (ua_acceptor_rest() == UA_REST_ENOUGH)
			return sysfs_emit(buf, "the acceptor waits until free memory runs short\n");
		break;
	}
	return sysfs_emit(buf, "memory is unaccepted and nobody asks for it%s%s\n",
			  why ? "; cannot accept: " : "", why ?: "");
}

static struct kobj_attribute reason_attr = __ATTR_RO(reason);

/* A file that shows one number of the sum over all zones. */
#define SUM_ATTR_RO(_name, _field)					\
static ssize_t _name##_show(struct kobject *kobj,			\
			    struct kobj_attribute *attr, char *buf)	\
{									\
	struct ua_sum sum;						\
									\
	ua_accept_sum(&sum);						\
	return sysfs_emit(buf, "%llu\n", sum._field);			\
}									\
									\
static struct kobj_attribute _name##_attr = __ATTR_RO(_name)

SUM_ATTR_RO(unaccepted_bytes, parked);
SUM_ATTR_RO(accepted_user_bytes, count.accepted[UA_WHY_USER]);
SUM_ATTR_RO(accepted_background_bytes, count.accepted[UA_WHY_BACKGROUND]);
SUM_ATTR_RO(accepted_watermark_bytes, count.accepted[UA_WHY_WATERMARK]);
SUM_ATTR_RO(accepted_fallback_bytes, count.accepted[UA_WHY_FALLBACK]);
SUM_ATTR_RO(accepted_other_bytes, other);
SUM_ATTR_RO(accepted_isolation_bytes, count.accepted[UA_WHY_ISOLATION]);
SUM_ATTR_RO(accepted_allocation_bytes, count.accepted[UA_WHY_WATERMARK] +
	    sum.count.accepted[UA_WHY_FALLBACK]);
SUM_ATTR_RO(accept_calls, count.calls);
SUM_ATTR_RO(accept_total_ns, count.total_ns);
SUM_ATTR_RO(accept_max_ns, count.max_ns);
SUM_ATTR_RO(accept_failures, count.failures);
SUM_ATTR_RO(shortfalls, count.shortfalls);

static ssize_t accept_store(struct kobject *kobj, struct kobj_attribute *attr,
			    const char *buf, size_t count)
{
	return ua_control_accept(buf, count);
}

static struct kobj_attribute accept_attr = __ATTR(accept, 0200, NULL, accept_store);

static struct attribute *control_attrs[] = {
	&version_attr.attr,
	&binding_attr.attr,
	&caps_attr.attr,
	&state_attr.attr,
	&reason_attr.attr,
	&unaccepted_bytes_attr.attr,
	&accepted_user_bytes_attr.attr,
	&accepted_background_bytes_attr.attr,
	&accepted_watermark_bytes_attr.attr,
	&accepted_fallback_bytes_attr.attr,
	&accepted_allocation_bytes_attr.attr,
	&accepted_isolation_bytes_attr.attr,
	&accepted_other_bytes_attr.attr,
	&accept_attr.attr,
	&accept_calls_attr.attr,
	&accept_total_ns_attr.attr,
	&accept_max_ns_attr.attr,
	&accept_failures_attr.attr,
	&shortfalls_attr.attr,
	NULL
};

static const struct attribute_group control_group = {
	.attrs = control_attrs,
};

static const struct attribute_group *control_groups[] = {
	&control_group,
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

	/* Under /sys/kernel, for mm_kobj is not exported to modules. */
	control_kobj = kobject_create_and_add("unaccepted", kernel_kobj);
	if (!control_kobj)
		return -ENOMEM;
	ret = sysfs_create_groups(control_kobj, control_groups);
	if (ret)
		goto err_kobj;
	ua_debugfs_init();
	return 0;

err_kobj:
	kobject_put(control_kobj);
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
	kobject_put(control_kobj);
}
