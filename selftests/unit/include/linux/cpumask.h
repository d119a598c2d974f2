/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _UNIT_LINUX_CPUMASK_H
#define _UNIT_LINUX_CPUMASK_H

#include <linux/types.h>

struct cpumask {
	int unused;
};

#endif /* _UNIT_LINUX_CPUMASK_H */
