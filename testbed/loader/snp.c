// SPDX-License-Identifier: GPL-2.0
/*
 * What firmware leaves behind for an SEV-SNP kernel: a "confidential computing blob" that
 * names a page of secrets and one of CPUID values. Linux boots without, but then
 * its tables are not read and no sev-guest device appears. Layouts: the kernel's
 * arch/x86/include/asm/sev.h, and the SEV-SNP firmware ABI (AMD 56860).
 */
#include "loader.h"
#include "ccemu-abi.h"

#define BLOB_MAGIC	0x45444d41u	/* "AMDE" */
#define BLOB_VERSION	1
#define CPUID_SEV	0x8000001f

struct snp_blob {
	u32 magic;
	u16 version, reserved;
	u64 secrets;
	u32 secrets_size, reserved1;
	u64 cpuid;
	u32 cpuid_size, reserved2;
};

struct snp_cpuid {
	u32 count, reserved1;
	u64 reserved2;
	struct {
		u32 eax_in, ecx_in;
		u64 xcr0_in, xss_in;
		u32 eax, ebx, ecx, edx;
		u64 reserved;
	} leaf[3];
};

static const struct efi_guid blob_guid = {
	0x067b1f5f, 0xcf26, 0x44c5, { 0x85, 0x54, 0x93, 0xd7, 0x77, 0x91, 0x2d, 0x42 }
};

static struct snp_blob *blob;

static void *zeroed_page(u32 type)
{
	return memset(alloc_outside_ranges(1, type), 0, PAGE_SIZE);
}

/*
 * Before the ranges are taken: nothing of this may lie in one. The kernel maps the
 * secrets as private memory that is no RAM, hence reserved; it reads the blob
 * late, at an address that it keeps in 32 bits.
 */
void prepare_snp(void)
{
	if (settings.platform != CCEMU_PLATFORM_SNP)
		return;
	blob = zeroed_page(EFI_ACPI_RECLAIM_MEMORY);
	blob->magic = BLOB_MAGIC;
	blob->version = BLOB_VERSION;
	blob->secrets = (u64)zeroed_page(EFI_RESERVED_MEMORY);
	blob->secrets_size = PAGE_SIZE;
	blob->cpuid = (u64)zeroed_page(EFI_RESERVED_MEMORY);
	blob->cpuid_size = PAGE_SIZE;
	if ((u64)blob > 0xffffffff)
		die("no memory below 4 GiB for the SNP tables", NULL);
}

/* Without a #VC handler these values are not used, but Linux refuses an empty table. */
static void fill_cpuid(struct snp_cpuid *table)
{
	static const u32 leaves[] = { 0, 0x80000000, CPUID_SEV };

	for (; table->count < ARRAY_SIZE(leaves); table->count++) {
		u32 in = leaves[table->count];

		table->leaf[table->count].eax_in = in;
		asm volatile("cpuid"
			     : "=a"(table->leaf[table->count].eax),
			       "=b"(table->leaf[table->count].ebx),
			       "=c"(table->leaf[table->count].ecx),
			       "=d"(table->leaf[table->count].edx)
			     : "0"(in), "2"(0));
	}
}

/* After arming: before, there is no such CPUID leaf. */
void install_snp(void)
{
	if (!blob)
		return;
	fill_cpuid((struct snp_cpuid *)blob->cpuid);
	check(bs->install_configuration_table(&blob_guid, blob),
	      "cannot install the SNP blob");
}
