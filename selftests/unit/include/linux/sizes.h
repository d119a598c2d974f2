/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/types.h>

#define SZ_4M	0x400000
#define SZ_64M	0x4000000
