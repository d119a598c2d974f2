# SPDX-License-Identifier: GPL-2.0
"""What the scripts beside this file share: unaccepted memory as the kernel's own
structures show it, and the module's state if the module is loaded.

Only lists, counters, struct pages and the bitmap of the EFI table are read, never
the memory that they describe: touching unaccepted memory ends a guest.
"""
import argparse
import collections
import itertools
import sys

from drgn import FaultError, Object, ProgramFlags, TypeKind
from drgn.helpers.linux.list import list_empty, list_for_each_entry
from drgn.helpers.linux.mm import page_to_pfn, pfn_to_page
from drgn.helpers.linux.nodemask import for_each_online_node

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
# EFI_INVALID_TABLE_ADDR, and in linux/ioport.h: macros, which DWARF does not know.
NO_TABLE = (1 << 64) - 1
IORESOURCE_SYSTEM_RAM = 0x01000200

TABLE_VERSION = 1
# UA_MAX_THREADS of module/throttle.h, a macro as well.
THREADS_PER_NODE = 4


class UaError(Exception):
    """No answer is possible; the text is the cause."""


# ---- scripts ----

def run(main, description, prog, options=None):
    """Carries out a script: main(prog, args) returns the exit status.

    options(parser) adds the options of the script. prog is None if the script was
    not started by drgn.
    """
    first, _, rest = description.partition("\n")
    parser = argparse.ArgumentParser(
        usage="drgn [-c VMCORE -s VMLINUX] [-s unaccepted.ko] %(prog)s [options]",
        description=first, epilog=rest.strip(), formatter_class=argparse.RawDescriptionHelpFormatter)
    if options:
        options(parser)
    args = parser.parse_args()
    if prog is None:
        parser.error("must be run by drgn")
    try:
        status = main(prog, args)
    except (UaError, FaultError, LookupError) as error:
        sys.exit(f"{parser.prog}: {error}")
    sys.exit(status)


# ---- zones and blocks ----

def node_data(prog, nid):
    """struct pglist_data of a node."""
    try:
        return prog["node_data"][nid]
    except KeyError:
        return prog["contig_page_data"].address_of_()


def zones(prog):
    """(nid, struct zone) of each zone that has memory, in the module's order."""
    for nid in for_each_online_node(prog):
        for zone in node_data(prog, nid).node_zones:
            if zone.present_pages:
                yield nid, zone


def zone_name(zone):
    return zone.name.string_().decode()


def block_pages(prog):
    """Pages of a block: MAX_ORDER_NR_PAGES, from the length of the free lists."""
    orders = prog.type("struct zone").member("free_area").type.length
    return 1 << (orders - 1)


def counter(zone):
    """NR_UNACCEPTED of a zone, as /proc/zoneinfo shows it."""
    return max(0, zone.vm_stat[zone.prog_["NR_UNACCEPTED"]].counter.value_())


def lists(zone):
    """The lists of unaccepted blocks; with patches/ one more, of those just refused."""
    names = ["unaccepted_pages", "refused_pages"]
    return [zone.member_(name) for name in names if zone.type_.has_member(name)]


def listed(zone):
    """Numbers of the first pages of the blocks on a zone's lists."""
    limit = zone.spanned_pages.value_() // block_pages(zone.prog_) + 1
    pfns = []
    for page in itertools.chain.from_iterable(
            list_for_each_entry("struct page", head.address_of_(), "lru") for head in lists(zone)):
        pfns.append(page_to_pfn(page).value_())
        if len(pfns) > limit:
            raise UaError(f"the list of zone {zone_name(zone)} has no end: it is broken, or changed meanwhile")
    return pfns


def page_flags(page):
    """page->flags; from 6.18 on a struct of one member."""
    flags = page.flags
    return flags.value_() if flags.type_.kind == TypeKind.INT else flags.f.value_()


def is_reserved(page):
    """PageReserved(), which drgn 0.0.22 (Debian 12) cannot read from 6.18 on."""
    return bool(page_flags(page) >> page.prog_["PG_reserved"].value_() & 1)


def page_at(prog, pfn):
    """struct page *, or None if there is no such page."""
    page = pfn_to_page(prog, pfn)
    try:
        page_flags(page)
    except FaultError:
        return None
    return page


def is_unaccepted(page):
    """PageUnaccepted()"""
    return page.page_type.value_() >> 24 == page.prog_["PGTY_unaccepted"].value_()


