/* SPDX-License-Identifier: GPL-2.0 */
/*
 * For programs that include module/table.c: a small array stands for physical memory;
 * reading outside of it fails as it does in the kernel, and the sanitizers catch a
 * read past its end.
 */
#ifndef _UNIT_RAM_H
#define _UNIT_RAM_H

#define RAM_BASE	0x100000ULL
#define RAM_PAGES	4

struct efi efi;
struct cpuinfo boot_cpu_data = { .x86_phys_bits = 46 };

static unsigned char ram[RAM_PAGES * PAGE_SIZE] __attribute__((aligned(4096)));
static unsigned long reserved_pages;	/* bit per page of ram[] */
static int memory_kind;			/* what the memory map calls ram[] */

static bool in_ram(u64 phys)
{
	return phys >= RAM_BASE && phys < RAM_BASE + sizeof(ram);
}

void *shim_va(u64 phys)
{
	return ram + (phys - RAM_BASE);
}

bool shim_pfn_valid(unsigned long pfn)
{
	return in_ram((u64)pfn << PAGE_SHIFT);
}

bool shim_reserved(unsigned long pfn)
{
	return reserved_pages & 1UL << (pfn - (RAM_BASE >> PAGE_SHIFT));
}

int region_intersects(u64 start, u64 bytes, unsigned long flags, int desc)
{
	bool inside = in_ram(start) && in_ram(start + bytes - 1);

	if (desc == memory_kind && inside &&
	    flags == (desc ? IORESOURCE_MEM : IORESOURCE_SYSTEM_RAM))
		return REGION_INTERSECTS;
	return REGION_DISJOINT;
}

long copy_from_kernel_nofault(void *dst, const void *src, size_t size)
{
	const unsigned char *from = src;

	if (from < ram || from + size > ram + sizeof(ram))
		return -EFAULT;
	memcpy(dst, src, size);
	return 0;
}

struct efi_unaccepted_memory *efi_get_unaccepted_table(void)
{
	return efi.unaccepted == EFI_INVALID_TABLE_ADDR ? NULL :
	       shim_va(efi.unaccepted);
}

#endif /* _UNIT_RAM_H */
