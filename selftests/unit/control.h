/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For programs that write to the module's files: the code of module/control*.c that takes
 * what users write, and in place of what it calls below, a machine that keeps count.
 */
#ifndef _UNIT_CONTROL_H
#define _UNIT_CONTROL_H

#include <stdlib.h>

#include "../../module/state.c"
#include "../../module/names.c"
#include "../../module/policy.c"
#include "../../module/control_common.c"
#include "../../module/control_accept.c"
#include "../../module/control_acceptor.c"
#include "../../module/control_policy.c"
#include "../../module/control_map.c"
#include "../../module/control_debugfs.c"

/**
 * struct machine - what the machine has, and what it was asked to do
 * @unaccepted: bytes that are unaccepted, in each scope
 * @phys_bits: width of a physical address
 * @ram_end: address after the last one that has RAM
 * @result: what an acceptance is to return
 * @calls: how often something was to be accepted
 * @blocks: as many as were to be accepted last, if it was an amount
 * @start: the first page that was to be accepted last, if it was a range
 * @end: the page after the last one
 * @changes: how often the acceptor's knobs were set
 */
struct machine {
	u64 unaccepted;
	unsigned int phys_bits;
	u64 ram_end;
	int result;
	unsigned int calls;
	u64 blocks;
	unsigned long start;
	unsigned long end;
	unsigned int changes;
};

static struct machine machine;

static struct pglist_data node0 = {
	.node_zones = {
		{ "DMA", 0, 0 }, { "DMA32", 0, 1 }, { "Normal", 0, 2 }, { "Movable", 0, 3 },
	},
};

struct pglist_data *node_data[] = { &node0 };
int nr_node_ids = 1;
const struct ua_scope ua_everything = { UA_ALL, UA_ALL };

static struct ua_acceptor_thread threads[UA_MAX_THREADS];

static int accept_block(struct zone *zone, unsigned int flags, unsigned long *pfn)
{
	return 0;
}

static const struct ua_core core_accepts = { .name = "test", .accept_block = accept_block };
static const struct ua_core core_observes = { .name = "observe" };

u64 ua_stats_unaccepted(const struct ua_scope *scope)
{
	return machine.unaccepted;
}

u64 ua_stats_unaccepted_node(int nid)
{
	return machine.unaccepted;
}

unsigned int ua_bind_phys_bits(void)
{
	return machine.phys_bits;
}

bool ua_bind_has_ram(phys_addr_t start, u64 bytes)
{
	return start < machine.ram_end;
}

u64 ua_block_unaccepted(unsigned long start, unsigned long end)
{
	return min(PFN_PHYS(end - start), machine.unaccepted);
}

static int accepted(struct ua_job *job, u64 bytes)
{
	machine.calls++;
	if (machine.result)
		return machine.result;
	job->done = bytes;
	job->total->counter += bytes;
	machine.unaccepted -= bytes;
	return 0;
}

int ua_accept_blocks(const struct ua_scope *scope, u64 blocks, struct ua_job *job)
{
	machine.blocks = blocks;
	return accepted(job, min(blocks, machine.unaccepted / UA_BLOCK_BYTES) * UA_BLOCK_BYTES);
}

int ua_accept_range(unsigned long start, unsigned long end, struct ua_job *job)
{
	machine.start = start;
	machine.end = end;
	return accepted(job, ua_block_unaccepted(start, end));
}

void ua_stats_error(struct ua_error *error, int number, const char *source,
		    const char *reason)
{
	error->at_ns++;
	error->number = number;
	error->reason = reason;
	snprintf(error->source, sizeof(error->source), "%s", source);
}

void ua_acceptor_get(struct ua_acceptor_knobs *knobs)
{
	*knobs = ua_state.acceptor.knobs;
}

/* As the real one: the change applies to a copy, which counts only if all went well. */
int ua_acceptor_set(int (*change)(struct ua_acceptor_knobs *knobs, void *arg), void *arg)
{
	struct ua_acceptor_knobs knobs = ua_state.acceptor.knobs;
	int ret = change(&knobs, arg);

	if (ret)
		return ret;
	machine.changes++;
	ua_state.acceptor.knobs = knobs;
	return 0;
}

/* What the tables in debugfs call, which no test reads. */
struct zone *ua_zone_next(struct zone *zone)
{
	return NULL;
}

u64 ua_stats_waits(struct zone *zone, enum ua_cause cause, unsigned int bucket)
{
	return 0;
}

