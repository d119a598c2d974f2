// SPDX-License-Identifier: GPL-2.0
/* Files handed over by QEMU's command line ("-fw_cfg name=...,file=..."). */
#include "loader.h"

#define FWCFG_SELECT	0x510
#define FWCFG_DATA	0x511
#define FWCFG_DMA	0x514

#define KEY_SIGNATURE	0
#define KEY_FEATURES	1
#define KEY_DIRECTORY	0x19

#define FEATURE_DMA	2
#define DMA_ERROR	1
#define DMA_READ	2

/* Everything in the two structures is big-endian. */
struct fwcfg_entry {
	u32 size;
	u16 key, reserved;
	char name[56];
};

struct fwcfg_dma {
	u32 control, length;
	u64 address;
};

static void select_key(u16 key)
{
	outw(FWCFG_SELECT, key);
}

static void read_bytes(void *buf, u64 len)
{
	for (u8 *p = buf; len; len--)
		*p++ = inb(FWCFG_DATA);
}

static void read_dma(void *buf, u32 len)
{
	volatile struct fwcfg_dma dma = {
		.control = __builtin_bswap32(DMA_READ),
		.length = __builtin_bswap32(len),
		.address = __builtin_bswap64((u64)buf),
	};
	u64 where = (u64)&dma;

	/* Writing the low half starts the transfer. */
	outl(FWCFG_DMA, __builtin_bswap32(where >> 32));
	outl(FWCFG_DMA + 4, __builtin_bswap32((u32)where));
	while (dma.control & ~__builtin_bswap32(DMA_ERROR))
		;
	if (dma.control)
		die("fw_cfg DMA failed", NULL);
}

static bool have_dma(void)
{
	u32 features;
	char sig[4];

	select_key(KEY_SIGNATURE);
	read_bytes(sig, sizeof(sig));
	if (memcmp(sig, "QEMU", sizeof(sig)))
		die("no fw_cfg device", NULL);
	select_key(KEY_FEATURES);
	read_bytes(&features, sizeof(features));
	return features & FEATURE_DMA;
}

static bool find_file(const char *name, struct fwcfg_entry *entry)
{
	u32 count;

	select_key(KEY_DIRECTORY);
	read_bytes(&count, sizeof(count));
	for (count = __builtin_bswap32(count); count; count--) {
		read_bytes(entry, sizeof(*entry));
		entry->name[sizeof(entry->name) - 1] = 0;
		if (!strcmp(entry->name, name))
			return true;
	}
	return false;
}

bool fwcfg_read(const char *name, struct blob *blob)
{
	bool dma = have_dma();
	struct fwcfg_entry entry;

	if (!find_file(name, &entry))
		return false;
	blob->size = __builtin_bswap32(entry.size);
	blob->data = alloc_outside_ranges(PAGES(blob->size + 1), EFI_LOADER_DATA);
	select_key(__builtin_bswap16(entry.key));
	if (dma && blob->size)
		read_dma(blob->data, blob->size);
	else
		read_bytes(blob->data, blob->size);
	blob->data[blob->size] = 0;
	return true;
}
