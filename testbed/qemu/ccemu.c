/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Guest memory that must be accepted before use, under TCG: page states,
 * acceptance and its cost, counters and knobs, and the report of an access to
 * memory that is not accepted. What differs by platform is in ccemu-<flavour>.c.
 *
 * A page that is pending never has a TLB entry once the emulation is armed,
 * so accepting needs no flush. Making a page pending does need one: that runs
 * with every vCPU stopped, flushes, and drops the content at once, so that an
 * accepted page reads as zeroes without a write.
 */
#include "qemu/osdep.h"
#include <sys/mman.h>
#include "qapi/error.h"
#include "qemu/error-report.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/rcu.h"
#include "qemu/seqlock.h"
#include "qemu/thread.h"
#include "qemu/timer.h"
#include "qemu/units.h"
#include "cpu.h"
#include "exec/address-spaces.h"
#include "exec/exec-all.h"
#include "exec/helper-proto.h"
#include "exec/ram_addr.h"
#include "hw/boards.h"
#include "hw/core/cpu.h"
#include "hw/mem/memory-device.h"
#include "monitor/monitor.h"
#include "qom/object_interfaces.h"
#include "softmmu/timers-state.h"
#include "sysemu/cpu-timers.h"
#include "sysemu/sysemu.h"
#include "tcg/helper-tcg.h"
#include "ccemu.h"

#define TYPE_CCEMU "cc-emu"
OBJECT_DECLARE_SIMPLE_TYPE(CcemuObject, CCEMU)

/* One byte per page, reserved for all of memory, committed where used. */
#define CCEMU_MAX_RAM   (1 * TiB)

#define CCEMU_STACK_BYTES 16384
#define CCEMU_STACK_HITS  32

#define NAME_COUNTER(name) #name,
static const char *const counter_name[] = { CCEMU_COUNTERS(NAME_COUNTER) };

struct CcemuObject {
    Object parent_obj;

    uint64_t knob[KNOB_NR];
    char *counters_path;
};

static struct {
    CcemuObject *obj;           /* the only one; never freed once complete */
    const CcemuFlavour *flavour; /* not NULL: armed */
    uint8_t *page;              /* CcemuPage, by page number */
    QemuSpin page_lock;         /* guards changes of page[], never a wait */
    uint64_t count[CNT_NR];
    target_ulong *halt_eip;     /* by cpu_index: where ccemu_halt() left it */
    MemoryRegion port;
    uint32_t select;
    uint32_t latch_read;        /* upper half of the value last read */
    uint32_t latch_write;       /* upper half of the value to be written */
} cc;

static __thread uintptr_t access_retaddr;

bool ccemu_present(void)
{
    return cc.obj;
}

bool ccemu_armed(void)
{
    return qatomic_read(&cc.flavour);
}

hwaddr ccemu_attr_bits(void)
{
    const CcemuFlavour *flavour = qatomic_read(&cc.flavour);

    return flavour ? flavour->attr_bits : 0;
}

bool ccemu_cpuid(uint32_t index, uint32_t *eax, uint32_t *ebx,
                 uint32_t *ecx, uint32_t *edx)
{
    const CcemuFlavour *flavour = qatomic_read(&cc.flavour);

    return flavour && flavour->cpuid(index, eax, ebx, ecx, edx);
}

bool ccemu_rdmsr(CPUX86State *env, uint32_t index, uint64_t *value)
{
    const CcemuFlavour *flavour = qatomic_read(&cc.flavour);

    return flavour && flavour->rdmsr && flavour->rdmsr(env, index, value);
}

bool ccemu_wrmsr(CPUX86State *env, uint32_t index, uint64_t value)
{
    const CcemuFlavour *flavour = qatomic_read(&cc.flavour);

    return flavour && flavour->wrmsr && flavour->wrmsr(env, index, value);
}

void ccemu_count(unsigned counter, uint64_t n)
{
    qatomic_add(&cc.count[counter], n);
}

uint64_t ccemu_knob(unsigned knob)
{
    return qatomic_read(&cc.obj->knob[knob]);
}

