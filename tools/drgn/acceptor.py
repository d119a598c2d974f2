#!/usr/bin/env drgn
# SPDX-License-Identifier: GPL-2.0
"""What do the background threads do, what holds them back, and what was their last error?

Prints the knobs as in /sys/kernel/unaccepted/acceptor, how often each limit held a
thread back, the last error, and a line for each thread: what it does or what it
waits for, the CPU time it used, and the functions that it sleeps in, innermost
first. Needs the module, and its symbols: -s unaccepted.ko.
"""
import ua

KNOBS = ("bytes_per_second", "cpu_percent", "headroom_bytes", "floor_bytes", "threads_per_node")


def unaccepted(prog, nid):
    """Does a node have unaccepted memory?"""
    return any(ua.counter(zone) for node, zone in ua.zones(prog) if node == nid)


def sleeps_in(prog, task):
    """Names of functions, or the reason why there are none."""
    try:
        frames = [frame.name for frame in prog.stack_trace(task) if frame.name]
    except (ValueError, LookupError, NotImplementedError) as error:
        return f"(no stack: {error})"
    return " ".join(frames) or "(no stack)"


def thread_state(prog, module, thread):
    """As in the file "state": a waiting thread is not told that other threads accepted all memory."""
    reason = thread.reason.value_()
    done, works = prog["UA_THROTTLE_DONE"].value_(), prog["UA_THROTTLE_NOT"].value_()
    if reason != works and not unaccepted(prog, thread.nid.value_()):
        reason = done
    return ua.names(module, "ua_throttle_states", prog["UA_NR_THROTTLE_REASONS"])[reason]


def show_knobs(prog, module):
    knobs = module.state.acceptor.knobs
    print("mode", ua.names(module, "ua_mode_names", prog["UA_NR_MODES"])[knobs.mode.value_()])
    for name in KNOBS:
        print(name, knobs.member_(name).value_())
    limits = ua.names(module, "ua_hit_names", prog["UA_NR_LIMITS"])
    for name, hits in zip(limits, module.state.acceptor.hits):
        print("hits", name, hits.counter.value_())
    error = module.state.acceptor.error
    if error.number:
        print(f"error {error.number.value_()} {error.source.string_().decode()}: "
              f"{error.reason.string_().decode()}")


def threads(prog, module):
    """struct ua_acceptor_thread of each thread that exists."""
    slots = module.state.acceptor.threads
    per_node = prog["nr_node_ids"].value_() * ua.THREADS_PER_NODE
    return [slots[i] for i in range(per_node) if slots[i].task]


def main(prog, _args):
    module = ua.find_module(prog)
    show_knobs(prog, module)
    for thread in threads(prog, module):
        print(f"thread node {thread.nid.value_()} pid {thread.task.pid.value_()} "
              f"state {thread_state(prog, module, thread)} "
              f"cpu_ns {thread.task.se.sum_exec_runtime.value_()} in {sleeps_in(prog, thread.task)}")
    return 0


ua.run(main, __doc__, globals().get("prog"))
