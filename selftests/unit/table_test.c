// SPDX-License-Identifier: GPL-2.0
/*
 * Tests which EFI tables module/table.c accepts and which it refuses, with tables
 * of cases.
 */
#include "kselftest.h"

#include <linux/efi.h>

#include "../../module/table.c"

#include "ram.h"

#define MB2		(2U << 20)
#define GOOD		.version = 1, .unit_size = MB2, .phys_base = 1ULL << 31, \
			.size = 64

static const struct {
	const char *what;
	struct efi_unaccepted_memory hdr;
	const char *reason;
	u64 phys;
} check_cases[] = {
	{ "good", { GOOD } },
	{ "unit of a page", { 1, PAGE_SIZE, 0, 64 } },
	{ "up to the last address", { 1, MB2, 0, 1ULL << (46 - 21 - 3) } },
	{ "version 0", { 0, MB2, 0, 64 }, "unknown version" },
	{ "version 2", { 2, MB2, 0, 64 }, "unknown version" },
	{ "unit 0", { 1, 0, 0, 64 }, "unit_size is not a power of two of at least a page" },
	{ "unit of half a page", { 1, PAGE_SIZE / 2, 0, 64 },
	  "unit_size is not a power of two of at least a page" },
	{ "unit of 3 MiB", { 1, 3 << 20, 0, 64 },
	  "unit_size is not a power of two of at least a page" },
	{ "empty", { 1, MB2, 0, 0 }, "the bitmap is empty" },
	{ "base off by a page", { 1, MB2, PAGE_SIZE, 64 },
	  "phys_base is not aligned to unit_size" },
	{ "size * 8 overflows", { 1, MB2, 0, 1ULL << 61 },
	  "the bitmap covers more than 2^64 bytes" },
	{ "size * 8 * unit overflows", { 1, MB2, 0, 1ULL << 40 },
	  "the bitmap covers more than 2^64 bytes" },
	{ "size of all ones", { 1, MB2, 0, ~0ULL },
	  "the bitmap covers more than 2^64 bytes" },
	{ "base + span overflows", { 1, MB2, ~0ULL << 21, 64 },
	  "the bitmap reaches beyond the physical address width" },
	{ "one unit too far", { 1, MB2, MB2, 1ULL << (46 - 21 - 3) },
	  "the bitmap reaches beyond the physical address width" },
	{ "base above the width", { 1, MB2, 1ULL << 46, 64 },
	  "the bitmap reaches beyond the physical address width" },
	{ "table off by four", { GOOD }, "the table is not aligned to 8 bytes",
	  RAM_BASE + 4 },
	{ "table above the width", { GOOD },
	  "the table reaches beyond the physical address width", 1ULL << 46 },
	{ "table wraps", { GOOD },
	  "the table reaches beyond the physical address width", ~0ULL - 63 },
};

static void report(const char *what, const char *got, const char *want)
{
	bool same = got == want || (got && want && !strcmp(got, want));

	ksft_test_result(same, "%s: %s\n", what, got ?: "believed");
	if (!same)
		ksft_print_msg("expected: %s\n", want ?: "believed");
}

static void test_check(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(check_cases); i++)
		report(check_cases[i].what,
		       ua_table_check(&check_cases[i].hdr,
				      check_cases[i].phys ?: RAM_BASE, 46),
		       check_cases[i].reason);
}

/*
 * The position of the table in ram[], the size of its bitmap, and the reserved
 * pages.
 */
static const struct {
	const char *what;
	u64 phys;
	u64 size;
	unsigned long reserved;
	const char *reason;
	int kind;
} find_cases[] = {
	{ "in one page", RAM_BASE, 64, 0x1 },
	{ "in ACPI memory", RAM_BASE, 64, 0x1, NULL, IORES_DESC_ACPI_TABLES },
	{ "in memory of another kind", RAM_BASE, 64, 0x1,
	  "the header is not in mapped, reserved RAM", 77 },
	{ "in the middle of two pages", RAM_BASE + 2048, PAGE_SIZE, 0x3 },
	{ "all of RAM", RAM_BASE, RAM_PAGES * PAGE_SIZE - 24, 0xf },
	{ "second page not reserved", RAM_BASE, PAGE_SIZE, 0x1,
	  "the bitmap is not in mapped, reserved RAM" },
	{ "runs past RAM by a byte", RAM_BASE, RAM_PAGES * PAGE_SIZE - 23, 0xf,
	  "the bitmap is not in mapped, reserved RAM" },
	{ "header not reserved", RAM_BASE, 64, 0x2,
	  "the header is not in mapped, reserved RAM" },
	{ "header outside RAM", 0x5000000, 64, 0xf,
	  "the header is not in mapped, reserved RAM" },
};