/* Counts a "next N" knob down; false if it was zero. */
static bool knob_take(unsigned knob)
{
    uint64_t old = qatomic_read(&cc.obj->knob[knob]);

    while (old) {
        uint64_t seen = qatomic_cmpxchg(&cc.obj->knob[knob], old, old - 1);

        if (seen == old) {
            return true;
        }
        old = seen;
    }
    return false;
}

/* True if this accept must be refused; refuse_after accepts succeed before. */
static bool refuse(void)
{
    return ccemu_knob(KNOB_refuse_next) &&
           !knob_take(KNOB_refuse_after) && knob_take(KNOB_refuse_next);
}

/* ---- page states ---- */

CcemuPage ccemu_page(hwaddr gpa)
{
    if (gpa >= CCEMU_MAX_RAM) {
        return CCEMU_PRIVATE;
    }
    return qatomic_load_acquire(&cc.page[gpa >> CCEMU_PAGE_BITS]);
}

static bool is_pending(CcemuPage state)
{
    return CCEMU_IN(state) & CCEMU_ANY_PENDING;
}

/* True if the range is whole pages, in order, below the end of page[]. */
static bool range_ok(hwaddr start, hwaddr size)
{
    return size && !((start | size) & (CCEMU_PAGE_SIZE - 1)) &&
           start < CCEMU_MAX_RAM && size <= CCEMU_MAX_RAM - start;
}

static MemoryRegion *ram_at(hwaddr addr, hwaddr *offset, hwaddr *len)
{
    MemoryRegion *mr = address_space_translate(&address_space_memory, addr,
                                               offset, len, true,
                                               MEMTXATTRS_UNSPECIFIED);

    return memory_region_is_ram(mr) && !mr->readonly &&
           !memory_region_is_ram_device(mr) ? mr : NULL;
}

bool ccemu_is_ram(hwaddr start, hwaddr size)
{
    RCU_READ_LOCK_GUARD();
    while (size) {
        hwaddr offset, len = size;

        if (!ram_at(start, &offset, &len)) {
            return false;
        }
        start += len;
        size -= len;
    }
    return true;
}

/*
 * Gives the memory back to the host: it then reads as zeroes and costs
 * nothing. Writing zeroes would commit every page of the guest.
 */
static void range_discard(hwaddr start, hwaddr size)
{
    RCU_READ_LOCK_GUARD();
    while (size) {
        hwaddr offset, len = size;
        MemoryRegion *mr = ram_at(start, &offset, &len);

        if (mr && ram_block_discard_range(mr->ram_block, offset, len)) {
            /* a backend with huge pages can only drop whole huge pages */
            memset(qemu_map_ram_ptr(mr->ram_block, offset), 0, len);
        }
        start += len;
        size -= len;
    }
}

/* Page lock held. Keeps the two gauges in step with page[]. */
static void page_set(uint64_t pfn, CcemuPage state)
{
    CcemuPage old = cc.page[pfn];

    if (is_pending(old) != is_pending(state)) {
        ccemu_count(CNT_pages_pending, is_pending(state) ? 1 : -1);
    }
    if ((old == CCEMU_SHARED) != (state == CCEMU_SHARED)) {
        ccemu_count(CNT_pages_shared, state == CCEMU_SHARED ? 1 : -1);
    }
    qatomic_store_release(&cc.page[pfn], state);
}

bool ccemu_page_change(hwaddr gpa, CcemuPage from, CcemuPage to)
{
    bool found;

    if (gpa >= CCEMU_MAX_RAM) {
        return false;
    }
    qemu_spin_lock(&cc.page_lock);
    found = cc.page[gpa >> CCEMU_PAGE_BITS] == from;
    if (found) {
        page_set(gpa >> CCEMU_PAGE_BITS, to);
    }
    qemu_spin_unlock(&cc.page_lock);
    return found;
}

