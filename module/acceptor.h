/* SPDX-License-Identifier: GPL-2.0 */
/* acceptor*.c: the background threads. */
#ifndef _UA_ACCEPTOR_H
#define _UA_ACCEPTOR_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "stats.h"
#include "throttle.h"

/* Enough for a burst of small processes, too little for the host to mind. */
#define UA_HEADROOM_DEFAULT	(64ULL << 20)

/**
 * struct ua_acceptor - the background threads
 * @lock:	serialises the life of @threads, and changes of their CPUs
 * @threads:	UA_MAX_THREADS slots per node id
 * @wait:	where the threads sleep
 * @kicks:	grows with each wake-up by an allocation
 * @hits:	how often each limit made a thread wait
 * @quota_lock:	guards the members below; no other lock is taken under it
 * @held:	no thread may begin a block, because memory goes offline
 * @knobs:	what users have set
 * @generation:	grows with each change of @knobs or @held, to cut waits short
 * @next_ns:	earliest time for the next block, see ua_policy_pace()
 * @reserved:	bytes that threads are about to accept, for the floor
 * @error:	the last error of a thread
 */
struct ua_acceptor {
	struct mutex lock;		/* @threads */
	struct ua_acceptor_thread *threads;
	wait_queue_head_t wait;
	atomic_t kicks;
	atomic64_t hits[UA_NR_LIMITS];
	spinlock_t quota_lock;		/* what follows */
	bool held;
	struct ua_acceptor_knobs knobs;
	unsigned long generation;
	u64 next_ns;
	u64 reserved;
	struct ua_error error;
};

/* acceptor.c */
int ua_acceptor_init(void);
void ua_acceptor_exit(void);
void ua_acceptor_free(void);
int ua_acceptor_set(int (*change)(struct ua_acceptor_knobs *knobs, void *arg), void *arg);
enum ua_throttle_reason ua_acceptor_throttle_reason(void);
void ua_acceptor_hold(bool hold);
void ua_acceptor_rebind(int leaving);

/* acceptor_loop.c */
void ua_acceptor_get(struct ua_acceptor_knobs *knobs);
void ua_acceptor_error(const char *source, int number, const char *reason);
int ua_acceptor_run(void *data);

#endif /* _UA_ACCEPTOR_H */
