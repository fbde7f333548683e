"""A job that was not found: which one may have been meant. One look at the list, bounded; silent where that fails."""

from __future__ import annotations

import argparse
import difflib
import os
from itertools import islice

from tasker.cli.service import settings
from tasker.cli.service.fanout import answers
from tasker.cli.show.hidden import visible
from tasker.errors import Reason, TaskerError

TIMEOUT = 2.0
"""Seconds for the list."""
MOST = 1000
SHORTEST = 3
"""Characters below which everything is near."""


def explained(error: TaskerError, asked: argparse.Namespace, known: dict[str, str] | None = None) -> TaskerError:
    """The same error, with the job that may have been meant. `known`: what `jobs(asked)` gave."""
    if error.reason is not Reason.NOT_FOUND:
        return error
    typed = [*getattr(asked, "jobs", ()), *([asked.job] if getattr(asked, "job", None) else ())]
    word = next((word for word in typed if len(word) >= SHORTEST and repr(word[:16]) in error.message), "")
    if not word:
        return error
    near = nearest(word, jobs(asked) if known is None else known)
    if not near:
        return error
    return TaskerError(error.reason, f"{error.message.partition(';')[0]}; did you mean {near}?")


def jobs(asked: argparse.Namespace) -> dict[str, str]:
    """Names by ids, of the jobs that the caller sees."""
    found = settings.find(vars(asked), os.environ, settings.local_user())
    answer = answers({"": found}, lambda client, _own: list(islice(client.list(), MOST)), TIMEOUT)[""]
    return {} if isinstance(answer, TaskerError) else {job.id: job.spec.name for job in answer}


def nearest(word: str, known: dict[str, str]) -> str:
    """By the name, or by as many characters of the id as were typed: "k3v9x2mq (nap)", or ""."""
    named = [id for id, name in known.items() if name == word]
    starts = {id[: len(word)]: id for id in known}
    near = named[-1:] or [starts[start] for start in difflib.get_close_matches(word.lower(), starts, n=1, cutoff=0.7)]
    if not near:
        return ""
    name = visible(known[near[0]])
    return f"{near[0]} ({name})" if name else near[0]
