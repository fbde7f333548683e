"""Names of units and slices, and ids. Unit files are text, so text from users is escaped."""

from __future__ import annotations

import re
import secrets

COLLECTOR = "tasker-collector.service"
SERVICE = "tasker.service"
SCOPES = "tasker-*.scope"
SLICE = "tasker.slice"
"""The parent of every owner's slice."""
BUS = "org.tasker.Engine"
"""On the system bus. The shipped policy lets only root send to this name."""

_ID_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"  # no i, l, o, u: easily misread
_ID = re.compile(rf"[{_ID_LETTERS}]{{8}}")
_DESCRIPTION = 128


def new_id() -> str:
    """A random id of 40 bits: practically unique on a machine, and never reused within a run."""
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(8))


def unit_name(id: str) -> str:
    return f"tasker-{id}.scope"


def id_of(unit: str) -> str | None:
    """The id in the name of a job's unit, or None."""
    id = unit.removeprefix("tasker-").removesuffix(".scope")
    return id if unit == unit_name(id) and _ID.fullmatch(id) else None


def slice_name(owner: str) -> str:
    """An owner's slice, directly below tasker.slice: "-" is escaped, because it would nest slices."""
    return "tasker-" + owner.replace("-", r"\x2d") + ".slice"


def description(owner: str, argv: tuple[str, ...]) -> str:
    """`alice: sleep 60`, safe for systemd to store: systemd writes the text to a unit file without escaping, where a
    newline would start a new setting and a backslash would join the next line. "%" is not expanded there."""
    text = f"{owner}: {' '.join(argv)}"[: 4 * _DESCRIPTION]
    clean = "".join(c if " " <= c <= "~" and c != "\\" else "?" for c in text)
    return clean if len(clean) <= _DESCRIPTION else clean[: _DESCRIPTION - 3] + "..."
