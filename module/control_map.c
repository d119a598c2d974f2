// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs: the physical address space of the nodes as a picture, a character per
 * chunk; and the file in sysfs that sets the size of a chunk.
 */
#include <linux/align.h>
#include <linux/bits.h>
#include <linux/debugfs.h>
#include <linux/kobject.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/sizes.h>
#include <linux/sysfs.h>

#include "block.h"
#include "control.h"

#define CHUNK_MIN	SZ_4M
#define CHUNK_MAX	BIT_ULL(40)
#define CHUNK_DEFAULT	SZ_64M
#define LINE_CHARS	64

/**
 * struct map_view - the map as one reader sees it
 * @only:	the node that is shown, or UA_ALL
 * @chunk:	bytes per character; does not change while the file is open
 * @nid:	node of the current line
 * @line:	number of the current line in that node; 0 is the heading
 */
struct map_view {
	int only;
	u64 chunk;
	int nid;
	u64 line;
};

static u64 node_start(int nid)
{
	return PFN_PHYS(NODE_DATA(nid)->node_start_pfn);
}

static u64 node_end(int nid)
{
	return PFN_PHYS(pgdat_end_pfn(NODE_DATA(nid)));
}

/* The address at which a line of a node begins. */
static u64 line_start(const struct map_view *view, int nid, u64 line)
{
	return ALIGN_DOWN(node_start(nid), view->chunk) + line * LINE_CHARS * view->chunk;
}

static u64 node_lines(const struct map_view *view, int nid)
{
	return DIV64_U64_ROUND_UP(node_end(nid) - line_start(view, nid, 0),
				  LINE_CHARS * view->chunk);
}

/*
 * Nodes may be interleaved. Memory that belongs to no node is shown for each of
 * them.
 */
static bool block_of_node(unsigned long pfn, int nid)
{
	struct page *page = pfn_to_online_page(pfn);

	return !page || page_to_nid(page) == nid;
}

static char map_char(int nid, u64 start, u64 end)
{
	unsigned int seen = 0;
	unsigned long pfn;

	for (pfn = PHYS_PFN(start); pfn < PHYS_PFN(end); pfn += UA_BLOCK_PAGES) {
		if (block_of_node(pfn, nid))
			seen |= BIT(ua_block_look(pfn));
		cond_resched();
	}
	if (seen & BIT(UA_BLOCK_IN_FLIGHT))
		return '*';
	if (seen & BIT(UA_BLOCK_UNACCEPTED))
		return seen & (BIT(UA_BLOCK_ACCEPTED) | BIT(UA_BLOCK_UNKNOWN)) ? '+' : '.';
	if (seen & BIT(UA_BLOCK_ACCEPTED))
		return '#';
	return seen & BIT(UA_BLOCK_UNKNOWN) ? '?' : '-';
}

/* Moves @view to the line at this position, or returns NULL after the last. */
static void *map_find(struct map_view *view, loff_t pos)
{
	u64 line = pos - 1, lines;
	int nid;

	if (!pos)
		return SEQ_START_TOKEN;
	for_each_node_state(nid, N_MEMORY) {
		if (view->only != UA_ALL && view->only != nid)
			continue;
		lines = 1 + node_lines(view, nid);
		if (line < lines) {
			view->nid = nid;
			view->line = line;
			return view;
		}
		line -= lines;
	}
	return NULL;
}

static void *map_start(struct seq_file *m, loff_t *pos)
{
	return map_find(m->private, *pos);
}

static void *map_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return map_find(m->private, *pos);
}

static void map_stop(struct seq_file *m, void *v)
{
}

static int map_show(struct seq_file *m, void *v)
{
	struct map_view *view = m->private;
	u64 at, end;
	int i;

	if (v == SEQ_START_TOKEN) {
		seq_printf(m, "chunk_bytes %llu\n", view->chunk);
		return 0;
	}
	end = node_end(view->nid);
	if (!view->line) {
		seq_printf(m, "node %d %#llx %#llx\n", view->nid, node_start(view->nid), end);
		return 0;
	}
	at = line_start(view, view->nid, view->line - 1);
	seq_printf(m, "0x%llx ", at);
	for (i = 0; i < LINE_CHARS && at < end; i++, at += view->chunk)
		seq_putc(m, map_char(view->nid, at, min(at + view->chunk, end)));
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations map_ops = {
	.start = map_start,
	.next = map_next,
	.stop = map_stop,
	.show = map_show,
};

static int map_open(struct inode *inode, struct file *file)
{
	struct map_view *view = __seq_open_private(file, &map_ops, sizeof(*view));

	if (!view)
		return -ENOMEM;
	view->only = (long)inode->i_private;
	view->chunk = READ_ONCE(ua_state.map_chunk_bytes);
	return 0;
}

static const struct file_operations map_fops = {
	.owner = THIS_MODULE,
	.open = map_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

static ssize_t map_chunk_bytes_show(struct kobject *kobj, struct kobj_attribute *attr,
				    char *buf)
{
	return sysfs_emit(buf, "%llu\n", READ_ONCE(ua_state.map_chunk_bytes));
}

static ssize_t map_chunk_bytes_store(struct kobject *kobj, struct kobj_attribute *attr,
				     const char *buf, size_t count)
{
	char input[32];
	u64 bytes;
	int ret;

	ret = ua_control_copy(input, sizeof(input), buf, count);
	if (!ret)
		ret = ua_control_parse_bytes(input, &bytes);
	if (ret)
		return ret;
	if (!is_power_of_2(bytes))
		return -EINVAL;
	if (bytes < CHUNK_MIN || bytes > CHUNK_MAX)
		return -ERANGE;
	WRITE_ONCE(ua_state.map_chunk_bytes, bytes);
	return count;
}

static struct kobj_attribute map_chunk_bytes_attr = __ATTR_RW(map_chunk_bytes);

static struct attribute *map_attrs[] = {
	&map_chunk_bytes_attr.attr,
	NULL
};

const struct attribute_group ua_control_map_group = {
	.attrs = map_attrs,
};

/**
 * ua_control_map_init - set the default size of a chunk
 */
void ua_control_map_init(void)
{
	ua_state.map_chunk_bytes = CHUNK_DEFAULT;
}

/**
 * ua_debugfs_map_init - create a map of the machine, and one per node
 * @dir: the module's directory in debugfs
 */
void ua_debugfs_map_init(struct dentry *dir)
{
	char name[16];
	long nid;

	debugfs_create_file("map", 0444, dir, (void *)(long)UA_ALL, &map_fops);
	for_each_node_state(nid, N_MEMORY) {
		snprintf(name, sizeof(name), "node%ld", nid);
		debugfs_create_file("map", 0444, debugfs_create_dir(name, dir),
				    (void *)nid, &map_fops);
	}
}
