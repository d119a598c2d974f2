/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/types.h>

#define PFN_PHYS(x)	((phys_addr_t)(x) << PAGE_SHIFT)