/* Before arming only: makes [start, end) pending. False if that is impossible. */
static bool declare(hwaddr start, hwaddr end)
{
    uint64_t pfn;

    if (end <= start || !range_ok(start, end - start) ||
        !ccemu_is_ram(start, end - start)) {
        return false;
    }
    qemu_spin_lock(&cc.page_lock);
    for (pfn = start >> CCEMU_PAGE_BITS; pfn < end >> CCEMU_PAGE_BITS; pfn++) {
        page_set(pfn, CCEMU_PENDING);
    }
    qemu_spin_unlock(&cc.page_lock);
    return true;
}

/* Runs with every vCPU stopped; each flushes before it runs again. */
static void flush_all(void)
{
    CPUState *cs;

    CPU_FOREACH(cs) {
        tlb_flush(cs);
    }
}

/*
 * Drops the content of every pending page, run by run. The loader may declare
 * hundreds of ranges; page[] has them merged and sorted.
 */
static void discard_pending(void)
{
    uint64_t pfn = 0, end = CCEMU_MAX_RAM >> CCEMU_PAGE_BITS;
    uint64_t left = qatomic_read(&cc.count[CNT_pages_pending]);

    while (left && pfn < end) {
        uint64_t first = pfn;

        if (!(pfn & 7) && !ldq_he_p(&cc.page[pfn])) {
            pfn += 8;
            continue;
        }
        while (pfn < end && cc.page[pfn] == CCEMU_PENDING) {
            pfn++;
        }
        if (pfn == first) {
            pfn++;
            continue;
        }
        left -= pfn - first;
        range_discard(first << CCEMU_PAGE_BITS,
                      (pfn - first) << CCEMU_PAGE_BITS);
    }
}

static void arm_work(CPUState *cs, run_on_cpu_data data)
{
    const CcemuFlavour *flavour = data.host_ptr;

    if (ccemu_armed()) {
        return;
    }
    discard_pending();
    flavour->arm();
    qatomic_set(&cc.flavour, flavour);
    flush_all();
}

static bool arm(CPUState *cs, uint64_t platform)
{
    const CcemuFlavour *flavour =
        platform == CCEMU_PLATFORM_TDX ? &ccemu_tdx :
        platform == CCEMU_PLATFORM_SNP ? &ccemu_snp : NULL;

    if (!flavour) {
        return false;
    }
    async_safe_run_on_cpu(cs, arm_work, RUN_ON_CPU_HOST_PTR((void *)flavour));
    return true;
}

typedef struct Conversion {
    hwaddr start;
    hwaddr size;
    unsigned from;
    CcemuPage to;
} Conversion;

static void convert_work(CPUState *cs, run_on_cpu_data data)
{
    g_autofree Conversion *c = data.host_ptr;
    uint64_t pfn = c->start >> CCEMU_PAGE_BITS;
    uint64_t end = pfn + (c->size >> CCEMU_PAGE_BITS);

    for (; pfn < end; pfn++) {
        if (!(CCEMU_IN(cc.page[pfn]) & c->from)) {
            continue;
        }
        qemu_spin_lock(&cc.page_lock);
        page_set(pfn, c->to);
        qemu_spin_unlock(&cc.page_lock);
        range_discard(pfn << CCEMU_PAGE_BITS, CCEMU_PAGE_SIZE);
    }
    flush_all();
}

/*
 * The quick way from one pending state to another: there is neither content nor a
 * TLB entry to drop, so the other vCPUs run on. False if some page is not pending.
 */
static bool convert_pending(const Conversion *c)
{
    uint64_t first = c->start >> CCEMU_PAGE_BITS;
    uint64_t pfn, end = first + (c->size >> CCEMU_PAGE_BITS);
    bool simple = is_pending(c->to);

    qemu_spin_lock(&cc.page_lock);
    for (pfn = first; pfn < end && simple; pfn++) {
        simple = is_pending(cc.page[pfn]) ||
                 !(CCEMU_IN(cc.page[pfn]) & c->from);
    }
    for (pfn = first; pfn < end && simple; pfn++) {
        if (CCEMU_IN(cc.page[pfn]) & c->from) {
            page_set(pfn, c->to);
        }
    }
    qemu_spin_unlock(&cc.page_lock);
    return simple;
}

