/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hypervisor's side of VMGEXIT in an SEV-SNP guest. The request is a number in
 * the GHCB MSR or, if the MSR holds the address of a page (the GHCB), a structure
 * in that page. Only requests of a Linux guest without a #VC handler are
 * implemented. Others are answered with an error or end the machine.
 *
 * Source: SEV-ES Guest-Hypervisor Communication Block Standardization (AMD
 * 56421), "the specification" below.
 */
#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "cpu.h"
#include "exec/exec-all.h"
#include "hw/core/cpu.h"
#include "hw/i386/apic_internal.h"
#include "tcg/helper-tcg.h"
#include "ccemu-snp.h"

/* ---- requests in the MSR: a number in [11:0] ---- */

#define MSR_INFO_MASK           0xfffULL
#define MSR_SEV_INFO_ANSWER     0x001
#define MSR_SEV_INFO            0x002
#define MSR_REGISTER_GHCB       0x012
#define MSR_REGISTER_ANSWER     0x013
#define MSR_PAGE_STATE          0x014
#define MSR_PAGE_STATE_ANSWER   0x015
#define MSR_FEATURES            0x080
#define MSR_FEATURES_ANSWER     0x081
#define MSR_TERMINATE           0x100

#define PROTOCOL_MIN            1ULL
#define PROTOCOL_MAX            2ULL

/* Hypervisor features: SEV-SNP, AP creation. */
#define FEATURES                3ULL

/* ---- requests in the page ---- */

#define GHCB_EXIT_CODE          0x390
#define GHCB_INFO1              0x398
#define GHCB_INFO2              0x3a0
#define GHCB_SCRATCH            0x3a8
#define GHCB_RAX                0x1f8
#define GHCB_VALID              0x3f0   /* one bit for each 8 bytes before */
#define GHCB_BUFFER             0x800
#define GHCB_BUFFER_END         0xff0

#define EXIT_NMI_COMPLETE       0x80000003
#define EXIT_AP_HLT_LOOP        0x80000004
#define EXIT_PAGE_STATE         0x80000010
#define EXIT_GUEST_REQUEST      0x80000011
#define EXIT_EXT_GUEST_REQUEST  0x80000012
#define EXIT_AP_CREATION        0x80000013

/* SW_EXITINFO1 of a response; SW_EXITINFO2 has the reason. */
#define ANSWER_OK               0
#define ANSWER_MALFORMED        2
#define MALFORMED_INPUT         5
#define MALFORMED_EVENT         6

/* SW_EXITINFO2 [63:32] of these two requests. */
#define PAGE_STATE_ERROR        (0x100ULL << 32)
#define GUEST_REQUEST_ERROR     (0xffffffffULL << 32)

#define OP_PRIVATE              1
#define OP_SHARED               2

#define AP_CREATE               1

/* Offsets in a VMSA of the registers that a starting vCPU takes from it. */
#define VMSA_CS                 0x010
#define VMSA_CR0                0x158
#define VMSA_RIP                0x178
#define VMSA_SEV_FEATURES       0x3b0

/* Makes one page of 4K or 2M private or shared. */
static bool change_page_state(CPUX86State *env, hwaddr gpa, unsigned level,
                              unsigned op)
{
    hwaddr size = CCEMU_LEVEL_SIZE(level);
    bool large = level && ccemu_knob(KNOB_max_level);

    ccemu_count(level ? CNT_psc_2m : CNT_psc_4k, 1);
    if (gpa & (size - 1)) {
        return false;
    }
    switch (op) {
    case OP_PRIVATE:
        /* A host that grants only 4K pages says so at PVALIDATE. */
        return ccemu_convert(env_cpu(env), gpa, size,
                             CCEMU_IN(CCEMU_PENDING) | CCEMU_IN(CCEMU_SHARED),
                             large ? CCEMU_ASSIGNED_2M : CCEMU_ASSIGNED) ==
               CCEMU_OK;
    case OP_SHARED:
        return ccemu_convert(env_cpu(env), gpa, size, ~CCEMU_IN(CCEMU_SHARED),
                             CCEMU_SHARED) == CCEMU_OK;
    }
    return false;
}

