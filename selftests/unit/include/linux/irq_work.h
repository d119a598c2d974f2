/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _UNIT_LINUX_IRQ_WORK_H
#define _UNIT_LINUX_IRQ_WORK_H

#include <linux/types.h>

struct irq_work {
	int unused;
};

#endif /* _UNIT_LINUX_IRQ_WORK_H */
