/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/types.h>

#define IORESOURCE_MEM		0x200
#define IORESOURCE_SYSTEM_RAM	0x1000200

enum { IORES_DESC_NONE, IORES_DESC_ACPI_TABLES = 3 };
enum { REGION_INTERSECTS, REGION_DISJOINT, REGION_MIXED };

int region_intersects(u64 start, u64 bytes, unsigned long flags, int desc);