/* ---- the MSR protocol ---- */

static uint64_t msr_register(CPUX86State *env, uint64_t gpa)
{
    /* The specification's refusal: a page number of all ones. */
    if (ccemu_page(gpa) != CCEMU_SHARED) {
        return ~MSR_INFO_MASK | MSR_REGISTER_ANSWER;
    }
    ccemu_snp_cpu(env)->ghcb = gpa;
    return gpa | MSR_REGISTER_ANSWER;
}

static uint64_t msr_request(CPUX86State *env, uint64_t value)
{
    switch (value & MSR_INFO_MASK) {
    case MSR_SEV_INFO:
        return PROTOCOL_MAX << 48 | PROTOCOL_MIN << 32 |
               (uint64_t)SNP_C_BIT_POS << 24 | MSR_SEV_INFO_ANSWER;
    case MSR_REGISTER_GHCB:
        return msr_register(env, value & ~MSR_INFO_MASK);
    case MSR_PAGE_STATE:
        ccemu_count(CNT_map_gpa, 1);
        /* [63:32] of the answer: not zero is an error */
        return (uint64_t)!change_page_state(env, value & 0xffffffffff000ULL, 0,
                                            extract64(value, 52, 4)) << 32 |
               MSR_PAGE_STATE_ANSWER;
    case MSR_FEATURES:
        return FEATURES << 12 | MSR_FEATURES_ANSWER;
    case MSR_TERMINATE:
        ccemu_terminated(env, "the guest asks to be terminated, set [15:12], "
                         "reason [23:16]", value);
    }
    ccemu_terminated(env, "unknown request in the GHCB MSR", value);
}

/* ---- the page ---- */

static uint64_t ghcb_read(CPUX86State *env, unsigned field)
{
    return x86_ldq_phys(env_cpu(env), ccemu_snp_cpu(env)->ghcb + field);
}

static void ghcb_write(CPUX86State *env, unsigned field, uint64_t value)
{
    hwaddr ghcb = ccemu_snp_cpu(env)->ghcb;
    hwaddr valid = ghcb + GHCB_VALID + field / 64;

    x86_stq_phys(env_cpu(env), ghcb + field, value);
    x86_stb_phys(env_cpu(env), valid,
                 x86_ldub_phys(env_cpu(env), valid) | 1 << field / 8 % 8);
}

static void ghcb_answer(CPUX86State *env, uint64_t info1, uint64_t info2)
{
    ghcb_write(env, GHCB_INFO1, info1);
    ghcb_write(env, GHCB_INFO2, info2);
}

/*
 * A list: the indices of the current entry and of the last one, 16 bits each, then
 * the entries. The current index is advanced in the guest's memory with each entry
 * done. A guest repeats the request until the index is beyond the last.
 */
static void page_state_list(CPUX86State *env)
{
    CPUState *cs = env_cpu(env);
    hwaddr ghcb = ccemu_snp_cpu(env)->ghcb;
    hwaddr list = ghcb_read(env, GHCB_SCRATCH);
    uint64_t batch = ccemu_knob(KNOB_psc_batch);
    unsigned cur, end;

    ccemu_count(CNT_map_gpa, 1);
    if (list < ghcb + GHCB_BUFFER || list >= ghcb + GHCB_BUFFER_END) {
        ghcb_answer(env, ANSWER_MALFORMED, MALFORMED_INPUT);
        return;
    }
    cur = x86_lduw_phys(cs, list);
    end = x86_lduw_phys(cs, list + 2);
    if (list + 8 + 8 * (end + 1) > ghcb + GHCB_BUFFER_END) {
        ghcb_answer(env, ANSWER_MALFORMED, MALFORMED_INPUT);
        return;
    }
    for (; cur <= end; cur++) {
        uint64_t entry = x86_ldq_phys(cs, list + 8 + 8 * cur);

        if (!change_page_state(env, entry & 0xffffffffff000ULL,
                               extract64(entry, 56, 1),
                               extract64(entry, 52, 4))) {
            ghcb_answer(env, ANSWER_OK, PAGE_STATE_ERROR | cur);
            return;
        }
        x86_stw_phys(cs, list, cur + 1);
        if (batch && !--batch) {
            break;
        }
    }
    ghcb_answer(env, ANSWER_OK, 0);
}

