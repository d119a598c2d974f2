/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's ctype is that of Latin-1, where a space that must not break is one as well. */
#ifndef _UNIT_LINUX_CTYPE_H
#define _UNIT_LINUX_CTYPE_H

#include <linux/types.h>

static inline int isdigit(int c)
{
	return c >= '0' && c <= '9';
}

static inline int isspace(int c)
{
	return (c >= '\t' && c <= '\r') || c == ' ' || (unsigned char)c == 0xa0;
}

#endif /* _UNIT_LINUX_CTYPE_H */
