// SPDX-License-Identifier: GPL-2.0
/*
 * unacceptedctl status: everything that the module shows, on one screen.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"

#define INDENT		13
#define BAR		31

/* Rows besides those of the zones, if no text needs a second row. */
#define OTHER_ROWS	14

/* Percentiles that are shown, in 1/1000. */
static const struct {
	const char *name;
	const char *key;
	unsigned int permille;
} shown[] = {
	{ "p50", "p50_below_ns", 500 },
	{ "p99", "p99_below_ns", 990 },
	{ "max", "max_below_ns", 1000 },
};

static const char *plural(uint64_t count, const char *one, const char *more)
{
	return count == 1 ? one : more;
}

static void add(struct zone_info *sum, const struct zone_info *zone)
{
	sum->unaccepted += zone->unaccepted;
	sum->managed += zone->managed;
}

static void print_zone(FILE *to, const struct zone_info *zone, const char *name)
{
	char node[16] = "all";
	uint64_t accepted = zone->managed - zone->unaccepted;

	if (zone->managed < zone->unaccepted)	/* read while it changed */
		accepted = 0;
	if (zone->node >= 0)
		snprintf(node, sizeof(node), "%4d", zone->node);
	fprintf(to, "%4s %-7s %10s %8s %8s %s %3u %%\n", node, name, size_text(zone->unaccepted),
		size_text(accepted), size_text(zone->managed),
		bar_text(BAR, accepted, zone->managed), percent_of(accepted, zone->managed));
}

/* Sum zones up by node, in place; returns the number of nodes. */
static unsigned int by_node(struct zone_info *zones, unsigned int count)
{
	unsigned int i, nodes = 0;

	for (i = 0; i < count; i++) {
		if (nodes && zones[nodes - 1].node == zones[i].node) {
			add(&zones[nodes - 1], &zones[i]);
			continue;
		}
		zones[nodes] = zones[i];
		zones[nodes++].name[0] = '\0';
	}
	return nodes;
}

/* Prints zones; nodes, or the first nodes only, if the screen has too few rows. */
static void print_zones(FILE *to, const struct snapshot *snapshot, unsigned int max_rows)
{
	struct zone_info zones[MAX_ZONES], all = { .node = -1 }, others = { .node = -1 };
	unsigned int count = snapshot->nr_zones, i;

	if (!count) {
		fputs("by zone      not readable here: in debugfs, which only root can read\n",
		      to);
		return;
	}
	memcpy(zones, snapshot->zones, sizeof(zones));
	for (i = 0; i < count; i++)
		add(&all, &zones[i]);
	if (max_rows && count > max_rows)
		count = by_node(zones, count);

	fputs("node zone    unaccepted accepted  managed\n", to);
	for (i = 0; i < count; i++) {
		if (max_rows && count > max_rows && i + 1 >= max_rows)
			add(&others, &zones[i]);
		else
			print_zone(to, &zones[i], zones[i].name);
	}
	if (others.managed) {
		others.node = -1;
		print_zone(to, &others, "others");
	}
	print_zone(to, &all, "");
}

static void print_causes(FILE *to, const struct snapshot *snapshot, unsigned int width)
{
	char text[256];
	size_t used = 0;
	unsigned int i;

	for (i = 0; i < NR_CAUSES; i++)
		used += snprintf(text + used, sizeof(text) - used, "%s%s %s", i ? ", " : "",
				 cause_names[i], size_text(snapshot->accepted[i]));
	wrap(to, "accepted by", INDENT, width, text);
}

static void print_stalls(FILE *to, const struct snapshot *snapshot, unsigned int width)
{
	const struct stalls *stalls = &snapshot->stalls;
	char text[256];
	size_t used;
	unsigned int i;

	if (stalls->error) {
		wrap(to, "stalls", INDENT, width,
		     "not readable here: in debugfs, which only root can read");
		return;
	}
	if (!stalls->measured) {
		wrap(to, "stalls", INDENT, width,
		     "not measured, because the kernel decides; \"other\" is what it accepted");
		return;
	}
	used = snprintf(text, sizeof(text), "%llu %s waited",
			(unsigned long long)stalls->waits,
			plural(stalls->waits, "allocation", "allocations"));
	for (i = 0; stalls->waits && i < COUNT(shown); i++)
		used += snprintf(text + used, sizeof(text) - used, "%c %s < %s",
				 i ? ',' : ':', shown[i].name,
				 time_text(percentile(stalls->bucket, NR_BUCKETS,
						      shown[i].permille)));
	wrap(to, "stalls", INDENT, width, text);
}

/**
 * status_print - print everything
 * @to: the output
 * @snapshot: the numbers
 * @width: columns of the screen; 0 if there is no screen
 * @rows: rows of the screen; 0 if there is no screen
 */
