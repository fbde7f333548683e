"""What happens to jobs, in the journal: beside the unit it is about, with fields to search by.

Sent by root with OBJECT_SYSTEMD_UNIT=, a message stands in `systemctl status tasker-<id>.scope`; `journalctl
TASKER_OWNER=alice` finds all of one owner's. The protocol is systemd's "Native Journal Protocol": one datagram.
"""

from __future__ import annotations

import logging
import socket
import struct
from pathlib import Path

from tasker.job import Job

log = logging.getLogger(__name__)

SOCKET = Path("/run/systemd/journal/socket")
_MESSAGE = 200
"""Characters. What a user chose is in it, so it is bounded."""


class Journal:
    def __init__(self, path: Path = SOCKET) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def job(self, job: Job, action: str, message: str, *, actor: str, priority: int = 6) -> None:
        """One line about a job. `actor` is who did it, or "systemd"; `priority` as in syslog, 6 is info."""
        self._send(
            {
                "MESSAGE": _clean(message),
                "PRIORITY": str(priority),
                "SYSLOG_IDENTIFIER": "tasker",
                "OBJECT_SYSTEMD_UNIT": job.unit,
                "TASKER_JOB": job.id,
                "TASKER_OWNER": job.owner,
                "TASKER_ACTOR": actor,
                "TASKER_ACTION": action,
            }
        )

    def _send(self, fields: dict[str, str]) -> None:
        try:
            self._socket.sendto(b"".join(_field(key, value) for key, value in fields.items()), str(self._path))
        except OSError as error:  # the journal is away or full: say it where systemd still catches it
            log.info("%s (not in the journal: %s)", fields["MESSAGE"], error.strerror)


def _field(key: str, value: str) -> bytes:
    data = value.encode("utf-8", "replace")
    if b"\n" not in data:
        return key.encode() + b"=" + data + b"\n"
    return key.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"


def _clean(text: str) -> str:
    """Fit for a terminal: journalctl shows messages as they are where they are printable."""
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return shown if len(shown) <= _MESSAGE else shown[: _MESSAGE - 1] + "…"
