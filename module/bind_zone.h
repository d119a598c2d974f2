/* SPDX-License-Identifier: GPL-2.0 */
/* Fields of struct zone whose names differ between kernels. */
#ifndef _UNACCEPTED_BIND_ZONE_H
#define _UNACCEPTED_BIND_ZONE_H

#include <linux/mmzone.h>

/**
 * ua_zone_highatomic - free pages reserved for atomic allocations of high order
 * @zone: any zone
 *
 * 6.12 counts the free pages of the reserve; 6.1 only its size, which is used
 * instead. The preprocessor cannot test for a field, so this tests for a macro
 * that came in 6.8, between these two.
 *
 * Context: any; takes no lock.
 * Return: pages.
 */
static inline unsigned long ua_zone_highatomic(const struct zone *zone)
{
#ifdef MAX_PAGE_ORDER
	return READ_ONCE(zone->nr_free_highatomic);
#else
	return READ_ONCE(zone->nr_reserved_highatomic);
#endif
}

#endif /* _UNACCEPTED_BIND_ZONE_H */
