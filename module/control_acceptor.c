// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs: the knobs of the background threads, and what they are doing. Each
 * knob has a file; the file "params" changes several at one moment.
 */
#include <linux/kobject.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "acceptor.h"
#include "control.h"

static int change_mode(struct ua_acceptor_knobs *knobs, const char *word)
{
	int mode, ret;

	ret = ua_control_may_accept();
	if (ret)
		return ret;
	mode = sysfs_match_string(ua_mode_names, word);
	if (mode < 0)
		return mode;
	knobs->mode = mode;
	return 0;
}

static int change_uint(unsigned int *to, const char *word, unsigned int max)
{
	unsigned int value;
	int ret = ua_control_parse_uint(word, &value);

	if (ret)
		return ret;
	if (!value || value > max)
		return -ERANGE;
	*to = value;
	return 0;
}

/* Set the knob called @name. Writes into @word. */
static int change_one(struct ua_acceptor_knobs *knobs, const char *name, char *word)
{
	if (!strcmp(name, "mode"))
		return change_mode(knobs, word);
	if (!strcmp(name, "cpu_percent"))
		return change_uint(&knobs->cpu_percent, word, UA_CPU_PERCENT_MAX);
	if (!strcmp(name, "threads_per_node"))
		return change_uint(&knobs->threads_per_node, word, UA_MAX_THREADS);
	if (!strcmp(name, "bytes_per_second"))
		return ua_control_parse_bytes(word, &knobs->bytes_per_second);
	if (!strcmp(name, "headroom_bytes"))
		return ua_control_parse_bytes(word, &knobs->headroom_bytes);
	if (!strcmp(name, "floor_bytes"))
		return ua_control_parse_bytes(word, &knobs->floor_bytes);
	return -EINVAL;
}

/**
 * struct change - what was written
 * @name: name of the knob, or NULL if each word is NAME=VALUE
 * @words: what was written; it is cut into words
 */
struct change {
	const char *name;
	char *words;
};

static int change_knobs(struct ua_acceptor_knobs *knobs, void *arg)
{
	struct change *change = arg;
	char *word, *name;
	int ret = -EINVAL;

	if (change->name)
		return change_one(knobs, change->name, change->words);

	while ((word = strsep(&change->words, " \t\n"))) {
		if (!*word)
			continue;
		name = strsep(&word, "=");
		ret = word ? change_one(knobs, name, word) : -EINVAL;
		if (ret)
			break;
	}
	return ret;
}

static ssize_t store(const char *name, const char *buf, size_t count)
{
	char input[256];
	struct change change = { .name = name, .words = input };
	int ret;

	ret = ua_control_copy(input, sizeof(input), buf, count);
	if (!ret)
		ret = ua_acceptor_set(change_knobs, &change);
	return ret ? ret : count;
}

/**
 * ua_control_set_acceptor - set one of the acceptor's values
 * @name: the name of its file
 * @value: as written to that file
 *
 * Context: process context, may sleep.
 * Return: 0, or the errno of such a write.
 */
int ua_control_set_acceptor(const char *name, const char *value)
{
	ssize_t ret = store(name, value, strlen(value));

	return ret < 0 ? ret : 0;
}

static ssize_t params_store(struct kobject *kobj, struct kobj_attribute *attr,
			    const char *buf, size_t count)
{
	return store(NULL, buf, count);
}

static ssize_t params_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	struct ua_acceptor_knobs knobs;
	int len;

	ua_acceptor_get(&knobs);
	len = sysfs_emit(buf, "mode=%s bytes_per_second=%llu cpu_percent=%u ",
			 ua_mode_names[knobs.mode], knobs.bytes_per_second,
			 knobs.cpu_percent);
	len += sysfs_emit_at(buf, len, "headroom_bytes=%llu floor_bytes=%llu threads_per_node=%u\n",
			     knobs.headroom_bytes, knobs.floor_bytes,
			     knobs.threads_per_node);
	return len;
}

static struct kobj_attribute params_attr = __ATTR_RW(params);

/* The file of one knob. */
#define KNOB_ATTR(_name, _format, _value)				\
static ssize_t _name##_show(struct kobject *kobj,			\
			    struct kobj_attribute *attr, char *buf)	\
{									\
	struct ua_acceptor_knobs knobs;					\
									\
	ua_acceptor_get(&knobs);					\
	return sysfs_emit(buf, _format "\n", _value);			\
}									\
									\
static ssize_t _name##_store(struct kobject *kobj,			\
			     struct kobj_attribute *attr,		\
			     const char *buf, size_t count)		\
{									\
	return store(attr->attr.name, buf, count);			\
}									\
									\
