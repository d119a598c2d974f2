#!/usr/bin/env drgn
# SPDX-License-Identifier: GPL-2.0
"""What is in the EFI table of unaccepted memory, and does it pass all checks?

The same lines as the debugfs file "table". Works with and without the module.
"""
import ua


def main(prog, _args):
    table = ua.Table(prog)
    if table.unreadable:
        raise ua.UaError(table.unreadable)
    print("present", int(table.present))
    if not table.present:
        return 0
    print("refused", table.reason or "no")
    print(f"address {table.phys:#018x}")
    print("version", table.version)
    print("unit_size", table.unit_size)
    print(f"phys_base {table.phys_base:#x}")
    print("size", table.size)
    if table.reason:
        return 0
    units = table.set_units()
    print("bits_set", len(units))
    print("unaccepted_bytes", len(units) * table.unit_size)
    if units:
        print("first_unit", units[0])
        print("last_unit", units[-1])
    return 0


ua.run(main, __doc__, globals().get("prog"))
