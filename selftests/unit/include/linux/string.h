/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What reads and writes text, as the kernel does it (lib/kstrtox.c, lib/cmdline.c,
 * lib/string_helpers.c, fs/sysfs/file.c).
 */
#ifndef _UNIT_LINUX_STRING_H
#define _UNIT_LINUX_STRING_H

#include <assert.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>

#include <linux/ctype.h>
#include <linux/types.h>

static inline unsigned int unit_digit(char c)
{
	if (isdigit(c))
		return c - '0';
	c |= 0x20;
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return UINT_MAX;
}

/* As the kernel's: a plus sign may come first, and a line break may come last. */
static inline int kstrtou64(const char *s, unsigned int base, u64 *res)
{
	bool any = false, over = false;
	u64 value = 0;

	assert(base == 10 || base == 16);
	if (*s == '+')
		s++;
	if (base == 16 && s[0] == '0' && (s[1] | 0x20) == 'x')
		s += 2;
	for (; unit_digit(*s) < base; s++) {
		any = true;
		over |= __builtin_mul_overflow(value, (u64)base, &value);
		over |= __builtin_add_overflow(value, (u64)unit_digit(*s), &value);
	}
	/* The kernel looks at the rest only if the number fits. */
	if (over)
		return -ERANGE;
	if (*s == '\n')
		s++;
	if (!any || *s)
		return -EINVAL;
	*res = value;
	return 0;
}

static inline int kstrtouint(const char *s, unsigned int base, unsigned int *res)
{
	u64 value;
	int ret = kstrtou64(s, base, &value);

	if (ret)
		return ret;
	if (value > UINT_MAX)
		return -ERANGE;
	*res = value;
	return 0;
}

/* The number must be a single digit that is not 0, so that its base does not matter. */
static inline u64 memparse(const char *s, char **end)
{
	static const char suffixes[] = "KMGTPE";
	const char *at;
	u64 value = *s - '0';
	char upper;

	assert(*s >= '1' && *s <= '9' && !isdigit(s[1]));
	upper = *++s & ~0x20;
	at = upper ? strchr(suffixes, upper) : NULL;
	if (at) {
		value <<= 10 * (at - suffixes + 1);
		s++;
	}
	*end = (char *)s;
	return value;
}

static inline char *strim(char *s)
{
	size_t len = strlen(s);

	while (len && isspace(s[len - 1]))
		len--;
	s[len] = 0;
	while (isspace(*s))
		s++;
	return s;
}

/* A line break after the word is ignored. */
static inline int unit_match(const char * const *words, size_t count, const char *s)
{
	size_t len = strlen(s), i;

	if (len && s[len - 1] == '\n')
		len--;
	for (i = 0; i < count; i++)
		if (strlen(words[i]) == len && !memcmp(words[i], s, len))
			return i;
	return -EINVAL;
}

#define sysfs_match_string(words, s)	unit_match(words, ARRAY_SIZE(words), s)

/* Unlike the kernel's, it prints a 0 in hexadecimal without 0x. */
static inline int sysfs_emit_at(char *buf, int at, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(buf + at, PAGE_SIZE - at, format, args);
	va_end(args);
	assert(len < (int)PAGE_SIZE - at);
	return len;
}

#define sysfs_emit(buf, ...)	sysfs_emit_at(buf, 0, __VA_ARGS__)

#endif /* _UNIT_LINUX_STRING_H */