static void test_find(void)
{
	struct ua_table table;

	for (size_t i = 0; i < ARRAY_SIZE(find_cases); i++) {
		struct efi_unaccepted_memory hdr = { GOOD };

		hdr.size = find_cases[i].size;
		memset(ram, 0xff, sizeof(ram));
		if (in_ram(find_cases[i].phys))
			memcpy(shim_va(find_cases[i].phys), &hdr, sizeof(hdr));
		efi.unaccepted = find_cases[i].phys;
		reserved_pages = find_cases[i].reserved;
		memory_kind = find_cases[i].kind;

		ua_table_find(&table);
		report(find_cases[i].what, table.reason, find_cases[i].reason);
	}

	efi.unaccepted = EFI_INVALID_TABLE_ADDR;
	ua_table_find(&table);
	ksft_test_result(!table.present && !table.reason && !table.bitmap,
			 "no table: absent, not refused\n");
}

static void test_count(void)
{
	struct efi_unaccepted_memory *efi_table = shim_va(RAM_BASE);
	struct ua_table table = { .size = 13, .bitmap = efi_table->bitmap };
	struct ua_table_bits bits;

	/* What follows the 13th byte is not part of the bitmap. */
	memset(ram, 0xff, sizeof(ram));
	memset(efi_table->bitmap, 0, 13);
	ua_table_count(&table, &bits);
	ksft_test_result(!bits.set, "an empty bitmap: %llu set\n", bits.set);

	((unsigned char *)efi_table->bitmap)[1] = 0x30;
	((unsigned char *)efi_table->bitmap)[12] = 0x80;
	ua_table_count(&table, &bits);
	ksft_test_result(bits.set == 3 && bits.first == 12 && bits.last == 103,
			 "3 bits: %llu set, first %llu, last %llu\n",
			 bits.set, bits.first, bits.last);
}

#define UNIT	(2ULL << 20)
#define FIRST	(1ULL << 30)	/* of 16 units, of which 3 and 15 are set */

static const struct {
	const char *what;
	u64 start, bytes;
	bool covers, any;
} range_cases[] = {
	{ "below the table", FIRST - UNIT, UNIT, false, false },
	{ "up to its first byte", FIRST - UNIT, UNIT + 1, true, false },
	{ "up to the first bit", FIRST, 3 * UNIT, true, false },
	{ "the first bit's first byte", FIRST, 3 * UNIT + 1, true, true },
	{ "the first bit's last byte", FIRST + 4 * UNIT - 1, 1, true, true },
	{ "behind the first bit", FIRST + 4 * UNIT, 11 * UNIT, true, false },
	{ "the last bit and far beyond", FIRST + 15 * UNIT, 100 * UNIT, true, true },
	{ "behind the table", FIRST + 16 * UNIT, UNIT, false, false },
	{ "more than all of it", 0, 1ULL << 46, true, true },
	/* Found by the fuzzer. */
	{ "beyond the last address", FIRST + 4 * UNIT, ~0ULL, true, true },
};

static void test_ranges(void)
{
	const unsigned long bitmap[] = { 0x8008 | ~0xffffUL };
	struct ua_table table = {
		.unit_size = UNIT, .phys_base = FIRST, .size = 2, .bitmap = bitmap,
	};
	const struct ua_table none = {};

	for (size_t i = 0; i < ARRAY_SIZE(range_cases); i++) {
		u64 start = range_cases[i].start, bytes = range_cases[i].bytes;
		bool covers = ua_table_covers(&table, start, bytes);
		bool any = ua_table_any(&table, start, bytes);

		ksft_test_result(covers == range_cases[i].covers && any == range_cases[i].any,
				 "%s: covered %d, unaccepted %d\n",
				 range_cases[i].what, covers, any);
	}
	ksft_test_result(!ua_table_covers(&none, 0, UNIT) && !ua_table_any(&none, 0, UNIT),
			 "without a table nothing is covered or unaccepted\n");
}

int main(void)
{
	ksft_print_header();
	ksft_set_plan(ARRAY_SIZE(check_cases) + ARRAY_SIZE(find_cases) + 3 +
		      ARRAY_SIZE(range_cases) + 1);
	test_check();
	test_find();
	test_count();
	test_ranges();
	ksft_finished();
}
