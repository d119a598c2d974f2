// SPDX-License-Identifier: GPL-2.0
/* Makes the machine a guest with unaccepted memory, then starts an ordinary kernel. */
#include "loader.h"
#include "ccemu-abi.h"

#define MEDIA_DEVICE_PATH	4
#define MEDIA_VENDOR		3
#define HW_DEVICE_PATH		1
#define HW_MEMORY_MAPPED	3

/* The firmware accepts this variable only with these attributes. */
#define DB_ATTRIBUTES	(EFI_VARIABLE_NON_VOLATILE | EFI_VARIABLE_BOOTSERVICE_ACCESS | \
			 EFI_VARIABLE_RUNTIME_ACCESS | \
			 EFI_VARIABLE_TIME_BASED_AUTHENTICATED_WRITE_ACCESS)

struct efi_system_table *systab;
struct efi_boot_services *bs;

static const struct efi_guid loaded_image_guid = {
	0x5b1b31a1, 0x9562, 0x11d2, { 0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b }
};
static const struct efi_guid device_path_guid = {
	0x09576e91, 0x6d3f, 0x11d2, { 0x8e, 0x39, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b }
};
static const struct efi_guid load_file2_guid = {
	0x4006c0c1, 0xfcb3, 0x403e, { 0x99, 0x6d, 0x4a, 0x6c, 0x87, 0x24, 0xe0, 0x6d }
};

static const struct efi_guid security_database_guid = {
	0xd719b2cb, 0x3d3a, 0x4596, { 0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f }
};

/* Where Linux's EFI stub looks for its initrd. */
static struct {
	struct efi_path_node node;
	struct efi_guid guid;
	struct efi_path_node end;
} __attribute__((packed)) initrd_path = {
	{ MEDIA_DEVICE_PATH, MEDIA_VENDOR,
	  sizeof(struct efi_path_node) + sizeof(struct efi_guid) },
	{ 0x5568e427, 0x68fc, 0x4f3d, { 0xac, 0x74, 0xca, 0x55, 0x52, 0x31, 0xcc, 0x68 } },
	EFI_PATH_END,
};

static struct {
	struct efi_path_node node;
	u32 type;
	u64 start, end_addr;
	struct efi_path_node end;
} __attribute__((packed)) kernel_path = {
	{ HW_DEVICE_PATH, HW_MEMORY_MAPPED, sizeof(kernel_path) - sizeof(struct efi_path_node) },
	EFI_LOADER_DATA, 0, 0,
	EFI_PATH_END,
};

static struct blob kernel, initrd, cmdline, db;

static efi_status_t initrd_load_file(struct efi_load_file2 *self, void *path,
				     u8 policy, u64 *size, void *buf)
{
	u64 buf_size = *size;

	(void)self;
	(void)path;
	if (policy)
		return EFI_UNSUPPORTED;
	*size = initrd.size;
	if (!buf || buf_size < initrd.size)
		return EFI_BUFFER_TOO_SMALL;
	memcpy(buf, initrd.data, initrd.size);
	return EFI_SUCCESS;
}

static struct efi_load_file2 initrd_load_file2 = { initrd_load_file };

static void offer_initrd(void)
{
	efi_handle_t handle = NULL;

	if (!initrd.size)
		return;
	check(bs->install_protocol_interface(&handle, &device_path_guid, 0, &initrd_path),
	      "cannot install the initrd's device path");
	check(bs->install_protocol_interface(&handle, &load_file2_guid, 0,
					     &initrd_load_file2),
	      "cannot offer the initrd");
}

/*
 * The certificates that the machine trusts, as if its owner had enrolled them. Without
 * a platform key the firmware is in setup mode and asks for no signature.
 */
static void install_db(void)
{
	static efi_char16_t name[] = { 'd', 'b', 0 };

	if (db.size)
		check(systab->runtime->set_variable(name, &security_database_guid,
						    DB_ATTRIBUTES, db.size, db.data),
		      "cannot set the variable db");
}

static void read_files(void)
{
	struct blob text;

	if (!fwcfg_read("opt/unaccepted/settings", &text))
		die("no fw_cfg file", "opt/unaccepted/settings");
	parse_settings(text.data, text.size);
	if (!fwcfg_read("opt/unaccepted/kernel", &kernel))
		die("no fw_cfg file", "opt/unaccepted/kernel");
	/* A kernel can do without these. */
	fwcfg_read("opt/unaccepted/initrd", &initrd);
	fwcfg_read("opt/unaccepted/cmdline", &cmdline);
	fwcfg_read("opt/unaccepted/db", &db);
}

/* UTF-16 and NUL-terminated; a line end left by an editor is not part of it. */
static efi_char16_t *widen_cmdline(u32 *size)
{
	efi_char16_t *wide;
	u64 len = 0;

	while (len < cmdline.size && cmdline.data[len] && cmdline.data[len] != '\n')
		len++;
	*size = (len + 1) * sizeof(*wide);
	wide = alloc_outside_ranges(PAGES((u64)*size), EFI_LOADER_DATA);
	wide[len] = 0;
	while (len--)
		wide[len] = (u8)cmdline.data[len];
	return wide;
}

static efi_handle_t load_kernel(efi_handle_t self, efi_char16_t *options, u32 size)
{
	struct efi_loaded_image *image;
	efi_handle_t handle;

	kernel_path.start = (u64)kernel.data;
	kernel_path.end_addr = (u64)kernel.data + kernel.size - 1;
	check(bs->load_image(0, self, &kernel_path, kernel.data, kernel.size, &handle),
	      "cannot load the kernel");
	/* LoadImage() made a copy; the kernel may need the memory. */
	bs->free_pages((u64)kernel.data, PAGES(kernel.size + 1));
	check(bs->handle_protocol(handle, &loaded_image_guid, (void **)&image),
	      "the kernel has no loaded image protocol");
	image->load_options = options;
	image->load_options_size = size;
	return handle;
}

efi_status_t efi_main(efi_handle_t self, struct efi_system_table *table)
{
	efi_char16_t *options;
	efi_handle_t image;
	u32 size;

	systab = table;
	bs = table->boot;
	if (inl(CCEMU_PORT_VERDICT) != CCEMU_MAGIC)
		die("this QEMU was not given the cc-emu object", NULL);
	/* The firmware would reset after five minutes, which is too soon on a busy host. */
	bs->set_watchdog_timer(0, 0, 0, NULL);

	/* Everything we need ourselves comes first, the ranges get the rest. */
	read_files();
	options = widen_cmdline(&size);
	prepare_table();
	prepare_snp();
	take_ranges();
	hook_boot_services();
	if (settings.platform)
		check(tdcall(CCEMU_LEAF_ARM, settings.platform, 0), "the emulator cannot be armed");

	install_table();
	install_snp();
	install_db();
	offer_initrd();
	image = load_kernel(self, options, size);
	check(bs->start_image(image, NULL, NULL), "the kernel gave up");
	die("the kernel returned", NULL);
}
