/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The SEV-SNP part of the emulation: CPUID leaf 0x8000001f, two MSRs, the C-bit,
 * PVALIDATE and RMPADJUST. VMGEXIT is in ccemu-ghcb.c. There is no #VC: CPUID, MSRs
 * and I/O work as in an ordinary machine.
 *
 * Sources: AMD64 Architecture Programmer's Manual, volumes 2 and 3.
 */
#include "qemu/osdep.h"
#include "cpu.h"
#include "exec/exec-all.h"
#include "hw/boards.h"
#include "tcg/helper-tcg.h"
#include "ccemu-snp.h"

#define CPUID_SEV               0x8000001f
#define CPUID_SEV_EAX_SEV       (1u << 1)
#define CPUID_SEV_EAX_ES        (1u << 3)
#define CPUID_SEV_EAX_SNP       (1u << 4)
/* Conversions need no flush of caches. */
#define CPUID_SEV_EAX_COHERENT  (1u << 10)
/* Validated pages need no flush by reading, which would read each page twice. */
#define CPUID_SEV_EBX_NO_EVICT  (1u << 31)

#define MSR_GHCB                0xc0010130
#define MSR_SEV_STATUS          0xc0010131
/* SEV, SEV-ES, SEV-SNP. Guests need the second to negotiate a protocol. */
#define SEV_STATUS              7

/* What PVALIDATE and RMPADJUST leave in EAX. */
#define SNP_OK                  0
#define SNP_FAIL_INPUT          1
#define SNP_FAIL_PERMISSION     2
#define SNP_SIZE_MISMATCH       6

#define RMPADJUST_VMSA          (1u << 16)

static SnpCpu *snp_cpu;         /* by cpu_index */

SnpCpu *ccemu_snp_cpu(CPUX86State *env)
{
    return &snp_cpu[env_cpu(env)->cpu_index];
}

/* PVALIDATE sets CF if the page has that state already; guests test CF first. */
static void set_carry(CPUX86State *env, bool carry)
{
    env->cc_src = carry ? CC_C : 0;
    env->cc_op = CC_OP_EFLAGS;
}

/* Makes the page private and not validated again. */
static CcemuResult rescind(CPUX86State *env, hwaddr gpa, unsigned level)
{
    hwaddr at;

    if (level > ccemu_knob(KNOB_max_level)) {
        return CCEMU_SIZE_MISMATCH;
    }
    for (at = gpa; at < gpa + CCEMU_LEVEL_SIZE(level); at += CCEMU_PAGE_SIZE) {
        if (ccemu_page(at) != CCEMU_PRIVATE) {
            return CCEMU_IN(ccemu_page(at)) & CCEMU_ANY_PENDING ?
                   CCEMU_ALREADY : CCEMU_INVALID;
        }
    }
    return ccemu_convert(env_cpu(env), gpa, CCEMU_LEVEL_SIZE(level),
                         CCEMU_IN(CCEMU_PRIVATE),
                         level ? CCEMU_ASSIGNED_2M : CCEMU_ASSIGNED);
}

static void pvalidate(CPUX86State *env, uintptr_t ra)
{
    static const unsigned status[] = {
        [CCEMU_OK] = SNP_OK,
        [CCEMU_SIZE_MISMATCH] = SNP_SIZE_MISMATCH,
        [CCEMU_ALREADY] = SNP_OK,
        [CCEMU_INVALID] = SNP_FAIL_INPUT,
        [CCEMU_REFUSED] = SNP_FAIL_INPUT,
    };
    uint32_t level = env->regs[R_ECX];
    CcemuResult ret = CCEMU_INVALID;
    hwaddr gpa;

    gpa = ccemu_translate(env, env->regs[R_EAX], ra) & ~(CCEMU_PAGE_SIZE - 1);
    if (level <= 1 && !(gpa & (CCEMU_LEVEL_SIZE(level) - 1))) {
        ret = env->regs[R_EDX] & 1 ? ccemu_accept(env_cpu(env), gpa, level) :
                                     rescind(env, gpa, level);
    }
    if (ret == CCEMU_UNASSIGNED) {
        ccemu_terminated(env, "PVALIDATE of a page that is not private", gpa);
    }
    env->regs[R_EAX] = status[ret];
    set_carry(env, ret == CCEMU_ALREADY);
}

/*
 * Linux calls this to learn whether it runs at VMPL 0, and to turn a page into
 * the state of a vCPU and back. Permissions are not modelled.
 */
