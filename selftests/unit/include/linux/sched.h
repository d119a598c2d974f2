/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _UNIT_LINUX_SCHED_H
#define _UNIT_LINUX_SCHED_H

#include <linux/types.h>

#define TASK_COMM_LEN	16

struct task_struct {
	int pid;
	struct {
		u64 sum_exec_runtime;
	} se;
};

#define cond_resched()	((void)0)

#endif /* _UNIT_LINUX_SCHED_H */
