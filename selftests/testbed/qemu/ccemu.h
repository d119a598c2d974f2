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

/* True once a cc-emu object exists; without one QEMU behaves as stock. */
bool ccemu_present(void);

/* True from arming on: pending pages are caught, the machine has a flavour. */
bool ccemu_armed(void);

/* Address bits that say "shared" and are no part of the address itself. */
hwaddr ccemu_shared_bits(void);

static inline hwaddr ccemu_strip(hwaddr addr)
{
    return addr & ~ccemu_shared_bits();
}

/*
 * A TLB entry is about to be made. The walk that may precede it has no return
 * address into the translated code of its own, so note that of the access.
 */
void ccemu_tlb_begin(int mmu_idx, uintptr_t retaddr);

/* Returns the address without shared bits; ends QEMU if the page is pending. */
hwaddr ccemu_tlb_check(CPUState *cs, hwaddr paddr, int mmu_idx);

/* Ends QEMU if @as is a device's view and the range has a pending page. */
void ccemu_dma_check(AddressSpace *as, hwaddr addr, hwaddr len);

/* True if the flavour answered this CPUID leaf. */
bool ccemu_cpuid(uint32_t index, uint32_t *eax, uint32_t *ebx,
                 uint32_t *ecx, uint32_t *edx);

/* A vCPU in ccemu_halt() wakes on an interrupt even with IF clear. */
bool ccemu_has_work(CPUState *cs);

/* ---- for the flavours ---- */

typedef enum CcemuResult {
    CCEMU_OK,
    CCEMU_SIZE_MISMATCH,        /* level above what the "VMM" grants */
    CCEMU_ALREADY,              /* at least one page was not pending */
    CCEMU_INVALID,              /* misaligned, unknown level, outside RAM */
    CCEMU_REFUSED,              /* the refuse_next knob */
} CcemuResult;

typedef struct CcemuFlavour {
    hwaddr shared_bits;
    /* Runs at arming with every vCPU stopped. */
    void (*arm)(void);
    bool (*cpuid)(uint32_t index, uint32_t *eax, uint32_t *ebx,
                  uint32_t *ecx, uint32_t *edx);
} CcemuFlavour;

extern const CcemuFlavour ccemu_tdx;

/* @level: 0 4K, 1 2M, 2 1G. Takes the modelled time. */
CcemuResult ccemu_accept(CPUState *cs, hwaddr gpa, unsigned level);

/* Before arming only: [start, end) becomes pending. False if it cannot. */
bool ccemu_declare(hwaddr start, hwaddr end);

/*
 * Both take effect before the vCPU runs its next instruction; the translator
 * must therefore end the block after the instruction that leads here.
 */
void ccemu_arm(CPUState *cs, const CcemuFlavour *flavour);
CcemuResult ccemu_convert(CPUState *cs, hwaddr start, hwaddr size, bool shared);

/* Halts the vCPU until any interrupt is pending. eip must be up to date. */
G_NORETURN void ccemu_halt(CPUX86State *env);

#endif /* CCEMU_H */
