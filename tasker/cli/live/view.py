"""What an attach needs of the place where its events are shown. One class for each place: choose.py."""

from __future__ import annotations

from collections.abc import Callable

from tasker.client import Chunk, Event
from tasker.errors import Reason, TaskerError
from tasker.job import Job
from tasker.lifecycle import State
from tasker.usage import Usage

STDOUT = 1


class View:
    """What an attach needs of a place to show a job at. All of it is called between two events, but for `hint`."""

    wants_status = False
    """Whether it shows what `status` brings."""
    suspends = False
    """Whether there is a terminal to leave in order before Ctrl-Z; else that stops the process at once."""
    def show(self, event: Event) -> None:
        raise NotImplementedError

    def status(self, status: Job | Usage) -> None:
        """The job as it is now, or what it uses."""

    def notice(self, text: str) -> None:
        """For the person, beside the output."""

    def hint(self, text: str, asked: State | None = None) -> None:
        """What Ctrl-C does now; and a state that was asked for, and that is not told yet. Shown at the next tick."""

    def asks(self) -> bool:
        """Whether it can ask the person something."""
        return False

    def ask(self, question: str, pressed: Callable[[str], None]) -> None:
        """Ask for a key; `pressed` is called with each from another thread. Only where `asks()`."""

    def unask(self) -> None:
        """Ask no more."""

    def tick(self) -> None:
        """Time has passed, or the terminal has another size."""

    def suspend(self) -> None:
        """Leave the terminal in order: somebody else gets it until the next tick."""

    def until_tick(self) -> float | None:
        """Seconds until it wants a tick; None for never."""
        return None

    def close(self) -> None:
        """The end, whatever it was."""


def received(chunk: Chunk) -> float:
    """When it was. Raises TaskerError where the server does not say."""
    if chunk.time is None:
        text = "cannot show times: the server is older than this client; upgrade it, or leave out --timestamps"
        raise TaskerError(Reason.REFUSED, text)
    return chunk.time
