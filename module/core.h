/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interface to the kernel: the binding, and the EFI table.
 *
 * bind_*.c and table.c implement it. They include this header and bind*.h only,
 * so the compiler keeps them from calling the layers above.
 */
#ifndef _UNACCEPTED_CORE_H
#define _UNACCEPTED_CORE_H

#include <linux/bits.h>
#include <linux/gfp_types.h>
#include <linux/mmzone.h>
#include <linux/types.h>

struct efi_unaccepted_memory;

/*
 * A block is what the page allocator keeps on zone->unaccepted_pages: unaccepted
 * memory of the size of one page of order MAX_PAGE_ORDER (__free_unaccepted() in
 * mm/page_alloc.c).
 */
#define UA_BLOCK_PAGES	MAX_ORDER_NR_PAGES
#define UA_BLOCK_BYTES	((u64)UA_BLOCK_PAGES << PAGE_SHIFT)

/**
 * enum ua_page_state - state of a block in the page allocator
 * @UA_PAGE_OTHER: the block is not unaccepted, or does not exist
 * @UA_PAGE_UNACCEPTED:	the block is on the zone's list of unaccepted blocks
 * @UA_PAGE_IN_FLIGHT: the module is about to accept the block
 */
enum ua_page_state {
	UA_PAGE_OTHER,
	UA_PAGE_UNACCEPTED,
	UA_PAGE_IN_FLIGHT,
};

/* Flags of ua_core.accept_block(). A binding that has no choice ignores them. */
#define UA_FROM_END	BIT(0)	/* the zone's last block; the allocator takes the first */
#define UA_TO_FRONT	BIT(1)	/* let the allocator use the block next, not last */

/**
 * struct ua_upcalls - calls from the page allocator to the module
 * @below_watermark: called for an allocation of @order from @zone, which has
 *	unaccepted blocks; @failed says that the zone could not serve it. Returns
 *	the number of blocks that it accepted.
 *
 *	Context: any in which the allocator runs, including hard interrupts. Must
 *	not sleep, allocate memory, take a lock of the module above core.h, patch text, or work
 *	without a bound. May wake a task only if @gfp has __GFP_KSWAPD_RECLAIM.
 * @isolated:	called after a block of @zone was accepted because pages in it
 *	are to be isolated, for example for a contiguous allocation. Same
 *	restrictions.
 */
struct ua_upcalls {
	unsigned int (*below_watermark)(struct zone *zone, unsigned int order,
					gfp_t gfp, bool failed);
	void (*isolated)(struct zone *zone);
};

/**
 * struct ua_core - operations of a binding
 * @name:	 name of the binding, shown in sysfs as "binding"
 * @reason:	 the cause for which the binding cannot accept, in one line, or NULL
 * @unaccepted_pages: unaccepted memory of @zone, in pages. Any context; takes no
 *		 lock.
 * @page_state:	 state of the block whose first page is @pfn. Process context;
 *		 takes no lock, so the answer may be out of date.
 * @accept_block: accept one block of @zone. Returns 0, -ENOENT if the zone has no
 *		 unaccepted block, or another negative errno if the platform
 *		 refused the block, which then stays unaccepted. @pfn gets the
 *		 number of the block's first page, unless there was no block. Any
 *		 context in which zone->lock may be taken. NULL: cannot accept.
 * @accept_block_at: the same for the block of @zone whose first page is @pfn;
 *		 -ENOENT if it is not unaccepted, or in flight already. Process
 *		 context. NULL if @accept_block is.
 * @eager:	 was the kernel booted with accept_memory=eager? NULL: not known.
 * @stalled_ns:	 nanoseconds since boot in which tasks waited for CPUs or memory
 *		 (the sum of the totals of "some" in PSI). NULL: not known.
 * @kexec_segment: memory that kexec copies segment @i of the new kernel to. Process
 *		 context, in a reboot notifier. Returns false if there is no such
 *		 segment; for 0 if the new kernel needs everything accepted, or the segments
 *		 are not known. NULL: the kernel accepts this memory by itself, has no kexec, or
 *		 the binding accepts nothing.
 * @policy_by_default: attach, unless the user says otherwise at load
 * @attach:	 let the kernel call @upcalls. Process context. Returns 0, or a
 *		 negative errno and in @reason its cause, a string that lives as long
 *		 as the module. NULL: the kernel always decides itself.
 * @detach:	 undo @attach. Process context; on return no upcall is running.
 *
 * An operation that a kernel lacks is NULL; sysfs files that need it return
 * -EOPNOTSUPP.
 */
struct ua_core {
	const char *name;
	const char *reason;
	unsigned long (*unaccepted_pages)(struct zone *zone);
	enum ua_page_state (*page_state)(unsigned long pfn);
	int (*accept_block)(struct zone *zone, unsigned int flags,
			    unsigned long *pfn);
	int (*accept_block_at)(struct zone *zone, unsigned long pfn);
	bool (*eager)(void);
	u64 (*stalled_ns)(void);
	bool (*kexec_segment)(unsigned int i, phys_addr_t *start, u64 *bytes);
	bool policy_by_default;
	int (*attach)(const struct ua_upcalls *upcalls, const char **reason);
	void (*detach)(void);
};

const struct ua_core *ua_bind(void);
const struct ua_core *ua_bind_observe(const char *reason);
void ua_unbind(void);
unsigned int ua_bind_phys_bits(void);
bool ua_bind_has_ram(phys_addr_t start, u64 bytes);

/**
 * struct ua_table - the EFI unaccepted-memory table, after validation
 * @present:	the firmware or the boot stub passed a table
 * @reason:	the cause for which a present table was refused, or NULL. A refused
 *		table is not read again.
 * @phys:	physical address of the table
 * @version:	layout version; 1 is the only one known
 * @unit_size:	bytes that one bit of the bitmap stands for
 * @phys_base:	physical address of the first unit
 * @size:	size of the bitmap in bytes
 * @bitmap:	the kernel's own bitmap, which the module only reads; a set bit is
 *		an unaccepted unit. NULL if there is no table, or it was refused.
 *		The kernel changes it under a lock that modules cannot take, so
 *		the bits may change during a reading.
 */
struct ua_table {
	bool present;
	const char *reason;
	phys_addr_t phys;
	u32 version;
	u32 unit_size;
	u64 phys_base;
	u64 size;
	const unsigned long *bitmap;
};

/**
 * struct ua_table_bits - result of one reading of the bitmap
 * @set:	number of unaccepted units
 * @first:	number of the first such unit, valid if @set is not 0
 * @last:	number of the last such unit, valid if @set is not 0
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
