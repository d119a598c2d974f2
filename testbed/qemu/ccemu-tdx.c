/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The TDX part of the emulation: the TDCALL instruction, CPUID leaf 0x21 and
 * the shared bit. Only leaves that a Linux guest uses are implemented; others are
 * answered with "operand invalid".
 */
#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "cpu.h"
#include "exec/exec-all.h"
#include "exec/helper-proto.h"
#include "sysemu/runstate.h"
#include "tcg/helper-tcg.h"
#include "ccemu.h"

/* 48 guest physical address bits; the topmost is the shared bit. */
#define TDX_GPA_WIDTH           48
#define TDX_SHARED_BIT          (1ULL << (TDX_GPA_WIDTH - 1))

#define TDX_LEAF_VMCALL         0
#define TDX_LEAF_VP_INFO        1
#define TDX_LEAF_PAGE_ACCEPT    6
#define TDX_LEAF_VM_RD          7
#define TDX_LEAF_VM_WR          8

#define TDX_ATTR_NO_SEPT_VE     (1ULL << 28)

/*
 * Status codes in the layout of the TDX module (class in the top bits, name
 * in bits 47:32). The kernel compares only "operand invalid" (0xc0000100) by
 * value; it treats every other value that is not zero alike.
 */
#define TDX_OK                  0ULL
#define TDX_ALREADY_ACCEPTED    0x00000b0a00000000ULL
#define TDX_OPERAND_BUSY        0x8000020000000000ULL
#define TDX_OPERAND_INVALID     0xc000010000000000ULL
#define TDX_SIZE_MISMATCH       0xc0000b0b00000000ULL

#define VMCALL_HLT              12
#define VMCALL_RDMSR            31
#define VMCALL_WRMSR            32
#define VMCALL_MAP_GPA          0x10001
#define VMCALL_FATAL_ERROR      0x10003

#define VMCALL_OK               0ULL
#define VMCALL_INVALID          0x8000000000000000ULL

static uint64_t tdx_accept(CPUX86State *env)
{
    static const uint64_t status[] = {
        [CCEMU_OK] = TDX_OK,
        [CCEMU_SIZE_MISMATCH] = TDX_SIZE_MISMATCH,
        [CCEMU_ALREADY] = TDX_ALREADY_ACCEPTED,
        [CCEMU_INVALID] = TDX_OPERAND_INVALID,
        [CCEMU_REFUSED] = TDX_OPERAND_BUSY,
    };
    uint64_t rcx = env->regs[R_ECX];

    return status[ccemu_accept(env_cpu(env), rcx & ~7ULL, rcx & 7)];
}

static uint64_t tdx_vp_info(CPUX86State *env)
{
    unsigned nr = 0;
    CPUState *cs;

    CPU_FOREACH(cs) {
        nr++;
    }
    env->regs[R_ECX] = TDX_GPA_WIDTH;
    env->regs[R_EDX] = TDX_ATTR_NO_SEPT_VE;
    env->regs[R_R8] = (uint64_t)nr << 32 | nr;
    env->regs[R_R9] = env_cpu(env)->cpu_index;
    env->regs[R_R10] = 0;
    env->regs[R_R11] = 0;
    return TDX_OK;
}

/*
 * The helpers take their operands from the registers of RDMSR and WRMSR. A bad
 * MSR raises #GP in the helper, as the plain instruction would.
 */
static uint64_t vmcall_msr(CPUX86State *env, bool write)
{
    target_ulong rax = env->regs[R_EAX];
    target_ulong rcx = env->regs[R_ECX];
    target_ulong rdx = env->regs[R_EDX];

    env->regs[R_ECX] = env->regs[12];
    if (write) {
        env->regs[R_EAX] = (uint32_t)env->regs[13];
        env->regs[R_EDX] = env->regs[13] >> 32;
        helper_wrmsr(env);
    } else {
        helper_rdmsr(env);
        env->regs[R_R11] = (uint32_t)env->regs[R_EAX] |
                           (uint64_t)env->regs[R_EDX] << 32;
    }
    env->regs[R_EAX] = rax;
    env->regs[R_ECX] = rcx;
    env->regs[R_EDX] = rdx;
    return VMCALL_OK;
}

