// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs: the knobs of allocations. They have no effect where the kernel decides by
 * itself, so there they are shown but cannot be set.
 */
#include <linux/kobject.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "control.h"

/* The largest budgets: more would limit nothing, and could trigger a watchdog. */
#define MAX_BLOCKS	64
#define MAX_US		1000000

/* Longer input cannot be valid. */
#define WORD_SIZE	32

/* The trimmed input, if there is a policy to be changed. */
static int take_input(char input[WORD_SIZE], const char *buf, size_t count)
{
	if (!READ_ONCE(ua_state.owns_policy))
		return -EOPNOTSUPP;
	return ua_control_copy(input, WORD_SIZE, buf, count);
}

static int store_uint(const char *buf, size_t count, unsigned int min, unsigned int max,
		      unsigned int *to)
{
	char input[WORD_SIZE];
	unsigned int value;
	int ret;

	ret = take_input(input, buf, count);
	if (!ret)
		ret = ua_control_parse_uint(input, &value);
	if (ret)
		return ret;
	if (value < min || value > max)
		return -ERANGE;
	WRITE_ONCE(*to, value);
	return 0;
}

static ssize_t owner_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  READ_ONCE(ua_state.owns_policy) ? "module" : "kernel");
}

static struct kobj_attribute owner_attr = __ATTR_RO(owner);

static ssize_t max_blocks_show(struct kobject *kobj, struct kobj_attribute *attr,
			       char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(ua_state.knobs.max_blocks));
}

static ssize_t max_blocks_store(struct kobject *kobj, struct kobj_attribute *attr,
				const char *buf, size_t count)
{
	int ret = store_uint(buf, count, 1, MAX_BLOCKS, &ua_state.knobs.max_blocks);

	return ret ? ret : count;
}

static struct kobj_attribute max_blocks_attr = __ATTR_RW(max_blocks);

static ssize_t max_us_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(ua_state.knobs.max_us));
}

static ssize_t max_us_store(struct kobject *kobj, struct kobj_attribute *attr,
			    const char *buf, size_t count)
{
	int ret = store_uint(buf, count, 0, MAX_US, &ua_state.knobs.max_us);

	return ret ? ret : count;
}

static struct kobj_attribute max_us_attr = __ATTR_RW(max_us);

static const char * const placements[] = { "tail", "head" };

static ssize_t placement_show(struct kobject *kobj, struct kobj_attribute *attr,
			      char *buf)
{
	return sysfs_emit(buf, "%s\n",
			  placements[READ_ONCE(ua_state.knobs.to_front)]);
}

static ssize_t placement_store(struct kobject *kobj, struct kobj_attribute *attr,
			       const char *buf, size_t count)
{
	char input[WORD_SIZE];
	int which;

	which = take_input(input, buf, count);
	if (!which)
		which = sysfs_match_string(placements, input);
	if (which < 0)
		return which;
	WRITE_ONCE(ua_state.knobs.to_front, which);
	return count;
}

static struct kobj_attribute placement_attr = __ATTR_RW(placement);

static struct attribute *policy_attrs[] = {
	&owner_attr.attr,
	&max_blocks_attr.attr,
	&max_us_attr.attr,
	&placement_attr.attr,
	NULL
};

const struct attribute_group ua_control_policy_group = {
	.name = "policy",
	.attrs = policy_attrs,
};
