// SPDX-License-Identifier: GPL-2.0
/*
 * Parses numbers and prints numbers. Uses no files and no clock, so that the unit
 * tests can test all of it.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"

#define BAR_MAX		64
#define SPARK_MAX	64

static const char suffixes[] = "KMGTPE";

/* Parses the digits at *text in @base; moves *text past them. */
static int digits(const char **text, int base, uint64_t *value)
{
	char *end;

	if (!(base == 16 ? isxdigit(**text) : isdigit(**text)))
		return -EINVAL;
	errno = 0;
	*value = strtoull(*text, &end, base);
	*text = end;
	return -errno;
}

/* Parses an optional suffix at *text, and multiplies *value by it. */
static int suffix(const char **text, uint64_t *value)
{
	const char *at;
	unsigned int shift;

	at = **text ? strchr(suffixes, toupper(**text)) : NULL;
	if (!at)
		return 0;
	(*text)++;
	shift = 10 * (at - suffixes + 1);
	if (*value << shift >> shift != *value)
		return -ERANGE;
	*value <<= shift;
	return 0;
}

/**
 * parse_size - an amount of bytes, in the grammar of the module's files
 * @text: decimal digits and at most one suffix, of either case
 * @bytes: the result
 *
 * Return: 0, -EINVAL, or -ERANGE from 2^64 on.
 */
int parse_size(const char *text, uint64_t *bytes)
{
	int error = digits(&text, 10, bytes);

	if (!error)
		error = suffix(&text, bytes);
	return *text ? -EINVAL : error;
}

/**
 * parse_amount - what "accept" takes
 * @text: bytes, "<n>%" or "all"
 * @amount: the result
 *
 * Return: 0; -EINVAL, also for 0 and for an empty text; -ERANGE.
 */
int parse_amount(const char *text, struct amount *amount)
{
	size_t len = strlen(text);
	int error;

	amount->kind = AMOUNT_ALL;
	amount->value = 0;
	if (!strcmp(text, "all"))
		return 0;

	if (len && text[len - 1] == '%') {
		amount->kind = AMOUNT_PERCENT;
		error = digits(&text, 10, &amount->value);
		if (error || strcmp(text, "%") || !amount->value)
			return error == -ERANGE ? error : -EINVAL;
		return amount->value > 100 ? -ERANGE : 0;
	}

	amount->kind = AMOUNT_BYTES;
	error = parse_size(text, &amount->value);
	if (!error && !amount->value)
		error = -EINVAL;
	return error;
}

/**
 * parse_number - a small number
 * @text: decimal digits
 * @least: smallest value allowed
 * @most: largest value allowed
 * @value: the result
 *
 * Return: 0, -EINVAL or -ERANGE.
 */
int parse_number(const char *text, unsigned int least, unsigned int most, unsigned int *value)
{
	uint64_t number;
	int error = digits(&text, 10, &number);

	if (error || *text)
		return error == -ERANGE ? error : -EINVAL;
	*value = number;
	return number < least || number > most ? -ERANGE : 0;
}

/**
 * parse_seconds - a time
 * @text: decimal digits, perhaps with a point and up to 9 more
 * @ns: the result
 *
 * Return: 0, -EINVAL, or -ERANGE from 10^9 seconds on.
 */
int parse_seconds(const char *text, uint64_t *ns)
{
	uint64_t scale = SECOND;
	int error = digits(&text, 10, ns);

	if (error)
		return error;
	if (*ns >= SECOND)
		return -ERANGE;
	*ns *= SECOND;
	if (*text == '.') {
		while (isdigit(*++text) && scale > 1) {
			scale /= 10;
			*ns += (*text - '0') * scale;
		}
		if (scale == SECOND)
			return -EINVAL;
	}
	return *text ? -EINVAL : 0;
}

/* An address: hex with 0x, or decimal; with an optional suffix. */
static int address(const char **text, uint64_t *value)
{
	int error, base = 10;

	if ((*text)[0] == '0' && tolower((*text)[1]) == 'x') {
		*text += 2;
		base = 16;
	}
	error = digits(text, base, value);
	return error ? error : suffix(text, value);
}

