// SPDX-License-Identifier: GPL-2.0
/*
 * Allocates the ranges from the firmware, and shows them as unaccepted.
 *
 * The pieces are allocated with memory types the UEFI specification leaves to
 * operating systems; only the type is rewritten when the map is requested.
 * Number of entries, buffer size and map key stay the firmware's own, which is why
 * ExitBootServices() needs no care.
 */
#include "loader.h"
#include "ccemu-abi.h"

#define TYPE_PENDING	0x80000000u
#define TYPE_LIE	0x80000001u
#define TYPE_SOFT	0x80000002u
#define MEMORY_SP	0x40000ULL	/* UEFI 2.8, EFI_MEMORY_SP */
#define LOW_4G		0xffffffffULL
#define TAKE_ATTEMPTS	8

static efi_status_t (*real_get_memory_map)(u64 *size, void *map, u64 *key,
					   u64 *desc_size, u32 *desc_version);
static efi_status_t (*real_allocate_pages)(int how, u32 type, u64 pages, u64 *addr);
static efi_status_t (*real_exit_boot_services)(efi_handle_t image, u64 key);

static const u32 types[NR_RANGE_KINDS] = {
	[RANGE_UNACCEPTED] = TYPE_PENDING,
	[RANGE_LIE] = TYPE_LIE,
	[RANGE_SOFT] = TYPE_SOFT,
};

static u64 map_size, map_room, desc_size;
static char *map;

/* A map of this very moment: the firmware takes pages for itself all the time. */
static void read_map(void)
{
	efi_status_t status;
	u32 version;
	u64 key;

	for (;;) {
		map_size = map_room;
		status = bs->get_memory_map(&map_size, map, &key, &desc_size, &version);
		if (status != EFI_BUFFER_TOO_SMALL)
			break;
		if (map)
			bs->free_pool(map);
		/* The allocation itself, and whatever comes later, adds entries. */
		map_room = map_size + 2 * PAGE_SIZE;
		check(bs->allocate_pool(EFI_LOADER_DATA, map_room, (void **)&map),
		      "no memory for the memory map");
	}
	check(status, "GetMemoryMap failed");
}

static u64 desc_end(const struct efi_memory_desc *d)
{
	return d->phys_addr + d->num_pages * PAGE_SIZE;
}

/* The lowest conventional memory that ends above @from; maps need not be sorted. */
struct efi_memory_desc *next_conventional(u64 from)
{
	struct efi_memory_desc *best = NULL;

	read_map();
	for (u64 at = 0; at < map_size; at += desc_size) {
		struct efi_memory_desc *d = (void *)(map + at);

		if (d->type != EFI_CONVENTIONAL_MEMORY || desc_end(d) <= from)
			continue;
		if (!best || d->phys_addr < best->phys_addr)
			best = d;
	}
	return best;
}

/* Below all ranges where possible, so that our own buffers tear no hole in one. */
void *alloc_outside_ranges(u64 pages, u32 type)
{
	u64 addr, limit = LOW_4G;

	for (unsigned int i = 0; i < settings.nr_ranges; i++)
		if (settings.range[i].start - 1 < limit)
			limit = settings.range[i].start - 1;
	addr = limit;
	if (bs->allocate_pages(EFI_ALLOCATE_MAX, type, pages, &addr) != EFI_SUCCESS)
		check(bs->allocate_pages(EFI_ALLOCATE_ANY, type, pages, &addr),
		      "no memory left for the kernel, the initrd or the table");
	return (void *)addr;
}