CcemuResult ccemu_convert(CPUState *cs, hwaddr start, hwaddr size,
                          unsigned from, CcemuPage to)
{
    Conversion c = { .start = start, .size = size, .from = from, .to = to };

    if (!range_ok(start, size) || !ccemu_is_ram(start, size)) {
        return CCEMU_INVALID;
    }
    if (!convert_pending(&c)) {
        async_safe_run_on_cpu(cs, convert_work,
                              RUN_ON_CPU_HOST_PTR(g_memdup2(&c, sizeof(c))));
    }
    return CCEMU_OK;
}

/* ---- acceptance ---- */

/* Page lock held: the rest of a 2M entry becomes 4K entries. */
static void split_2m(uint64_t pfn)
{
    uint64_t i, first = pfn & ~511ULL;

    for (i = first; i < first + 512; i++) {
        if (cc.page[i] == CCEMU_ASSIGNED_2M) {
            page_set(i, CCEMU_ASSIGNED);
        }
    }
}

/*
 * All or nothing, and of two vCPUs that accept the same page only one succeeds.
 * The lock is held only to read and change the state bytes.
 * Returns the set of states that the pages had.
 */
static unsigned accept_pages(uint64_t pfn, uint64_t nr, unsigned from)
{
    unsigned seen = 0;
    uint64_t i;

    qemu_spin_lock(&cc.page_lock);
    for (i = 0; i < nr; i++) {
        seen |= CCEMU_IN(cc.page[pfn + i]);
    }
    if (!(seen & ~from)) {
        memset(&cc.page[pfn], CCEMU_PRIVATE, nr);
        ccemu_count(CNT_pages_pending, -nr);
        if (nr == 1 && seen == CCEMU_IN(CCEMU_ASSIGNED_2M)) {
            split_2m(pfn);
        }
    }
    qemu_spin_unlock(&cc.page_lock);
    return seen;
}

/*
 * With icount, time is a number that is advanced here. The vCPU must then leave
 * its slice, whose length was computed from the old time: timers that became
 * due in between would fire late.
 */
static void advance_virtual_time(CPUState *cs, uint64_t ns)
{
    seqlock_write_lock(&timers_state.vm_clock_seqlock,
                       &timers_state.vm_clock_lock);
    qatomic_set_i64(&timers_state.qemu_icount_bias,
                    timers_state.qemu_icount_bias + ns);
    seqlock_write_unlock(&timers_state.vm_clock_seqlock,
                         &timers_state.vm_clock_lock);
    cpu_exit(cs);
}

/* How late the host may wake a sleeping thread. */
#define LATE_NS (200 * SCALE_US)

/*
 * No lock is held here, so that other vCPUs accept at the same time. The guest
 * sees a busy vCPU; the host's processor is free for the others.
 */
static void take_time(CPUState *cs, int64_t begin, uint64_t ns)
{
    int64_t left;

    if (!ns) {
        return;
    }
    ccemu_count(CNT_cost_ns, ns);
    if (icount_enabled()) {
        advance_virtual_time(cs, ns);
        return;
    }
    while ((left = begin + (int64_t)ns - get_clock()) > 0) {
        if (left > LATE_NS) {
            g_usleep((left - LATE_NS) / SCALE_US);
        } else {
            cpu_relax();
        }
    }
}

static CcemuResult accept_checked(hwaddr gpa, unsigned level)
{
    unsigned from, seen;
    hwaddr size;

    if (level > 2) {
        return CCEMU_INVALID;
    }
    size = CCEMU_LEVEL_SIZE(level);
    if (gpa & (size - 1) || !range_ok(gpa, size) || !ccemu_is_ram(gpa, size)) {
        return CCEMU_INVALID;
    }
    if (level > ccemu_knob(KNOB_max_level)) {
        return CCEMU_SIZE_MISMATCH;
    }
    from = cc.flavour->accept_from[level];
    seen = accept_pages(gpa >> CCEMU_PAGE_BITS, size >> CCEMU_PAGE_BITS, from);
    if (!(seen & ~from)) {
        return CCEMU_OK;
    }
    /* On SNP a page that was not made private first is neither. */
    if (!(from & CCEMU_IN(CCEMU_PENDING)) &&
        seen & (CCEMU_IN(CCEMU_PENDING) | CCEMU_IN(CCEMU_SHARED))) {
        return CCEMU_UNASSIGNED;
    }
    return seen & CCEMU_IN(CCEMU_ASSIGNED) ? CCEMU_SIZE_MISMATCH : CCEMU_ALREADY;
}

