/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Emulation of lazily accepted guest memory under TCG: what QEMU's own files
 * call (first half) and what a flavour of confidential guest needs (second
 * half). The page states, counters and knobs are the same for every flavour;
 * how a guest asks for acceptance is not, and lives in ccemu-<flavour>.c.
 */
#ifndef CCEMU_H
#define CCEMU_H

#include "cpu.h"
#include "exec/memory.h"
#include "ccemu-abi.h"

/* True once a cc-emu object exists; without one QEMU behaves as stock. */
bool ccemu_present(void);

/* True after arming: accesses to pending pages are caught, the platform is set. */
bool ccemu_armed(void);

/*
 * Address bits that say whether a page is shared or private, and are no part
 * of the address itself.
 */
hwaddr ccemu_attr_bits(void);

static inline hwaddr ccemu_strip(hwaddr addr)
{
    return addr & ~ccemu_attr_bits();
}

/*
 * A TLB entry is about to be made. The walk that may precede it has no return
 * address into the translated code of its own, so note that of the access.
 */
void ccemu_tlb_begin(int mmu_idx, uintptr_t retaddr);

/* Returns the address without such bits; ends QEMU if the page is pending. */
hwaddr ccemu_tlb_check(CPUState *cs, hwaddr paddr, int mmu_idx);

/* Ends QEMU if @as is a device's view and the range has a pending page. */
void ccemu_dma_check(AddressSpace *as, hwaddr addr, hwaddr len);

/* True if the flavour answered this CPUID leaf. */
bool ccemu_cpuid(uint32_t index, uint32_t *eax, uint32_t *ebx,
                 uint32_t *ecx, uint32_t *edx);

/* True if the flavour has this MSR. */
bool ccemu_rdmsr(CPUX86State *env, uint32_t index, uint64_t *value);
bool ccemu_wrmsr(CPUX86State *env, uint32_t index, uint64_t value);

/*
 * Where the guest's page tables, at the vCPU's present privilege, say that @addr
 * is. Raises the page fault that a read would. The page may be pending.
 */
hwaddr ccemu_translate(CPUX86State *env, vaddr addr, uintptr_t ra);

/* The instructions that helper_ccemu_insn() is called for. */
typedef enum CcemuInsn {
    CCEMU_TDCALL,
    CCEMU_VMGEXIT,
    CCEMU_PVALIDATE,
    CCEMU_RMPADJUST,
    CCEMU_INSN_NR,              /* none of them */
} CcemuInsn;

/* A vCPU in ccemu_halt() wakes on an interrupt even with IF clear. */
bool ccemu_has_work(CPUState *cs);

/* ---- for the flavours ---- */

#define CCEMU_PAGE_BITS 12
#define CCEMU_PAGE_SIZE (1ULL << CCEMU_PAGE_BITS)

/* Bytes that an acceptance at this level covers: 0 4K, 1 2M, 2 1G. */
#define CCEMU_LEVEL_SIZE(level) (CCEMU_PAGE_SIZE << (9 * (level)))

typedef enum CcemuPage {
    CCEMU_PRIVATE,              /* also every page that was never declared */
    CCEMU_PENDING,              /* declared by the loader, or TDX: to accept */
    CCEMU_SHARED,
    CCEMU_ASSIGNED,             /* SNP: private, to accept, by 4K */
    CCEMU_ASSIGNED_2M,          /* the same, one entry for 2M */
    CCEMU_VMSA,                 /* SNP: private, and the state of a vCPU */
} CcemuPage;

/* Sets of page states. */
#define CCEMU_IN(state) (1u << (state))
#define CCEMU_ANY_PENDING (CCEMU_IN(CCEMU_PENDING) | \
                           CCEMU_IN(CCEMU_ASSIGNED) | \
                           CCEMU_IN(CCEMU_ASSIGNED_2M))

typedef enum CcemuResult {
    CCEMU_OK,
    CCEMU_SIZE_MISMATCH,        /* level above what the host grants */
    CCEMU_ALREADY,              /* at least one page was accepted before */
    CCEMU_INVALID,              /* misaligned, unknown level, outside RAM */
    CCEMU_REFUSED,              /* the refuse_next knob */
    CCEMU_UNASSIGNED,           /* SNP: not made private before */
} CcemuResult;

typedef struct CcemuFlavour {
    hwaddr attr_bits;
    /* By level: the states of a page from which it can be accepted. */
    unsigned accept_from[3];
    /* Runs at arming with every vCPU stopped. */
    void (*arm)(void);
    bool (*cpuid)(uint32_t index, uint32_t *eax, uint32_t *ebx,
                  uint32_t *ecx, uint32_t *edx);
    /* False if the platform lacks it: undefined instruction. */
    bool (*insn)(CPUX86State *env, CcemuInsn insn, int insn_len, uintptr_t ra);
    /* Those below may be NULL. */
    bool (*rdmsr)(CPUX86State *env, uint32_t index, uint64_t *value);
    bool (*wrmsr)(CPUX86State *env, uint32_t index, uint64_t value);
    /* True if a page that is not pending may be accessed by this address. */
    bool (*alias_ok)(CPUState *cs, hwaddr paddr, CcemuPage state, int mmu_idx);
} CcemuFlavour;

extern const CcemuFlavour ccemu_tdx;
extern const CcemuFlavour ccemu_snp;

#define CCEMU_ENUM_COUNTER(name) CNT_##name,
enum { CCEMU_COUNTERS(CCEMU_ENUM_COUNTER) CNT_NR };

#define CCEMU_ENUM_KNOB(name) KNOB_##name,
enum { CCEMU_KNOBS(CCEMU_ENUM_KNOB) KNOB_NR };

void ccemu_count(unsigned counter, uint64_t n);
uint64_t ccemu_knob(unsigned knob);

CcemuPage ccemu_page(hwaddr gpa);
bool ccemu_is_ram(hwaddr start, hwaddr size);

/* False, and no change, if the page is not in state @from. */
bool ccemu_page_change(hwaddr gpa, CcemuPage from, CcemuPage to);

/* @level: 0 4K, 1 2M, 2 1G. Takes the modelled time. */
CcemuResult ccemu_accept(CPUState *cs, hwaddr gpa, unsigned level);

/*
 * Pages whose state is in the set @from get the state @to, and lose what is
 * in them. This takes effect before the vCPU runs its next instruction; the
 * translator must therefore end the block after the instruction that leads here.
 */
CcemuResult ccemu_convert(CPUState *cs, hwaddr start, hwaddr size,
                          unsigned from, CcemuPage to);

/*
 * Halts the vCPU until any interrupt is pending or, if not @wake, until
 * another vCPU starts it again. eip must be up to date.
 */
G_NORETURN void ccemu_halt(CPUX86State *env, bool wake);

/*
 * Ends QEMU: the guest terminated itself, or did what makes the platform end it.
 * eip must be up to date; @cause is the text and @value the number of the report.
 */
G_NORETURN void ccemu_terminated(CPUX86State *env, const char *cause,
                                 uint64_t value);

#endif /* CCEMU_H */
