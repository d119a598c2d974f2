# SPDX-License-Identifier: GPL-2.0
"""The guest's memory as a vmcore, for drgn and crash: by QEMU's dump-guest-memory.

QEMU reads its own mapping of the guest's memory: that is no access of the guest's,
so nothing is caught, whatever is accepted.
"""
import os
import re
import struct
import subprocess

import qmp

REQUEST = re.compile(r"testbed: -- dump ([a-z0-9-]+) (0x[0-9a-f]+) ([0-9a-f]+)$")

_EHDR = struct.Struct("<16sHHIQQQIHHHHHH")
_PHDR = struct.Struct("<IIQQQQQQ")
_NHDR = struct.Struct("<III")
_PT_LOAD, _PT_NOTE = 1, 4
_PAGE = 4096
# __START_KERNEL_map of x86-64.
_KERNEL_MAP = 0xffffffff80000000


class DumpError(Exception):
    """The dump did not succeed; the text is for the user."""


def _aligned(size):
    return (size + 3) & ~3


def _headers(file):
    """The program headers, a list of fields each."""
    header = _EHDR.unpack(file.read(_EHDR.size))
    offset, size, count = header[5], header[9], header[10]
    file.seek(offset)
    return header, [list(_PHDR.unpack(file.read(size))) for _ in range(count)]


def _place(headers, address):
    """Where in the file a physical address is."""
    for kind, _, offset, _, start, size, *_ in headers:
        if kind == _PT_LOAD and start <= address < start + size:
            return offset + address - start
    raise DumpError(f"there is no memory at {address:#x}")


def _read_note(file, headers, address):
    """The kernel's note, from where the kernel says that it lies: (all of it, its text)"""
    file.seek(_place(headers, address))
    head = file.read(_NHDR.size)
    name_size, size, _ = _NHDR.unpack(head)
    name = file.read(_aligned(name_size))
    if not name.startswith(b"VMCOREINFO\0"):
        raise DumpError(f"there is no VMCOREINFO at {address:#x}")
    text = file.read(_aligned(size))
    return head + name + text, text.decode(errors="replace")


def _page_tables(headers, text):
    """A header for the root of the kernel's page tables, by its virtual address.

    drgn 0.0.22 finds all other virtual addresses from there, but not this one.
    """
    info = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    virtual = int(info["SYMBOL(swapper_pg_dir)"], 16)
    physical = virtual - _KERNEL_MAP + int(info["NUMBER(phys_base)"])
    return [_PT_LOAD, 0, _place(headers, physical), virtual, physical, _PAGE, _PAGE, 0]


def complete(path, address):
    """Add to a dump what no tool can read it without: the note VMCOREINFO, which lies at
    this address, and the way to the page tables.

    QEMU can add the note itself, but only if the guest has a driver for that.
    """
    with open(path, "r+b") as file:
        header, headers = _headers(file)
        note, text = _read_note(file, headers, address)
        headers.append(_page_tables(headers, text))
        notes = next(fields for fields in headers if fields[0] == _PT_NOTE)
        file.seek(notes[2])
        old = file.read(notes[5])
        # Space is at the end only; what was there before is left unused.
        notes[2] = file.seek(0, os.SEEK_END)
        notes[5] = notes[6] = file.write(old + note)
        offset = file.tell()
        file.write(b"".join(_PHDR.pack(*fields) for fields in headers))
        file.seek(0)
        file.write(_EHDR.pack(*header[:5], offset, *header[6:10], len(headers), *header[11:]))


class Dumper:
    """Takes the dumps that a guest asks for."""

    def __init__(self, directory, monitor):
        self.directory = directory
        self.monitor = monitor

    def answer(self, request):
        """What to tell the guest that asked."""
        name, address, _ = request.groups()
        path = os.path.join(os.path.abspath(self.directory), name)
        try:
            with qmp.connect(self.monitor) as command:
                command("dump-guest-memory", {"paging": False, "protocol": f"file:{path}"})
            complete(path, int(address, 16))
            # What was never touched is zeros, and need not lie on the disk.
            subprocess.run(["fallocate", "--dig-holes", path], check=True)
        except (DumpError, qmp.QmpError, OSError, ValueError, KeyError,
                subprocess.CalledProcessError) as error:
            return str(error)
        return "done"
