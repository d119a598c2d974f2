/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The binding: what the module asks of the kernel, and the EFI table.
 *
 * Files below the line (bind_*.c, table.c) include this header and nothing of
 * ours besides, so the compiler keeps them from calling upwards.
 */
#ifndef _UNACCEPTED_CORE_H
#define _UNACCEPTED_CORE_H

#include <linux/bits.h>
#include <linux/gfp_types.h>
#include <linux/mmzone.h>
#include <linux/types.h>

struct efi_unaccepted_memory;

/*
 * A block is the unit in which the page allocator parks unaccepted memory:
 * one page of order MAX_PAGE_ORDER, on zone->unaccepted_pages (mm/page_alloc.c,
 * __free_unaccepted()).
 */
#define UA_BLOCK_PAGES	MAX_ORDER_NR_PAGES
#define UA_BLOCK_BYTES	((u64)UA_BLOCK_PAGES << PAGE_SHIFT)

/**
 * enum ua_page_state - what the page allocator says of a block
 * @UA_PAGE_OTHER: it is not unaccepted, or there is no such block
 * @UA_PAGE_UNACCEPTED:	it is unaccepted
 * @UA_PAGE_IN_FLIGHT: it is unaccepted, but one of us is about to accept it
 */
enum ua_page_state {
	UA_PAGE_OTHER,
	UA_PAGE_UNACCEPTED,
	UA_PAGE_IN_FLIGHT,
};

/* For ua_core.accept_block(). A binding that cannot choose ignores them. */
#define UA_FROM_END	BIT(0)	/* the zone's last block, away from the allocator */
#define UA_TO_FRONT	BIT(1)	/* to be handed out next, not last */

/**
 * struct ua_upcalls - what the kernel asks of the module
 * @below_watermark: an allocation of @order looks at @zone, which has memory
 *	unaccepted; @failed: the zone could not serve it. Returns how many blocks
 *	were accepted. Runs in any context in which the allocator runs, hard
 *	interrupts included: no sleep, no allocation, no lock of ours, no text
 *	patching, bounded work.
 * @isolated:	a block of @zone was accepted because its pages are to be
 *	isolated, for a contiguous allocation. Same context.
 */
struct ua_upcalls {
	unsigned int (*below_watermark)(struct zone *zone, unsigned int order,
					gfp_t gfp, bool failed);
	void (*isolated)(struct zone *zone);
};

/**
 * struct ua_core - what the module asks of the kernel
 * @name:	 name of the binding, shown in sysfs as "binding"
 * @why:	 one line why the binding can do no more than it does, or NULL
 * @unaccepted_pages: pages that wait unaccepted in @zone; lockless, any context
 * @page_state:	 is the block whose first page has this number unaccepted? Lockless,
 *		 so of a moment that may be over; process context, for memory
 *		 may be taken out meanwhile.
 * @accept_block: accept one block of @zone. Returns 0, or -ENOENT when the zone
 *		 has none to give, or another negative errno when the platform
 *		 refused; a refused block stays unaccepted. @pfn gets the number of
 *		 its first page, unless there was none. May be called in any
 *		 context in which zone->lock may be taken. NULL: cannot accept.
 * @accept_block_at: the same, but the block of @zone whose first page is @pfn, or
 *		 -ENOENT if it is not unaccepted or another task has it already.
 *		 Process context. There if @accept_block is.
 * @eager:	 true if the kernel was told to accept everything at boot
 *		 (accept_memory=eager). NULL: cannot tell.
 * @stalled_ns:	for how long tasks waited for CPUs or memory (PSI, "some"), in
 *		all. NULL: cannot tell.
 * @kexec_unsafe: kexec copies the new kernel to wherever it was told, accepted
 *		or not
 * @policy_by_default: attach unless told otherwise at load
 * @attach:	 from now on the kernel asks @upcalls. Process context; returns 0
 *		 or a negative errno, -EBUSY if another module has that place.
 *		 NULL: the kernel always decides by itself.
 * @detach:	 undo @attach; on return no upcall runs
 *
 * A kernel that lacks an operation leaves it NULL; the control files then
 * answer -EOPNOTSUPP.
 */
struct ua_core {
	const char *name;
	const char *why;
	unsigned long (*unaccepted_pages)(struct zone *zone);
	enum ua_page_state (*page_state)(unsigned long pfn);
	int (*accept_block)(struct zone *zone, unsigned int flags,
			    unsigned long *pfn);
	int (*accept_block_at)(struct zone *zone, unsigned long pfn);
	bool (*eager)(void);
	u64 (*stalled_ns)(void);
	bool kexec_unsafe;
	bool policy_by_default;
	int (*attach)(const struct ua_upcalls *upcalls);
	void (*detach)(void);
};

const struct ua_core *ua_bind(void);
const struct ua_core *ua_bind_observe(const char *why);
void ua_unbind(void);
unsigned int ua_bind_phys_bits(void);
bool ua_bind_has_ram(phys_addr_t start, u64 bytes);

/**
 * struct ua_table - the EFI unaccepted-memory table, after validation
 * @present:	the firmware or the boot stub passed a table
 * @why:	why a present table was refused, or NULL. A refused table is
 *		never touched again.
 * @phys:	physical address of the table
 * @version:	layout version; 1 is the only one known
 * @unit_size:	bytes that one bit of the bitmap stands for
 * @phys_base:	physical address of the first unit
 * @size:	bytes in the bitmap
 * @bitmap:	the kernel's own bitmap, set bit = unaccepted. The kernel
 *		changes it under a lock that modules cannot take, so every look
 *		is a snapshot; we only read.
 */
struct ua_table {
	bool present;
	const char *why;
	phys_addr_t phys;
	u32 version;
	u32 unit_size;
	u64 phys_base;
	u64 size;
	const unsigned long *bitmap;
};

/**
 * struct ua_table_bits - what the bitmap says at one moment
 * @set:	units not accepted yet
 * @first:	first such unit, valid if @set
 * @last:	last such unit, valid if @set
 */
struct ua_table_bits {
	u64 set;
	u64 first;
	u64 last;
};

const char *ua_table_check(const struct efi_unaccepted_memory *hdr,
			   phys_addr_t phys, unsigned int phys_bits);
void ua_table_find(struct ua_table *table);
void ua_table_count(const struct ua_table *table, struct ua_table_bits *bits);
bool ua_table_covers(const struct ua_table *table, phys_addr_t start, u64 bytes);
bool ua_table_any(const struct ua_table *table, phys_addr_t start, u64 bytes);

#endif /* _UNACCEPTED_CORE_H */
