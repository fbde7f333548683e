"""One watch of jobs over any number of connections: where the service goes away it is waited for, and watched again.

    Watching ──breaks off──▶ Broken, once ──▶ (Away: a pause) ──▶ Watching, from its snapshot on

What was missed meanwhile is in that snapshot. Only a service that was there before is waited for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tasker.cli.away import Away
from tasker.client.watching import News, Watching
from tasker.errors import Reason, TaskerError


@dataclass(frozen=True)
class Broken:
    """The service went away; a snapshot follows once it is back."""

    error: TaskerError


class Unbroken(Iterator[News | Broken]):
    """`watch` begins a stream. `longest`: how long an absence may be, None: as long as it takes.

    `met`: the service has answered before, so even the first stream may be waited for.
    """

    def __init__(self, watch: Callable[[], Watching], longest: float | None = None, *, met: bool = False) -> None:
        self._watch = watch
        self._away = Away(longest)
        self._watching = watch()
        self._met = met
        self._broken = False
        self._cancelled = False

    def __next__(self) -> News | Broken:
        """Raises TaskerError where it is refused, or was away for too long."""
        while not self._cancelled:
            try:
                news = next(self._watching)
            except TaskerError as error:
                if not self._met or error.reason is not Reason.UNAVAILABLE:
                    raise
                if self._broken and not self._away.again():
                    if self._cancelled:
                        break
                    raise
                self._watching = self._watch()
                if not self._broken:
                    self._broken = True
                    return Broken(error)
            else:
                self._met = True
                self._broken = False
                self._away.back()
                return news
        raise StopIteration

    def cancel(self) -> None:
        """End it, from any thread."""
        self._cancelled = True
        self._away.cancel()
        self._watching.cancel()