/**
 * parse_range - physical addresses
 * @text: START-END, or START+SIZE
 * @start: the first byte
 * @end: the byte after the last
 *
 * Return: 0; -EINVAL, also for an empty range and for an end before the start;
 * -ERANGE beyond 64 bits.
 */
int parse_range(const char *text, uint64_t *start, uint64_t *end)
{
	int error = address(&text, start);
	char sign;

	if (error)
		return error;
	sign = *text++;
	if (sign != '-' && sign != '+')
		return -EINVAL;
	error = address(&text, end);
	if (error)
		return error;
	if (*text)
		return -EINVAL;
	if (sign == '+' && *end) {
		if (__builtin_add_overflow(*start, *end, end))
			return -ERANGE;
		return 0;
	}
	return *end > *start && sign == '-' ? 0 : -EINVAL;
}

/**
 * amount_bytes - bytes that will be accepted for an amount
 * @amount: from parse_amount()
 * @unaccepted: bytes that are unaccepted
 *
 * Return: bytes: whole blocks as the module rounds, and not more than there are.
 */
uint64_t amount_bytes(const struct amount *amount, uint64_t unaccepted)
{
	uint64_t blocks = unaccepted / BLOCK + !!(unaccepted % BLOCK), want = blocks;

	if (amount->kind == AMOUNT_BYTES)
		want = amount->value / BLOCK + !!(amount->value % BLOCK);
	else if (amount->kind == AMOUNT_PERCENT)
		want = (blocks * amount->value + 99) / 100;
	return want < blocks ? want * BLOCK : unaccepted;
}

/**
 * scale - multiply, then divide, without overflow in between
 * @value: a number
 * @by: factor
 * @of: divisor
 *
 * Return: the result, rounded down; 0 for a division by 0.
 */
uint64_t scale(uint64_t value, uint64_t by, uint64_t of)
{
	return of ? (__uint128_t)value * by / of : 0;
}

/* Returns one of several buffers, because one printf() may print several texts. */
static char *next_buffer(void)
{
	static char buffers[8][32];
	static unsigned int next;

	return buffers[next++ % COUNT(buffers)];
}

/**
 * size_text - an amount of bytes as text
 * @bytes: any number
 *
 * Return: such as "0", "512M" or "2.9G"; good for the next seven calls.
 */
const char *size_text(uint64_t bytes)
{
	char *text = next_buffer();
	unsigned int unit = 0;
	double value;

	while (unit < COUNT(suffixes) - 1 && bytes >> (10 * (unit + 1)))
		unit++;
	if (!unit) {
		sprintf(text, "%llu", (unsigned long long)bytes);
		return text;
	}
	value = (double)bytes / (1ULL << (10 * unit));
	if (value < 99.95 && bytes & ((1ULL << (10 * unit)) - 1))
		sprintf(text, "%.1f%c", value, suffixes[unit - 1]);
	else
		sprintf(text, "%.0f%c", value, suffixes[unit - 1]);
	return text;
}

/**
 * time_text - nanoseconds as text
 * @ns: any number
 *
 * Return: such as "850 ns" or "8.4 ms"; good for the next seven calls.
 */
const char *time_text(uint64_t ns)
{
	static const struct {
		double ns;
		const char *name;
	} units[] = { { 1e9, "s" }, { 1e6, "ms" }, { 1e3, "us" } };
	char *text = next_buffer();
	unsigned int i;

	for (i = 0; i < COUNT(units); i++) {
		double value = ns / units[i].ns;

		if (value < 1)
			continue;
		sprintf(text, value < 99.95 ? "%.1f %s" : "%.0f %s", value, units[i].name);
		return text;
	}
	sprintf(text, "%llu ns", (unsigned long long)ns);
	return text;
}

/**
 * duration_text - seconds as text
 * @seconds: any number
 *
 * Return: such as "12 s", "3 min 20 s" or "2 h 5 min".
 */
const char *duration_text(uint64_t seconds)
{
	char *text = next_buffer();

	if (seconds < 60)
		sprintf(text, "%u s", (unsigned int)seconds);
	else if (seconds < 3600)
		sprintf(text, "%u min %u s", (unsigned int)seconds / 60,
			(unsigned int)seconds % 60);
	else if (seconds < 1000 * 3600)
		sprintf(text, "%u h %u min", (unsigned int)seconds / 3600,
			(unsigned int)seconds / 60 % 60);
	else
		sprintf(text, "very long");
	return text;
}

