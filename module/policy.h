/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers in, number out. No locks, no kernel state; also built in userspace. */
#ifndef _UNACCEPTED_POLICY_H
#define _UNACCEPTED_POLICY_H

#include <linux/types.h>

/**
 * struct ua_zone_view - a zone as the policy sees it, in pages
 * @free:	accepted and free, less what this allocation may not use; may be
 *		negative for a moment
 * @coming:	being accepted by others right now
 * @parked:	unaccepted
 * @high:	the zone's high watermark
 * @promo:	the promo watermark, the goal; 0 before watermarks are set
 */
struct ua_zone_view {
	s64 free;
	s64 coming;
	s64 parked;
	s64 high;
	s64 promo;
};

u64 ua_policy_want(const struct ua_zone_view *view, u64 block_pages,
		   bool failed, bool begun);
u64 ua_policy_blocks(u64 bytes, u64 block_bytes);
u64 ua_policy_percent(u64 blocks, unsigned int percent);
u64 ua_policy_pace(u64 *next_ns, u64 now_ns, u64 bytes, u64 bytes_per_second);

#endif /* _UNACCEPTED_POLICY_H */
