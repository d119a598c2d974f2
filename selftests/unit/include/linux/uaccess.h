/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/types.h>

long copy_from_kernel_nofault(void *dst, const void *src, size_t size);
