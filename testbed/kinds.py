# SPDX-License-Identifier: GPL-2.0
"""How each kind of test guest is run and judged.

Each function takes a Job of the table, its kernels, and a Bench, and returns results.
"""
import difflib
import re

import tap
from guests import ENDS
from prepare import run_on_host

RUN_IN_GUEST = "/selftests/unaccepted/run_in_guest.sh"
# What the kernel prints when it has found out where it runs.
DETECTED = {"tdx": "tdx: Guest detected", "snp": "Memory Encryption Features active: AMD SEV SEV-ES SEV-SNP"}
# Shapes of memory; in each, 6.1 must find as much memory as 6.12.
MAPS = [[], ["--memory", "64G", "--cpus", "4"], ["--cpus", "2", "--numa", "2"],
        ["--fragments", "200", "--cpus", "2"], ["--fragments", "20", "--unaligned"]]


def ended(status, end):
    return status == end, f"status {status}, expected {end}"


def on_host(job, _kernels, _bench):
    """A command of the host: its TAP lines, its unit tests, or its exit status alone."""
    status, text = run_on_host(job.kind, job.command)
    if job.kind == "command":
        return [(status == 0, f"{job.command} ends with {status}")]
    results = tap.results(text) if job.kind == "tap" else tap.unittest_results(text)
    return [*results, (status == 0 and len(results) > 0, "exit status")]


def run_selftests(job, kernel, bench, name=None, options=()):
    """(results, what the guest printed) of the selftests in a guest"""
    options = [option.format(image=kernel.image) for option in (*job.options, *options)]
    # An emulated CPU may stand still while the host is busy. That is no lockup of the
    # guest, and half a minute of it is not what these tests look for.
    status, text, found = bench.boot(
        name or job.name, ["--bring", f"{kernel.guest}:/selftests", "--append", "watchdog_thresh=30",
                           "--kernel", kernel.image, *options], [RUN_IN_GUEST, *job.tests])
    counters = found.get("counters") or {}
    # A test that makes the kernel accept a page twice, on purpose, says how often.
    again = sum(map(int, re.findall(r"^# expected already_accepted (\d+)", text, re.M)))
    results = [*tap.results(text),
               (status == job.end, f"the guest's verdict is {status}, expected {job.end}"),
               (DETECTED[job.platform] in text, f"the kernel knows that it is a guest of {job.platform}"),
               (counters.get("bad_access") == 0 and counters.get("already_accepted") == again,
                f"the emulator counts no wrong access or acceptance: {counters}")]
    if not any(option in options for option in ("1T", "--table")):
        results.append((bool(re.search(r"efi:.* Unaccepted=0x", text)),
                        "the kernel found the table of unaccepted memory"))
    return results, text


def selftests(job, kernels, bench):
    """Selftests in one guest."""
    return run_selftests(job, kernels[0], bench)[0]


def hog_costs(text):
    """{round: {cost: number}} of hogs.sh"""
    return {match[1]: {key: int(value) for key, value in re.findall(r"(\w+) (\d+)", match[2])}
            for match in re.finditer(r"^# hogs (\w+) (.*)", text, re.M)}


def hogs(job, kernels, bench):
    """Hogs cost no more where memory is unaccepted than where it was accepted at boot."""
    results, lazy = run_selftests(job, kernels[0], bench)
    more, eager = run_selftests(job, kernels[0], bench, f"{job.name}-eager", ["--append", "accept_memory=eager"])
    results += more
    lazy, eager = hog_costs(lazy), hog_costs(eager)
    for which in ("first", "greedy", "again"):
        for cost in ("allocstall", "pgscan_direct", "pgscan_kswapd", "pageoutrun"):
            ours, theirs = (costs.get(which, {}).get(cost) for costs in (lazy, eager))
            # Greedy hogs fight for the last page: how often they try varies by chance, but
            # endless reclaim would be more by orders of magnitude.
            limit = None if theirs is None else 4 * theirs + 100 if which == "greedy" else theirs
            results.append((None not in (ours, limit) and ours <= limit,
                            f"hogs, {which}: {cost} {ours}, {theirs} if eager"))
    return results


