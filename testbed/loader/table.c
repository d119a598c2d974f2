// SPDX-License-Identifier: GPL-2.0
/*
 * Tables of unaccepted memory as a careless firmware might install them.
 *
 * The kernel believes every version 1 table and, for an address at or above
 * phys_base, divides by unit_size and reads the bitmap unchecked. It must survive the
 * boot for a test to look at the table. So all but the well-formed one begin at 256 GiB
 * or above, where no guest of ours has memory, and size is chosen for
 * what the kernel does with it: it adds and reserves [table, table + header + size).
 */
#include "loader.h"

#define UNIT		(2ULL << 20)
#define HIGH_BASE	(256 * GiB)
#define BITMAP		8192ULL		/* covers 128 GiB in units of 2 MiB */
#define MAX_PHYS_BITS	52		/* architectural limit */
#define LEGACY_HOLE	0xa0000ULL

struct unaccepted_table {
	u32 version, unit_size;
	u64 phys_base, size;
	u8 bitmap[];
};

struct table_kind {
	const char *name;
	u64 unit_size, phys_base, size;
	bool no_ranges;		/* the EFI stub itself computes with unit_size */
	bool into_hole;
	bool version_late;
};

static const struct table_kind kinds[] = {
	/* Covers memory, so the stub sets bits for whatever ranges are given. */
	{ "valid-empty", UNIT, 0, BITMAP },
	{ "unit-zero", 0, HIGH_BASE, BITMAP, .no_ranges = true },
	/* 256 GiB is no multiple of 3 MiB; 384 GiB is. */
	{ "unit-odd", 3ULL << 20, 384 * GiB, BITMAP, .no_ranges = true },
	{ "unit-small", 2048, HIGH_BASE, BITMAP },
	/*
	 * Address plus header plus size wraps to just behind the table, so the
	 * kernel still maps and reserves one page. Any other size that
	 * overflows when multiplied would reserve a GiB or more.
	 */
	{ "overflow", UNIT, HIGH_BASE, -8ULL },
	{ "beyond", UNIT, (1ULL << MAX_PHYS_BITS) - UNIT, BITMAP },
	{ "unaligned", UNIT, HIGH_BASE + PAGE_SIZE, BITMAP },
	{ "empty", UNIT, HIGH_BASE, 0 },
	{ "long", UNIT, HIGH_BASE, BITMAP, .into_hole = true },
	/* The stub refuses what is not version 1, the kernel proper ignores it. */
	{ "version-late", UNIT, HIGH_BASE, BITMAP, .version_late = true },
};

static const struct efi_guid table_guid = {
	0xd5d1de3c, 0x105c, 0x44f9, { 0x9e, 0xa9, 0xbc, 0xef, 0x98, 0x12, 0x00, 0x31 }
};

static struct unaccepted_table *table;

const struct table_kind *find_table_kind(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	return NULL;
}

bool table_excludes_ranges(const struct table_kind *kind)
{
	return kind->no_ranges;
}

/*
 * The last free page below the legacy hole at 640 KiB; the bitmap runs into the
 * hole. The end of all RAM would be the obvious place, but the kernel adds to its
 * memory what the size claims, finds no node for it and dies. Down here it
 * survives, with and without a description of nodes.
 */
static void *last_low_page(u64 *size)
{
	u64 at = 0, addr = 0;
	struct efi_memory_desc *d;

	while ((d = next_conventional(at)) && d->phys_addr < LEGACY_HOLE) {
		at = d->phys_addr + d->num_pages * PAGE_SIZE;
		addr = at - PAGE_SIZE;
	}
	check(bs->allocate_pages(EFI_ALLOCATE_ADDRESS, EFI_ACPI_RECLAIM_MEMORY, 1, &addr),
	      "cannot take a page below 640 KiB for the table");
	*size += LEGACY_HOLE - addr;
	return (void *)addr;
}

/* Before the ranges are taken: the table must not end up in one of them. */
void prepare_table(void)
{
	const struct table_kind *kind = settings.table;
	u64 pages = 1, size;

	if (!kind)
		return;
	size = kind->size;
	if (kind->into_hole) {
		table = last_low_page(&size);
	} else {
		pages = PAGES(sizeof(*table) + BITMAP);
		table = alloc_outside_ranges(pages, EFI_ACPI_RECLAIM_MEMORY);
	}
	memset(table, 0, pages * PAGE_SIZE);
	table->version = 1;
	table->unit_size = kind->unit_size;
	table->phys_base = kind->phys_base;
	table->size = size;
}

void install_table(void)
{
	if (table)
		check(bs->install_configuration_table(&table_guid, table),
		      "cannot install the table");
}

void table_after_exit(void)
{
	if (table && settings.table->version_late)
		table->version = 2;
}
