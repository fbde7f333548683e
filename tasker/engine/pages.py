"""The list of jobs in pages, each of which fits into a datagram; a token says where the next one begins."""

from __future__ import annotations

import json

from tasker import wire
from tasker.engine.table import Table
from tasker.errors import invalid
from tasker.identity import NAME
from tasker.job import Job
from tasker.lifecycle import State

PAGE = 64 << 10
"""Characters of one page of jobs, unless a single one is longer."""


def next_page(table: Table, owner: str, running: bool, archived: bool, after: str) -> tuple[list[Job], str]:
    """The jobs after one page's token, and the next token or "". Raises TaskerError(INVALID) for a bad token."""
    if owner and not NAME.fullmatch(owner):
        raise invalid(f"cannot list the jobs of {owner[:40]!r}: that is no user's name")
    begin = _position(after)
    page: list[Job] = []
    length = 0
    for entry in sorted(table, key=lambda entry: (entry.job.created, entry.job.id)):  # the clock may have been set
        job = entry.job
        if (job.created, job.id) <= begin or (owner and job.owner != owner):
            continue
        if job.archived is not archived or (running and job.state is State.ENDED):
            continue
        length += len(wire.to_text(job))
        if page and length > PAGE:
            return page, json.dumps([page[-1].created, page[-1].id])
        page.append(job)
    return page, ""


def _position(token: str) -> tuple[float, str]:
    if not token:
        return 0.0, ""
    try:
        created, id = json.loads(token)
        return float(created), str(id)
    except (ValueError, TypeError, RecursionError) as error:
        raise invalid(f"cannot go on from page {token[:40]!r}; use a token that ListJobs gave") from error
