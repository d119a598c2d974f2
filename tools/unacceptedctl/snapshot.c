// SPDX-License-Identifier: GPL-2.0
/*
 * Reads all numbers of the module into one struct. What an older module, or one
 * with fewer functions, does not have stays empty.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

const char * const cause_names[NR_CAUSES] = {
	[CAUSE_USER] = "user",
	[CAUSE_BACKGROUND] = "background",
	[CAUSE_WATERMARK] = "watermark",
	[CAUSE_FALLBACK] = "fallback",
	[CAUSE_ISOLATION] = "isolation",
	[CAUSE_OTHER] = "other",
};

static const char * const zone_names[] = {
	"DMA", "DMA32", "Normal", "HighMem", "Movable", "Device",
};

static int compare_nodes(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* The numbers of the nodeN directories, sorted; returns how many. */
static unsigned int find_nodes(int *nodes, unsigned int most)
{
	char path[PATH_MAX], rest;
	unsigned int count = 0;
	struct dirent *entry;
	DIR *dir;

	snprintf(path, sizeof(path), "%s" SYS, file_root());
	dir = opendir(path);
	if (!dir)
		return 0;
	while (count < most && (entry = readdir(dir)))
		if (sscanf(entry->d_name, "node%d%c", &nodes[count], &rest) == 1)
			count++;
	closedir(dir);
	qsort(nodes, count, sizeof(*nodes), compare_nodes);
	return count;
}

static struct zone_info *new_zone(struct snapshot *snapshot, int node, const char *name)
{
	struct zone_info *zone;

	if (snapshot->nr_zones == MAX_ZONES)
		return NULL;
	zone = &snapshot->zones[snapshot->nr_zones++];
	zone->node = node;
	snprintf(zone->name, sizeof(zone->name), "%s", name);
	return zone;
}

static void take_zones_sysfs(struct snapshot *snapshot)
{
	unsigned int count, i, j;
	struct zone_info *zone;
	uint64_t unaccepted;
	int nodes[MAX_ZONES];

	count = find_nodes(nodes, COUNT(nodes));
	for (i = 0; i < count; i++) {
		for (j = 0; j < COUNT(zone_names); j++) {
			if (sys_number(&unaccepted, "node%d/%s/unaccepted_bytes", nodes[i],
				       zone_names[j]))
				continue;
			zone = new_zone(snapshot, nodes[i], zone_names[j]);
			if (!zone)
				return;
			zone->unaccepted = unaccepted;
			sys_number(&zone->managed, "node%d/%s/managed_bytes", nodes[i],
				   zone_names[j]);
		}
	}
}

/* For a module that has no directories for zones. */
static void take_zones_debugfs(struct snapshot *snapshot)
{
	struct zone_info *zone;
	struct table table;

	if (table_open(&table, DBG "zones"))
		return;
	while (table_next(&table)) {
		zone = new_zone(snapshot, atoi(table_cell(&table, "node")),
				table_cell(&table, "zone"));
		if (!zone)
			break;
		zone->unaccepted = strtoull(table_cell(&table, "unaccepted_bytes"), NULL, 10);
		zone->managed = strtoull(table_cell(&table, "managed_bytes"), NULL, 10);
	}
	table_close(&table);
}

/**
 * stalls_take - read how long allocations waited for acceptance
 * @stalls: to be filled
 * @owner: content of policy/owner; if it is "kernel", waits are not measured
 */