static uint64_t vmcall_map_gpa(CPUX86State *env)
{
    hwaddr gpa = env->regs[12];
    bool shared = gpa & TDX_SHARED_BIT;
    CcemuResult ret;

    ccemu_count(CNT_map_gpa, 1);
    ret = ccemu_convert(env_cpu(env), gpa & ~TDX_SHARED_BIT, env->regs[13],
                        shared ? ~CCEMU_IN(CCEMU_SHARED) :
                                 CCEMU_IN(CCEMU_SHARED),
                        shared ? CCEMU_SHARED : CCEMU_PENDING);
    if (ret != CCEMU_OK) {
        env->regs[R_R11] = gpa; /* failed at the first page: none was converted */
        return VMCALL_INVALID;
    }
    return VMCALL_OK;
}

/* The message arrives in eight registers, eight characters each. */
static uint64_t vmcall_fatal_error(CPUX86State *env)
{
    static const int order[] = { 14, 15, R_EBX, R_EDI, R_ESI, 8, 9, R_EDX };
    char msg[sizeof(order) / sizeof(order[0]) * 8 + 1] = "";
    unsigned i, b;

    for (i = 0; i < ARRAY_SIZE(order); i++) {
        for (b = 0; b < 8; b++) {
            msg[i * 8 + b] = env->regs[order[i]] >> (b * 8);
        }
    }
    for (i = 0; msg[i]; i++) {
        if (!g_ascii_isprint(msg[i])) {
            msg[i] = '?';
        }
    }
    error_report("the guest reports a fatal error: %s", msg);
    qemu_system_shutdown_request(SHUTDOWN_CAUSE_GUEST_PANIC);
    return VMCALL_OK;
}

/* Returns to the guest only when an interrupt is pending. */
static void vmcall_hlt(CPUX86State *env, int insn_len)
{
    env->regs[R_EAX] = TDX_OK;
    env->regs[R_R10] = VMCALL_OK;
    env->eip += insn_len;
    ccemu_halt(env, true);
}

static uint64_t tdx_vmcall(CPUX86State *env, int insn_len)
{
    uint64_t status = VMCALL_INVALID;

    /* Zero in R10 selects the standard calls; vendor calls do not exist. */
    if (env->regs[R_R10] == 0) {
        switch (env->regs[R_R11]) {
        case VMCALL_HLT:
            vmcall_hlt(env, insn_len);
            break;
        case VMCALL_RDMSR:
            status = vmcall_msr(env, false);
            break;
        case VMCALL_WRMSR:
            status = vmcall_msr(env, true);
            break;
        case VMCALL_MAP_GPA:
            status = vmcall_map_gpa(env);
            break;
        case VMCALL_FATAL_ERROR:
            status = vmcall_fatal_error(env);
            break;
        }
    }
    env->regs[R_R10] = status;
    return TDX_OK;
}

static uint64_t tdcall(CPUX86State *env, int insn_len)
{
    switch (env->regs[R_EAX]) {
    case TDX_LEAF_VMCALL:
        return tdx_vmcall(env, insn_len);
    case TDX_LEAF_VP_INFO:
        return tdx_vp_info(env);
    case TDX_LEAF_PAGE_ACCEPT:
        return tdx_accept(env);
    case TDX_LEAF_VM_RD:
    case TDX_LEAF_VM_WR:
        env->regs[R_R8] = 0;    /* every metadata field reads as zero */
        return TDX_OK;
    }
    return TDX_OPERAND_INVALID;
}

static bool tdx_insn(CPUX86State *env, CcemuInsn insn, int insn_len,
                     uintptr_t ra)
{
    if (insn != CCEMU_TDCALL) {
        return false;
    }
    env->regs[R_EAX] = tdcall(env, insn_len);
    return true;
}

static bool tdx_cpuid(uint32_t index, uint32_t *eax, uint32_t *ebx,
                      uint32_t *ecx, uint32_t *edx)
{
    if (index != 0x21) {
        return false;
    }
    *eax = 0;
    *ebx = ldl_le_p("Inte");
    *edx = ldl_le_p("lTDX");
    *ecx = ldl_le_p("    ");
    return true;
}

/* The guest looks at leaf 0x21 only if leaf 0 says that it exists. */
static void tdx_arm(void)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        CPUX86State *env = cs->env_ptr;

        env->cpuid_level = MAX(env->cpuid_level, 0x21);
    }
}

const CcemuFlavour ccemu_tdx = {
    .attr_bits = TDX_SHARED_BIT,
    .accept_from = { CCEMU_IN(CCEMU_PENDING), CCEMU_IN(CCEMU_PENDING),
                     CCEMU_IN(CCEMU_PENDING) },
    .arm = tdx_arm,
    .cpuid = tdx_cpuid,
    .insn = tdx_insn,
};
