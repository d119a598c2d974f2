// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs: the files that accept memory when they are written, by amount or by
 * address; their progress, and their errors.
 */
#include <linux/align.h>
#include <linux/kobject.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "accept.h"
#include "block.h"
#include "control.h"
#include "policy.h"

static int parse_percent(char *s, unsigned int *percent)
{
	int ret = ua_control_parse_uint(s, percent);

	if (ret)
		return ret;
	return *percent > 100 ? -ERANGE : 0;
}

/* Converts "<n>%" of the scope's unaccepted memory, "all", or bytes to blocks; never to 0. */
static int parse_amount(const struct ua_scope *scope, char *s, u64 *blocks)
{
	size_t len = strlen(s);
	unsigned int percent;
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
		bytes = ua_stats_unaccepted(scope);
		*blocks = ua_policy_percent(ua_policy_blocks(bytes, UA_BLOCK_BYTES),
					    percent);
		return percent ? 0 : -EINVAL;
	}

	ret = ua_control_parse_bytes(s, &bytes);
	if (ret)
		return ret;
	*blocks = ua_policy_blocks(bytes, UA_BLOCK_BYTES);
	return bytes ? 0 : -EINVAL;
}

/* "START-END" or "START+SIZE" */
static int parse_range(char *s, struct ua_range *range)
{
	u64 *start = &range->asked[0], *end = &range->asked[1], size;
	char *second = strpbrk(s, "-+");
	bool sized;
	int ret;

	if (!second)
		return -EINVAL;
	sized = *second == '+';
	*second++ = 0;

	ret = ua_control_parse_address(s, start);
	if (!ret)
		ret = ua_control_parse_address(second, &size);
	if (ret)
		return ret;
	*end = size;
	if (sized && check_add_overflow(*start, size, end))
		return -ERANGE;
	if (*end <= *start)
		return -EINVAL;
	if ((*end - 1) >> ua_bind_phys_bits())
		return -ERANGE;

	range->rounded[0] = ALIGN_DOWN(*start, UA_BLOCK_BYTES);
	range->rounded[1] = ALIGN(*end, UA_BLOCK_BYTES);
	return ua_bind_has_ram(range->rounded[0], range->rounded[1] - range->rounded[0]) ?
		0 : -ERANGE;
}

static const char *reason_of(int error, const char *inval, const char *range)
{
	switch (error) {
	case -EINVAL:
		return inval;
	case -ERANGE:
		return range;
	case -EINTR:
		return "interrupted by a signal";
	case -EOPNOTSUPP:
		return "the binding cannot accept";
	case -ENODEV:
		return READ_ONCE(ua_state.stopping) ?
			"the module is being unloaded" : "there is no table to go by";
	default:
		return "the platform refused a block";
	}
}

static void note_error(const char *file, int error, const char *reason)
{
	struct ua_trigger *trigger = &ua_state.trigger;

	spin_lock(&trigger->lock);
	ua_stats_error(&trigger->error, error, file, reason);
	spin_unlock(&trigger->lock);
}

/* Starts the progress at 0, unless other writes are still under way. */
static void trigger_begin(struct ua_job *job, u64 bytes)
{
	struct ua_trigger *trigger = &ua_state.trigger;

	job->total = &trigger->done;
	spin_lock(&trigger->lock);
	if (!trigger->users) {
		atomic64_set(&trigger->done, 0);
		trigger->asked = 0;
	}
	WRITE_ONCE(trigger->users, trigger->users + 1);
	trigger->asked += bytes;
	spin_unlock(&trigger->lock);
}

/*
 * A successful write may have accepted less than requested: concurrent writers
 * share the same blocks.
 */
static void trigger_end(const struct ua_job *job, u64 bytes, int ret)
{
	struct ua_trigger *trigger = &ua_state.trigger;

	spin_lock(&trigger->lock);
	if (!ret)
		trigger->asked += job->done - bytes;
	WRITE_ONCE(trigger->users, trigger->users - 1);
	spin_unlock(&trigger->lock);
}

static int trigger_blocks(const struct ua_scope *scope, u64 blocks)
{
	struct ua_job job = { .cause = UA_CAUSE_USER };
	u64 unaccepted = ua_stats_unaccepted(scope);
	u64 bytes = min(blocks, unaccepted / UA_BLOCK_BYTES) * UA_BLOCK_BYTES;
	int ret;

	trigger_begin(&job, bytes);
	ret = ua_accept_blocks(scope, blocks, &job);
	trigger_end(&job, bytes, ret);
	return ret;
}

