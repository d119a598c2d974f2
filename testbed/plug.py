# SPDX-License-Identifier: GPL-2.0
"""Memory that is plugged in while the guest runs, as DIMMs that ACPI announces."""
import re

import qmp

REQUEST = re.compile(r"testbed: -- (plug|unplug) ([0-9]+) ([0-9]+)$")
SLOTS = 8


class Plugger:
    """Plugs memory in and asks the guest to let go of it, when the guest wants so."""

    def __init__(self, monitor):
        self.monitor = monitor

    def answer(self, request):
        """What to tell the guest that asked."""
        action, number, mib = request.groups()
        try:
            with qmp.connect(self.monitor) as command:
                if action == "plug":
                    command("object-add", {"qom-type": "memory-backend-ram", "id": f"plugged{number}",
                                           "size": int(mib) << 20, "reserve": False})
                    command("device_add", {"driver": "pc-dimm", "id": f"dimm{number}",
                                           "memdev": f"plugged{number}"})
                else:
                    command("device_del", {"id": f"dimm{number}"})
        except (qmp.QmpError, OSError, ValueError) as error:
            return str(error)
        return "done"
