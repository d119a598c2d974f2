# SPDX-License-Identifier: GPL-2.0
"""Kernel addresses to names, with the KASLR slide taken out."""
import bisect
import gzip
import hashlib
import lzma
import os
import re
import tempfile
import zlib

TEXT_BASE = 0xffffffff80000000
MODULE_BASE = 0xffffffffc0000000
# MSR_LSTAR holds the address of this symbol once the kernel has set it.
ANCHOR = "entry_SYSCALL_64"

_LINE = re.compile(r"([0-9a-f]{16}) ([a-zA-Z?]) (\S+)(\s+\[\S+\])?$")


class SymbolError(Exception):
    """The symbols are missing or useless; the text is for the user."""


class Symbols:
    """A table made from the lines of System.map or /proc/kallsyms."""

    def __init__(self, lines):
        table = {}
        self.by_name = {}
        for line in lines:
            match = _LINE.match(line.strip())
            if not match or match.group(4):
                continue
            address, kind, name = int(match.group(1), 16), match.group(2), match.group(3)
            if address < TEXT_BASE:
                continue
            # Of several names for one address, a function's is the best; data
            # is kept too, because it tells where the text ends.
            if address not in table or kind in "tTwW" and table[address][0] not in "tTwW":
                table[address] = (kind, name)
            self.by_name.setdefault(name, address)
        self.addresses = sorted(table)
        self.names = [table[address] for address in self.addresses]
        if ANCHOR not in self.by_name:
            raise SymbolError(f"no {ANCHOR} in the symbols")

    @classmethod
    def load(cls, path):
        """Read a symbol file, gzip or xz by its name."""
        opener = {".gz": gzip.open, ".xz": lzma.open}.get(os.path.splitext(path)[1], open)
        try:
            with opener(path, "rt", errors="replace") as file:
                return cls(file)
        except (OSError, EOFError, lzma.LZMAError) as error:
            raise SymbolError(f"cannot read {path}: {error}") from error

    def slide(self, lstar):
        """How far KASLR moved the kernel, from MSR_LSTAR."""
        return lstar - self.by_name[ANCHOR]

    def lookup(self, address):
        """'name+0x12', or None when the address is not in kernel text."""
        if address >= MODULE_BASE:
            return None
        index = bisect.bisect_right(self.addresses, address) - 1
        if index < 0:
            return None
        kind, name = self.names[index]
        if kind not in "tTwW":
            return None
        return f"{name}+{address - self.addresses[index]:#x}"


def describe(symbols, slide, address):
    """One address for the report; never fails."""
    name = symbols.lookup(address - slide) if symbols else None
    if name is None and address >= MODULE_BASE:
        name = "(a module?)"
    return f"{address:#018x}" + (f" {name}" if name else "")


def find_slide(symbols, lstar, cmdline):
    """(slide, None), or (None, the cause)."""
    if "nokaslr" in cmdline.split():
        return 0, None
    if not lstar:
        return None, ("caught before the kernel set MSR_LSTAR, so the KASLR slide is unknown; "
                      "try again with --append nokaslr")
    slide = symbols.slide(lstar)
    # KASLR moves by whole 2M steps; anything else means another kernel.
    if slide % 0x200000 or not 0 <= slide < 0x40000000:
        return None, "the symbols do not belong to this kernel"
    return slide, None


def cache_path(cache, kernel):
    """Where the symbols of this very kernel image are kept."""
    digest = hashlib.sha256()
    with open(kernel, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return os.path.join(cache, f"symbols-{digest.hexdigest()[:16]}", "kallsyms")


def store(packed, path):
    """Check what the guest sent (gzip), and put it in the cache in one step."""
    with open(packed, "rb") as file:
        data = file.read()
    # The firmware talks on every serial port before the guest does.
    begin = data.find(b"\x1f\x8b\x08")
    if begin < 0:
        raise SymbolError("the guest sent no symbols")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tempfile.TemporaryDirectory(dir=os.path.dirname(path)) as work:
        output = os.path.join(work, "kallsyms")
        try:
            with open(output, "wb") as target:
                target.write(gzip.decompress(data[begin:]))
        except (OSError, EOFError, zlib.error) as error:
            raise SymbolError(f"the symbols arrived damaged: {error}") from error
        Symbols.load(output)
        os.replace(output, path)
