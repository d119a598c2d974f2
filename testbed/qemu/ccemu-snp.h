/* SPDX-License-Identifier: GPL-2.0 */
/* What the two files of the SEV-SNP flavour share. */
#ifndef CCEMU_SNP_H
#define CCEMU_SNP_H

#include "ccemu.h"

/* "Private" is what a page table entry says with this bit set. */
#define SNP_C_BIT_POS   51
#define SNP_C_BIT       (1ULL << SNP_C_BIT_POS)

/* SEV_FEATURES of a VMSA: SNP is active, nothing else. */
#define SNP_FEATURES    1

/* What this flavour knows of each vCPU. */
typedef struct SnpCpu {
    uint64_t ghcb_msr;          /* as last written, or the answer */
    hwaddr ghcb;                /* the page registered for the GHCB */
} SnpCpu;

SnpCpu *ccemu_snp_cpu(CPUX86State *env);

/* VMGEXIT, for whatever is in the GHCB MSR. */
void ccemu_vmgexit(CPUX86State *env, int insn_len);

#endif /* CCEMU_SNP_H */
