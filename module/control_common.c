// SPDX-License-Identifier: GPL-2.0
/* What the files of sysfs and debugfs share: input, errors, and what is possible. */
#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include <linux/sysfs.h>
#include <linux/time64.h>

#include "control.h"

/**
 * ua_control_copy - a trimmed, terminated copy of what a user wrote
 * @to: the copy
 * @size: size of @to
 * @buf: what was written; need not be terminated
 * @count: its length
 *
 * Return: 0; -EINVAL if it is too long or holds a NUL, because what follows that
 * would be ignored.
 */
int ua_control_copy(char *to, size_t size, const char *buf, size_t count)
{
	char *start;

	if (count >= size || memchr(buf, 0, count))
		return -EINVAL;
	memcpy(to, buf, count);
	to[count] = 0;
	start = strim(to);
	memmove(to, start, strlen(start) + 1);
	return 0;
}

/**
 * ua_control_parse_uint - read a number
 * @s: decimal digits
 * @value: the result
 *
 * kstrtouint() alone would take a sign before the digits and a line break behind them, and
 * say -ERANGE of what begins with too many digits, whatever follows.
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int ua_control_parse_uint(const char *s, unsigned int *value)
{
	return s[strspn(s, "0123456789")] ? -EINVAL : kstrtouint(s, 10, value);
}

/* Parses @digits digits and at most one suffix, which is cut off. */
static int parse_number(char *s, size_t digits, unsigned int base, u64 *bytes)
{
	char one[] = { '1', s[digits], 0 };
	u64 number, unit;
	char *end;
	int ret;

	unit = memparse(one, &end);
	if (s[digits] && (end != one + 2 || s[digits + 1]))
		return -EINVAL;

	s[digits] = 0;
	ret = kstrtou64(s, base, &number);
	if (ret)
		return ret;
	return check_mul_overflow(number, unit, bytes) ? -ERANGE : 0;
}

/**
 * ua_control_parse_bytes - read an amount of bytes
 * @s: decimal digits and at most one of memparse()'s suffixes, which is cut off
 * @bytes: the result
 *
 * memparse() alone would wrap silently past 2^64 and stop at the first stray
 * character, so it only gets to say what the suffix is worth.
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int ua_control_parse_bytes(char *s, u64 *bytes)
{
	return parse_number(s, strspn(s, "0123456789"), 10, bytes);
}

/**
 * ua_control_parse_address - read an address or a size
 * @s: as for ua_control_parse_bytes(), or "0x" and hexadecimal digits instead
 * @bytes: the result
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int ua_control_parse_address(char *s, u64 *bytes)
{
	if (strncmp(s, "0x", 2))
		return ua_control_parse_bytes(s, bytes);
	return parse_number(s, 2 + strspn(s + 2, "0123456789abcdefABCDEF"), 16, bytes);
}

/**
 * ua_control_emit_error - print an error record, or "none"
 * @buf: buffer of a sysfs file
 * @error: a copy, which does not change
 *
 * Return: the length.
 */
int ua_control_emit_error(char *buf, const struct ua_error *error)
{
	if (!error->number)
		return sysfs_emit(buf, "none\n");
	return sysfs_emit(buf, "%llu.%06llu %d %s %s\n",
			  div_u64(error->at_ns, NSEC_PER_SEC),
			  div_u64(error->at_ns, NSEC_PER_USEC) % USEC_PER_SEC,
			  error->number, error->source, error->reason);
}

/**
 * ua_control_has_table - is there a table that passed validation?
 *
 * Context: any.
 * Return: true if there is.
 */
bool ua_control_has_table(void)
{
	return ua_state.table.present && !ua_state.table.reason;
}

/**
 * ua_control_may_accept - may anything be accepted here at all?
 *
 * Return: 0; -ENODEV without a table, -EOPNOTSUPP if the binding cannot.
 */
int ua_control_may_accept(void)
{
	if (!ua_control_has_table())
		return -ENODEV;
	if (!ua_state.core->accept_block)
		return -EOPNOTSUPP;
	return 0;
}
