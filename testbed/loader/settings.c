// SPDX-License-Identifier: GPL-2.0
/* The settings file: one key=value a line. An unknown key ends the run. */
#include "loader.h"
#include "ccemu-abi.h"

struct settings settings;

/* Returns where the number ends, or NULL. */
static const char *parse_hex(const char *s, u64 *val)
{
	const char *first;

	if (s[0] != '0' || s[1] != 'x')
		return NULL;
	*val = 0;
	for (first = s += 2;; s++) {
		unsigned int digit;

		if (*s >= '0' && *s <= '9')
			digit = *s - '0';
		else if ((*s | 0x20) >= 'a' && (*s | 0x20) <= 'f')
			digit = (*s | 0x20) - 'a' + 10;
		else
			return s == first || s - first > 16 ? NULL : s;
		*val = *val << 4 | digit;
	}
}

static void add_range(const char *line, const char *value, enum range_kind kind)
{
	struct range r = { .kind = kind };

	value = parse_hex(value, &r.start);
	if (!value || *value++ != '-')
		die("range is not 0xSTART-0xEND", line);
	value = parse_hex(value, &r.end);
	if (!value || *value)
		die("range is not 0xSTART-0xEND", line);
	if ((r.start | r.end) % PAGE_SIZE)
		die("range is not 4K aligned", line);
	if (r.start >= r.end)
		die("range is empty or backwards", line);
	for (unsigned int i = 0; i < settings.nr_ranges; i++)
		if (r.start < settings.range[i].end && settings.range[i].start < r.end)
			die("range overlaps another one", line);
	if (settings.nr_ranges == MAX_RANGES)
		die("too many ranges", line);
	settings.range[settings.nr_ranges++] = r;
}

static void set_platform(const char *line, const char *value)
{
	if (!strcmp(value, "tdx"))
		settings.platform = CCEMU_PLATFORM_TDX;
	else if (!strcmp(value, "snp"))
		settings.platform = CCEMU_PLATFORM_SNP;
	else
		die("unknown platform", line);
}

static void parse_line(const char *line)
{
	if (!*line)
		return;
	if (!memcmp(line, "range=", 6)) {
		add_range(line, line + 6, RANGE_UNACCEPTED);
	} else if (!memcmp(line, "lie=", 4)) {
		add_range(line, line + 4, RANGE_LIE);
	} else if (!memcmp(line, "soft=", 5)) {
		add_range(line, line + 5, RANGE_SOFT);
	} else if (!memcmp(line, "platform=", 9)) {
		set_platform(line, line + 9);
	} else if (!memcmp(line, "table=", 6)) {
		if (settings.table)
			die("more than one table", line);
		settings.table = find_table_kind(line + 6);
		if (!settings.table)
			die("unknown table kind", line);
	} else {
		die("unknown setting", line);
	}
}

/* The text is cut into lines in place. */
void parse_settings(char *text, u64 size)
{
	char *end = text + size;

	for (char *p = text; p < end; p++)
		if (!*p)
			die("settings hold a NUL byte", NULL);
	while (text < end) {
		char *eol = text;

		while (*eol && *eol != '\n')
			eol++;
		*eol = 0;
		parse_line(text);
		text = eol + 1;
	}
	if (settings.nr_ranges && settings.table && table_excludes_ranges(settings.table))
		die("the kernel cannot start with ranges and this kind of table", NULL);
	if (settings.nr_ranges && !settings.platform)
		die("ranges need a platform on which to accept them", NULL);
}
