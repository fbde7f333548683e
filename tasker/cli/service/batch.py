"""One call for each of several jobs, concurrently. An error does not affect the other calls."""

from __future__ import annotations

import argparse
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from tasker.cli import exits
from tasker.cli.service import nearest
from tasker.cli.show import json
from tasker.cli.show.stderr import complain, complain_json, waiting
from tasker.cli.show.stdout import print_json
from tasker.errors import Reason, TaskerError
from tasker.job import Job

AT_ONCE = 16
"""Maximum number of concurrent calls. A stop takes as long as the job's grace period."""


def each(jobs: Sequence[str], do: Callable[[str], Job], doing: str) -> list[Job | TaskerError]:
    """Calls `do` for each job; returns results or errors in the order of `jobs`. `doing`: shown on a terminal."""
    done = 0
    lock = threading.Lock()
    with waiting(_progress(doing, 0, len(jobs))) as show:

        def one(job: str) -> Job | TaskerError:
            nonlocal done
            try:
                return do(job)
            except TaskerError as error:
                return error
            finally:
                with lock:
                    done += 1
                    show(_progress(doing, done, len(jobs)))

        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            return list(pool.map(one, jobs))
        finally:  # after Ctrl-C, do not wait: the calls end with the client
            pool.shutdown(wait=False, cancel_futures=True)


def report(
    answers: Sequence[Job | TaskerError], asked: argparse.Namespace, describe: Callable[[Job], str] | None = None
) -> int:
    """Prints errors and, with `describe`, the jobs as text or JSON. Returns the exit code of the first error."""
    code = exits.DONE
    known = None
    for answer in answers:
        if isinstance(answer, TaskerError):
            code = code or exits.of_error(answer.reason)
            if known is None and answer.reason is Reason.NOT_FOUND:
                known = nearest.jobs(asked)
            error = nearest.explained(answer, asked, known)
            if asked.json:
                complain_json(json.dump(json.error(error)))
            else:
                complain(error.message)
        elif describe is not None and not asked.json:
            print(describe(answer))
    if describe is not None and asked.json:
        print_json(json.jobs([answer for answer in answers if isinstance(answer, Job)]))
    return code


def _progress(doing: str, done: int, all_of_them: int) -> str:
    return doing if all_of_them == 1 else f"{doing} ({done} of {all_of_them})"
