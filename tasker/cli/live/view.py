"""The interface of an output for the events of an attach. Implementations: choose.py."""

from __future__ import annotations

from collections.abc import Callable

from tasker.client import Chunk, Event
from tasker.errors import Reason, TaskerError
from tasker.job import Job
from tasker.lifecycle import State
from tasker.usage import Usage

STDOUT = 1


class View:
    """An output for one attach. All methods but `hint` are called between two events."""

    wants_status = False
    """Whether the output shows `status`."""
    suspends = False
    """Whether `suspend` must be called before Ctrl-Z stops the process."""

    def show(self, event: Event) -> None:
        raise NotImplementedError

    def status(self, status: Job | Usage) -> None:
        """Shows the current state of the job, or its usage."""

    def notice(self, text: str) -> None:
        """Shows a notice to the user."""

    def hint(self, text: str, asked: State | None = None) -> None:
        """Sets the effect of Ctrl-C, and a requested state that is not reported yet. Shown at the next tick."""

    def asks(self) -> bool:
        """Returns whether the output can ask the user a question."""
        return False

    def ask(self, question: str, pressed: Callable[[str], None]) -> None:
        """Asks for a key; another thread calls `pressed` with each key. Only if `asks()`."""

    def unask(self) -> None:
        """Removes the question."""

    def tick(self) -> None:
        """Redraws: time has passed, or the size of the terminal has changed."""

    def suspend(self) -> None:
        """Restores the terminal; another program uses it until the next tick."""

    def until_tick(self) -> float | None:
        """Returns the seconds until the next tick; None for no tick."""
        return None

    def close(self) -> None:
        """Restores the terminal and frees resources, after any end of the attach."""


def received(chunk: Chunk) -> float:
    """Returns the time at which the chunk was received. Raises TaskerError if the server does not send it."""
    if chunk.time is None:
        text = "cannot show times: the server is older than this client; upgrade it, or leave out --timestamps"
        raise TaskerError(Reason.REFUSED, text)
    return chunk.time
