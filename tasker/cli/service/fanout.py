"""--all-contexts: calls to the services of all contexts at the same time. One that is down holds up no other.

    answers   one call to each; those that do not answer in time are left out
    Merged    a watch of each, as one stream; each piece of news has its machine's name

    context ──thread──▶ Watching ──▶ queue (BACKLOG pieces, then the thread waits) ──▶ next(Merged)
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Full, Queue
from threading import Thread
from typing import TypeVar

from tasker.cli import exits
from tasker.cli.service import settings
from tasker.cli.service.connection import client_of, identity_of
from tasker.cli.service.settings import Settings
from tasker.cli.show import json
from tasker.cli.show.stderr import complain, complain_json, waiting
from tasker.client import Client
from tasker.client.watching import Away, News, Watching
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity

T = TypeVar("T")

TIMEOUT = 5.0
"""Seconds that are waited for any of them."""
BACKLOG = 16
"""Pieces of news that wait for the reader."""

Update = tuple[str, News]
"""A machine's name and its news; "" where there is only one."""


def ask_all(asked: argparse.Namespace, question: Callable[[Client, str], T]) -> tuple[dict[str, T], int]:
    """`question(client, own name)`: the answers by context, in their order, and the exit code.

    Tells of those that did not answer. Raises TaskerError where there is no context.
    """
    contexts = settings.every(os.environ, settings.local_user())
    with waiting(f"asking {', '.join(contexts)}"):
        found = answers(contexts, lambda client, own: question(client, own.name))
    code = exits.DONE
    for name, answer in found.items():
        if isinstance(answer, TaskerError):
            code = exits.of_error(answer.reason)
            report(name, answer, asked)
    return {name: answer for name, answer in found.items() if not isinstance(answer, TaskerError)}, code


def report(machine: str, error: TaskerError, asked: argparse.Namespace) -> None:
    """What is wrong with one of them."""
    if asked.json:
        document = {"reason": str(error.reason), "message": error.message, "machine": machine}
        complain_json(json.dump({"error": document}))
    else:
        complain(f"{machine}: {error.message}")


def silent(timeout: float) -> TaskerError:
    """Of one that said nothing for so many seconds."""
    return TaskerError(Reason.UNAVAILABLE, f"cannot wait for it: no answer in {timeout:g}s; is the machine up?")


def answers(
    contexts: dict[str, Settings], question: Callable[[Client, Identity], T], timeout: float = TIMEOUT
) -> dict[str, T | TaskerError]:
    """`question(client, oneself)`, asked of each; UNAVAILABLE for those that say nothing for `timeout` seconds."""
    import tasker.client.sync  # noqa: F401 - before the clock runs

    given: dict[str, T | TaskerError] = {}

    def answer(name: str, found: Settings) -> None:
        try:
            with client_of(found) as client:
                given[name] = question(client, identity_of(found))
        except TaskerError as error:
            given[name] = error

    # Daemons: one that hangs is left behind.
    threads = [Thread(target=answer, args=each, daemon=True) for each in contexts.items()]
    for thread in threads:
        thread.start()
    end = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return {name: given.get(name, silent(timeout)) for name in contexts}


class Alone(Iterator[Update]):
    """The watch of one machine in the form of Merged. Its errors are raised."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching
        self.cancel = watching.cancel

    def __next__(self) -> Update:
        return "", next(self._watching)


class Merged(Iterator[Update]):
    """The watches of all contexts, as one. Ends when all of them have ended. `watch(client, own name)` begins one.

    A machine that is down is reported once, as Away.
    """

    def __init__(self, contexts: dict[str, Settings], watch: Callable[[Client, str], Watching]) -> None:
        self._watch = watch
        self._queue: Queue[Update | None] = Queue(BACKLOG)
        self._left = len(contexts)
        self._cancelled = False
        self._open: dict[str, Watching] = {}
        for each in contexts.items():
            Thread(target=self._follow, args=each, daemon=True).start()

    def __next__(self) -> Update:
        while self._left and not self._cancelled:
            update = self._queue.get()
            if update is not None:
                return update
            self._left -= 1
        raise StopIteration

    def cancel(self) -> None:
        """End it, from any thread."""
        self._cancelled = True
        for watching in list(self._open.values()):
            watching.cancel()
        with suppress(Full):
            self._queue.put_nowait(None)

    def _follow(self, name: str, found: Settings) -> None:
        try:
            with client_of(found) as client:
                self._open[name] = self._watch(client, identity_of(found).name)
                for news in self._open[name]:
                    if self._cancelled:
                        return
                    self._queue.put((name, news))
        except TaskerError as error:
            self._queue.put((name, Away(error)))
        finally:
            self._queue.put(None)
