# SPDX-License-Identifier: GPL-2.0
"""The table of test guests, guests.toml: reads it, multiplies it out, and checks it."""
import os
import shlex
import tomllib
from dataclasses import dataclass, field

TABLE = os.path.join(os.path.dirname(os.path.realpath(__file__)), "guests.toml")
TIERS = ("check", "long")
PLATFORMS = ("tdx", "snp")

# Exit statuses of the launcher.
ENDS = {"pass": 0, "fail": 1, "skip": 4, "caught": 97, "panic": 98, "no verdict": 99, "time limit": 124}
# How the results of a guest are judged; functions in kinds.py.
KINDS = {"selftests", "hogs", "end", "catch", "alias", "twice", "kexec-caught", "kexec-to",
         "idle-cost", "same-log", "same-memory", "repeat"}
# Of these, the kinds that run selftests.
TESTED = {"selftests", "hogs", "kexec-caught", "kexec-to", "idle-cost"}
HOST_KINDS = {"command", "tap", "unittest"}


class TableError(Exception):
    """The table contradicts itself; the text names the entry."""


@dataclass(frozen=True)
class Job:
    """One line of "check --list": a guest, or something that runs on the host."""
    name: str
    kind: str
    tier: str = "check"
    kernels: tuple = ()
    platform: str = ""
    tests: tuple = ()
    options: tuple = ()
    script: str = ""
    command: str = ""
    end: int = 0
    column: str = ""


@dataclass
class Table:
    """What guests.toml says, multiplied out."""
    jobs: list = field(default_factory=list)
    kernels: dict = field(default_factory=dict)


def words(value):
    """A list, or a string to be split as a shell does."""
    return tuple(shlex.split(value)) if isinstance(value, str) else tuple(value)


def lookup(table, key, entry, what):
    if key not in table:
        raise TableError(f"{entry}: no {what} is called '{key}'")
    return table[key]


def known(entry, allowed):
    """Refuse keys that nothing reads: they are misspelt."""
    for key in entry.keys() - allowed:
        raise TableError(f"{entry.get('name') or entry}: unknown key '{key}'")


def columns_of(entry, columns):
    """(column, tier) of each column in which this line of the matrix runs."""
    found = [(name, tier) for tier in TIERS for name in words(entry.get(tier, ""))]
    for name, _ in found:
        lookup(columns, name, entry["name"] or entry["tests"], "column")
    if entry.get("follow", True):
        named = [name for name, _ in found]
        found += [(name, "long") for name, column in columns.items()
                  if column.get("follows") in named and name not in named]
    return found


def column_options(column, options):
    """The options of a shape, as a column changes them."""
    if column.get("when") in options:
        options += words(column["add"])
    return tuple(option for option in options if option not in column.get("drop", ()))


def matrix_guest(entry, column, tier, platform, options):
    name = "-".join(part for part in ("snp" if platform == "snp" else "", column.get("prefix"), entry["name"])
                    if part)
    return Job(name, entry.get("kind", "selftests"), tier, (column["kernel"],), platform,
               (*column.get("settings", ()), *words(entry["tests"])),
               (("--platform", "snp") if platform == "snp" else ()) + options, end=end_of(entry), column=column["name"])


def end_of(entry):
    return lookup(ENDS, entry.get("end", "pass"), entry["name"], "end")


def matrix_guests(table):
    """The guests of the matrix: each line in each of its columns, on each platform."""
    defaults = table["defaults"]
    for entry in table["matrix"]["guests"]:
        known(entry, {"name", "kind", "tests", "shape", "check", "long", "snp", "platform", "follow", "end"})
        shape = words(lookup(table["shapes"], entry.get("shape", defaults["shape"]), entry["name"], "shape"))
        for name, tier in columns_of(entry, table["columns"]):
            column = {**table["columns"][name], "name": name}
            options = column_options(column, shape)
            snp = entry.get("snp", column.get("snp", defaults["snp"]))
            if "platform" in entry:
                yield matrix_guest(entry, column, tier, entry["platform"], options)
                continue
            yield matrix_guest(entry, column, tier, "tdx", options)
            if snp != "never":
                yield matrix_guest(entry, column, "check" if tier == snp == "check" else "long", "snp", options)


def table_guests(table):
    """A malformed table in each guest, on two kernels."""
    shape = words(table["shapes"]["nothing"])
    for number, (name, test) in enumerate(table["tables"].items()):
        for column in ("hooks", "stock"):
            tier = "check" if column == "hooks" and number < 5 else "long"
            yield Job(f"{column}-table-{name}", "selftests", tier, (column,), "tdx", (test,),
                      (*shape, "--table", name))


def special_guests(table):
    for entry in table["special"]["guests"]:
        known(entry, {"name", "kind", "kernels", "tests", "shape", "script", "end", "options", "platform", "tier"})
        platform, script = entry.get("platform", "tdx"), entry.get("script", "")
        shape = words(lookup(table["shapes"], entry.get("shape", "1cpu"), entry["name"], "shape"))
        yield Job(entry["name"], entry["kind"], entry.get("tier", "check"), tuple(entry["kernels"]), platform,
                  words(entry.get("tests", "")),
                  (("--platform", "snp") if platform == "snp" else ()) + shape + words(entry.get("options", ())),
                  table["scripts"].get(script, script), end=end_of(entry))


def host_jobs(table):
    for entry in table["host"]["jobs"]:
        known(entry, {"name", "kind", "command", "tier"})
        lookup(dict.fromkeys(HOST_KINDS), entry["kind"], entry["name"], "kind")
        yield Job(entry["name"], entry["kind"], entry.get("tier", "check"), command=entry["command"])


def check_jobs(jobs, kernels):
    """Raise TableError for what cannot run."""
    names = set()
    for job in jobs:
        if job.name in names:
            raise TableError(f"two guests are called '{job.name}'")
        names.add(job.name)
        if job.command:
            continue
        lookup(dict.fromkeys(KINDS), job.kind, job.name, "kind")
        if bool(job.tests) != (job.kind in TESTED):
            raise TableError(f"{job.name}: kind '{job.kind}' and {len(job.tests)} tests do not fit")
        lookup(dict.fromkeys(PLATFORMS), job.platform, job.name, "platform")
        lookup(dict.fromkeys(TIERS), job.tier, job.name, "tier")
        for kernel in job.kernels:
            lookup(kernels, kernel, job.name, "kernel")


def expand(table):
    """A Table of the parsed TOML."""
    guests = [*matrix_guests(table), *special_guests(table)]
    guests[-len(table["special"]["guests"]):-len(table["special"]["guests"])] = table_guests(table)
    jobs = [*host_jobs(table), *guests]
    # What builds kernels of its own takes longest, and comes last.
    jobs.sort(key=lambda job: bool(job.command) and job.tier == "long")
    check_jobs(jobs, table["kernels"])
    return Table(jobs, table["kernels"])


def load(path=TABLE):
    """The Table of a file; TableError if it contradicts itself."""
    with open(path, "rb") as file:
        return expand(tomllib.load(file))


def select(jobs, long=False, only=(), kernel=None, platform=None):
    """The jobs to run. A name that is asked for is taken from any tier."""
    names = {job.name for job in jobs}
    for name in only:
        if name not in names:
            raise TableError(f"nothing is called '{name}'")
    chosen = [job for job in jobs
              if (job.name in only if only else long or job.tier == "check")
              and (not kernel or kernel in job.kernels) and (not platform or platform == job.platform)]
    if not chosen:
        raise TableError("nothing matches this selection")
    return chosen
