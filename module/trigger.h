/* SPDX-License-Identifier: GPL-2.0 */
/* What control_accept.c keeps of writes to "accept" and "accept_range". */
#ifndef _UA_TRIGGER_H
#define _UA_TRIGGER_H

#include <linux/atomic.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "stats.h"

/**
 * struct ua_range - the last write to "accept_range" that was carried out
 * @asked:	first byte, and the byte after the last, as written; 0, 0 for none
 * @rounded:	the same, rounded outwards to blocks
 * @accepted:	bytes that were accepted
 */
struct ua_range {
	u64 asked[2];
	u64 rounded[2];
	u64 accepted;
};

/**
 * struct ua_trigger - writes to the files that accept memory
 * @done:	bytes accepted by the writes under way, and by those that ended
 *	while others went on
 * @lock:	guards the members below; no other lock is taken under it
 * @users:	number of writes under way; read without @lock as well
 * @asked:	bytes that these writes are to accept
 * @error:	the last error of a write
 * @range:	the last write to "accept_range"
 */
struct ua_trigger {
	atomic64_t done;
	spinlock_t lock;	/* what follows */
	unsigned int users;
	u64 asked;
	struct ua_error error;
	struct ua_range range;
};

#endif /* _UA_TRIGGER_H */
