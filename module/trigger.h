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
 * @asked:	first byte, and the byte behind the last, as written; 0, 0 for none
 * @rounded:	to blocks
 * @accepted:	bytes
 */
struct ua_range {
	u64 asked[2];
	u64 rounded[2];
	u64 accepted;
};

/**
 * struct ua_trigger - writes to the files that have something accepted
 * @done:	bytes that those under way have accepted, with those that ended
 *		while others went on
 * @lock:	guards what follows; a leaf
 * @users:	how many are under way; read without @lock as well
 * @asked:	bytes that they are to accept
 * @error:	the last
 * @range:	the last
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
