"""The watches of all contexts as one stream, each piece of news with its machine's name. One that is down is told of
once, as away, and holds up no other.

    context ──thread──▶ Watching ──▶ queue (BACKLOG pieces, then the thread waits) ──▶ next()
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Full, Queue
from threading import Thread

from tasker.cli.service.connection import client_of, identity_of
from tasker.cli.service.settings import Settings
from tasker.client import Client
from tasker.client.watching import Away, News, Watching
from tasker.errors import TaskerError

BACKLOG = 16

Told = tuple[str, News]
"""A machine's name and its news; "" where there is only one."""


class Alone(Iterator[Told]):
    """The same form for one machine, whose errors are raised."""

    def __init__(self, watching: Watching) -> None:
        self._watching = watching
        self.cancel = watching.cancel

    def __next__(self) -> Told:
        return "", next(self._watching)


class Merged(Iterator[Told]):
    """Ends when all of them have. `watch(client, own name)` begins one."""

    def __init__(self, contexts: dict[str, Settings], watch: Callable[[Client, str], Watching]) -> None:
        self._watch = watch
        self._queue: Queue[Told | None] = Queue(BACKLOG)
        self._left = len(contexts)
        self._cancelled = False
        self._open: dict[str, Watching] = {}
        for each in contexts.items():
            Thread(target=self._follow, args=each, daemon=True).start()

    def __next__(self) -> Told:
        while self._left and not self._cancelled:
            told = self._queue.get()
            if told is not None:
                return told
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
