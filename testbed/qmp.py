# SPDX-License-Identifier: GPL-2.0
"""Commands to a running QEMU, by its monitor protocol (QMP)."""
import contextlib
import json
import socket

_TIME_LIMIT = 300


class QmpError(Exception):
    """QEMU did not carry out a command; the text is for the user."""


def _command(stream, name, arguments):
    stream.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
    stream.flush()
    for line in stream:
        answer = json.loads(line)
        if "error" in answer:
            raise QmpError(answer["error"]["desc"])
        if "return" in answer:
            return
    raise QmpError("QEMU has closed its monitor")


@contextlib.contextmanager
def connect(path):
    """A function of (name, {argument: value}) that waits for the end of a command.

    path: the socket of the monitor. OSError if there is none.
    """
    with socket.socket(socket.AF_UNIX) as link:
        link.settimeout(_TIME_LIMIT)
        link.connect(path)
        with link.makefile("rw", encoding="utf-8") as stream:
            stream.readline()
            _command(stream, "qmp_capabilities", {})
            yield lambda name, arguments: _command(stream, name, arguments)
