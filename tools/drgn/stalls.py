#!/usr/bin/env drgn
# SPDX-License-Identifier: GPL-2.0
"""How long did acceptance take, and for which causes?

Prints a line for each zone, cause and power of two that is not empty, as in the
debugfs file "latency", with a bar. The longest bar of a cause has 40 characters.
Needs the module, and its symbols: -s unaccepted.ko.
"""
from drgn.helpers.linux.cpumask import for_each_possible_cpu
from drgn.helpers.linux.percpu import per_cpu_ptr

import ua

BAR = 40


def histogram(prog, cpu_stats, cause):
    """The number of waits in each bucket, on all CPUs."""
    per_cpu = [per_cpu_ptr(cpu_stats, cpu).waits[cause] for cpu in for_each_possible_cpu(prog)]
    return [sum(waits[i].value_() for waits in per_cpu) for i in range(len(per_cpu[0]))]


def main(prog, _args):
    module = ua.find_module(prog)
    stats_type = prog.type("struct ua_cpu_stats")
    causes = ua.names(module, "ua_cause_names", stats_type.member("waits").type.length)
    print("node zone below_ns waits cause")
    for nid, zone in ua.zones(prog):
        cpu_stats = ua.zone_stat(module, nid, zone).cpu_stats
        for number, cause in enumerate(causes):
            waits = histogram(prog, cpu_stats, number)
            for i, n in enumerate(waits):
                if n:
                    print(nid, ua.zone_name(zone), 1 << i, n, cause, "=" * -(-BAR * n // max(waits)))
    return 0


ua.run(main, __doc__, globals().get("prog"))