/* Returns false when nothing conventional is left at or above *from. */
static bool take_piece(const struct range *r, u64 *from, u64 *end)
{
	efi_status_t status = EFI_NOT_FOUND;
	struct efi_memory_desc *d;

	for (int i = 0; i < TAKE_ATTEMPTS && status != EFI_SUCCESS; i++) {
		d = next_conventional(*from);
		if (!d || d->phys_addr >= r->end)
			return false;
		if (d->phys_addr > *from)
			*from = d->phys_addr;
		*end = desc_end(d) < r->end ? desc_end(d) : r->end;
		status = bs->allocate_pages(EFI_ALLOCATE_ADDRESS, types[r->kind],
					    (*end - *from) / PAGE_SIZE, from);
	}
	check(status, "cannot take a piece of conventional memory");
	return true;
}

void take_ranges(void)
{
	u64 from, end, pieces = 0, bytes[NR_RANGE_KINDS] = {};

	for (unsigned int i = 0; i < settings.nr_ranges; i++) {
		const struct range *r = &settings.range[i];

		for (from = r->start; from < r->end; from = end) {
			if (!take_piece(r, &from, &end))
				break;
			check(tdcall(CCEMU_LEAF_DECLARE, from, end),
			      "the emulator refuses a range");
			bytes[r->kind] += end - from;
			pieces++;
		}
	}
	say("loader: ");
	say_num(pieces, 10);
	say(" ranges, ");
	say_num((bytes[RANGE_UNACCEPTED] + bytes[RANGE_SOFT]) >> 20, 10);
	say(" MiB unaccepted, ");
	say_num(bytes[RANGE_LIE] >> 20, 10);
	say(" MiB lie\n");
}

static efi_status_t hooked_get_memory_map(u64 *size, void *buf, u64 *key,
					  u64 *dsize, u32 *version)
{
	efi_status_t status = real_get_memory_map(size, buf, key, dsize, version);

	if (status != EFI_SUCCESS)
		return status;
	for (u64 at = 0; at < *size; at += *dsize) {
		struct efi_memory_desc *d = (void *)((char *)buf + at);

		if (d->type == TYPE_SOFT)
			d->attribute |= MEMORY_SP;
		if (d->type == TYPE_PENDING || d->type == TYPE_SOFT)
			d->type = EFI_UNACCEPTED_MEMORY;
		else if (d->type == TYPE_LIE)
			d->type = EFI_CONVENTIONAL_MEMORY;
	}
	return status;
}

static bool inside_lie(u64 addr, u64 pages)
{
	for (unsigned int i = 0; i < settings.nr_ranges; i++) {
		const struct range *r = &settings.range[i];

		if (r->kind == RANGE_LIE && addr >= r->start && addr + pages * PAGE_SIZE <= r->end)
			return true;
	}
	return false;
}

/*
 * A caller that relies on the lie may request such pages: KASLR in the stub picks an
 * address from the map. Firmware that lies would hand them out, so do we; touching
 * them must be what fails, not the allocation.
 */
static efi_status_t hooked_allocate_pages(int how, u32 type, u64 pages, u64 *addr)
{
	efi_status_t status = real_allocate_pages(how, type, pages, addr);

	if (status == EFI_SUCCESS || how != EFI_ALLOCATE_ADDRESS ||
	    !inside_lie(*addr, pages) || bs->free_pages(*addr, pages) != EFI_SUCCESS)
		return status;
	return real_allocate_pages(how, type, pages, addr);
}

static efi_status_t hooked_exit_boot_services(efi_handle_t image, u64 key)
{
	efi_status_t status = real_exit_boot_services(image, key);

	if (status == EFI_SUCCESS)
		table_after_exit();
	return status;
}

void hook_boot_services(void)
{
	real_get_memory_map = bs->get_memory_map;
	bs->get_memory_map = hooked_get_memory_map;
	real_allocate_pages = bs->allocate_pages;
	bs->allocate_pages = hooked_allocate_pages;
	real_exit_boot_services = bs->exit_boot_services;
	bs->exit_boot_services = hooked_exit_boot_services;

	bs->hdr.crc32 = 0;
	check(bs->calculate_crc32(&bs->hdr, bs->hdr.headersize, &bs->hdr.crc32),
	      "CalculateCrc32 failed");
}
