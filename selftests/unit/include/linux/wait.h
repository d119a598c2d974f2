/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _UNIT_LINUX_WAIT_H
#define _UNIT_LINUX_WAIT_H

#include <linux/types.h>

typedef struct {
	int unused;
} wait_queue_head_t;

#endif /* _UNIT_LINUX_WAIT_H */
