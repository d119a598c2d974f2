/* SPDX-License-Identifier: GPL-2.0 */
/* audit.c: compares the sources of what is unaccepted. */
#ifndef _UA_AUDIT_H
#define _UA_AUDIT_H

#include <linux/mmzone.h>
#include <linux/types.h>

/**
 * struct ua_audit - what each source says of a zone
 * @list:	blocks on the zone's list
 * @leaving:	unaccepted blocks that the module is about to accept
 * @counter:	unaccepted pages by the kernel's counter
 * @bitmap:	blocks with a bit set
 * @inflight:	blocks that the module is accepting
 * @missing:	pages that the counter has and the walk did not find; negative: it found more
 * @stray:	blocks with a bit set that are neither unaccepted nor being accepted
 * @stray_pfn:	first page of the first of these
 */
struct ua_audit {
	u64 list;
	u64 leaving;
	u64 counter;
	u64 bitmap;
	u64 inflight;
	s64 missing;
	u64 stray;
	unsigned long stray_pfn;
};

bool ua_audit_zone(struct zone *zone, struct ua_audit *audit);

#endif /* _UA_AUDIT_H */