static int trigger_range(struct ua_range *range)
{
	struct ua_trigger *trigger = &ua_state.trigger;
	struct ua_job job = { .cause = UA_CAUSE_USER };
	unsigned long start = PHYS_PFN(range->rounded[0]);
	unsigned long end = PHYS_PFN(range->rounded[1]);
	u64 bytes = ua_block_unaccepted(start, end);
	int ret;

	trigger_begin(&job, bytes);
	ret = ua_accept_range(start, end, &job);
	trigger_end(&job, bytes, ret);

	range->accepted = job.done;
	spin_lock(&trigger->lock);
	trigger->range = *range;
	spin_unlock(&trigger->lock);
	return ret;
}

static void scope_file(const struct ua_scope *scope, char *name, size_t size)
{
	if (scope->nid == UA_ALL)
		snprintf(name, size, "accept");
	else if (scope->zone == UA_ALL)
		snprintf(name, size, "node%d/accept", scope->nid);
	else
		snprintf(name, size, "node%d/%s/accept", scope->nid,
			 NODE_DATA(scope->nid)->node_zones[scope->zone].name);
}

/**
 * ua_control_accept - carry out what was written to "accept"
 * @scope: the part of the machine whose directory the file is in
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
ssize_t ua_control_accept(const struct ua_scope *scope, const char *buf, size_t count)
{
	char input[UA_INPUT_MAX], file[40];
	u64 blocks;
	int ret;

	ret = ua_control_may_accept();
	if (!ret)
		ret = ua_control_copy(input, sizeof(input), buf, count);
	if (!ret)
		ret = parse_amount(scope, input, &blocks);
	if (!ret)
		ret = trigger_blocks(scope, blocks);
	if (!ret)
		return count;

	scope_file(scope, file, sizeof(file));
	note_error(file, ret, reason_of(ret, "not an amount",
					"more than 100 %, or 2^64 bytes or more"));
	return ret;
}

static ssize_t accept_range_store(struct kobject *kobj, struct kobj_attribute *attr,
				  const char *buf, size_t count)
{
	struct ua_range range = {};
	char input[UA_INPUT_MAX];
	int ret;

	ret = ua_control_may_accept();
	if (!ret)
		ret = ua_control_copy(input, sizeof(input), buf, count);
	if (!ret)
		ret = parse_range(input, &range);
	if (!ret)
		ret = trigger_range(&range);
	if (!ret)
		return count;

	note_error(attr->attr.name, ret,
		   reason_of(ret, "not a range", "there is no RAM at these addresses"));
	return ret;
}

static ssize_t accept_range_show(struct kobject *kobj, struct kobj_attribute *attr,
				 char *buf)
{
	struct ua_trigger *trigger = &ua_state.trigger;
	struct ua_range range;

	spin_lock(&trigger->lock);
	range = trigger->range;
	spin_unlock(&trigger->lock);
	if (!range.asked[1])
		return sysfs_emit(buf, "none\n");
	return sysfs_emit(buf, "%#llx-%#llx asked %#llx-%#llx rounded %llu accepted\n",
			  range.asked[0], range.asked[1], range.rounded[0],
			  range.rounded[1], range.accepted);
}

static struct kobj_attribute accept_range_attr = __ATTR_RW_MODE(accept_range, 0600);

static ssize_t accept_progress_show(struct kobject *kobj, struct kobj_attribute *attr,
				    char *buf)
{
	struct ua_trigger *trigger = &ua_state.trigger;
	u64 asked, done;

	spin_lock(&trigger->lock);
	asked = trigger->asked;
	done = atomic64_read(&trigger->done);
	spin_unlock(&trigger->lock);
	/* A block that was in flight when ASKED was computed counts in DONE if it came back. */
	return sysfs_emit(buf, "%llu %llu\n", min(done, asked), asked);
}

static struct kobj_attribute accept_progress_attr = __ATTR_RO(accept_progress);

static ssize_t accept_error_show(struct kobject *kobj, struct kobj_attribute *attr,
				 char *buf)
{
	struct ua_trigger *trigger = &ua_state.trigger;
	struct ua_error error;

	spin_lock(&trigger->lock);
	error = trigger->error;
	spin_unlock(&trigger->lock);
	return ua_control_emit_error(buf, &error);
}

static struct kobj_attribute accept_error_attr = __ATTR_RO(accept_error);

static struct attribute *accept_attrs[] = {
	&accept_range_attr.attr,
	&accept_progress_attr.attr,
	&accept_error_attr.attr,
	NULL
};

const struct attribute_group ua_control_accept_group = {
	.attrs = accept_attrs,
};

/**
 * ua_control_accept_init - initialise the lock of writes to "accept"
 */
void ua_control_accept_init(void)
{
	spin_lock_init(&ua_state.trigger.lock);
}
