# SPDX-License-Identifier: GPL-2.0
"""Writes the guest's initramfs: busybox, the guest tool, /init, and what the
user brings along. The same input gives the same bytes, and root is not needed.
"""
import hashlib
import os
import shlex
import stat
import subprocess
import tempfile

# A fixed time, so that two runs are equal; the launcher's virtual clock starts here.
MTIME = 1767225600
DIRECTORIES = ("bin", "dev", "lib", "proc", "root", "run", "sbin", "sys", "testbed", "tmp",
               "usr", "usr/bin", "usr/sbin", "etc")


class SetupError(Exception):
    """Something the test bed needs is missing; the text is for the user."""


class Archive:
    """Collects entries by name and writes them sorted, as a newc cpio."""

    def __init__(self):
        self.entries = {}

    def _add(self, name, mode, data=b"", rdev=(0, 0)):
        name = name.strip("/")
        # Parents first.
        parent = os.path.dirname(name)
        if parent and parent not in self.entries:
            self.directory(parent)
        self.entries[name] = (mode, data, rdev)

    def directory(self, name):
        self._add(name, stat.S_IFDIR | 0o755)

    def file(self, name, data, mode=0o644):
        self._add(name, stat.S_IFREG | mode, data)

    def symlink(self, name, target):
        self._add(name, stat.S_IFLNK | 0o777, os.fsencode(target))

    def character_device(self, name, major, minor, mode=0o600):
        self._add(name, stat.S_IFCHR | mode, rdev=(major, minor))

    def bring(self, source, name):
        """A file of the host, or a directory with everything below it."""
        try:
            self._bring(source, name.strip("/"))
        except OSError as error:
            raise SetupError(f"cannot bring {source}: {error.strerror}") from error

    def _bring(self, source, name):
        if os.path.isdir(source):
            self.directory(name)
            for entry in sorted(os.scandir(source), key=lambda e: e.name):
                if entry.is_symlink():
                    self.symlink(f"{name}/{entry.name}", os.readlink(entry.path))
                elif entry.is_dir() or entry.is_file():
                    self._bring(entry.path, f"{name}/{entry.name}")
            return
        with open(source, "rb") as file:
            data = file.read()
        # Only the execute bits matter; the rest of the mode depends on the host.
        self.file(name, data, 0o755 if os.stat(source).st_mode & 0o100 else 0o644)

    def image(self):
        """The archive's bytes."""
        out = [_entry(inode, name, *self.entries[name])
               for inode, name in enumerate(sorted(self.entries), start=1)]
        out.append(_entry(0, "TRAILER!!!", 0, b"", (0, 0)))
        data = b"".join(out)
        return data + bytes(-len(data) % 512)


def _entry(inode, name, mode, data, rdev):
    encoded = os.fsencode(name) + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (inode, mode, 0, 0, links, MTIME if mode else 0, len(data), 0, 0, *rdev,
              len(encoded), 0)
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + encoded
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def find_busybox():
    """The path of a busybox that needs no libraries."""
    for path in ("/bin/busybox", "/usr/bin/busybox", "/usr/lib/busybox/bin/busybox"):
        try:
            with open(path, "rb") as file:
                image = file.read()
        except OSError:
            continue
        if b"/ld-linux" not in image:
            return path
    raise SetupError("no static busybox found (Debian: apt install busybox-static)")


def build_tool(testbed, cache):
    """Compile the guest tool, unless these very sources were compiled before."""
    source = os.path.join(testbed, "guest", "ccemu.c")
    abi = os.path.join(testbed, "qemu", "ccemu-abi.h")
    command = ["cc", "-static", "-O2", "-Wall", "-Wextra", "-Werror"]
    key = hashlib.sha256(" ".join(command).encode())
    for path in (source, abi):
        with open(path, "rb") as file:
            key.update(file.read())
    binary = os.path.join(cache, f"guest-{key.hexdigest()[:16]}", "ccemu")
    if not os.path.exists(binary):
        os.makedirs(os.path.dirname(binary), exist_ok=True)
        with tempfile.TemporaryDirectory(dir=os.path.dirname(binary)) as work:
            output = os.path.join(work, "ccemu")
            try:
                subprocess.run(command + ["-o", output, source], check=True)
            except (OSError, subprocess.CalledProcessError) as error:
                raise SetupError(f"cannot compile {source}: {error}") from error
            os.replace(output, binary)
    return binary


def base(testbed, cache):
    """What every guest has."""
    archive = Archive()
    for name in DIRECTORIES:
        archive.directory(name)
    archive.character_device("dev/console", 5, 1)
    archive.character_device("dev/null", 1, 3, 0o666)
    archive.character_device("dev/ttyS0", 4, 64)
    busybox = find_busybox()
    listing = subprocess.run([busybox, "--list-full"], check=True, capture_output=True, text=True)
    for applet in listing.stdout.split():
        archive.symlink(applet, "/bin/busybox")
    archive.bring(busybox, "bin/busybox")
    archive.bring(build_tool(testbed, cache), "bin/ccemu")
    archive.bring(os.path.join(testbed, "guest", "init"), "init")
    archive.file("etc/passwd", b"root::0:0:root:/root:/bin/sh\n")
    archive.file("etc/group", b"root:x:0:\n")
    return archive


def destination(spec):
    """'SRC[:DEST]' as a pair; DEST ending in a slash is a directory."""
    source, _, dest = spec.partition(":")
    if not source or not os.path.exists(source):
        raise SetupError(f"no such file to bring: {source!r}")
    name = os.path.basename(os.path.abspath(source))
    if not dest:
        dest = "/root/" + name
    elif dest.endswith("/"):
        dest += name
    if not dest.startswith("/") or ".." in dest.split("/"):
        raise SetupError(f"destination must be an absolute path: {dest!r}")
    return source, dest


def shell_settings(values):
    """Shell assignments for /init."""
    return "".join(f"TESTBED_{name}={shlex.quote(str(value))}\n"
                   for name, value in sorted(values.items()))


def build(testbed, cache, bring=(), script=None, command=None, values=None):
    """The whole initramfs as bytes.

    script is a file of the host, command the words to run (for a script: its
    arguments). With neither the guest starts an interactive shell.
    """
    archive = base(testbed, cache)
    for source, dest in bring:
        archive.bring(source, dest)
    words = list(command or [])
    if script:
        archive.bring(script, "script")
        mode, data, rdev = archive.entries["script"]
        archive.entries["script"] = (mode | 0o111, data, rdev)
        words = ["/script"] + words
    if words:
        archive.file("testbed/command", f"exec {shlex.join(words)}\n".encode())
    archive.file("testbed/settings", shell_settings(values or {}).encode())
    return archive.image()
