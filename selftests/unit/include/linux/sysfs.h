/* SPDX-License-Identifier: GPL-2.0 */
#include <linux/kobject.h>
#include <linux/string.h>
