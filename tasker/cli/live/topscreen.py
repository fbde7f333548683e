"""`top` on a terminal: alternate screen, keys, clock. Redrawn on changes; the terminal is restored after any end.

Watching (news) ──▶ Live ◀── keys, SIGWINCH, SIGTSTP, the next second        Live ──▶ Board ──▶ top.screen
"""

from __future__ import annotations

import os
import signal
import time

from rich.live import Live as Drawing

from tasker.cli.live.keyboard import Keys
from tasker.cli.live.loop import Live, Wake
from tasker.cli.live.signals import Handler, handling
from tasker.cli.service.fanout import Alone, Merged, Update
from tasker.cli.show import top
from tasker.cli.show.changes import Board
from tasker.cli.show.console import console
from tasker.client.watching import Away, Snapshot

BETWEEN_DRAWS = 0.1
"""Minimum seconds between two drawings, however many changes there are."""


class TopScreen:
    """`run` shows `watching` until q is pressed."""

    def __init__(self, watching: Alone | Merged, machine: str, by: str) -> None:
        self._watching = watching
        self._machine = machine
        self._by = by
        self.troubles: dict[str, str] = {}
        """The current problem of each machine."""
        self.boards: dict[str, Board] = {}
        self._console = console()
        self._drawing = Drawing(console=self._console, screen=True, auto_refresh=False)
        self._drawn = 0.0
        self._due = True

    def run(self) -> None:
        """Raises TaskerError, KeyboardInterrupt, SystemExit; restores the terminal before."""
        live: Live[Update] = Live(self._watching, self._until_tick)
        handlers: dict[signal.Signals, Handler] = {
            signal.SIGWINCH: lambda _number, _frame: live.wake(Wake.TICK),
            signal.SIGTSTP: lambda _number, _frame: live.wake(Wake.SUSPEND),
        }
        try:
            with handling(handlers), self._drawing, Keys(live.wake) as keys:
                for thing in live:
                    if thing == "q":
                        return
                    if thing is Wake.SUSPEND:
                        self._suspend(keys)
                    self._take(thing)
                    self._draw(at_once=isinstance(thing, Wake | str))
        finally:
            self._watching.cancel()
            live.close()

    def _take(self, thing: Update | Wake | str) -> None:
        match thing:
            case Wake():
                pass
            case str():
                self._by = top.KEYS.get(thing, self._by)
            case machine, Away(error=error):
                self.troubles[machine] = f"{machine}: {error.message}" if machine else f"{error.message}; reconnecting"
            case machine, status if not isinstance(status, Away):
                self.boards.setdefault(machine, Board()).take(status)
                if isinstance(status, Snapshot):
                    self.troubles.pop(machine, None)

    def _draw(self, at_once: bool) -> None:
        self._due = True
        if not at_once and time.monotonic() - self._drawn < BETWEEN_DRAWS:
            return
        rows = top.ordered(top.running(self.boards), self._by)
        size = self._console.size
        now = time.time(), time.monotonic()
        shown = top.screen(rows, self._by, self._machine, now, (size.width, size.height), self.troubles)
        self._drawing.update(shown, refresh=True)
        self._drawn, self._due = time.monotonic(), False

    def _until_tick(self) -> float:
        """Returns the seconds until a pending drawing or the next full second."""
        return BETWEEN_DRAWS if self._due else 1.0 - time.time() % 1.0 + 0.01

    def _suspend(self, keys: Keys) -> None:
        self._drawing.stop()
        keys.give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        keys.take()
        self._drawing.start()
