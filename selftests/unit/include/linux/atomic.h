/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _UNIT_LINUX_ATOMIC_H
#define _UNIT_LINUX_ATOMIC_H

#include <linux/types.h>

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

#define atomic64_read(v)	((v)->counter)
#define atomic64_set(v, i)	((v)->counter = (i))

#endif /* _UNIT_LINUX_ATOMIC_H */