static struct kobj_attribute _name##_attr = __ATTR_RW(_name)

KNOB_ATTR(mode, "%s", ua_mode_names[knobs.mode]);
KNOB_ATTR(bytes_per_second, "%llu", knobs.bytes_per_second);
KNOB_ATTR(cpu_percent, "%u", knobs.cpu_percent);
KNOB_ATTR(headroom_bytes, "%llu", knobs.headroom_bytes);
KNOB_ATTR(floor_bytes, "%llu", knobs.floor_bytes);
KNOB_ATTR(threads_per_node, "%u", knobs.threads_per_node);

/* Calls @emit for each thread, in the order of nodes and threads. */
static ssize_t show_threads(char *buf,
			    int (*emit)(char *buf, int at,
					const struct ua_acceptor_thread *thread))
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;
	int i, len = 0;

	if (mutex_lock_interruptible(&acceptor->lock))
		return -EINTR;
	for (i = 0; i < nr_node_ids * UA_MAX_THREADS; i++) {
		if (!acceptor->threads[i].task)
			continue;
		if (len)
			len += sysfs_emit_at(buf, len, " ");
		len += emit(buf, len, &acceptor->threads[i]);
	}
	mutex_unlock(&acceptor->lock);
	return len + sysfs_emit_at(buf, len, "\n");
}

static int emit_pid(char *buf, int at, const struct ua_acceptor_thread *thread)
{
	return sysfs_emit_at(buf, at, "%d", thread->task->pid);
}

static ssize_t pids_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	return show_threads(buf, emit_pid);
}

static struct kobj_attribute pids_attr = __ATTR_RO(pids);

/*
 * A thread that waits is not told that other tasks accepted the last block of its
 * node.
 */
static int emit_state(char *buf, int at, const struct ua_acceptor_thread *thread)
{
	enum ua_throttle_reason reason = READ_ONCE(thread->reason);

	if (reason != UA_THROTTLE_NOT && !ua_stats_unaccepted_node(thread->nid))
		reason = UA_THROTTLE_DONE;
	return sysfs_emit_at(buf, at, "%s", ua_throttle_states[reason]);
}

static ssize_t state_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	if (READ_ONCE(ua_state.acceptor.knobs.mode) == UA_MODE_OFF)
		return sysfs_emit(buf, "off\n");
	return show_threads(buf, emit_state);
}

static struct kobj_attribute state_attr = __ATTR_RO(state);

static int emit_cpu_ns(char *buf, int at, const struct ua_acceptor_thread *thread)
{
	return sysfs_emit_at(buf, at, "%llu",
			     READ_ONCE(thread->task->se.sum_exec_runtime));
}

static ssize_t cpu_ns_show(struct kobject *kobj, struct kobj_attribute *attr,
			   char *buf)
{
	return show_threads(buf, emit_cpu_ns);
}

static struct kobj_attribute cpu_ns_attr = __ATTR_RO(cpu_ns);

/* A line for each limit and the number of its hits, as in /proc/vmstat. */
static ssize_t hits_show(struct kobject *kobj, struct kobj_attribute *attr,
			 char *buf)
{
	int i, len = 0;

	for (i = 0; i < UA_NR_LIMITS; i++)
		len += sysfs_emit_at(buf, len, "%s %lld\n", ua_hit_names[i],
				     atomic64_read(&ua_state.acceptor.hits[i]));
	return len;
}

static struct kobj_attribute hits_attr = __ATTR_RO(hits);

static ssize_t error_show(struct kobject *kobj, struct kobj_attribute *attr,
			  char *buf)
{
	struct ua_acceptor *acceptor = &ua_state.acceptor;
	struct ua_error error;

	spin_lock(&acceptor->quota_lock);
	error = acceptor->error;
	spin_unlock(&acceptor->quota_lock);
	return ua_control_emit_error(buf, &error);
}

static struct kobj_attribute error_attr = __ATTR_RO(error);

static struct attribute *acceptor_attrs[] = {
	&mode_attr.attr,
	&bytes_per_second_attr.attr,
	&cpu_percent_attr.attr,
	&headroom_bytes_attr.attr,
	&floor_bytes_attr.attr,
	&threads_per_node_attr.attr,
	&params_attr.attr,
	&state_attr.attr,
	&pids_attr.attr,
	&cpu_ns_attr.attr,
	&hits_attr.attr,
	&error_attr.attr,
	NULL
};

const struct attribute_group ua_control_acceptor_group = {
	.name = "acceptor",
	.attrs = acceptor_attrs,
};