CcemuResult ccemu_accept(CPUState *cs, hwaddr gpa, unsigned level)
{
    int64_t begin = get_clock();
    CcemuResult ret;

    ccemu_count(CNT_accept_calls, 1);
    if (refuse()) {
        ccemu_count(CNT_refused, 1);
        return CCEMU_REFUSED;
    }
    if (knob_take(KNOB_lie_next)) {
        ccemu_count(CNT_lied, 1);
        return CCEMU_OK;
    }
    ret = accept_checked(gpa, level);
    switch (ret) {
    case CCEMU_OK:
        ccemu_count(CNT_accept_4k + level, 1);
        take_time(cs, begin, ccemu_knob(KNOB_cost_4k + level));
        break;
    case CCEMU_SIZE_MISMATCH:
        ccemu_count(CNT_size_mismatch, 1);
        break;
    case CCEMU_ALREADY:
        ccemu_count(CNT_already_accepted, 1);
        break;
    default:
        ccemu_count(CNT_invalid, 1);
        break;
    }
    return ret;
}

/* ---- halting ---- */

void ccemu_halt(CPUX86State *env, bool wake)
{
    CPUState *cs = env_cpu(env);

    env->hflags &= ~HF_INHIBIT_IRQ_MASK;
    /* Distinguishes this halt from a HLT instruction elsewhere with IF clear. */
    cc.halt_eip[cs->cpu_index] = wake ? env->eip : 0;
    cs->halted = 1;
    cs->exception_index = EXCP_HLT;
    cpu_loop_exit(cs);
}

bool ccemu_has_work(CPUState *cs)
{
    CPUX86State *env = cs->env_ptr;

    return ccemu_armed() && cs->halted &&
           (cs->interrupt_request & CPU_INTERRUPT_HARD) &&
           env->eip == cc.halt_eip[cs->cpu_index];
}

/* ---- reports that end the emulator ---- */

/* The thread that gets the big lock ends QEMU; a second never gets it. */
static void end_begin(void)
{
    if (!qemu_mutex_iothread_locked()) {
        qemu_mutex_lock_iothread();
    }
}

/*
 * Words that could be return addresses, read as a debugger would. The topmost
 * page of the address space holds error numbers, not text.
 */
static void print_stack(CPUState *cs)
{
    CPUX86State *env = cs->env_ptr;
    vaddr sp = env->regs[R_ESP] & ~7ULL;
    unsigned hits = 0;
    vaddr off;

    for (off = 0; off < CCEMU_STACK_BYTES && hits < CCEMU_STACK_HITS;
         off += 8) {
        uint64_t word;

        if (cpu_memory_rw_debug(cs, sp + off, &word, sizeof(word), false)) {
            break;
        }
        word = le64_to_cpu(word);
        if (word >= 0xffffffff80000000ULL && word < 0xfffffffffffff000ULL) {
            fprintf(stderr, "STACK 0x%016" PRIx64 "\n", word);
            hits++;
        }
    }
}

void ccemu_terminated(CPUX86State *env, const char *cause, uint64_t value)
{
    CPUState *cs = env_cpu(env);

    end_begin();
    fprintf(stderr, "TERMINATED rip=0x%" PRIx64 " lstar=0x%" PRIx64
            " cpu=%d value=0x%" PRIx64 " cause=%s\n", (uint64_t)env->eip,
            (uint64_t)env->lstar, cs->cpu_index, value, cause);
    print_stack(cs);
    exit(CCEMU_EXIT_TERMINATED);
}

