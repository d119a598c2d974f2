/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/types.h>

#define abs(x)	((x) < 0 ? -(x) : (x))
