"""The audit trail in the journal: events of jobs, actions of callers, and refused requests.

A message that root sends with OBJECT_SYSTEMD_UNIT= appears in `systemctl status tasker-<id>.scope`. `search` in
tasker/journal.py returns the command that shows the entries of a job, an owner or a caller.
"""

from __future__ import annotations

from pathlib import Path

from tasker import journal
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity
from tasker.job import Job
from tasker.ratelimit import OTHERS, RateLimit

REFUSALS = frozenset((Reason.DENIED, Reason.EXHAUSTED, Reason.REFUSED, Reason.COMMAND_NOT_FOUND, Reason.NOT_EXECUTABLE))
"""Refusals that are logged. A typing error concerns only the caller."""
_MOST_REFUSALS, _MOST_ACTIONS = 20, 300
"""Lines per caller and minute; further ones are counted. So no caller floods the journal at the expense of others.
journald's own rate limit, which counts all callers together, is off for this service (systemd/tasker.service)."""


class AuditTrail(journal.Journal):
    def __init__(self, path: Path = journal.SOCKET) -> None:
        super().__init__(path)
        self._refusals = RateLimit(_MOST_REFUSALS, self._omitted_refusals)
        self._actions = RateLimit(_MOST_ACTIONS, self._omitted_actions)

    def job(self, job: Job, action: str, message: str, *, actor: Identity | str, priority: int = 6) -> None:
        """Logs a line about a job, which begins with its id. `actor` is a caller, or a word like "systemctl" or
        "systemd"."""
        self.write(action, f"{job.id}: {message}", _who(actor) | _what(job), priority)

    def action(self, action: str, caller: Identity, job: Job, words: str) -> None:
        """Logs what `caller` did to a job: `words` in the past tense."""
        if self._actions.take(caller.name):
            self.write(action, f"{job.id}: {caller.name} {words}", _who(caller) | _what(job))

    def refusal(self, action: str, caller: Identity, error: TaskerError, job: Job | None) -> None:
        """Logs that `caller` was refused `action`."""
        if error.reason not in REFUSALS:
            return
        if self._refusals.take(caller.name):
            fields = _who(caller) | (_what(job) if job is not None else {})
            fields |= {"TASKER_REASON": error.reason.value, "TASKER_REFUSED": action}
            self.write("refuse", f"{caller.name}: {error.message}", fields, 5)

    def close(self) -> None:
        """Logs the numbers of omitted entries now, before the end of the minute."""
        self._refusals.close()
        self._actions.close()

    def _omitted_refusals(self, caller: str, count: int) -> None:
        self.omitted(count, "refused request", _of(caller), {"TASKER_ACTION": "refuse", "TASKER_ACTOR": caller})

    def _omitted_actions(self, caller: str, count: int) -> None:
        self.omitted(count, "action", _of(caller), {"TASKER_ACTOR": caller})


def _who(actor: Identity | str) -> dict[str, str]:
    if isinstance(actor, str):
        return {"TASKER_ACTOR": actor}
    return {"TASKER_ACTOR": actor.name, "TASKER_ROLE": actor.role.value, "TASKER_SERIAL": actor.serial}


def _what(job: Job) -> dict[str, str]:
    return {"OBJECT_SYSTEMD_UNIT": job.unit, "TASKER_JOB": job.id, "TASKER_OWNER": job.owner}


def _of(caller: str) -> str:
    return "of other callers" if caller == OTHERS else f"of {caller}"