static G_NORETURN void caught(CPUState *cs, hwaddr gpa, const char *kind)
{
    CPUX86State *env = cs ? cs->env_ptr : NULL;
    CPUX86State *any = env ? env : first_cpu->env_ptr;

    end_begin();
    ccemu_count(CNT_bad_access, 1);
    fprintf(stderr, "UNACCEPTED ACCESS gpa=0x%" HWADDR_PRIx " kind=%s rip=0x%"
            PRIx64 " lstar=0x%" PRIx64 " cpu=%d\n", gpa, kind,
            env ? (uint64_t)env->eip : 0, (uint64_t)any->lstar,
            cs ? cs->cpu_index : -1);
    if (cs) {
        print_stack(cs);
        cpu_dump_state(cs, stderr, CPU_DUMP_CODE);
    }
    exit(CCEMU_EXIT_UNACCEPTED);
}

void ccemu_tlb_begin(int mmu_idx, uintptr_t retaddr)
{
    if (mmu_idx != MMU_PHYS_IDX) {
        access_retaddr = retaddr;
    }
}

hwaddr ccemu_tlb_check(CPUState *cs, hwaddr paddr, int mmu_idx)
{
    const CcemuFlavour *flavour = qatomic_read(&cc.flavour);
    hwaddr gpa = ccemu_strip(paddr);
    const char *kind = NULL;
    CcemuPage state;

    if (!flavour) {
        return paddr;
    }
    state = ccemu_page(gpa);
    if (unlikely(is_pending(state))) {
        kind = mmu_idx == MMU_PHYS_IDX ? "ptwalk" : "cpu";
    } else if (flavour->alias_ok &&
               !flavour->alias_ok(cs, paddr, state, mmu_idx)) {
        kind = "alias";
    }
    if (unlikely(kind)) {
        if (access_retaddr) {
            cpu_restore_state(cs, access_retaddr);
        }
        caught(cs, gpa, kind);
    }
    return gpa;
}

/* The vCPUs' own views serve debuggers too; their accesses have been checked. */
static bool is_cpu_view(AddressSpace *as)
{
    CPUState *cs;
    int i;

    CPU_FOREACH(cs) {
        for (i = 0; i < cs->num_ases; i++) {
            if (cpu_get_address_space(cs, i) == as) {
                return true;
            }
        }
    }
    return false;
}

void ccemu_dma_check(AddressSpace *as, hwaddr addr, hwaddr len)
{
    uint64_t pfn, last;

    if (!ccemu_armed() || !len || as == &address_space_io) {
        return;
    }
    last = (addr + len - 1) >> CCEMU_PAGE_BITS;
    for (pfn = addr >> CCEMU_PAGE_BITS; pfn <= last; pfn++) {
        if (likely(!is_pending(ccemu_page(pfn << CCEMU_PAGE_BITS)))) {
            continue;
        }
        /* a monitor command of the user reads memory */
        if (is_cpu_view(as) || monitor_cur()) {
            return;
        }
        caught(current_cpu, MAX(addr, pfn << CCEMU_PAGE_BITS), "dma");
    }
}

/* ---- instructions ---- */

/* The loader's calls: before arming, every TDCALL comes from the loader. */
static uint64_t loader_call(CPUX86State *env, uintptr_t ra)
{
    switch (env->regs[R_EAX]) {
    case CCEMU_LEAF_DECLARE:
        return !declare(env->regs[R_ECX], env->regs[R_EDX]);
    case CCEMU_LEAF_ARM:
        return !arm(env_cpu(env), env->regs[R_ECX]);
    }
    raise_exception_ra(env, EXCP06_ILLOP, ra);
}

void helper_ccemu_insn(CPUX86State *env, int insn, int insn_len)
{
    const CcemuFlavour *flavour = qatomic_read(&cc.flavour);

    if (env->hflags & HF_CPL_MASK) {
        raise_exception_err_ra(env, EXCP0D_GPF, 0, GETPC());
    }
    if (!flavour && insn == CCEMU_TDCALL) {
        env->regs[R_EAX] = loader_call(env, GETPC());
        return;
    }
    if (!flavour || !flavour->insn(env, insn, insn_len, GETPC())) {
        raise_exception_ra(env, EXCP06_ILLOP, GETPC());
    }
}

