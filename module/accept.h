/* SPDX-License-Identifier: GPL-2.0 */
/* accept.c: accepts blocks. */
#ifndef _UA_ACCEPT_H
#define _UA_ACCEPT_H

#include <linux/atomic.h>
#include <linux/mmzone.h>

#include "core.h"
#include "stats.h"

/**
 * struct ua_job - a long piece of work
 * @cause:	what the work is for
 * @done:	bytes accepted
 * @total:	counter that several jobs share, to which their bytes are added too; or NULL
 */
struct ua_job {
	enum ua_cause cause;
	u64 done;
	atomic64_t *total;
};

/**
 * struct ua_knobs - the settings for allocations; read without a lock
 * @max_blocks:	blocks that one allocation accepts at most
 * @max_us:	after this many microseconds an allocation begins no further block
 * @to_front:	accepted blocks are handed out next, not last
 */
struct ua_knobs {
	unsigned int max_blocks;
	unsigned int max_us;
	bool to_front;
};

/*
 * One block is what a failed attempt needs in any case; a second brings the
 * watermark closer without making one allocation pay for all the others.
 */
#define UA_MAX_BLOCKS_DEFAULT	2
#define UA_MAX_US_DEFAULT	1000

/*
 * Refusals in a row after which the background threads leave a zone alone. With their waits
 * that takes 50 seconds. Firmware may describe room for memory that is plugged in later as
 * unaccepted, and then each of its blocks is refused until that happens.
 */
#define UA_GIVE_UP		10

void ua_zone_view(struct zone *zone, unsigned int order, struct ua_zone_view *view);
extern const struct ua_upcalls ua_accept_upcalls;
void ua_accept_init(void);
void ua_accept_set_upcall(void (*accepted)(int result));
int ua_accept_blocks(const struct ua_scope *scope, u64 blocks, struct ua_job *job);
int ua_accept_range(unsigned long start, unsigned long end, struct ua_job *job);
int ua_accept_one(struct zone *zone, enum ua_cause cause, unsigned int flags);

#endif /* _UA_ACCEPT_H */
