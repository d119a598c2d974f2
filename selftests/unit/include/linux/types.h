/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Just enough of the kernel for policy.c, table.c and what is written to control*.c to
 * be built, unchanged, in userspace. Most other headers of this directory only include
 * this one.
 */
#ifndef _UNIT_LINUX_TYPES_H
#define _UNIT_LINUX_TYPES_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef unsigned long long u64;
typedef long long s64;
typedef u64 phys_addr_t;

#define PAGE_SHIFT	12
#define PAGE_SIZE	(1UL << PAGE_SHIFT)
#define BITS_PER_BYTE	8
#define BITS_PER_LONG	64

#ifndef ARRAY_SIZE
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#endif
#define READ_ONCE(x)		(x)
#define WRITE_ONCE(x, value)	((x) = (value))
#define ALIGN(x, a)		ALIGN_DOWN((x) + (a) - 1, a)
#define ALIGN_DOWN(x, a)	((x) & ~((__typeof__(x))(a) - 1))
#define IS_ALIGNED(x, a)	(!((x) & ((__typeof__(x))(a) - 1)))
#define check_mul_overflow(a, b, d)	__builtin_mul_overflow(a, b, d)
#define check_add_overflow(a, b, d)	__builtin_add_overflow(a, b, d)

#define min(a, b)	((a) < (b) ? (a) : (b))
#define max(a, b)	((a) > (b) ? (a) : (b))

static inline u64 div64_u64(u64 a, u64 b)
{
	return a / b;
}

#define div_u64(a, b)		div64_u64(a, b)
#define DIV64_U64_ROUND_UP(a, b)	div64_u64((a) + (b) - 1, b)

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

/* Bit by bit: slow, but simple enough to be right. */
static inline unsigned long unit_next_bit(const unsigned long *map,
					  unsigned long size, unsigned long i,
					  bool value)
{
	while (i < size && !!(map[i / BITS_PER_LONG] & 1UL << i % BITS_PER_LONG) != value)
		i++;
	return i;
}

#define find_next_bit(map, size, i)	unit_next_bit(map, size, i, true)

#define for_each_set_bitrange(b, e, map, size)				\
	for ((b) = unit_next_bit(map, size, 0, true),			\
	     (e) = unit_next_bit(map, size, b, false); (b) < (size);	\
	     (b) = unit_next_bit(map, size, e, true),			\
	     (e) = unit_next_bit(map, size, b, false))

#endif /* _UNIT_LINUX_TYPES_H */
