/* SPDX-License-Identifier: GPL-2.0 */
/* The functions about physical memory that table.c calls; table_test.c defines them. */
#include <linux/types.h>

#define PHYS_PFN(x)		((unsigned long)((x) >> PAGE_SHIFT))
#define __va(x)			shim_va(x)
#define pfn_valid(pfn)		shim_pfn_valid(pfn)
#define pfn_to_page(pfn)	(pfn)
#define PageReserved(page)	shim_reserved(page)

void *shim_va(u64 phys);
bool shim_pfn_valid(unsigned long pfn);
bool shim_reserved(unsigned long pfn);
