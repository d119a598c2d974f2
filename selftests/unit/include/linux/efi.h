/* SPDX-License-Identifier: GPL-2.0 */
/* The table as the boot stub lays it out (include/linux/efi.h of the kernel). */
#ifndef _UNIT_LINUX_EFI_H
#define _UNIT_LINUX_EFI_H

#include <linux/types.h>

#define EFI_INVALID_TABLE_ADDR	(~0UL)

struct efi {
	unsigned long unaccepted;
};

extern struct efi efi;

struct efi_unaccepted_memory {
	u32 version;
	u32 unit_size;
	u64 phys_base;
	u64 size;
	unsigned long bitmap[];
};

#endif /* _UNIT_LINUX_EFI_H */