void stalls_take(struct stalls *stalls, const char *owner)
{
	struct table table;

	memset(stalls, 0, sizeof(*stalls));
	stalls->measured = !strcmp(owner, "module");
	stalls->error = table_open(&table, DBG "latency");
	if (stalls->error)
		return;
	while (table_next(&table)) {
		const char *cause = table_cell(&table, "cause");
		uint64_t below = strtoull(table_cell(&table, "below_ns"), NULL, 10);
		uint64_t waits = strtoull(table_cell(&table, "waits"), NULL, 10);

		/*
		 * No allocation waits for the other causes. In the first version of the
		 * module the file had no such column.
		 */
		if (*cause && strcmp(cause, cause_names[CAUSE_WATERMARK]) &&
		    strcmp(cause, cause_names[CAUSE_FALLBACK]))
			continue;
		stalls->bucket[below ? 63 - __builtin_clzll(below) : 0] += waits;
		stalls->waits += waits;
	}
	/* Waits were counted, whatever policy/owner says: an older module has no such file. */
	if (stalls->waits)
		stalls->measured = true;
	table_close(&table);
}

/* Reads "NAME COUNT" of the limits whose count is not 0. */
static void take_hits(struct acceptor_info *info)
{
	char name[32], *text, *rest, *line;
	unsigned long long count;
	size_t used = 0;
	int error;

	text = file_load(SYS "acceptor/hits", &error);
	if (!text)
		return;
	for (rest = text; (line = strsep(&rest, "\n"));) {
		if (sscanf(line, "%31s %llu", name, &count) != 2 || !count)
			continue;
		used += snprintf(info->hits + used, sizeof(info->hits) - used, "%s%s %llu",
				 used ? ", " : "", name, count);
		if (used >= sizeof(info->hits))
			break;
	}
	free(text);
}

/**
 * acceptor_take - read the settings of the background threads and what they do
 * @info: to be filled
 */
void acceptor_take(struct acceptor_info *info)
{
	memset(info, 0, sizeof(*info));
	info->known = !file_line(SYS "acceptor/mode", info->mode, sizeof(info->mode));
	file_line(SYS "acceptor/state", info->state, sizeof(info->state));
	file_line(SYS "acceptor/pids", info->pids, sizeof(info->pids));
	file_line(SYS "acceptor/error", info->error, sizeof(info->error));
	sys_number(&info->bytes_per_second, "acceptor/bytes_per_second");
	sys_number(&info->headroom, "acceptor/headroom_bytes");
	sys_number(&info->floor, "acceptor/floor_bytes");
	sys_number(&info->cpu, "acceptor/cpu_percent");
	sys_number(&info->threads, "acceptor/threads_per_node");
	take_hits(info);
}

/**
 * snapshot_take - read everything
 * @snapshot: to be filled
 */
void snapshot_take(struct snapshot *snapshot)
{
	unsigned int i;

	memset(snapshot, 0, sizeof(*snapshot));
	file_line(SYS "version", snapshot->version, sizeof(snapshot->version));
	file_line(SYS "binding", snapshot->binding, sizeof(snapshot->binding));
	file_line(SYS "caps", snapshot->caps, sizeof(snapshot->caps));
	file_line(SYS "features", snapshot->features, sizeof(snapshot->features));
	file_line(SYS "state", snapshot->state, sizeof(snapshot->state));
	file_line(SYS "reason", snapshot->reason, sizeof(snapshot->reason));
	file_line(SYS "policy/owner", snapshot->owner, sizeof(snapshot->owner));
	file_line(SYS "accept_error", snapshot->error, sizeof(snapshot->error));
	sys_number(&snapshot->unaccepted, "unaccepted_bytes");
	for (i = 0; i < NR_CAUSES; i++)
		sys_number(&snapshot->accepted[i], "accepted_%s_bytes", cause_names[i]);
	sys_number(&snapshot->calls, "accept_calls");
	sys_number(&snapshot->total_ns, "accept_total_ns");
	sys_number(&snapshot->max_ns, "accept_max_ns");
	sys_number(&snapshot->failures, "accept_failures");
	take_zones_sysfs(snapshot);
	if (!snapshot->nr_zones)
		take_zones_debugfs(snapshot);
	stalls_take(&snapshot->stalls, snapshot->owner);
	acceptor_take(&snapshot->acceptor);
}
