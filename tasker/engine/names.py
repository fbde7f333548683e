"""What Tasker's things are called in systemd. Unit files are text, so nothing of a user's gets in unescaped."""

from __future__ import annotations

import re
import secrets

COLLECTOR = "tasker-collector.service"
SERVICE = "tasker.service"
SCOPES = "tasker-*.scope"
SLICE = "tasker.slice"
"""Above every owner's."""
BUS = "org.tasker.Engine"
"""On the system bus, where the shipped policy lets nobody but root send to it."""

_ID_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"  # no i, l, o, u: nobody mistakes them
_ID = re.compile(rf"[{_ID_LETTERS}]{{8}}")
_DESCRIPTION = 128


def new_id() -> str:
    """40 random bits: two of a machine's jobs never share one in practice, and no id is used twice in a run."""
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(8))


def unit_name(id: str) -> str:
    return f"tasker-{id}.scope"


def id_of(unit: str) -> str | None:
    """The id in the name of a job's unit, or None."""
    id = unit.removeprefix("tasker-").removesuffix(".scope")
    return id if unit == unit_name(id) and _ID.fullmatch(id) else None


def slice_name(owner: str) -> str:
    """An owner's slice, directly under tasker.slice: a "-" would nest, so it is escaped."""
    return "tasker-" + owner.replace("-", r"\x2d") + ".slice"


def description(owner: str, argv: tuple[str, ...]) -> str:
    """`alice: sleep 60`, as systemd may safely store it: it writes the text into a unit file without escaping, where a
    newline would begin a new setting and a backslash join the next line. "%" is not expanded there."""
    text = f"{owner}: {' '.join(argv)}"[: 4 * _DESCRIPTION]
    clean = "".join(c if " " <= c <= "~" and c != "\\" else "?" for c in text)
    return clean if len(clean) <= _DESCRIPTION else clean[: _DESCRIPTION - 3] + "..."