static unsigned rmpadjust(CPUX86State *env, uintptr_t ra)
{
    uint64_t attrs = env->regs[R_EDX];
    hwaddr gpa = ccemu_translate(env, env->regs[R_EAX], ra);
    CcemuPage page = ccemu_page(gpa);

    if (!(attrs & 0xff)) {
        return SNP_FAIL_PERMISSION; /* only lower privileges can be changed */
    }
    if (page != CCEMU_PRIVATE && page != CCEMU_VMSA) {
        return SNP_FAIL_INPUT;
    }
    ccemu_page_change(gpa, page,
                      attrs & RMPADJUST_VMSA ? CCEMU_VMSA : CCEMU_PRIVATE);
    return SNP_OK;
}

static bool snp_insn(CPUX86State *env, CcemuInsn insn, int insn_len,
                     uintptr_t ra)
{
    switch (insn) {
    case CCEMU_VMGEXIT:
        ccemu_vmgexit(env, insn_len);
        return true;
    case CCEMU_PVALIDATE:
        pvalidate(env, ra);
        return true;
    case CCEMU_RMPADJUST:
        env->regs[R_EAX] = rmpadjust(env, ra);
        return true;
    default:
        return false;
    }
}

/*
 * Firmware that booted before arming has no C-bit in its page tables, nor has
 * the kernel before it loads its own. So the check begins, for each vCPU, with a
 * CR3 that has the bit. From then on shared memory must be accessed without the
 * bit and private memory with it; page table walks and all accesses with paging
 * off are private whatever the entry says. Hardware would show ciphertext after a
 * private mapping without the bit; here it is counted.
 */
static bool snp_alias_ok(CPUState *cs, hwaddr paddr, CcemuPage state,
                         int mmu_idx)
{
    CPUX86State *env = cs->env_ptr;

    if (!(env->cr[3] & SNP_C_BIT)) {
        return true;
    }
    if (mmu_idx == MMU_PHYS_IDX || !(env->cr[0] & CR0_PG_MASK) ||
        paddr & SNP_C_BIT) {
        return state != CCEMU_SHARED;
    }
    if (state != CCEMU_SHARED && ccemu_is_ram(paddr, 1)) {
        ccemu_count(CNT_wrong_alias, 1);
    }
    return true;
}

static bool snp_rdmsr(CPUX86State *env, uint32_t index, uint64_t *value)
{
    switch (index) {
    case MSR_GHCB:
        *value = ccemu_snp_cpu(env)->ghcb_msr;
        return true;
    case MSR_SEV_STATUS:
        *value = SEV_STATUS;
        return true;
    }
    return false;
}

static bool snp_wrmsr(CPUX86State *env, uint32_t index, uint64_t value)
{
    if (index != MSR_GHCB) {
        return false;
    }
    ccemu_snp_cpu(env)->ghcb_msr = value;
    return true;
}

static bool snp_cpuid(uint32_t index, uint32_t *eax, uint32_t *ebx,
                      uint32_t *ecx, uint32_t *edx)
{
    if (index != CPUID_SEV) {
        return false;
    }
    *eax = CPUID_SEV_EAX_SEV | CPUID_SEV_EAX_ES | CPUID_SEV_EAX_SNP |
           CPUID_SEV_EAX_COHERENT;
    *ebx = CPUID_SEV_EBX_NO_EVICT | SNP_C_BIT_POS;
    *ecx = 0;
    *edx = 0;
    return true;
}

static void snp_arm(void)
{
    CPUState *cs;

    snp_cpu = g_new0(SnpCpu, current_machine->smp.max_cpus);
    CPU_FOREACH(cs) {
        CPUX86State *env = cs->env_ptr;

        env->cpuid_xlevel = MAX(env->cpuid_xlevel, CPUID_SEV);
    }
}

const CcemuFlavour ccemu_snp = {
    .attr_bits = SNP_C_BIT,
    .accept_from = { CCEMU_IN(CCEMU_ASSIGNED) | CCEMU_IN(CCEMU_ASSIGNED_2M),
                     CCEMU_IN(CCEMU_ASSIGNED_2M) },
    .arm = snp_arm,
    .cpuid = snp_cpuid,
    .insn = snp_insn,
    .rdmsr = snp_rdmsr,
    .wrmsr = snp_wrmsr,
    .alias_ok = snp_alias_ok,
};