def is_taken(page):
    """True if the module has taken this unaccepted page off the list, to accept it."""
    return list_empty(page.lru.address_of_())


def page_node_zone(page):
    """(nid, index of the zone), from the flags as with SPARSEMEM_VMEMMAP."""
    nodes = (len(page.prog_["node_data"]) - 1).bit_length()
    kinds = page.prog_.type("struct pglist_data").member("node_zones").type.length
    zone_bits = (kinds - 1).bit_length()
    flags = page_flags(page)
    return flags >> (64 - nodes), flags >> (64 - nodes - zone_bits) & ((1 << zone_bits) - 1)


def blocks(zone):
    """(number of the first page, struct page *) of each block of a zone."""
    prog, size = zone.prog_, block_pages(zone.prog_)
    wanted = zone.zone_pgdat.node_id.value_(), zone_index(zone)
    start = zone.zone_start_pfn.value_()
    for pfn in range(-(-start // size) * size, start + zone.spanned_pages.value_(), size):
        page = page_at(prog, pfn)
        if page is not None and page_node_zone(page) == wanted:
            yield pfn, page


def zone_index(zone):
    return (zone.address_ - zone.zone_pgdat.node_zones.address_) // zone.type_.size


def ram_resources(prog):
    """(start, end, struct resource) of all that is System RAM; end is the last byte's."""
    for start, end, resource in resources(prog):
        if resource.flags.value_() & IORESOURCE_SYSTEM_RAM == IORESOURCE_SYSTEM_RAM:
            yield start, end, resource


def resources(prog):
    """The same for all top-level resources of /proc/iomem."""
    resource = prog["iomem_resource"].child
    while resource:
        yield resource.start.value_(), resource.end.value_(), resource
        resource = resource.sibling


# ---- the EFI table ----

def read_physical(prog, address, size):
    """Bytes of physical memory; /proc/kcore has no more of it than System RAM."""
    try:
        return prog.read(address, size, True)
    except FaultError:
        if not prog.flags & ProgramFlags.IS_LIVE:
            raise
    try:
        with open("/dev/mem", "rb", buffering=0) as file:
            file.seek(address)
            data = file.read(size)
    except OSError as error:
        raise UaError(f"the table cannot be read: /dev/mem: {error.strerror} "
                      "(the kernel may need the parameter iomem=relaxed)") from error
    if len(data) != size:
        raise UaError("the table cannot be read: /dev/mem gives less than asked for")
    return data


class Table:
    """The EFI table, used only if it passes the checks that the module makes.

    present, unreadable (the cause, or None), reason (of a refusal, or None), phys,
    version, unit_size, phys_base, size, bitmap (empty unless the checks passed)
    """

    def __init__(self, prog):
        self.prog = prog
        self.phys = prog["efi"].unaccepted.value_()
        self.present = self.phys != NO_TABLE
        self.reason = self.unreadable = None
        self.version = self.unit_size = self.phys_base = self.size = 0
        self.bitmap = b""
        if self.present:
            try:
                self.reason = self._find()
            except UaError as error:
                self.reason = self.unreadable = str(error)

    def _find(self):
        kind = self.prog.type("struct efi_unaccepted_memory")
        if not self._is_mapped(kind.size):
            return "the header is not in mapped, reserved RAM"
        header = Object.from_bytes_(self.prog, kind, read_physical(self.prog, self.phys, kind.size))
        self.version, self.unit_size = header.version.value_(), header.unit_size.value_()
        self.phys_base, self.size = header.phys_base.value_(), header.size.value_()
        reason = self._check(kind.size)
        if reason:
            return reason
        if not self._is_mapped(kind.size + self.size):
            return "the bitmap is not in mapped, reserved RAM"
        self.bitmap = read_physical(self.prog, self.phys + kind.size, self.size)
        return None

    def _check(self, header_size):
        """ua_table_check() of module/table.c"""
        limit = 1 << self.prog["boot_cpu_data"].x86_phys_bits.value_()
        span = self.size * 8 * self.unit_size
        checks = (
            (self.version == TABLE_VERSION, "unknown version"),
            (self.unit_size >= PAGE_SIZE and not self.unit_size & (self.unit_size - 1),
             "unit_size is not a power of two of at least a page"),
            (self.size, "the bitmap is empty"),
            (self.unit_size and not self.phys_base % self.unit_size,
             "phys_base is not aligned to unit_size"),
            (span < 1 << 64, "the bitmap covers more than 2^64 bytes"),
            (self.phys_base + span <= limit, "the bitmap reaches beyond the physical address width"),
            (not self.phys % 8, "the table is not aligned to 8 bytes"),
            (self.phys + header_size + self.size <= limit,
             "the table reaches beyond the physical address width"),
        )
        return next((reason for good, reason in checks if not good), None)

    def _is_mapped(self, size):
        """Is all of it mapped memory that is reserved for the table, so that it may be read?"""
        last = self.phys + size - 1
        acpi = self.prog["IORES_DESC_ACPI_TABLES"].value_()
        ram = [(start, end) for start, end, _ in ram_resources(self.prog)]
        ram += [(start, end) for start, end, resource in resources(self.prog)
                if resource.desc.value_() == acpi]
        if not any(start <= self.phys and last <= end for start, end in ram):
            return False
        pages = (page_at(self.prog, pfn)
                 for pfn in range(self.phys >> PAGE_SHIFT, (last >> PAGE_SHIFT) + 1))
        return all(page is not None and is_reserved(page) for page in pages)

    def _units(self, start, size):
        """The units of a range that have a bit: (first, one past the last)."""
        if not self.bitmap or start + size <= self.phys_base:
            return 0, 0
        first = (max(start, self.phys_base) - self.phys_base) // self.unit_size
        end = (start + size - 1 - self.phys_base) // self.unit_size + 1
        return first, min(end, self.size * 8)

    def covers(self, start, size):
        """Does the bitmap cover any part of a range?"""
        first, end = self._units(start, size)
        return first < end

    def bits(self, start, size):
        """The units of a range, first to last: a list of true for unaccepted."""
        return [bool(self.bitmap[unit // 8] >> unit % 8 & 1) for unit in range(*self._units(start, size))]

    def any(self, start, size):
        return any(self.bits(start, size))

    def set_units(self):
        """The numbers of all units that are not accepted."""
        return [8 * i + bit for i, byte in enumerate(self.bitmap) if byte
                for bit in range(8) if byte >> bit & 1]


def accepting(prog, table):
    """(start, end) of each range that accept_memory() is working on right now."""
    entries = list_for_each_entry("struct accept_range", prog["accepting_list"].address_of_(), "list")
    return [tuple(table.phys_base + unit.value_() * table.unit_size for unit in (entry.start, entry.end))
            for entry in entries]


# ---- the module ----

Module = collections.namedtuple("Module", "state symbols")


def find_module(prog):
    """Module(struct ua_state, {name: address}), or UaError.

    The module is found in the kernel's own list, and not by drgn: drgn 0.0.22 does
    not find the modules of kernels since 6.4, and takes only the types from
    unaccepted.ko.
    """
    for module in list_for_each_entry("struct module", prog["modules"].address_of_(), "list"):
        if module.name.string_() == b"unaccepted" and module.state == prog["MODULE_STATE_LIVE"]:
            break
    else:
        raise UaError("the module is not loaded")
    try:
        prog.type("struct ua_state")
    except LookupError:
        raise UaError("the module is loaded, but its symbols are missing: add -s unaccepted.ko") from None
    symbols = module_symbols(module)
    state = Object(prog, "struct ua_state", address=symbols["ua_state"])
    cores = [address for name, address in symbols.items() if name.endswith("_core")]
    phys = prog["efi"].unaccepted.value_()
    if state.core.value_() not in cores or state.table.phys != (0 if phys == NO_TABLE else phys):
        raise UaError("unaccepted.ko is not the module that is loaded")
    return Module(state, symbols)


def module_symbols(module):
    """{name: address} from the module's kallsyms."""
    table = module.kallsyms
    return {(table.strtab + symbol.st_name).string_().decode(): symbol.st_value.value_()
            for symbol in (table.symtab[i] for i in range(table.num_symtab))}


def names(module, symbol, count):
    """The strings of one of the module's arrays."""
    prog = module.state.prog_
    array = Object(prog, prog.array_type(prog.pointer_type(prog.type("char")), int(count)),
                   address=module.symbols[symbol])
    return [word.string_().decode() for word in array]


def zone_stat(module, nid, zone):
    """struct ua_zone_stat of a zone."""
    kinds = len(zone.zone_pgdat.node_zones)
    return module.state.stats[nid * kinds + zone_index(zone)]
