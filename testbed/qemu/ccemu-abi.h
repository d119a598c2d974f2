/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interface between the patched QEMU, the EFI loader and the guest tool.
 *
 * The emulator is silent until the loader has declared the pending ranges and
 * armed it. Everything here is private to the test bed: no real TDX module
 * answers these leaves, no real machine has this port. The loader makes these calls
 * on every platform: before arming the machine is neither a TDX nor an SNP guest.
 */
#ifndef CCEMU_ABI_H
#define CCEMU_ABI_H

/*
 * Private TDCALL leaves (RAX), legal only before arming and only when the
 * "cc-emu" object was given on QEMU's command line. RAX returns 0 on success.
 */
#define CCEMU_LEAF_DECLARE	0x55410001	/* RCX start, RDX end (exclusive): pending */
#define CCEMU_LEAF_ARM		0x55410002	/* RCX: the platform from now on */

#define CCEMU_PLATFORM_TDX	1
#define CCEMU_PLATFORM_SNP	2

/*
 * I/O ports, 32 bits wide. Write an index to SELECT, then read LOW and HIGH:
 * LOW latches the whole 64-bit value, so read it first. A knob is written HIGH
 * first, then LOW, which commits. Reading VERDICT gives the magic; writing it
 * ends the emulator with status CCEMU_EXIT_VERDICT + (value & 15).
 */
#define CCEMU_PORT_SELECT	0x5540
#define CCEMU_PORT_LOW		0x5544
#define CCEMU_PORT_HIGH		0x5548
#define CCEMU_PORT_VERDICT	0x554c
#define CCEMU_MAGIC		0x43434155

/* Exit statuses of the emulator process; everything else is QEMU's own. */
#define CCEMU_EXIT_UNACCEPTED	97	/* a pending page was touched */
#define CCEMU_EXIT_TERMINATED	98	/* the guest terminated itself, or broke the protocol */
#define CCEMU_EXIT_VERDICT	100	/* + verdict: 0 pass, anything else fail */

/* Read only, index from 0 in this order. */
#define CCEMU_COUNTERS(X)						\
	X(accept_calls)		/* accept leaf executed, successful or not */	\
	X(accept_4k)		/* successes by level */			\
	X(accept_2m)								\
	X(accept_1g)								\
	X(size_mismatch)	/* level above what the "VMM" grants */		\
	X(already_accepted)	/* at least one page was accepted before */	\
	X(invalid)		/* misaligned, unknown level, outside RAM */	\
	X(refused)		/* refused because of the refuse_next knob */	\
	X(lied)			/* success reported, nothing accepted (lie_next) */	\
	X(map_gpa)		/* requests: MapGPA, page state change (PSC) */	\
	X(psc_4k)		/* pages in PSC requests, by size */	\
	X(psc_2m)								\
	X(pages_pending)	/* 4K pages pending now */			\
	X(pages_shared)		/* 4K pages shared now */			\
	X(cost_ns)		/* modelled cost accumulated, ns */		\
	X(wrong_alias)		/* pages of SNP mapped without the C-bit */	\
	X(bad_access)		/* accesses to pending pages (ends QEMU) */

/* Read and write, index from CCEMU_KNOB_BASE in this order. */
#define CCEMU_KNOB_BASE		64
#define CCEMU_KNOBS(X)							\
	X(max_level)		/* largest level granted: 0 4K, 1 2M, 2 1G */	\
	X(cost_4k)		/* ns per accepted page of that level */	\
	X(cost_2m)								\
	X(cost_1g)								\
	X(lie_next)		/* the next N accepts only report success */	\
	X(refuse_next)		/* the next N accepts are refused */		\
	X(refuse_after)		/* N accepts succeed before those; set first */ \
	X(psc_batch)		/* PSC entries done per request; 0: all */

#endif /* CCEMU_ABI_H */
