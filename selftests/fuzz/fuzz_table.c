// SPDX-License-Identifier: GPL-2.0
/*
 * Fuzzes module/table.c: whatever the firmware passes as a table, is it refused, or
 * are its bits read without a step beyond its end, and counted as a simple loop does?
 */
#include "fuzz.h"

#include <linux/efi.h>

#include "../../module/table.c"

#include "../unit/ram.h"

/**
 * struct input - the first bytes of an input; the table follows
 * @at: where in ram[] the table begins; the last bits choose special addresses
 * @reserved: reserved_pages
 * @kind: memory_kind
 * @phys_bits: width of a physical address
 * @start: a range to ask for, relative to the base of the table
 * @bytes: its size
 */
struct input {
	u16 at;
	u8 reserved;
	u8 kind;
	u32 phys_bits;
	u64 start;
	u64 bytes;
};

static bool bit_of(const struct ua_table *table, u64 unit)
{
	return table->bitmap[unit / BITS_PER_LONG] >> (unit % BITS_PER_LONG) & 1;
}

static void check_count(const struct ua_table *table)
{
	u64 unit, set = 0, first = 0, last = 0;
	struct ua_table_bits bits;

	for (unit = 0; unit < table->size * 8; unit++) {
		if (!bit_of(table, unit))
			continue;
		if (!set++)
			first = unit;
		last = unit;
	}
	ua_table_count(table, &bits);
	expect(bits.set == set && bits.first == first && bits.last == last);
}

static void check_range(const struct ua_table *table, u64 start, u64 bytes)
{
	bool covered = false, any = false;
	u64 unit, from, to;

	/* Size 0 is no range. */
	if (!bytes)
		return;
	for (unit = 0; unit < table->size * 8; unit++) {
		from = table->phys_base + unit * table->unit_size;
		to = from + table->unit_size - 1;
		if (to < start || (start + bytes - 1 >= start && start + bytes - 1 < from))
			continue;
		covered = true;
		any |= bit_of(table, unit);
	}
	expect(ua_table_covers(table, start, bytes) == covered);
	expect(ua_table_any(table, start, bytes) == any);
}

static u64 place(const struct input *input)
{
	switch (input->at >> 14) {
	case 0:
		return EFI_INVALID_TABLE_ADDR;
	case 1:
		return RAM_BASE + sizeof(ram) - (input->at & 0xff);
	default:
		return RAM_BASE + (input->at & 0x3fff);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct ua_table table;
	struct input input;
	u64 phys;

	if (size < sizeof(input))
		return 0;
	memcpy(&input, data, sizeof(input));
	data += sizeof(input);
	size -= sizeof(input);

	memset(ram, 0, sizeof(ram));
	phys = place(&input);
	efi.unaccepted = phys;
	if (in_ram(phys))
		memcpy(shim_va(phys), data,
		       size < RAM_BASE + sizeof(ram) - phys ? size : RAM_BASE + sizeof(ram) - phys);
	reserved_pages = input.reserved;
	memory_kind = input.kind % 3 ? input.kind : 0;
	boot_cpu_data.x86_phys_bits = 32 + input.phys_bits % 21;

	ua_table_find(&table);
	expect(table.present == (phys != EFI_INVALID_TABLE_ADDR));
	expect(!table.bitmap == (!table.present || table.reason));
	if (!table.bitmap) {
		expect(!ua_table_covers(&table, input.start, input.bytes | 1));
		expect(!ua_table_any(&table, input.start, input.bytes | 1));
		return 0;
	}
	expect(table.size <= sizeof(ram) - sizeof(struct efi_unaccepted_memory));
	check_count(&table);
	check_range(&table, input.start, input.bytes);
	check_range(&table, table.phys_base + input.start, input.bytes);
	return 0;
}
