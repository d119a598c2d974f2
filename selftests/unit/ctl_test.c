// SPDX-License-Identifier: GPL-2.0
/* Tests how unacceptedctl parses and prints numbers, with tables of cases. */
#include <errno.h>
#include <string.h>

#include "kselftest.h"

#include "../../tools/unacceptedctl/text.c"
#include "../../tools/unacceptedctl/json.c"

#define M	(1ULL << 20)
#define G	(1ULL << 30)

static const struct {
	const char *text;
	int error;
	uint64_t bytes;
} size_cases[] = {
	{ "0", 0, 0 },
	{ "1", 0, 1 },
	{ "007", 0, 7 },
	{ "64M", 0, 64 * M },
	{ "64m", 0, 64 * M },
	{ "1k", 0, 1024 },
	{ "2T", 0, 2048 * G },
	{ "15E", 0, 15ULL << 60 },
	{ "18446744073709551615", 0, UINT64_MAX },
	{ "18446744073709551616", -ERANGE, 0 },
	{ "16E", -ERANGE, 0 },
	{ "18014398509481984K", -ERANGE, 0 },
	{ "", -EINVAL, 0 },
	{ "M", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
	{ "+1", -EINVAL, 0 },
	{ " 1", -EINVAL, 0 },
	{ "1 ", -EINVAL, 0 },
	{ "1X", -EINVAL, 0 },
	{ "1MB", -EINVAL, 0 },
	{ "1.5G", -EINVAL, 0 },
	{ "0x10", -EINVAL, 0 },
};

static const struct {
	const char *text;
	int error;
	enum amount_kind kind;
	uint64_t value;
	uint64_t of_100m;
} amount_cases[] = {
	{ "all", 0, AMOUNT_ALL, 0, 100 * M },
	{ "100%", 0, AMOUNT_PERCENT, 100, 100 * M },
	{ "1%", 0, AMOUNT_PERCENT, 1, 4 * M },
	{ "50%", 0, AMOUNT_PERCENT, 50, 52 * M },
	{ "1", 0, AMOUNT_BYTES, 1, 4 * M },
	{ "4M", 0, AMOUNT_BYTES, 4 * M, 4 * M },
	{ "4097K", 0, AMOUNT_BYTES, 4097 << 10, 8 * M },
	{ "1G", 0, AMOUNT_BYTES, G, 100 * M },
	{ "15E", 0, AMOUNT_BYTES, 15ULL << 60, 100 * M },
	{ "0", -EINVAL, 0, 0, 0 },
	{ "0%", -EINVAL, 0, 0, 0 },
	{ "%", -EINVAL, 0, 0, 0 },
	{ "5%%", -EINVAL, 0, 0, 0 },
	{ "-5%", -EINVAL, 0, 0, 0 },
	{ "101%", -ERANGE, 0, 0, 0 },
	{ "99999999999999999999%", -ERANGE, 0, 0, 0 },
	{ "ALL", -EINVAL, 0, 0, 0 },
	{ "alles", -EINVAL, 0, 0, 0 },
	{ "", -EINVAL, 0, 0, 0 },
};

static const struct {
	const char *text;
	int error;
	uint64_t start, end;
} range_cases[] = {
	{ "0x100000000-0x140000000", 0, 4 * G, 5 * G },
	{ "4G-5G", 0, 4 * G, 5 * G },
	{ "4G+1G", 0, 4 * G, 5 * G },
	{ "0x1E-0x1F", 0, 0x1e, 0x1f },
	{ "0X10M+1", 0, 16 * M, 16 * M + 1 },
	{ "010-11", 0, 10, 11 },
	{ "5G-4G", -EINVAL, 0, 0 },
	{ "4G-4G", -EINVAL, 0, 0 },
	{ "4G+0", -EINVAL, 0, 0 },
	{ "4G", -EINVAL, 0, 0 },
	{ "4G-", -EINVAL, 0, 0 },
	{ "-4G", -EINVAL, 0, 0 },
	{ "4G-5G-6G", -EINVAL, 0, 0 },
	{ "4G:5G", -EINVAL, 0, 0 },
	{ "0x-0x1", -EINVAL, 0, 0 },
	{ "", -EINVAL, 0, 0 },
	{ "0xffffffffffffffff+1", -ERANGE, 0, 0 },
	{ "16E-17E", -ERANGE, 0, 0 },
};

static const struct {
	const char *text;
	int error;
	uint64_t ns;
} seconds_cases[] = {
	{ "0", 0, 0 },
	{ "1", 0, SECOND },
	{ "0.5", 0, SECOND / 2 },
	{ "1.000000001", 0, SECOND + 1 },
	{ "600", 0, 600 * SECOND },
	{ "1.", -EINVAL, 0 },
	{ ".5", -EINVAL, 0 },
	{ "1.0000000001", -EINVAL, 0 },
	{ "1s", -EINVAL, 0 },
	{ "-1", -EINVAL, 0 },
	{ "1000000000", -ERANGE, 0 },
};

static const struct {
	uint64_t bytes;
	const char *text;
} print_cases[] = {
	{ 0, "0" },
	{ 1023, "1023" },
	{ 1024, "1K" },
	{ 1536, "1.5K" },
	{ 4 * M, "4M" },
	{ 2 * G - 1, "2.0G" },
	{ 2 * G, "2G" },
	{ 100 * G + 1, "100G" },
	{ UINT64_MAX, "16.0E" },
};

static const struct {
	uint64_t ns;
	const char *text;
} time_cases[] = {
	{ 0, "0 ns" },
	{ 999, "999 ns" },
	{ 1000, "1.0 us" },
	{ 8388608, "8.4 ms" },
	{ 134217728, "134 ms" },
	{ 1500000000, "1.5 s" },
};

static const struct {
	uint64_t seconds;
	const char *text;
} duration_cases[] = {
	{ 0, "0 s" },
	{ 59, "59 s" },
	{ 60, "1 min 0 s" },
	{ 3599, "59 min 59 s" },
	{ 7500, "2 h 5 min" },
	{ UINT64_MAX, "very long" },
};

static const struct {
	uint64_t done, all;
	const char *text;
	unsigned int percent;
} bar_cases[] = {
	{ 0, 100, "[..........]", 0 },
	{ 1, 100, "[#.........]", 1 },
	{ 50, 100, "[#####.....]", 50 },
	{ 99, 100, "[#########.]", 99 },
	{ 999, 1000, "[#########.]", 99 },
	{ 100, 100, "[##########]", 100 },
	{ 200, 100, "[##########]", 100 },
	{ 0, 0, "[##########]", 100 },
	{ 1ULL << 63, UINT64_MAX, "[#####.....]", 50 },
};

static void test_parsers(void)
{
	struct amount amount;
	uint64_t value, end;
	int error;

	for (size_t i = 0; i < COUNT(size_cases); i++) {
		error = parse_size(size_cases[i].text, &value);
		ksft_test_result(error == size_cases[i].error &&
				 (error || value == size_cases[i].bytes),
				 "size '%s'\n", size_cases[i].text);
	}
	for (size_t i = 0; i < COUNT(amount_cases); i++) {
		error = parse_amount(amount_cases[i].text, &amount);
		ksft_test_result(error == amount_cases[i].error &&
				 (error || (amount.kind == amount_cases[i].kind &&
					    amount.value == amount_cases[i].value &&
					    amount_bytes(&amount, 100 * M) ==
					    amount_cases[i].of_100m)),
				 "amount '%s'\n", amount_cases[i].text);
	}
	for (size_t i = 0; i < COUNT(range_cases); i++) {
		error = parse_range(range_cases[i].text, &value, &end);
		ksft_test_result(error == range_cases[i].error &&
				 (error || (value == range_cases[i].start &&
					    end == range_cases[i].end)),
				 "range '%s'\n", range_cases[i].text);
	}
	for (size_t i = 0; i < COUNT(seconds_cases); i++) {
		error = parse_seconds(seconds_cases[i].text, &value);
		ksft_test_result(error == seconds_cases[i].error &&
				 (error || value == seconds_cases[i].ns),
				 "seconds '%s'\n", seconds_cases[i].text);
	}
}

static void test_numbers(void)
{
	unsigned int value;

	ksft_test_result(!parse_number("1", 1, 4, &value) && value == 1 &&
			 !parse_number("4", 1, 4, &value) && value == 4 &&
			 parse_number("0", 1, 4, &value) == -ERANGE &&
			 parse_number("5", 1, 4, &value) == -ERANGE &&
			 parse_number("4294967297", 1, 4, &value) == -ERANGE &&
			 parse_number("x", 1, 4, &value) == -EINVAL &&
			 parse_number("1x", 1, 4, &value) == -EINVAL &&
			 parse_number("", 1, 4, &value) == -EINVAL,
			 "numbers within bounds\n");
}

static void test_texts(void)
{
	for (size_t i = 0; i < COUNT(print_cases); i++)
		ksft_test_result(!strcmp(size_text(print_cases[i].bytes), print_cases[i].text),
				 "%llu bytes are '%s', expected '%s'\n",
				 (unsigned long long)print_cases[i].bytes,
				 size_text(print_cases[i].bytes), print_cases[i].text);
	for (size_t i = 0; i < COUNT(time_cases); i++)
		ksft_test_result(!strcmp(time_text(time_cases[i].ns), time_cases[i].text),
				 "'%s' is '%s'\n", time_cases[i].text,
				 time_text(time_cases[i].ns));
	for (size_t i = 0; i < COUNT(duration_cases); i++)
		ksft_test_result(!strcmp(duration_text(duration_cases[i].seconds),
					 duration_cases[i].text),
				 "%s\n", duration_cases[i].text);
	for (size_t i = 0; i < COUNT(bar_cases); i++)
		ksft_test_result(!strcmp(bar_text(12, bar_cases[i].done, bar_cases[i].all),
					 bar_cases[i].text) &&
				 percent_of(bar_cases[i].done, bar_cases[i].all) ==
				 bar_cases[i].percent,
				 "bar %s\n", bar_cases[i].text);
}

static void test_spark(void)
{
	const uint64_t values[] = { 0, 1, 50, 100 }, none[] = { 0, 0 };
	uint64_t many[100] = { [99] = 1 };

	ksft_test_result(!strcmp(spark_text(values, 4, false), " .=#"), "curve in ASCII\n");
	ksft_test_result(!strcmp(spark_text(values, 4, true), " ▁▄█"), "curve in UTF-8\n");
	ksft_test_result(!strcmp(spark_text(none, 2, false), "  "), "curve of nothing\n");
	ksft_test_result(strlen(spark_text(many, 100, false)) == 64 &&
			 spark_text(many, 100, false)[63] == '#', "a long curve: its end\n");
}

static void test_percentiles(void)
{
	uint64_t buckets[65] = { [10] = 98, [20] = 1, [30] = 1 }, none[65] = { 0 };
	uint64_t last[65] = { [64] = 1 };

	ksft_test_result(percentile(buckets, 65, 500) == 1ULL << 10, "p50\n");
	ksft_test_result(percentile(buckets, 65, 980) == 1ULL << 10, "p98\n");
	ksft_test_result(percentile(buckets, 65, 990) == 1ULL << 20, "p99\n");
	ksft_test_result(percentile(buckets, 65, 991) == 1ULL << 30, "p99.1\n");
	ksft_test_result(percentile(buckets, 65, 1000) == 1ULL << 30, "max\n");
	ksft_test_result(percentile(none, 65, 500) == 0, "of nothing\n");
	ksft_test_result(percentile(last, 65, 500) == UINT64_MAX, "beyond 2^63\n");
}

static void test_output(void)
{
	char text[512] = "";
	FILE *to = fmemopen(text, sizeof(text), "w");
	struct json json = { .to = to };

	wrap(to, "label", 8, 20, "one two three four");
	wrap(to, "", 2, 0, "one two three four");
	json_open(&json, NULL, '{');
	json_string(&json, "a\"b", "c\\\n\x01");
	/* Found by the fuzzer: was no UTF-8. */
	json_string(&json, "f", "\x7f\xff");
	json_words(&json, "w", "x  y");
	json_words(&json, "none", "");
	json_number(&json, "n", UINT64_MAX);
	json_bool(&json, "t", true);
	json_close(&json, '}');
	fclose(to);
	ksft_test_result(!strcmp(text,
				 "label   one two\n        three four\n  one two three four\n"
				 "{\n  \"a\\\"b\": \"c\\\\\\u000a\\u0001\",\n"
				 "  \"f\": \"\\u007f\\u00ff\",\n"
				 "  \"w\": [\n    \"x\",\n    \"y\"\n  ],\n  \"none\": [],\n"
				 "  \"n\": 18446744073709551615,\n  \"t\": true\n}\n"),
			 "lines and JSON\n");
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(COUNT(size_cases) + COUNT(amount_cases) + COUNT(range_cases) +
		      COUNT(seconds_cases) + 1 + COUNT(print_cases) + COUNT(time_cases) +
		      COUNT(duration_cases) + COUNT(bar_cases) + 4 + 7 + 1);
	test_parsers();
	test_numbers();
	test_texts();
	test_spark();
	test_percentiles();
	test_output();
	ksft_finished();
}
