/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _UNIT_LINUX_MMZONE_H
#define _UNIT_LINUX_MMZONE_H

#include <linux/types.h>

#define MAX_ORDER_NR_PAGES	1024
#define MAX_NR_ZONES		4

struct zone {
	const char *name;
	int nid;
	int index;
};

struct pglist_data {
	struct zone node_zones[MAX_NR_ZONES];
	unsigned long node_start_pfn;
	unsigned long node_end_pfn;
};

extern struct pglist_data *node_data[];
extern int nr_node_ids;

#define NODE_DATA(nid)		(node_data[nid])
#define pgdat_end_pfn(pgdat)	((pgdat)->node_end_pfn)
#define zone_to_nid(zone)	((zone)->nid)
#define zone_idx(zone)		((zone)->index)

#define for_each_node_state(nid, state)	for ((nid) = 0; (nid) < nr_node_ids; (nid)++)

#endif /* _UNIT_LINUX_MMZONE_H */