/* ---- counters and knobs ---- */

static void write_counters(FILE *f)
{
    unsigned i;

    for (i = 0; i < CNT_NR; i++) {
        fprintf(f, "%s\"%s\": %" PRIu64, i ? ", " : "{", counter_name[i],
                qatomic_read(&cc.count[i]));
    }
    fputs("}\n", f);
}

static void at_exit(void)
{
    FILE *f;

    fputs("CCEMU ", stderr);
    write_counters(stderr);
    if (!cc.obj->counters_path) {
        return;
    }
    f = fopen(cc.obj->counters_path, "w");
    if (!f) {
        error_report("cc-emu: cannot write %s: %s", cc.obj->counters_path,
                     strerror(errno));
        return;
    }
    write_counters(f);
    fclose(f);
}

static uint64_t selected_value(void)
{
    if (cc.select < CNT_NR) {
        return qatomic_read(&cc.count[cc.select]);
    }
    if (cc.select >= CCEMU_KNOB_BASE &&
        cc.select < CCEMU_KNOB_BASE + KNOB_NR) {
        return qatomic_read(&cc.obj->knob[cc.select - CCEMU_KNOB_BASE]);
    }
    return 0;
}

static void set_selected(uint64_t value)
{
    uint32_t knob = cc.select - CCEMU_KNOB_BASE;

    if (cc.select < CCEMU_KNOB_BASE || knob >= KNOB_NR) {
        return;
    }
    if (knob == KNOB_max_level) {
        value = MIN(value, 2);
    }
    qatomic_set(&cc.obj->knob[knob], value);
}

static uint64_t port_read(void *opaque, hwaddr offset, unsigned size)
{
    uint64_t value;

    switch (offset + CCEMU_PORT_SELECT) {
    case CCEMU_PORT_SELECT:
        return cc.select;
    case CCEMU_PORT_LOW:
        value = selected_value();
        cc.latch_read = value >> 32;
        return (uint32_t)value;
    case CCEMU_PORT_HIGH:
        return cc.latch_read;
    default:
        return CCEMU_MAGIC;
    }
}

static void port_write(void *opaque, hwaddr offset, uint64_t value,
                       unsigned size)
{
    switch (offset + CCEMU_PORT_SELECT) {
    case CCEMU_PORT_SELECT:
        cc.select = value;
        break;
    case CCEMU_PORT_HIGH:
        cc.latch_write = value;
        break;
    case CCEMU_PORT_LOW:
        set_selected((uint64_t)cc.latch_write << 32 | (uint32_t)value);
        break;
    case CCEMU_PORT_VERDICT:
        end_begin();
        exit(CCEMU_EXIT_VERDICT + (value & 15));
    }
}

static const MemoryRegionOps port_ops = {
    .read = port_read,
    .write = port_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4 },
};

/* ---- memory that is plugged in ---- */

/* Is it memory of a DIMM? The rest of RAM is there from the start. */
static bool is_plugged(const MemoryRegionSection *section)
{
    const DeviceMemoryState *dimms = current_machine->device_memory;

    return dimms && dimms->base && memory_region_is_ram(section->mr) &&
           section->offset_within_address_space >= dimms->base &&
           range_ok(section->offset_within_address_space,
                    int128_get64(section->size));
}

static void plugged_set(const MemoryRegionSection *section, CcemuPage state)
{
    uint64_t pfn = section->offset_within_address_space >> CCEMU_PAGE_BITS;
    uint64_t end = pfn + (int128_get64(section->size) >> CCEMU_PAGE_BITS);

    if (!ccemu_armed() || !is_plugged(section)) {
        return;
    }
    qemu_spin_lock(&cc.page_lock);
    for (; pfn < end; pfn++) {
        page_set(pfn, state);
    }
    qemu_spin_unlock(&cc.page_lock);
}

