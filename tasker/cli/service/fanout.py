"""--all-contexts: concurrent calls to the services of all contexts. A service that is down delays no other.

answers   one call to each; an error for each that does not answer in time
Merged    the watch streams of all as one; each piece of news has the name of its machine

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
"""Seconds to wait for an answer."""
BACKLOG = 16
"""Maximum number of queued pieces of news."""

Update = tuple[str, News]
"""The name of a machine ("" if there is only one) and a piece of news."""


def ask_all(asked: argparse.Namespace, question: Callable[[Client, str], T]) -> tuple[dict[str, T], int]:
    """Calls `question(client, own name)` for each context. Returns the answers by context, and the exit code.

    Prints an error for each context without an answer. Raises TaskerError if there is no context.
    """
    contexts = settings.every(os.environ, settings.local_user())
    with waiting(f"calling {', '.join(contexts)}"):
        found = answers(contexts, lambda client, own: question(client, own.name))
    code = exits.DONE
    for name, answer in found.items():
        if isinstance(answer, TaskerError):
            code = exits.of_error(answer.reason)
            report(name, answer, asked)
    return {name: answer for name, answer in found.items() if not isinstance(answer, TaskerError)}, code


def report(machine: str, error: TaskerError, asked: argparse.Namespace) -> None:
    """Prints the error of one machine."""
    if asked.json:
        document = {"reason": str(error.reason), "message": error.message, "machine": machine}
        complain_json(json.dump({"error": document}))
    else:
        complain(f"{machine}: {error.message}")


def silent(timeout: float) -> TaskerError:
    """Returns the error for a machine that did not answer within `timeout` seconds."""
    return TaskerError(Reason.UNAVAILABLE, f"cannot get an answer within {timeout:g}s; is the machine up?")


def answers(
    contexts: dict[str, Settings], question: Callable[[Client, Identity], T], timeout: float = TIMEOUT
) -> dict[str, T | TaskerError]:
    """Calls `question(client, own identity)` for each; UNAVAILABLE without an answer within `timeout` seconds."""
    import tasker.client.sync  # noqa: F401 - import before the time limit starts

    given: dict[str, T | TaskerError] = {}

    def answer(name: str, found: Settings) -> None:
        try:
            with client_of(found) as client:
                given[name] = question(client, identity_of(found))
        except TaskerError as error:
            given[name] = error

    # Daemons: a hanging thread does not delay the exit.
    threads = [Thread(target=answer, args=each, daemon=True) for each in contexts.items()]
    for thread in threads:
        thread.start()
    end = time.monotonic() + timeout
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return {name: given.get(name, silent(timeout)) for name in contexts}


class Alone(Iterator[Update]):
    """The watch stream of one machine, with the interface of Merged. Raises its errors."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching
        self.cancel = watching.cancel

    def __next__(self) -> Update:
        return "", next(self._watching)


class Merged(Iterator[Update]):
    """The watch streams of all contexts as one. Ends when all have ended. `watch(client, own name)` starts one.

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
        """Ends all streams. For any thread."""
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
