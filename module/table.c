// SPDX-License-Identifier: GPL-2.0
/*
 * Finds, checks and reads the EFI unaccepted-memory table. Never writes to it: the
 * kernel owns the bitmap.
 *
 * The table is untrusted input. In the threat model of confidential computing
 * the host may have passed it (Documentation/security/snp-tdx-threat-model.rst),
 * and the kernel itself checks nothing but the version (drivers/firmware/efi/
 * efi.c) before it divides by unit_size.
 */
#include <linux/bitmap.h>
#include <linux/efi.h>
#include <linux/ioport.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/uaccess.h>
#include <asm/processor.h>
#include <asm/unaccepted_memory.h>

#include "core.h"

/* The only known layout: struct efi_unaccepted_memory, commit 745e3ed85f71. */
#define UA_TABLE_VERSION	1

/**
 * ua_table_check - is the header of a table plausible?
 * @hdr: a copy of the header, which the host cannot change any more
 * @phys: physical address of the table
 * @phys_bits: width of a physical address on this machine
 *
 * Arithmetic only: ua_table_find() checks whether the bitmap is mapped.
 *
 * Context: any.
 * Return: NULL, or the cause for which the table must be refused.
 */
const char *ua_table_check(const struct efi_unaccepted_memory *hdr,
			   phys_addr_t phys, unsigned int phys_bits)
{
	u64 span, end;

	if (hdr->version != UA_TABLE_VERSION)
		return "unknown version";
	if (!is_power_of_2(hdr->unit_size) || hdr->unit_size < PAGE_SIZE)
		return "unit_size is not a power of two of at least a page";
	if (!hdr->size)
		return "the bitmap is empty";
	if (!IS_ALIGNED(hdr->phys_base, hdr->unit_size))
		return "phys_base is not aligned to unit_size";
	if (check_mul_overflow(hdr->size, (u64)BITS_PER_BYTE, &span) ||
	    check_mul_overflow(span, (u64)hdr->unit_size, &span))
		return "the bitmap covers more than 2^64 bytes";
	if (check_add_overflow(hdr->phys_base, span, &end) ||
	    (end - 1) >> phys_bits)
		return "the bitmap reaches beyond the physical address width";
	if (!IS_ALIGNED(phys, sizeof(long)))
		return "the table is not aligned to 8 bytes";
	if (check_add_overflow((u64)phys, sizeof(*hdr) + hdr->size, &end) ||
	    (end - 1) >> phys_bits)
		return "the table reaches beyond the physical address width";
	return NULL;
}

/* Is all of it RAM or ACPI memory in the memory map of the firmware? */
static bool table_in_ram(phys_addr_t phys, u64 bytes)
{
	/* The kernel's stub allocates ACPI memory; another boot loader may use RAM. */
	return region_intersects(phys, bytes, IORESOURCE_SYSTEM_RAM,
				 IORES_DESC_NONE) == REGION_INTERSECTS ||
	       region_intersects(phys, bytes, IORESOURCE_MEM,
				 IORES_DESC_ACPI_TABLES) == REGION_INTERSECTS;
}

/*
 * Is every page of the table RAM, in the direct map, and not in the page
 * allocator? Otherwise a size beyond the table's end would let the module read the
 * registers of a device, an unmapped address, or unaccepted memory, which ends the
 * guest.
 */
static bool table_is_mapped(phys_addr_t phys, u64 bytes)
{
	phys_addr_t page;
	u8 probe;

	if (!table_in_ram(phys, bytes))
		return false;

	for (page = ALIGN_DOWN(phys, PAGE_SIZE); page < phys + bytes;
	     page += PAGE_SIZE) {
		/*
		 * The kernel reserves the whole table in memblock before any
		 * page is freed (reserve_unaccepted()), so a page that is not
		 * reserved is not part of it.
		 */
		if (!pfn_valid(PHYS_PFN(page)) ||
		    !PageReserved(pfn_to_page(PHYS_PFN(page))))
			return false;
		if (copy_from_kernel_nofault(&probe, __va(page), sizeof(probe)))
			return false;
	}
	return true;
}

/**
 * ua_table_find - find the table and check it
 * @table: the result; @table->reason is the cause if a present table was refused
 *
 * Context: process context, at load.
 */
void ua_table_find(struct ua_table *table)
{
	const struct efi_unaccepted_memory *efi_table = efi_get_unaccepted_table();
	struct efi_unaccepted_memory hdr;

	memset(table, 0, sizeof(*table));
	if (!efi_table)
		return;

	table->present = true;
	table->phys = efi.unaccepted;
	if (!table_is_mapped(table->phys, sizeof(hdr)) ||
	    copy_from_kernel_nofault(&hdr, efi_table, sizeof(hdr))) {
		table->reason = "the header is not in mapped, reserved RAM";
		return;
	}

	table->reason = ua_table_check(&hdr, table->phys, boot_cpu_data.x86_phys_bits);
	if (!table->reason &&
	    !table_is_mapped(table->phys, sizeof(hdr) + hdr.size))
		table->reason = "the bitmap is not in mapped, reserved RAM";

	table->version = hdr.version;
	table->unit_size = hdr.unit_size;
	table->phys_base = hdr.phys_base;
	table->size = hdr.size;
	if (!table->reason)
		table->bitmap = efi_table->bitmap;
}

/**
 * ua_table_count - count the unaccepted units
 * @table: a table that was found and not refused
 * @bits: the result; may be out of date, because the kernel clears bits meanwhile
 *
 * Context: any; takes time in proportion to the bitmap (4 KiB per 64 GiB).
 */
void ua_table_count(const struct ua_table *table, struct ua_table_bits *bits)
{
	unsigned long start, end;

	memset(bits, 0, sizeof(*bits));
	for_each_set_bitrange(start, end, table->bitmap,
			      table->size * BITS_PER_BYTE) {
		if (!bits->set)
			bits->first = start;
		bits->set += end - start;
		bits->last = end - 1;
	}
}

/* Translates a range to the units that have a bit. Returns false if none has. */
static bool range_to_units(const struct ua_table *table, phys_addr_t start,
			   u64 bytes, unsigned long *first, unsigned long *end)
{
	u64 units = table->size * BITS_PER_BYTE;
	u64 from = max(start, table->phys_base);
	u64 last = start + bytes - 1;

	/* As far as there are addresses. */
	if (last < start)
		last = U64_MAX;
	if (!table->bitmap || last < from)
		return false;
	*first = div64_u64(from - table->phys_base, table->unit_size);
	*end = min(div64_u64(last - table->phys_base, table->unit_size) + 1, units);
	return *first < *end;
}

/**
 * ua_table_covers - does the bitmap cover any of a range?
 * @table: from ua_table_find()
 * @start: physical address
 * @bytes: size of the range, not 0
 *
 * Context: any.
 * Return: true if there is a bit for any part of the range.
 */
bool ua_table_covers(const struct ua_table *table, phys_addr_t start, u64 bytes)
{
	unsigned long first, end;

	return range_to_units(table, start, bytes, &first, &end);
}

/**
 * ua_table_any - is any unit of a range unaccepted?
 * @table: from ua_table_find()
 * @start: physical address
 * @bytes: size of the range, not 0
 *
 * Context: any; takes no lock, so the answer may be out of date.
 * Return: true if a bit of the range is set.
 */
bool ua_table_any(const struct ua_table *table, phys_addr_t start, u64 bytes)
{
	unsigned long first, end;

	return range_to_units(table, start, bytes, &first, &end) &&
	       find_next_bit(table->bitmap, end, first) < end;
}
