/* SPDX-License-Identifier: GPL-2.0 */
/* There is one task, so a lock that is held when it is taken is an error. */
#ifndef _UNIT_LINUX_MUTEX_H
#define _UNIT_LINUX_MUTEX_H

#include <assert.h>

#include <linux/types.h>

struct mutex {
	bool held;
};

static inline int mutex_lock_interruptible(struct mutex *lock)
{
	assert(!lock->held);
	lock->held = true;
	return 0;
}

static inline void mutex_unlock(struct mutex *lock)
{
	assert(lock->held);
	lock->held = false;
}

#endif /* _UNIT_LINUX_MUTEX_H */
