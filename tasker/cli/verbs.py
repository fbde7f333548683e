"""One function a verb: options in, exit code out. What they print goes through `render` or `document`."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from rich.console import Console

from tasker.cli import document, exits, render, spec
from tasker.cli.connection import connect, own_name
from tasker.cli.stderr import complain, on_terminal, say, waiting
from tasker.errors import TaskerError
from tasker.job import Job

AT_ONCE = 16
"""Stops asked for at the same time: each takes as long as its job's grace period."""


def start(options: argparse.Namespace) -> int:
    """Only the id goes to stdout, for scripts."""
    asked = spec.build(options, os.environ)
    with connect(options) as client:
        job = client.start(asked)
    if options.json:
        print_json({"job": document.job(job)})
        return exits.DONE
    print(job.id)
    if on_terminal() and sys.stdout.isatty():
        say(f"started; watch it with: tasker attach {job.id}")
    return exits.DONE


def stop(options: argparse.Namespace) -> int:
    """All of them at the same time. One that fails does not keep the others; the exit code is the first failure's."""
    jobs: list[Job] = []
    code = exits.DONE
    with connect(options) as client, waiting(f"waiting for {' '.join(options.jobs)} to end"):

        def end(job: str) -> Job | TaskerError:
            try:
                return client.stop(job, options.grace)
            except TaskerError as error:
                return error

        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(end, options.jobs))
    for answer in answers:
        if isinstance(answer, Job):
            jobs.append(answer)
            if not options.json:
                print(render.ended(answer))
        else:
            code = code or exits.of_error(answer.reason)
            complain(answer.message)
    if options.json:
        print_json(document.jobs(jobs))
    return code


def detach(options: argparse.Namespace) -> int:
    """The caller's own attaches, in every terminal."""
    with connect(options) as client:
        streams = client.detach(options.job)
    if options.json:
        print_json({"streams": streams})
    else:
        print(f"closed {streams} attach{'' if streams == 1 else 'es'}")
    return exits.DONE


def get(options: argparse.Namespace) -> int:
    """Everything about a job."""
    with connect(options) as client:
        job = client.get(options.job)
    if options.json:
        print_json({"job": document.job(job)})
    else:
        print_rows(render.facts(job, time.time()), cut=False)
    return exits.DONE


def list_jobs(options: argparse.Namespace) -> int:
    """A table for people, the same columns uncut for a pipe."""
    owner = own_name(options) if options.mine else options.owner
    with connect(options) as client:
        jobs = list(client.list(owner=owner, running=options.running))
    if options.json:
        print_json(document.jobs(jobs))
    else:
        print_rows(render.table(jobs, time.time(), options.wide), cut=not options.wide)
    return exits.DONE


def _attach(options: argparse.Namespace) -> int:
    from tasker.cli.attach import attach

    return attach(options)


def _run(options: argparse.Namespace) -> int:
    from tasker.cli.attach import run

    return run(options)


def _certs(options: argparse.Namespace) -> int:
    from tasker.cli.certificates import certs

    return certs(options)


def print_json(value: dict[str, Any]) -> None:
    print(document.dump(value))


def print_rows(rows: render.Rows, cut: bool = True) -> None:
    """On a terminal in colours and, with `cut`, to its width; elsewhere plain and whole."""
    if sys.stdout.isatty():
        console = Console(highlight=False)
        console.print(render.for_terminal(rows, console.width if cut else None))
    else:
        print("\n".join(render.for_pipe(rows)))


VERBS: dict[str, Callable[[argparse.Namespace], int]] = {
    "start": start,
    "run": _run,
    "stop": stop,
    "attach": _attach,
    "detach": detach,
    "get": get,
    "list": list_jobs,
    "certs": _certs,
}
