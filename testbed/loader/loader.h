/* SPDX-License-Identifier: GPL-2.0 */
#ifndef LOADER_H
#define LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include "efi.h"

#define PAGE_SIZE	4096ULL
#define PAGES(bytes)	(((bytes) + PAGE_SIZE - 1) / PAGE_SIZE)
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define GiB		(1ULL << 30)

#define MAX_RANGES	1024

enum range_kind {
	RANGE_UNACCEPTED,
	RANGE_LIE,		/* pending, but the map says conventional */
	RANGE_SOFT,		/* unaccepted, and soft-reserved (EFI_MEMORY_SP) */
	NR_RANGE_KINDS
};

struct range {
	u64 start, end;		/* end is exclusive */
	enum range_kind kind;
};

struct settings {
	struct range range[MAX_RANGES];
	unsigned int nr_ranges;
	unsigned int platform;	/* CCEMU_PLATFORM_*, or 0: an ordinary machine */
	const struct table_kind *table;
};

struct blob {
	char *data;		/* one NUL follows the last byte */
	u64 size;
};

extern struct efi_system_table *systab;
extern struct efi_boot_services *bs;
extern struct settings settings;

/* util.c */
void outb(u16 port, u8 val);
void outw(u16 port, u16 val);
void outl(u16 port, u32 val);
u8 inb(u16 port);
u32 inl(u16 port);
u64 tdcall(u64 leaf, u64 rcx, u64 rdx);
void say(const char *s);
void say_num(u64 num, unsigned int base);
void die(const char *cause, const char *detail) __attribute__((noreturn));
void check(efi_status_t status, const char *what);
int strcmp(const char *a, const char *b);
void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* fwcfg.c */
bool fwcfg_read(const char *name, struct blob *blob);

/* settings.c */
void parse_settings(char *text, u64 size);

/* memory.c */
struct efi_memory_desc *next_conventional(u64 from);
void *alloc_outside_ranges(u64 pages, u32 type);
void take_ranges(void);
void hook_boot_services(void);

/* snp.c */
void prepare_snp(void);
void install_snp(void);

/* table.c */
const struct table_kind *find_table_kind(const char *name);
bool table_excludes_ranges(const struct table_kind *kind);
void prepare_table(void);
void install_table(void);
void table_after_exit(void);

#endif /* LOADER_H */
