/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by the two files of the SEV-SNP platform. */
#ifndef CCEMU_SNP_H
#define CCEMU_SNP_H

#include "ccemu.h"

/* A page table entry with this bit set maps the page as private. */
#define SNP_C_BIT_POS   51
#define SNP_C_BIT       (1ULL << SNP_C_BIT_POS)

/* SEV_FEATURES of a VMSA: SNP is active, nothing else. */
#define SNP_FEATURES    1

/* State of each vCPU. */
typedef struct SnpCpu {
    uint64_t ghcb_msr;          /* as last written, or the answer */
    hwaddr ghcb;                /* the page registered for the GHCB */
} SnpCpu;

SnpCpu *ccemu_snp_cpu(CPUX86State *env);

/* VMGEXIT with the request that is in the GHCB MSR. */
void ccemu_vmgexit(CPUX86State *env, int insn_len);

#endif /* CCEMU_SNP_H */
