/* SPDX-License-Identifier: GPL-2.0 */
/* Fields of struct zone that differ between kernels. */
#ifndef _UNACCEPTED_BIND_ZONE_H
#define _UNACCEPTED_BIND_ZONE_H

#include <linux/mmzone.h>
#include <linux/vmstat.h>

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

/**
 * ua_zone_refused - unaccepted pages that do not count as free
 * @zone: any zone
 *
 * With patches/ a block that the platform refused is not in NR_FREE_PAGES for a
 * second. On other kernels each unaccepted block is.
 *
 * Context: any; takes no lock.
 * Return: pages.
 */
static inline unsigned long ua_zone_refused(const struct zone *zone)
{
#ifdef UA_ZONE_REFUSED
	return READ_ONCE(zone->nr_refused);
#else
	return 0;
#endif
}

/**
 * ua_zone_free - free pages of a zone, all unaccepted ones included
 * @zone: any zone
 *
 * Context: any; takes no lock.
 * Return: pages.
 */
static inline unsigned long ua_zone_free(struct zone *zone)
{
	return zone_page_state(zone, NR_FREE_PAGES) + ua_zone_refused(zone);
}

#endif /* _UNACCEPTED_BIND_ZONE_H */
