"""Suggests a job for an id that was not found. Reads the list of jobs once, bounded; no suggestion if that fails."""

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
"""Seconds to wait for the list."""
MOST = 1000
SHORTEST = 3
"""Minimum length of a word; shorter ones resemble too many ids."""


def explained(error: TaskerError, asked: argparse.Namespace, known: dict[str, str] | None = None) -> TaskerError:
    """Returns the error with a suggestion, if there is one. `known`: the result of `jobs(asked)`, if known."""
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
    """Returns the names of the caller's visible jobs by id; empty if the service does not answer."""
    found = settings.find(vars(asked), os.environ, settings.local_user())
    answer = answers({"": found}, lambda client, _own: list(islice(client.list(), MOST)), TIMEOUT)[""]
    return {} if isinstance(answer, TaskerError) else {job.id: job.spec.name for job in answer}


def nearest(word: str, known: dict[str, str]) -> str:
    """Finds a job with this name or a similar prefix of its id: "k3v9x2mq (nap)"; "" if there is none."""
    named = [id for id, name in known.items() if name == word]
    starts = {id[: len(word)]: id for id in known}
    near = named[-1:] or [starts[start] for start in difflib.get_close_matches(word.lower(), starts, n=1, cutoff=0.7)]
    if not near:
        return ""
    name = visible(known[near[0]])
    return f"{near[0]} ({name})" if name else near[0]
