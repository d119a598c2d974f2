/* SPDX-License-Identifier: GPL-2.0 */
/* The few UEFI types the loader needs; members it never uses are padding. */
#ifndef LOADER_EFI_H
#define LOADER_EFI_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef u16 efi_char16_t;
typedef u64 efi_status_t;
typedef void *efi_handle_t;

#define EFI_SUCCESS		0ULL
#define EFI_ERR(n)		((1ULL << 63) | (n))
#define EFI_UNSUPPORTED		EFI_ERR(3)
#define EFI_BUFFER_TOO_SMALL	EFI_ERR(5)
#define EFI_NOT_FOUND		EFI_ERR(14)

#define EFI_RESERVED_MEMORY	0
#define EFI_LOADER_DATA		2
#define EFI_CONVENTIONAL_MEMORY	7
#define EFI_ACPI_RECLAIM_MEMORY	9
#define EFI_UNACCEPTED_MEMORY	15

#define EFI_VARIABLE_NON_VOLATILE	0x01
#define EFI_VARIABLE_BOOTSERVICE_ACCESS	0x02
#define EFI_VARIABLE_RUNTIME_ACCESS	0x04
#define EFI_VARIABLE_TIME_BASED_AUTHENTICATED_WRITE_ACCESS	0x20

enum { EFI_ALLOCATE_ANY, EFI_ALLOCATE_MAX, EFI_ALLOCATE_ADDRESS };
enum { EFI_RESET_SHUTDOWN = 2 };

struct efi_guid {
	u32 a;
	u16 b, c;
	u8 d[8];
};

struct efi_table_hdr {
	u64 signature;
	u32 revision, headersize, crc32, reserved;
};

struct efi_memory_desc {
	u32 type, pad;
	u64 phys_addr, virt_addr, num_pages, attribute;
};

struct efi_text_output {
	void *reset;
	efi_status_t (*output_string)(struct efi_text_output *self, efi_char16_t *s);
};

struct efi_boot_services {
	struct efi_table_hdr hdr;
	void *tpl[2];
	efi_status_t (*allocate_pages)(int how, u32 type, u64 pages, u64 *addr);
	efi_status_t (*free_pages)(u64 addr, u64 pages);
	efi_status_t (*get_memory_map)(u64 *size, void *map, u64 *key,
				       u64 *desc_size, u32 *desc_version);
	efi_status_t (*allocate_pool)(u32 type, u64 size, void **buf);
	efi_status_t (*free_pool)(void *buf);
	void *events[6];
	efi_status_t (*install_protocol_interface)(efi_handle_t *handle,
						   const struct efi_guid *guid,
						   int native, void *iface);
	void *protocols1[2];
	efi_status_t (*handle_protocol)(efi_handle_t handle,
					const struct efi_guid *guid, void **iface);
	void *protocols2[4];
	efi_status_t (*install_configuration_table)(const struct efi_guid *guid,
						    void *table);
	efi_status_t (*load_image)(u8 policy, efi_handle_t parent, void *path,
				   void *src, u64 size, efi_handle_t *image);
	efi_status_t (*start_image)(efi_handle_t image, u64 *size, efi_char16_t **data);
	void *image_exit[2];
	efi_status_t (*exit_boot_services)(efi_handle_t image, u64 key);
	void *misc[2];
	efi_status_t (*set_watchdog_timer)(u64 seconds, u64 code, u64 size,
					   efi_char16_t *data);
	void *protocols3[10];
	efi_status_t (*calculate_crc32)(void *data, u64 size, u32 *crc);
};

struct efi_runtime_services {
	struct efi_table_hdr hdr;
	void *unused[8];
	efi_status_t (*set_variable)(efi_char16_t *name, const struct efi_guid *vendor,
				     u32 attributes, u64 size, void *data);
	void *counter;
	void (*reset_system)(int type, efi_status_t status, u64 size, void *data);
};

struct efi_system_table {
	struct efi_table_hdr hdr;
	efi_char16_t *vendor;
	u32 vendor_revision;
	efi_handle_t con_in_handle;
	void *con_in;
	efi_handle_t con_out_handle;
	struct efi_text_output *con_out;
	efi_handle_t std_err_handle;
	struct efi_text_output *std_err;
	struct efi_runtime_services *runtime;
	struct efi_boot_services *boot;
};

struct efi_loaded_image {
	u32 revision;
	efi_handle_t parent;
	struct efi_system_table *systab;
	efi_handle_t device;
	void *path, *reserved;
	u32 load_options_size;
	void *load_options;
};

struct efi_load_file2 {
	efi_status_t (*load_file)(struct efi_load_file2 *self, void *path,
				  u8 policy, u64 *size, void *buf);
};

/* Device path nodes are packed by definition: a length that is no multiple of 4 is legal. */
struct efi_path_node {
	u8 type, subtype;
	u16 length;
} __attribute__((packed));

#define EFI_PATH_END	{ 0x7f, 0xff, sizeof(struct efi_path_node) }

#endif /* LOADER_EFI_H */