def end(job, kernels, bench):
    """A guest that ends in a certain way."""
    status, text, found = bench.boot(job.name, ["--memory", "1G", "--kernel", kernels[0].image, *job.options],
                                     ["sh", "-c", job.script])
    return [ended(status, job.end),
            (text.count("CCEMU {") == 1 and bool(found.get("counters")), "the counters are printed once")]


def catch(job, _kernels, bench):
    """A guest that touches unaccepted memory."""
    status, _, found = bench.boot(job.name, job.options, ["sh", "-c", job.script])
    caught = found.get("catch") or {}
    named = [line for line in caught.get("stack_symbols", []) if "+0x" in line]
    return [ended(status, job.end),
            (caught.get("gpa", 0) >= 1 << 30, "the catch names an address in the unaccepted area"),
            ("+0x" in caught.get("rip_symbol", ""), f"the catch names the place: {caught.get('rip_symbol')}"),
            (len(named) >= 3, f"the catch names how the guest got there: {named[:4]}"),
            ((found.get("counters") or {}).get("bad_access") == 1, "the emulator counts one bad access")]


def boot_with_modules(job, kernel, bench):
    """A guest that has the module and the workloads."""
    modules = [f"--module={kernel.guest}/unaccepted/{name}.ko" for name in ("unaccepted", "ua_workload")]
    return bench.boot(job.name, [*job.options, "--kernel", kernel.image, *modules], ["sh", "-c", job.script])


def twice(job, kernels, bench):
    """Validating a page again could be an attack: the guest ends itself, and says why."""
    status, _, found = boot_with_modules(job, kernels[0], bench)
    reason = (found.get("terminated") or {}).get("value", 0)
    return [ended(status, job.end),
            (reason == 0x21100, f"the cause is a PVALIDATE that failed: {reason:#x}"),
            ((found.get("counters") or {}).get("already_accepted") == 1, "the emulator has counted it")]


def alias(job, kernels, bench):
    """Shared memory of an SNP guest, reached as if it were private."""
    status, _, found = boot_with_modules(job, kernels[0], bench)
    kind = (found.get("catch") or {}).get("kind")
    return [ended(status, job.end), (kind == "alias", f"the catch says why: {kind}")]


def kexec_caught(job, kernels, bench):
    """A kernel without our patch copies a second one to unaccepted memory."""
    image, guest = kernels[0].image, kernels[0].guest
    options = [option.format(image=image) for option in job.options]
    status, text, found = bench.boot(job.name, ["--bring", f"{guest}:/selftests", *options, "--kernel", image],
                                     [RUN_IN_GUEST, *job.tests])
    caught = found.get("catch") or {}
    return [*tap.results(text), ended(status, job.end),
            (caught.get("gpa", 0) >= 1 << 30, "the catch names an address in the unaccepted area"),
            ("kexec:arrived" not in text, "there is no second kernel")]


def kexec_to(job, kernels, bench):
    """A kernel starts another version of itself, which has a module of its own."""
    first, second = kernels
    return run_selftests(job, first, bench, options=[
        "--cpus", "2", "--bring", f"{second.image}:/bzImage",
        "--bring", f"{second.guest}/unaccepted/unaccepted.ko:/second.ko"])[0]


def instructions(text):
    """{(state, order): instructions} that a guest measured"""
    return {(state, int(order)): int(cost) for state, order, cost in
            re.findall(r"^# cost (\S+) (\d+) \d+ (\d+)\s*$", text, re.M)}


def idle_cost(job, kernels, bench):
    """With everything accepted, a kernel with our patches costs no more than one without."""
    results, measured = [], []
    for kernel, kind in zip(kernels, ("unpatched", "patched")):
        more, text = run_selftests(job, kernel, bench, f"{job.name}-{kind}", ["--deterministic"])
        results += more
        measured.append(instructions(text))
    before, after = measured
    for key in (key for key in before if key[0].startswith("accepted-")):
        cost = after.get(key, "?")
        results.append((key in after and cost <= before[key],
                        f"{key[0]}, order {key[1]}: {cost} instructions, {before[key]} without the patches"))
    results.append((len(before) > 0 and before.keys() == after.keys(), "both kernels were measured"))
    return results