/* The state of a vCPU after INIT, except for its start address. */
static void start_vcpu(CPUState *cs, run_on_cpu_data data)
{
    X86CPU *cpu = X86_CPU(cs);
    CPUX86State *env = &cpu->env;
    hwaddr vmsa = data.target_ptr;
    uint16_t selector = x86_lduw_phys(cs, vmsa + VMSA_CS);
    uint64_t base = x86_ldq_phys(cs, vmsa + VMSA_CS + 8);
    uint64_t rip = x86_ldq_phys(cs, vmsa + VMSA_RIP);

    do_cpu_init(cpu);
    cpu_x86_load_seg_cache(env, R_CS, selector, base, env->segs[R_CS].limit,
                           env->segs[R_CS].flags);
    env->eip = rip;
    APIC_COMMON(cpu->apic_state)->wait_for_sipi = 0;
    cs->halted = 0;
}

/* @info1: APIC id [63:32], VMPL [19:16], what to do [15:0]. */
static void create_vcpu(CPUX86State *env, uint64_t info1, hwaddr vmsa)
{
    CPUState *target = cpu_by_arch_id(info1 >> 32);

    if (!target || (uint32_t)info1 != AP_CREATE ||
        vmsa & (CCEMU_PAGE_SIZE - 1) || ccemu_page(vmsa) != CCEMU_VMSA ||
        ghcb_read(env, GHCB_RAX) != SNP_FEATURES ||
        x86_ldq_phys(env_cpu(env), vmsa + VMSA_SEV_FEATURES) != SNP_FEATURES ||
        x86_ldq_phys(env_cpu(env), vmsa + VMSA_CR0) &
        (CR0_PE_MASK | CR0_PG_MASK)) {
        ghcb_answer(env, ANSWER_MALFORMED, MALFORMED_INPUT);
        return;
    }
    async_run_on_cpu(target, start_vcpu, RUN_ON_CPU_TARGET_PTR(vmsa));
    ghcb_answer(env, ANSWER_OK, 0);
}

static void ghcb_request(CPUX86State *env, int insn_len)
{
    uint64_t code = ghcb_read(env, GHCB_EXIT_CODE);

    switch (code) {
    case EXIT_NMI_COMPLETE:
        ghcb_answer(env, ANSWER_OK, 0);
        break;
    case EXIT_AP_HLT_LOOP:
        /* Only another start ends this; an NMI repeats the request. */
        env->eip += insn_len;
        ccemu_halt(env, false);
        break;
    case EXIT_PAGE_STATE:
        page_state_list(env);
        break;
    case EXIT_GUEST_REQUEST:
    case EXIT_EXT_GUEST_REQUEST:
        /* There is no firmware to talk to. */
        ghcb_answer(env, ANSWER_OK, GUEST_REQUEST_ERROR);
        break;
    case EXIT_AP_CREATION:
        create_vcpu(env, ghcb_read(env, GHCB_INFO1),
                    ghcb_read(env, GHCB_INFO2));
        break;
    default:
        ghcb_answer(env, ANSWER_MALFORMED, MALFORMED_EVENT);
    }
}

void ccemu_vmgexit(CPUX86State *env, int insn_len)
{
    SnpCpu *cpu = ccemu_snp_cpu(env);

    if (cpu->ghcb_msr & MSR_INFO_MASK) {
        cpu->ghcb_msr = msr_request(env, cpu->ghcb_msr);
        return;
    }
    if (cpu->ghcb_msr != cpu->ghcb || ccemu_page(cpu->ghcb) != CCEMU_SHARED) {
        ccemu_terminated(env, "VMGEXIT with a GHCB that is not registered "
                         "or not shared", cpu->ghcb_msr);
    }
    ghcb_request(env, insn_len);
}
