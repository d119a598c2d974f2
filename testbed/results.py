# SPDX-License-Identifier: GPL-2.0
"""Remembers the results of guests, over several runs of "check", and prints what ran where."""
import datetime
import json
import os

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
FILE = os.path.join(ROOT, "build", "results.json")
HEADER = ("kernel", "from", "binding", "TDX", "SEV-SNP", "date")


def load(path=FILE):
    """{name of a guest: its last result}."""
    if not os.path.exists(path):
        return {}
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def remember(found, path=FILE):
    """Add the results of a run; those of other guests stay."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    merged = {**load(path), **found}
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(merged, file, indent=1, sort_keys=True)
    os.rename(path + ".new", path)


def result(job, release, outcomes):
    """What is remembered of a guest. "outcomes": a list of (passed?, what)."""
    return {"column": job.column, "platform": job.platform, "release": release,
            "passed": sum(ok for ok, _ in outcomes), "total": len(outcomes),
            "date": datetime.date.today().isoformat()}


def count(results):
    """Guests and tests, and the tests that failed."""
    if not results:
        return "-"
    failed = sum(entry["total"] - entry["passed"] for entry in results)
    text = f"{len(results)} guests, {sum(entry['total'] for entry in results)} tests"
    return f"{text}, {failed} failed" if failed else text


def rows(results, columns):
    """The cells of each line: a column of the table of guests and a kernel release."""
    kinds = {(entry["column"], entry["release"]) for entry in results.values() if entry["column"] in columns}
    for name, release in sorted(kinds, key=lambda kind: (list(columns).index(kind[0]), kind[1])):
        column = columns[name]
        found = [entry for entry in results.values() if (entry["column"], entry["release"]) == (name, release)]
        yield (release, column.get("label", ""), column.get("binding", ""),
               *(count([entry for entry in found if entry["platform"] == platform])
                 for platform in ("tdx", "snp")),
               max(entry["date"] for entry in found))


def table(results, columns):
    """The lines of a Markdown table."""
    yield "| " + " | ".join(HEADER) + " |"
    yield "|" + "---|" * len(HEADER)
    for row in rows(results, columns):
        yield "| " + " | ".join(row) + " |"