/* No TLB entry can exist yet: until now there was nothing at these addresses. */
static void plugged_add(MemoryListener *listener, MemoryRegionSection *section)
{
    plugged_set(section, CCEMU_PENDING);
}

static void plugged_del(MemoryListener *listener, MemoryRegionSection *section)
{
    plugged_set(section, CCEMU_PRIVATE);
}

static MemoryListener plug_listener = {
    .name = "cc-emu",
    .region_add = plugged_add,
    .region_del = plugged_del,
};

/* ---- the object ---- */

static void machine_done(Notifier *n, void *unused)
{
    cc.halt_eip = g_new0(target_ulong, current_machine->smp.max_cpus);
    memory_region_init_io(&cc.port, NULL, &port_ops, NULL, "cc-emu",
                          CCEMU_PORT_VERDICT + 4 - CCEMU_PORT_SELECT);
    memory_region_add_subregion_overlap(get_system_io(), CCEMU_PORT_SELECT,
                                        &cc.port, 1);
    memory_listener_register(&plug_listener, &address_space_memory);
}

static Notifier machine_done_notifier = { .notify = machine_done };

static void ccemu_complete(UserCreatable *uc, Error **errp)
{
    CcemuObject *obj = CCEMU(uc);
    void *map;

    if (cc.obj) {
        error_setg(errp, "only one cc-emu object can exist");
        return;
    }
    if (obj->knob[KNOB_max_level] > 2) {
        error_setg(errp, "max-level is 0 (4K), 1 (2M) or 2 (1G)");
        return;
    }
    if (phase_check(PHASE_MACHINE_READY)) {
        error_setg(errp, "cc-emu must be given on the command line");
        return;
    }
    map = mmap(NULL, CCEMU_MAX_RAM >> CCEMU_PAGE_BITS, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (map == MAP_FAILED) {
        error_setg_errno(errp, errno, "no memory for page states");
        return;
    }
    cc.page = map;
    qemu_spin_init(&cc.page_lock);
    object_ref(OBJECT(obj));
    cc.obj = obj;
    qemu_add_machine_init_done_notifier(&machine_done_notifier);
    atexit(at_exit);
}

/* The guest's memory depends on it from the start: it cannot be removed. */
static bool ccemu_can_be_deleted(UserCreatable *uc)
{
    return false;
}

static char *counters_get(Object *o, Error **errp)
{
    return g_strdup(CCEMU(o)->counters_path);
}

static void counters_set(Object *o, const char *value, Error **errp)
{
    g_free(CCEMU(o)->counters_path);
    CCEMU(o)->counters_path = g_strdup(value);
}

static void ccemu_init(Object *o)
{
    static const struct {
        const char *name;
        unsigned knob;
    } prop[] = {
        { "max-level", KNOB_max_level },
        { "cost-4k", KNOB_cost_4k },
        { "cost-2m", KNOB_cost_2m },
        { "cost-1g", KNOB_cost_1g },
    };
    CcemuObject *obj = CCEMU(o);
    unsigned i;

    obj->knob[KNOB_max_level] = 2;
    for (i = 0; i < ARRAY_SIZE(prop); i++) {
        object_property_add_uint64_ptr(o, prop[i].name,
                                       &obj->knob[prop[i].knob],
                                       OBJ_PROP_FLAG_READWRITE);
    }
}

static void ccemu_class_init(ObjectClass *oc, void *data)
{
    UserCreatableClass *ucc = USER_CREATABLE_CLASS(oc);

    ucc->complete = ccemu_complete;
    ucc->can_be_deleted = ccemu_can_be_deleted;
    object_class_property_add_str(oc, "counters", counters_get, counters_set);
}

static const TypeInfo ccemu_info = {
    .name = TYPE_CCEMU,
    .parent = TYPE_OBJECT,
    .instance_size = sizeof(CcemuObject),
    .instance_init = ccemu_init,
    .class_init = ccemu_class_init,
    .interfaces = (InterfaceInfo[]) {
        { TYPE_USER_CREATABLE },
        { }
    },
};

static void ccemu_register(void)
{
    type_register_static(&ccemu_info);
}
type_init(ccemu_register)
