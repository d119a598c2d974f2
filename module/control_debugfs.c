// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: tables for people. Read-only files have exactly the mode 0444 and
 * neither ioctl nor mmap, because under lockdown no other file of debugfs can be
 * opened.
 */
#include <linux/capability.h>
#include <linux/debugfs.h>
#include <linux/math.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/seq_file.h>
#include <linux/time64.h>
#include <linux/uaccess.h>

#include "audit.h"
#include "control.h"

static struct dentry *debugfs_dir;

static void show_header(struct seq_file *m, const char *what)
{
	seq_printf(m, "%s unaccepted_bytes managed_bytes accepted_user_bytes accepted_background_bytes accepted_other_bytes accept_calls accept_total_ns accept_max_ns accept_failures accepted_watermark_bytes accepted_fallback_bytes shortfalls accepted_isolation_bytes\n",
		   what);
}

static void show_sum(struct seq_file *m, const struct ua_stats_sum *sum)
{
	const struct ua_stats *stats = &sum->stats;

	seq_printf(m, " %llu %llu %llu %llu %llu", sum->unaccepted, sum->managed,
		   stats->accepted[UA_CAUSE_USER],
		   stats->accepted[UA_CAUSE_BACKGROUND], sum->other);
	seq_printf(m, " %llu %llu %llu %llu", stats->calls, stats->total_ns,
		   stats->max_ns, stats->failures);
	seq_printf(m, " %llu %llu %llu %llu\n", stats->accepted[UA_CAUSE_WATERMARK],
		   stats->accepted[UA_CAUSE_FALLBACK], stats->shortfalls,
		   stats->accepted[UA_CAUSE_ISOLATION]);
}

