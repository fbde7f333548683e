"""The list of jobs in pages that fit into a datagram; a token says where the next page begins.

Jobs are ordered by creation, archived ones separately. A page costs only what is on it, however many jobs there are.
The order is that of the clock, which may have been set back.
"""

from __future__ import annotations

import bisect
import json

from tasker import wire
from tasker.engine.jobtable import JobTable
from tasker.errors import invalid
from tasker.identity import NAME, why_no_name
from tasker.job import Job
from tasker.lifecycle import State

PAGE = 64 << 10
"""Characters of one page of jobs, unless a single job is longer."""


class Pages:
    def __init__(self, table: JobTable) -> None:
        self._table = table
        self._order: dict[bool, list[tuple[float, str]]] = {False: [], True: []}
        """Creation time and id of each job, sorted; archived jobs at True."""
        self._index: dict[str, tuple[bool, float]] = {}
        """By id: whether the job is archived, and when it was created."""
        for entry in table:
            self._changed(entry.job)
        table.watchers.add(self._changed)

    def next(self, owner: str, running: bool, archived: bool, after: str) -> tuple[list[Job], str]:
        """Returns the jobs after a page's token, and the next token or "". Raises TaskerError(INVALID) for a bad
        token."""
        if owner and not NAME.fullmatch(owner):
            raise invalid(f"cannot list the jobs of {owner[:40]!r}: {why_no_name(owner)}")
        order = self._order[archived]
        page: list[Job] = []
        length = 0
        for at in range(bisect.bisect_right(order, _position(after)), len(order)):
            entry = self._table.get(order[at][1])
            assert entry is not None
            job = entry.job
            if (owner and job.owner != owner) or (running and job.state is State.ENDED):
                continue
            length += len(wire.to_text(job))
            if page and length > PAGE:
                return page, json.dumps([page[-1].created, page[-1].id])
            page.append(job)
        return page, ""

    def _changed(self, change: Job | str) -> None:
        """Called with a job that is new or changed, or with the id of one that was removed."""
        id = change if isinstance(change, str) else change.id
        before = self._index.get(id)
        now = None if isinstance(change, str) else (change.archived, change.created)
        if before == now:
            return
        if before is not None:
            archived, created = self._index.pop(id)
            order = self._order[archived]
            del order[bisect.bisect_left(order, (created, id))]
        if now is not None:
            archived, created = self._index[id] = now
            bisect.insort(self._order[archived], (created, id))


def _position(token: str) -> tuple[float, str]:
    if not token:
        return 0.0, ""
    try:
        created, id = json.loads(token)
        return float(created), str(id)
    except (ValueError, TypeError, RecursionError, OverflowError) as error:
        raise invalid(f"cannot use the page token {token[:40]!r}; use one that ListJobs returned") from error
