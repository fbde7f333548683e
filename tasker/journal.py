"""Writes to the journal in journald's own protocol: one datagram per message, with fields to search by ("Native Journal
Protocol").

MESSAGES has every kind of message that Tasker writes; systemd/tasker.catalog explains each and says what to do, for
`journalctl -x`. The ids were drawn at random once and never change.
"""

from __future__ import annotations

import logging
import socket
import struct
from pathlib import Path

log = logging.getLogger(__name__)

SOCKET = Path("/run/systemd/journal/socket")
ENGINE, FRONTEND = "tasker.service", "tasker-frontend@1.service"
LOCAL_FRONTEND = "tasker-frontend@local.service"
"""Units whose processes write here: the engine about jobs and callers, each frontend about refused logins and closed
connections."""
MESSAGES = {
    # TASKER_ACTION  MESSAGE_ID
    "start":   "a8d7860b01da40a39900848e6d8a521a",
    "stop":    "a6ba82fb94ec47419f9deab6752f6fce",
    "end":     "cb264d6c41174bceabe8ac55a41d9b7c",
    "forget":  "750790706b6a4674ad5e7ceeb8f751ed",
    "signal":  "9581a6ff8d3d42dc972afab57768d1af",
    "limit":   "254630ed44db4426ae6523bb4ec98188",
    "pause":   "b7b9546fe1dd49a9a0b4d85332efbe9f",
    "resume":  "f0333d8362614be0b105bb493349e14e",
    "archive": "91ba4277e9ec47e6839a23ac1f563c2d",
    "attach":  "aa901822fc9240e2bd8fc97e74254f96",
    "detach":  "b174ece11bad4ba283114e9994b715ab",
    "escape":  "c29fb23a73a34fe1a96712f6a9bc1bc6",
    "session": "5f43230d7d0d82c3c31ea92e0cd6360b",
    "refuse":  "dfde69f9aba94107a3ed90396af2397a",
    "login":   "88247cb91c1e4de08867b885f9b498ab",
    "disconnect": "060e173282304214aac7c90328632fce",
    "omit":    "b11c180aa78241f58b4236fd9f2cccc0",
}  # fmt: skip
_LONGEST = 200
"""Characters of a message. It contains text that users chose, so it is bounded."""


def search(field: str, value: str, unit: str = ENGINE) -> str:
    """The command that shows the entries of a unit with this value in this field.

    Any process, including a job's, may send entries with any field whose name does not begin with an underscore. So
    every search names _SYSTEMD_UNIT, which journald derives from the sender's cgroup. `journalctl -u` is not enough: it
    also shows entries about the unit from any process with uid 0 (OBJECT_SYSTEMD_UNIT, COREDUMP_UNIT).
    """
    return f"journalctl _SYSTEMD_UNIT={unit} {field}={value}"


class Journal:
    def __init__(self, path: Path = SOCKET) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def write(self, action: str, message: str, fields: dict[str, str], priority: int = 6) -> None:
        """Writes one entry. `action` is a key of MESSAGES, `priority` as in syslog, 6 is info; empty fields are left
        out.

        A TASKER_ACTION in `fields` replaces `action`, so that a search for that action finds the entry, too.
        """
        own = {
            "MESSAGE": _clean(message),
            "MESSAGE_ID": MESSAGES[action],
            "PRIORITY": str(priority),
            "SYSLOG_IDENTIFIER": "tasker",
            "TASKER_ACTION": action,
        }
        try:
            data = b"".join(_field(key, value) for key, value in (own | fields).items() if value)
            self._socket.sendto(data, str(self._path))
        except OSError as error:  # the journal is away or full: systemd still captures stderr
            log.info("%s (not in the journal: %s)", own["MESSAGE"], error.strerror)

    def omitted(self, count: int, what: str, whose: str, fields: dict[str, str]) -> None:
        """Writes one entry about `count` others that were omitted. `what` is a noun whose plural ends in s."""
        number, were = (what, "was") if count == 1 else (f"{what}s", "were")
        message = f"… and {count} more {number} {whose} in the last minute {were} not logged"
        self.write("omit", message, fields | {"TASKER_OMITTED": str(count)}, 5)


def _field(key: str, value: str) -> bytes:
    data = value.encode("utf-8", "replace")
    if b"\n" not in data:
        return key.encode() + b"=" + data + b"\n"
    return key.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"


def _clean(text: str) -> str:
    """Makes text safe for a terminal: journalctl shows printable messages unchanged."""
    shown = "".join(c if c.isprintable() else "?" for c in text)
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
