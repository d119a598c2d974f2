/* SPDX-License-Identifier: GPL-2.0 */
/* What kernels have in struct zone under different names. */
#ifndef _UNACCEPTED_BIND_ZONE_H
#define _UNACCEPTED_BIND_ZONE_H

#include <linux/mmzone.h>

/**
 * ua_zone_highatomic - free pages that only urgent allocations get
 * @zone: any zone
 *
 * 6.12 counts those that are free; older kernels take all that are reserved for free.
 * (A field cannot be asked for. The macro came in 6.8, between the two that we know.)
 *
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