static int zones_show(struct seq_file *m, void *unused)
{
	struct zone *zone;

	show_header(m, "node zone");
	for (zone = ua_zone_next(NULL); zone; zone = ua_zone_next(zone)) {
		const struct ua_scope scope = { zone_to_nid(zone), zone_idx(zone) };
		struct ua_stats_sum sum;

		ua_stats_sum(&scope, &sum);
		seq_printf(m, "%d %s", zone_to_nid(zone), zone->name);
		show_sum(m, &sum);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(zones);

static int nodes_show(struct seq_file *m, void *unused)
{
	int nid;

	show_header(m, "node");
	for_each_node_state(nid, N_MEMORY) {
		const struct ua_scope scope = { nid, UA_ALL };
		struct ua_stats_sum sum;

		ua_stats_sum(&scope, &sum);
		seq_printf(m, "%d", nid);
		show_sum(m, &sum);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(nodes);

static void show_waits(struct seq_file *m, struct zone *zone, enum ua_cause cause)
{
	u64 waits;
	int i;

	for (i = 0; i < UA_NR_WAITS; i++) {
		waits = ua_stats_waits(zone, cause, i);
		if (waits)
			seq_printf(m, "%d %s %llu %llu %s\n", zone_to_nid(zone),
				   zone->name, BIT_ULL(i), waits, ua_cause_names[cause]);
	}
}

/* A line per bucket that is not empty: how many waits stayed below below_ns. */
static int latency_show(struct seq_file *m, void *unused)
{
	struct zone *zone;
	enum ua_cause cause;

	seq_puts(m, "node zone below_ns waits cause\n");
	for (zone = ua_zone_next(NULL); zone; zone = ua_zone_next(zone))
		for (cause = 0; cause < UA_NR_WAITERS; cause++)
			show_waits(m, zone, cause);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(latency);

static void show_event(struct seq_file *m, const struct ua_event *event)
{
	seq_printf(m, "%llu.%06llu %s ", div_u64(event->at_ns, NSEC_PER_SEC),
		   div_u64(event->at_ns, NSEC_PER_USEC) % USEC_PER_SEC,
		   ua_cause_names[event->cause]);
	/* Escaped to one word, because it is one column. */
	seq_escape(m, event->comm, " \t\n\\");
	seq_printf(m, " %d %d %s %ld %llu %d\n", event->pid, event->nid,
		   NODE_DATA(event->nid)->node_zones[event->zone].name,
		   (long)event->pfn, event->ns, event->result);
}

static int recent_show(struct seq_file *m, void *unused)
{
	u64 last = ua_stats_recent_last();
	u64 number = last > UA_NR_RECENT ? last - UA_NR_RECENT : 0;
	struct ua_event event;

	seq_puts(m, "seconds cause comm pid node zone pfn ns result\n");
	while (number++ < last)
		if (ua_stats_recent(number, &event))
			show_event(m, &event);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(recent);

static void show_difference(struct seq_file *m, const struct ua_audit *audit)
{
	seq_puts(m, " differs:");
	if (audit->missing)
		seq_printf(m, " the counter says %llu pages too %s;",
			   abs(audit->missing), audit->missing > 0 ? "many" : "few");
	if (audit->stray)
		seq_printf(m, " %llu blocks have bits set but are neither unaccepted nor in flight, the first at %#llx;",
			   audit->stray, PFN_PHYS(audit->stray_pfn));
	seq_putc(m, '\n');
}

static int audit_show(struct seq_file *m, void *unused)
{
	struct ua_audit audit;
	bool consistent = true;
	struct zone *zone;

	for (zone = ua_zone_next(NULL); zone; zone = ua_zone_next(zone)) {
		bool agree = ua_audit_zone(zone, &audit);

		seq_printf(m, "%d %s list_blocks %llu counter_blocks %llu bitmap_blocks %llu inflight_blocks %llu",
			   zone_to_nid(zone), zone->name, audit.list + audit.leaving,
			   audit.counter / UA_BLOCK_PAGES, audit.bitmap, audit.inflight);
		if (agree)
			seq_puts(m, " consistent\n");
		else
			show_difference(m, &audit);
		consistent &= agree;
	}
	seq_puts(m, consistent ? "consistent\n" : "inconsistent\n");
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(audit);

static int table_show(struct seq_file *m, void *unused)
{
	const struct ua_table *table = &ua_state.table;
	struct ua_table_bits bits;

	seq_printf(m, "present %d\n", table->present);
	if (!table->present)
		return 0;
	seq_printf(m, "refused %s\n", table->reason ?: "no");
	seq_printf(m, "address %pa\n", &table->phys);
	seq_printf(m, "version %u\n", table->version);
	seq_printf(m, "unit_size %u\n", table->unit_size);
	seq_printf(m, "phys_base %#llx\n", table->phys_base);
	seq_printf(m, "size %llu\n", table->size);
	if (table->reason)
		return 0;

	ua_table_count(table, &bits);
	seq_printf(m, "bits_set %llu\n", bits.set);
	seq_printf(m, "unaccepted_bytes %llu\n", bits.set * table->unit_size);
	if (bits.set)
		seq_printf(m, "first_unit %llu\nlast_unit %llu\n",
			   bits.first, bits.last);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(table);

static ssize_t accept_write(struct file *file, const char __user *ubuf,
			    size_t count, loff_t *ppos)
{
	char buf[UA_INPUT_MAX];

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	/* So much is too long already, and will be refused. */
	if (count > sizeof(buf))
		count = sizeof(buf);
	if (copy_from_user(buf, ubuf, count))
		return -EFAULT;
	return ua_control_accept(&ua_everything, buf, count);
}

static const struct file_operations accept_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = accept_write,
	.llseek = noop_llseek,
};

/**
 * ua_debugfs_init - create the files
 *
 * Errors are ignored, because the module also works without debugfs.
 */
void ua_debugfs_init(void)
{
	debugfs_dir = debugfs_create_dir("unaccepted", NULL);
	debugfs_create_file("zones", 0444, debugfs_dir, NULL, &zones_fops);
	debugfs_create_file("nodes", 0444, debugfs_dir, NULL, &nodes_fops);
	debugfs_create_file("latency", 0444, debugfs_dir, NULL, &latency_fops);
	debugfs_create_file("recent", 0444, debugfs_dir, NULL, &recent_fops);
	debugfs_create_file("audit", 0444, debugfs_dir, NULL, &audit_fops);
	debugfs_create_file("table", 0444, debugfs_dir, NULL, &table_fops);
	debugfs_create_file("accept", 0200, debugfs_dir, NULL, &accept_fops);
	ua_debugfs_map_init(debugfs_dir);
}

/**
 * ua_debugfs_exit - remove the files; waits for their readers
 */
void ua_debugfs_exit(void)
{
	debugfs_remove_recursive(debugfs_dir);
}