void status_print(FILE *to, const struct snapshot *snapshot, unsigned int width,
		  unsigned int rows)
{
	unsigned int max_rows = rows > OTHER_ROWS + 1 ? rows - OTHER_ROWS : !!rows;
	char text[512];

	snprintf(text, sizeof(text), "%s: %s", snapshot->state, snapshot->reason);
	wrap(to, "state", INDENT, width, text);
	snprintf(text, sizeof(text), "%s%s%s%s", snapshot->binding,
		 *snapshot->owner ? "; the " : "", snapshot->owner,
		 *snapshot->owner ? " decides what an allocation accepts" : "");
	wrap(to, "binding", INDENT, width, text);
	snprintf(text, sizeof(text), "%s (%llu bytes)", size_text(snapshot->unaccepted),
		 (unsigned long long)snapshot->unaccepted);
	wrap(to, "unaccepted", INDENT, width, text);

	putc('\n', to);
	print_zones(to, snapshot, max_rows);
	putc('\n', to);

	print_causes(to, snapshot, width);
	print_stalls(to, snapshot, width);
	acceptor_print(to, &snapshot->acceptor, width);
	if (snapshot->failures) {
		snprintf(text, sizeof(text), "%llu blocks by the platform",
			 (unsigned long long)snapshot->failures);
		wrap(to, "refused", INDENT, width, text);
	}
	if (*snapshot->error && strcmp(snapshot->error, "none"))
		wrap(to, "last error", INDENT, width, snapshot->error);
}

static void zones_json(struct json *json, const struct snapshot *snapshot)
{
	unsigned int i;

	if (!snapshot->nr_zones)
		return;
	json_open(json, "zones", '[');
	for (i = 0; i < snapshot->nr_zones; i++) {
		const struct zone_info *zone = &snapshot->zones[i];

		json_open(json, NULL, '{');
		json_number(json, "node", zone->node);
		json_string(json, "zone", zone->name);
		json_number(json, "unaccepted_bytes", zone->unaccepted);
		json_number(json, "managed_bytes", zone->managed);
		json_close(json, '}');
	}
	json_close(json, ']');
}

static void stalls_json(struct json *json, const struct stalls *stalls)
{
	unsigned int i;

	if (stalls->error || !stalls->measured)
		return;
	json_open(json, "stalls", '{');
	json_number(json, "waits", stalls->waits);
	for (i = 0; stalls->waits && i < COUNT(shown); i++)
		json_number(json, shown[i].key,
			    percentile(stalls->bucket, NR_BUCKETS, shown[i].permille));
	json_close(json, '}');
}

static void status_json(const struct snapshot *snapshot)
{
	struct json json = { .to = stdout };
	unsigned int i;

	json_open(&json, NULL, '{');
	json_string(&json, "state", snapshot->state);
	json_string(&json, "reason", snapshot->reason);
	json_string(&json, "version", snapshot->version);
	json_string(&json, "binding", snapshot->binding);
	json_words(&json, "caps", snapshot->caps);
	json_words(&json, "features", snapshot->features);
	json_string(&json, "policy_owner", snapshot->owner);
	json_number(&json, "unaccepted_bytes", snapshot->unaccepted);
	zones_json(&json, snapshot);

	json_open(&json, "accepted_bytes", '{');
	for (i = 0; i < NR_CAUSES; i++)
		json_number(&json, cause_names[i], snapshot->accepted[i]);
	json_close(&json, '}');

	json_open(&json, "accept", '{');
	json_number(&json, "calls", snapshot->calls);
	json_number(&json, "total_ns", snapshot->total_ns);
	json_number(&json, "max_ns", snapshot->max_ns);
	json_number(&json, "failures", snapshot->failures);
	if (*snapshot->error)
		json_string(&json, "error", snapshot->error);
	json_close(&json, '}');

	stalls_json(&json, &snapshot->stalls);
	if (snapshot->acceptor.known) {
		json_open(&json, "acceptor", '{');
		acceptor_json(&json, &snapshot->acceptor);
		json_close(&json, '}');
	}
	json_close(&json, '}');
}

static int status_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ }
	};
	struct snapshot snapshot;
	bool tty = isatty(STDOUT_FILENO), json = false;
	int option;

	while ((option = getopt_long(argc, argv, "j", options, NULL)) >= 0) {
		if (option != 'j')
			return command_usage(&cmd_status, NULL);
		json = true;
	}
	if (optind < argc)
		return command_usage(&cmd_status, "unexpected argument '%s'", argv[optind]);

	snapshot_take(&snapshot);
	/* Not before: if the module goes while it is read, the rest is read as 0. */
	if (need_module())
		return CTL_NO_MODULE;
	if (json)
		status_json(&snapshot);
	else
		status_print(stdout, &snapshot, tty ? term_columns(STDOUT_FILENO) : 80,
			     term_rows(STDOUT_FILENO));
	return CTL_OK;
}

const struct command cmd_status = {
	.name = "status",
	.summary = "what is unaccepted, what accepted the rest, and what it costs",
	.run = status_run,
	.help =
		"usage: unacceptedctl status [--json]\n\n"
		"State and reason; memory by node and zone; what was accepted for which cause since\n"
		"the module was loaded; how long allocations waited (\"< 8.4 ms\": the histogram has\n"
		"powers of two); the background acceptor, its limits, and which of them held it back.\n\n"
		"  -j, --json   the same for programs: bytes and nanoseconds. What this module or\n"
		"               user cannot read is left out.\n\n"
		"examples:\n"
		"  unacceptedctl status\n"
		"  unacceptedctl status --json | jq .unaccepted_bytes\n",
};