def meminfo(kernel, bench, name, options):
    """(status, {name: kB}) of a guest that has just booted"""
    status, text, _ = bench.boot(name, ["--kernel", kernel.image, *options], ["cat", "/proc/meminfo"])
    return status, {key: int(value) for key, value in re.findall(r"^(\w+): +(\d+) kB", text, re.M)}


def same_memory(job, kernels, bench):
    """6.1 has the memory that 6.12 has; without our patches it loses the unaccepted part."""
    patched, unpatched, reference = kernels
    results = []
    for i, options in enumerate(MAPS):
        what = " ".join(options) or "4G"
        seen = [meminfo(kernel, bench, f"{job.name}-{kind}-{i}", options) for kind, kernel in
                (("lost", unpatched), ("patched", patched), ("6.12", reference))]
        total, unaccepted = ([values.get(key, 0) for _, values in seen] for key in ("MemTotal", "Unaccepted"))
        results += [(all(status == 0 for status, _ in seen), f"{what}: all three boot"),
                    # A block of which one half is accepted counts as unaccepted.
                    (total[0] + unaccepted[1] * 9 // 10 <= total[1] and unaccepted[0] == 0,
                     f"{what}: unpatched, it has lost what is unaccepted: MemTotal {total[0]} of {total[1]} kB"),
                    (abs(total[1] - total[2]) <= total[2] // 50,
                     f"{what}: MemTotal {total[1]} kB, 6.12 has {total[2]}"),
                    (abs(unaccepted[1] - unaccepted[2]) <= unaccepted[2] // 20,
                     f"{what}: Unaccepted {unaccepted[1]} kB, 6.12 has {unaccepted[2]}")]
    return results


def same_log(job, kernels, bench):
    """In an ordinary machine 6.1 prints at boot what it prints without our patches."""
    logs, results = [], []
    for kind, kernel in zip(("patched", "unpatched"), kernels):
        status, text, _ = bench.boot(f"{job.name}-{kind}", ["--platform", "none", "--deterministic",
                                                           "--kernel", kernel.image],
                                     ["sh", "-c", "echo begin; dmesg; grep nr_unaccepted /proc/vmstat; echo end"])
        results.append((status == 0, f"{kind}: boots"))
        lines = text[text.find("begin\n"):text.rfind("end\n")].splitlines()
        # Times, addresses, sizes of the kernel's own sections.
        logs.append([re.sub(r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|[0-9.]+", "N", line) for line in lines])
    after, before = logs
    differ = [line for line in difflib.unified_diff(before, after, lineterm="", n=0) if line[0] in "+-"][2:]
    return [*results, (len(before) > 200, f"it is a whole log: {len(before)} lines"),
            (differ == ["+nr_unaccepted N"], f"both print the same: {differ[:6]}")]


def repeat(job, _kernels, bench):
    """The same guest twice, with instructions counted, prints the same bytes."""
    runs = [bench.boot(f"{job.name}-{i}", ["--deterministic", "--cpus", "2"],
                       ["sh", "-c", "ccemu counters; dmesg; cat /proc/meminfo"]) for i in (1, 2)]
    texts = [re.sub(r"\(status.*", "", text) for _, text, _ in runs]
    return [(all(status == ENDS["pass"] for status, _, _ in runs), "both say pass"),
            (texts[0] == texts[1] and "Unaccepted:" in texts[0], "both print the same")]


RUN = {"selftests": selftests, "hogs": hogs, "end": end, "catch": catch, "alias": alias, "twice": twice,
       "kexec-caught": kexec_caught, "kexec-to": kexec_to, "idle-cost": idle_cost, "same-log": same_log,
       "same-memory": same_memory, "repeat": repeat,
       "command": on_host, "tap": on_host, "unittest": on_host}


def run(job, kernels, bench):
    """The results of a job; kernels: {name: Kernel} of at least those that it names."""
    return RUN[job.kind](job, [kernels[name] for name in job.kernels], bench)
