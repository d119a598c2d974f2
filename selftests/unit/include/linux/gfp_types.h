/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/types.h>

typedef unsigned int gfp_t;
