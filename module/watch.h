/* SPDX-License-Identifier: GPL-2.0 */
/* control_watch.c: poll() on files of sysfs. */
#ifndef _UA_WATCH_H
#define _UA_WATCH_H

#include <linux/irq_work.h>
#include <linux/types.h>

/**
 * struct ua_watch - pollers of "state" and "unaccepted_bytes"
 * @wanted:	tasks may be polling; read without a lock
 * @soon:		queues a look at the numbers at once
 */
struct ua_watch {
	bool wanted;
	struct irq_work soon;
};

void ua_watch_init(void);
void ua_watch_exit(void);

#endif /* _UA_WATCH_H */