/**
 * percent_of - a share
 * @part: the part
 * @all: the whole
 *
 * Return: percent, rounded down, so that 100 is only what is complete.
 */
unsigned int percent_of(uint64_t part, uint64_t all)
{
	if (!all || part >= all)
		return 100;
	return scale(part, 100, all);
}

/**
 * bar_text - a bar, in the signs of the map: accepted and unaccepted
 * @width: in characters, with its brackets
 * @done: bytes accepted
 * @all: bytes in total
 *
 * The bar is only full if @done is @all, and only empty if @done is 0.
 *
 * Return: the bar; good until the next call.
 */
const char *bar_text(unsigned int width, uint64_t done, uint64_t all)
{
	static char text[BAR_MAX + 3];
	unsigned int cells = width - 2, full;

	if (cells > BAR_MAX)
		cells = BAR_MAX;
	full = !all || done >= all ? cells : scale(done, cells, all);
	if (done && !full)
		full = 1;
	text[0] = '[';
	memset(text + 1, '#', full);
	memset(text + 1 + full, '.', cells - full);
	text[1 + cells] = ']';
	text[2 + cells] = '\0';
	return text;
}

/**
 * spark_text - a small curve
 * @values: the values, oldest first
 * @count: number of @values
 * @utf8: use characters beyond ASCII
 *
 * Return: a character for each value, the tallest for the greatest; good until the next call.
 */
const char *spark_text(const uint64_t *values, unsigned int count, bool utf8)
{
	static const char * const nice[] = {
		" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"
	};
	static const char plain[] = " .:-=+*%#";
	static char text[SPARK_MAX * 4 + 1];
	uint64_t most = 1;
	unsigned int i, level;
	char *to = text;

	if (count > SPARK_MAX) {
		values += count - SPARK_MAX;
		count = SPARK_MAX;
	}
	for (i = 0; i < count; i++)
		if (values[i] > most)
			most = values[i];
	for (i = 0; i < count; i++) {
		level = scale(values[i], 8, most);
		if (values[i] && !level)
			level = 1;
		to += utf8 ? sprintf(to, "%s", nice[level]) : sprintf(to, "%c", plain[level]);
	}
	*to = '\0';
	return text;
}

/**
 * percentile - a percentile of a histogram by powers of two
 * @buckets: bucket n is the number of values below 2^n, and not below half of that
 * @count: number of @buckets
 * @permille: the percentile in 1/1000; 1000 for the greatest value
 *
 * Return: the upper end of its bucket; 0 if all are empty.
 */
uint64_t percentile(const uint64_t *buckets, unsigned int count, unsigned int permille)
{
	uint64_t total = 0, rank, seen = 0;
	unsigned int i;

	for (i = 0; i < count; i++)
		total += buckets[i];
	if (!total)
		return 0;
	rank = scale(total, permille, 1000);
	/* Round up, so that the lowest rank is 1. */
	if (scale(rank, 1000, permille) < total)
		rank++;
	for (i = 0; i < count - 1; i++) {
		seen += buckets[i];
		if (seen >= rank)
			break;
	}
	return i < 64 ? 1ULL << i : UINT64_MAX;
}

/**
 * wrap - print a text that may need several lines
 * @to: the output
 * @label: printed before the first line; shorter than @indent
 * @indent: columns before the text
 * @width: longest line, in columns; 0 for a single line
 * @text: words separated by spaces
 */
void wrap(FILE *to, const char *label, unsigned int indent, unsigned int width,
	  const char *text)
{
	unsigned int column = indent;
	int len;

	fprintf(to, "%-*s", (int)indent, label);
	for (; *text; text += len) {
		text += strspn(text, " ");
		len = strcspn(text, " ");
		if (column > indent && width && column + 1 + len > width) {
			fprintf(to, "\n%*s", (int)indent, "");
			column = indent;
		}
		fprintf(to, "%s%.*s", column > indent ? " " : "", len, text);
		column += len + (column > indent);
	}
	putc('\n', to);
}