u64 ua_stats_recent_last(void)
{
	return 0;
}

bool ua_stats_recent(u64 number, struct ua_event *event)
{
	return false;
}

void ua_stats_sum(const struct ua_scope *scope, struct ua_stats_sum *sum)
{
}

bool ua_audit_zone(struct zone *zone, struct ua_audit *audit)
{
	return true;
}

void ua_table_count(const struct ua_table *table, struct ua_table_bits *bits)
{
}

enum ua_block ua_block_look(unsigned long pfn)
{
	return UA_BLOCK_HOLE;
}

struct page *pfn_to_online_page(unsigned long pfn)
{
	return NULL;
}

int page_to_nid(const struct page *page)
{
	return 0;
}

void seq_printf(struct seq_file *m, const char *format, ...)
{
}

void seq_puts(struct seq_file *m, const char *text)
{
}

void seq_putc(struct seq_file *m, char c)
{
}

void seq_escape(struct seq_file *m, const char *text, const char *escaped)
{
}

void *__seq_open_private(struct file *file, const struct seq_operations *ops, int size)
{
	return NULL;
}

/* A machine with 1 GiB unaccepted of 4 GiB, on which everything works, as after load. */
static void control_reset(void)
{
	machine = (struct machine) {
		.unaccepted = 1ULL << 30, .phys_bits = 46, .ram_end = 4ULL << 30,
	};
	ua_state = (struct ua_state) {
		.core = &core_accepts,
		.table.present = true,
		.owns_policy = true,
		.knobs = { UA_MAX_BLOCKS_DEFAULT, UA_MAX_US_DEFAULT, true },
		.acceptor.threads = threads,
		.acceptor.knobs = {
			.cpu_percent = UA_CPU_PERCENT_MAX,
			.headroom_bytes = UA_HEADROOM_DEFAULT,
			.threads_per_node = 1,
		},
	};
	ua_control_accept_init();
	ua_control_map_init();
}

/* The file of this path below the module's directory in sysfs; NULL if there is none. */
static struct kobj_attribute *control_find(const char *path)
{
	static const struct attribute_group * const groups[] = {
		&ua_control_accept_group, &ua_control_acceptor_group,
		&ua_control_policy_group, &ua_control_map_group,
	};
	const char *slash = strchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	size_t len = slash ? slash - path : 0;

	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		const char *dir = groups[i]->name ? groups[i]->name : "";

		if (strlen(dir) != len || strncmp(dir, path, len))
			continue;
		for (struct attribute **at = groups[i]->attrs; *at; at++)
			if (!strcmp((*at)->name, name))
				return (struct kobj_attribute *)*at;
	}
	return NULL;
}

/* Reads a file of sysfs into @to, which has a page. */
static void control_read(const char *path, char *to)
{
	struct kobj_attribute *attr = control_find(path);

	assert(attr);
	memset(to, 0, PAGE_SIZE);
	assert(attr->show(NULL, attr, to) == (ssize_t)strlen(to));
}

/* The files "accept" of the directories that control_scope.c creates. */
static const struct {
	const char *path;
	struct ua_scope scope;
} scopes[] = {
	{ "accept", { UA_ALL, UA_ALL } },
	{ "node0/accept", { 0, UA_ALL } },
	{ "node0/Normal/accept", { 0, 2 } },
};

static ssize_t store_sysfs(const char *path, const char *data, size_t count)
{
	struct kobj_attribute *attr = control_find(path);

	for (size_t i = 0; i < ARRAY_SIZE(scopes); i++)
		if (!strcmp(path, scopes[i].path))
			return ua_control_accept(&scopes[i].scope, data, count);
	assert(attr);
	return attr->store(NULL, attr, data, count);
}

/*
 * Writes @count bytes to a file of sysfs, or to "debugfs/accept". Only sysfs terminates
 * them (kernfs_fop_write_iter()), and it does not pass on an empty write. They are a copy,
 * so that the sanitizers catch a step beyond its end.
 */
static ssize_t control_write(const char *path, const char *data, size_t count)
{
	bool debugfs = !strcmp(path, "debugfs/accept");
	char *copy = malloc(count + !debugfs);
	ssize_t ret = 0;

	memcpy(copy, data, count);
	if (debugfs) {
		ret = accept_write(NULL, copy, count, NULL);
	} else if (count) {
		copy[count] = 0;
		ret = store_sysfs(path, copy, count);
	}
	free(copy);
	return ret;
}

#endif /* _UNIT_CONTROL_H */
