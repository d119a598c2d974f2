# SPDX-License-Identifier: GPL-2.0
"""Builds what test guests need, and boots them."""
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(HERE)
SELFTESTS = os.path.join(ROOT, "selftests")
BUILD_MODULE = os.path.join(ROOT, "scripts", "build-module")


class PrepareError(Exception):
    """Something could not be built; the text says what, and where to look."""


@dataclass
class Kernel:
    """A kernel, and the directory that its guests get."""
    image: str
    guest: str = ""
    release: str = ""


def step(text):
    print(f"check: {text}", flush=True)


def output_of(command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise PrepareError(f"{os.path.relpath(command[0], ROOT)} failed")
    return done.stdout


def kernel_facts(command):
    """{name: value} that get-kernel or build-kernel prints."""
    tool, *arguments = command if isinstance(command, list) else command.split()
    arguments = [argument.replace("{testbed}", HERE) for argument in arguments]
    return dict(line.split("=", 1) for line in output_of([os.path.join(HERE, tool), *arguments]).splitlines())


class Bench:
    """A directory for logs, findings, and what goes into the guests."""

    def __init__(self, name):
        self.path = os.path.join(ROOT, "build", name)
        shutil.rmtree(self.path, ignore_errors=True)
        os.makedirs(self.path)

    def file(self, name):
        return os.path.join(self.path, name)

    def prepare(self, kernels):
        """Build the emulator, and each of these kernels: {name: Kernel}."""
        for tool in ("build-loader", "build-qemu"):
            step(tool)
            output_of([os.path.join(HERE, tool)])
        return {name: self.prepare_kernel(name, entry) for name, entry in kernels.items()}

    def prepare_kernel(self, name, entry):
        step(entry["command"])
        facts = kernel_facts(entry["command"])
        module = entry.get("module", True)
        if not module:
            return Kernel(facts["image"], release=facts["release"])
        step(f"module and selftests, for {facts['release']}")
        guest = self.fill_guest(name)
        if module != "builtin":
            self.add_modules(guest, facts["kdir"], entry.get("patched", False))
        return Kernel(facts["image"], guest, facts["release"])

    def fill_guest(self, name):
        """A directory with the selftests, for a guest."""
        helpers = os.path.join(output_of([os.path.join(HERE, "get-source")]).strip(), "tools", "testing", "selftests")
        guest = self.file(f"guest-{name}")
        tests = os.path.join(guest, "unaccepted")
        self.install_selftests(os.path.join(helpers, "lib.mk"), tests)
        shutil.copy(os.path.join(SELFTESTS, "run_in_guest.sh"), tests)
        shutil.copytree(os.path.join(ROOT, "Documentation", "ABI", "testing"), os.path.join(tests, "abi"))
        shutil.copytree(os.path.join(helpers, "kselftest"), os.path.join(guest, "kselftest"))
        return guest

    @staticmethod
    def add_modules(guest, kdir, patched):
        """Puts the modules for a kernel beside the selftests."""
        tests = os.path.join(guest, "unaccepted")
        install_module(output_of([BUILD_MODULE, kdir]).strip(), tests, not patched)
        workload = os.path.dirname(output_of([BUILD_MODULE, "--workload", kdir]).strip())
        shutil.copytree(workload, tests, dirs_exist_ok=True)

    def install_selftests(self, libmk, tests):
        with open(self.file("build.log"), "a", encoding="utf-8") as log:
            done = subprocess.run(["make", "-C", SELFTESTS, f"LIBMK={libmk}", f"OUTPUT={self.path}",
                                   f"INSTALL_PATH={tests}", "install"],
                                  stdout=log, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise PrepareError(f"building the selftests failed, see {log.name}")

    def boot(self, name, options, command):
        """One guest: (status, what its script printed, the launcher's findings)."""
        findings = self.file(f"{name}.json")
        with open(self.file(f"{name}.log"), "w+", encoding="utf-8", errors="replace") as log:
            status = subprocess.run(
                [os.path.join(HERE, "run"), "--json", findings, "--time-limit", "1800", *options, "--", *command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, check=False).returncode
            log.seek(0)
            text = log.read()
        found = {}
        if os.path.exists(findings):
            with open(findings, encoding="utf-8") as file:
                found = json.load(file)
        return status, text, found


def install_module(module, directory, stock):
    """
    The module, and for stock kernels two copies: one looks up a function which no kernel has,
    the other one with another prototype.
    """
    shutil.copy(module, directory)
    if not stock:
        return
    with open(module, "rb") as file:
        image = file.read()
    name = b"\0accept_page\0"
    if image.count(name) != 1:
        raise PrepareError("the module no longer looks accept_page up by its name")
    for copy, other in ("no-symbol", b"\0accept_pag_\0"), ("other-prototype", b"\0kernel_read\0"):
        with open(os.path.join(directory, f"unaccepted-{copy}.ko"), "wb") as file:
            file.write(image.replace(name, other))


def run_on_host(kind, command):
    """(exit status, output) of a job that needs no guest; its output is shown if it is not parsed for results."""
    tool, *arguments = command.split()
    if kind == "unittest":
        done = subprocess.run([sys.executable, "-m", "unittest", "-v", tool, *arguments], cwd=HERE,
                              stderr=subprocess.PIPE, text=True, check=False)
        return done.returncode, done.stderr
    output = sys.stderr if kind == "command" else subprocess.PIPE
    done = subprocess.run([os.path.join(ROOT, tool), *arguments], stdout=output, text=True, check=False)
    return done.returncode, done.stdout or ""
