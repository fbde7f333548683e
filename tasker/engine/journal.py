"""What happens to jobs, and what callers do and are refused, in the journal: beside the unit it is about.

Sent by root with OBJECT_SYSTEMD_UNIT=, a message stands in `systemctl status tasker-<id>.scope`; `journalctl
TASKER_OWNER=alice` finds all of one owner's, `TASKER_ACTOR=bob` all that one caller did.
"""

from __future__ import annotations

import time
from pathlib import Path

from tasker import journal
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity
from tasker.job import Job
from tasker.ration import Ration

REFUSALS = frozenset(
    (Reason.DENIED, Reason.EXHAUSTED, Reason.REFUSED, Reason.COMMAND_NOT_FOUND, Reason.NOT_EXECUTABLE)
)
"""Those that are written down. A typing error is nobody's concern but the caller's."""
_MOST_REFUSALS, _MOST_DEEDS = 20, 300
"""Of one caller in a minute, so that nobody drives what the others do out of the journal. journald's own ration, of all
callers together, is off for this service (systemd/tasker.service)."""


class Journal(journal.Journal):
    def __init__(self, path: Path = journal.SOCKET) -> None:
        super().__init__(path)
        self._refusals = Ration(_MOST_REFUSALS, 60)
        self._deeds = Ration(_MOST_DEEDS, 60)

    def job(self, job: Job, action: str, message: str, *, actor: Identity | str, priority: int = 6) -> None:
        """One line about a job, and its id first. `actor` did it: a caller, or a word like "systemctl" or "systemd"."""
        self.write(action, f"{job.id}: {message}", _who(actor) | _what(job), priority)

    def deed(self, action: str, caller: Identity, job: Job, words: str) -> None:
        """`caller` did something to a job: `words` say it in the past tense."""
        left_out = self._deeds.take(caller.name, time.monotonic())
        if left_out is not None:
            message = f"{job.id}: {caller.name} {words}{_and_more(left_out)}"
            self.write(action, message, _who(caller) | _what(job))

    def refusal(self, action: str, caller: Identity, error: TaskerError, job: Job | None) -> None:
        """`caller` was refused `action`."""
        if error.reason not in REFUSALS:
            return
        left_out = self._refusals.take(caller.name, time.monotonic())
        if left_out is not None:
            fields = _who(caller) | (_what(job) if job is not None else {})
            fields |= {"TASKER_REASON": error.reason.value, "TASKER_REFUSED": action}
            self.write("refuse", f"{caller.name}: {error.message}{_and_more(left_out)}", fields, 5)


def _who(actor: Identity | str) -> dict[str, str]:
    if isinstance(actor, str):
        return {"TASKER_ACTOR": actor}
    return {"TASKER_ACTOR": actor.name, "TASKER_ROLE": actor.role.value, "TASKER_SERIAL": actor.serial}


def _what(job: Job) -> dict[str, str]:
    return {"OBJECT_SYSTEMD_UNIT": job.unit, "TASKER_JOB": job.id, "TASKER_OWNER": job.owner}


def _and_more(left_out: int) -> str:
    return f" (and {left_out} more that were not written down)" if left_out else ""
