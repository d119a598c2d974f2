/* SPDX-License-Identifier: GPL-2.0 */
/* policy.c: arithmetic without locks and kernel state, also built in userspace. */
#ifndef _UNACCEPTED_POLICY_H
#define _UNACCEPTED_POLICY_H

#include <linux/types.h>

/**
 * struct ua_zone_view - a zone as the policy sees it, in pages
 * @free:	accepted and free, less what this allocation may not use; the
 *		counters may be out of step, so this may be negative
 * @inflight:	in flight on other CPUs
 * @unaccepted:	unaccepted
 * @high:	the zone's high watermark
 * @promo:	the promo watermark, which is the goal; 0 before watermarks are set
 */
struct ua_zone_view {
	s64 free;
	s64 inflight;
	s64 unaccepted;
	s64 high;
	s64 promo;
};

/**
 * struct ua_demand - how fast memory of a zone is allocated
 * @at_ns:	time of the last observation, CLOCK_MONOTONIC; 0 if there was none
 * @free:	free pages at that time, accepted or not
 * @fast:	pages per second, averaged over about DEMAND_FAST_NS
 * @slow:	pages per second, averaged over about DEMAND_SLOW_NS
 */
struct ua_demand {
	u64 at_ns;
	s64 free;
	u64 fast;
	u64 slow;
};

/**
 * struct ua_headroom - how much should be free above the watermark
 * @pages:	the least, in pages
 * @lead_ns:	plus what is allocated in this time, in nanoseconds
 * @limit:	the most, in pages
 */
struct ua_headroom {
	u64 pages;
	u64 lead_ns;
	u64 limit;
};

u64 ua_policy_want(const struct ua_zone_view *view, u64 block_pages,
		   bool failed, bool begun);
u64 ua_policy_ahead(const struct ua_zone_view *view, u64 block_pages,
		    u64 headroom, bool begun);
s64 ua_policy_kick_below(const struct ua_zone_view *view, u64 block_pages,
			 u64 headroom);
void ua_policy_observe(struct ua_demand *demand, u64 now_ns, s64 free);
u64 ua_policy_headroom(const struct ua_headroom *headroom,
		       const struct ua_demand *demand);
u64 ua_policy_backoff(u64 last_ns, u64 first_ns, u64 max_ns);
bool ua_policy_above_floor(u64 unaccepted, u64 taken, u64 floor);
u64 ua_policy_share(u64 work_ns, unsigned int percent);
bool ua_policy_slow(u64 *usual_ns, u64 block_ns);
u64 ua_policy_blocks(u64 bytes, u64 block_bytes);
u64 ua_policy_percent(u64 blocks, unsigned int percent);
u64 ua_policy_pace(u64 *next_ns, u64 now_ns, u64 bytes, u64 bytes_per_second);

#endif /* _UNACCEPTED_POLICY_H */
