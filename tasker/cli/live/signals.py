"""Signal handling: `handling` sets handlers for a block, `leaving` ends a display cleanly, and Interrupts defines the
effect of Ctrl-C, SIGTERM and SIGHUP during `run`.

    RUNNING ──Ctrl-C──▶ ASKING ──s, Ctrl-C──▶ STOPPING ──again──▶ KILLING ──again──▶ left running
       │  ▲───────────g────┘└─d──▶ detached       ▲
       └──SIGTERM, SIGHUP; Ctrl-C without a terminal to ask on

During a stop, the attach stream still delivers the rest of the output and the end of the job, so another thread
requests the stop. A handler only changes the state and starts the request; everything is drawn between two events.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import Enum
from functools import partial
from types import FrameType
from typing import NoReturn, Protocol

from tasker.cli import exits
from tasker.cli.live.loop import Action
from tasker.cli.live.view import View
from tasker.errors import Reason, TaskerError
from tasker.lifecycle import State

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
QUESTION = "Ctrl-C: s stops the job, d detaches, g continues?"
Handler = Callable[[int, FrameType | None], None]


class Attach(Protocol):
    """The interface that Interrupts needs of the attach (follow.Follow)."""

    def do(self, action: Action) -> None: ...
    def report(self, text: str) -> None: ...


@contextmanager
def handling(handlers: dict[signal.Signals, Handler]) -> Iterator[None]:
    """Sets signal handlers in the block. An ignored signal (nohup, a background job of sh) stays ignored."""
    before = {number: signal.getsignal(number) for number in handlers}
    try:
        for number, handler in handlers.items():
            if before[number] is not signal.SIG_IGN:
                signal.signal(number, handler)
        yield
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)


def leaving() -> AbstractContextManager[None]:
    """In the block, SIGTERM and SIGHUP raise SystemExit, so that the terminal is restored before the exit."""
    return handling(dict.fromkeys((signal.SIGTERM, signal.SIGHUP), _leave))


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(exits.SIGNALLED + number)


class Step(Enum):
    RUNNING = "running"
    ASKING = "asking"
    STOPPING = "stopping"
    KILLING = "killing"


class Left(Exception):
    """The user detaches; the job keeps running."""


class Interrupts:
    """Takes the steps. `stop(job, grace)` stops the job, reconnecting if necessary; it may take any time."""

    def __init__(self, stop: Callable[[str, float | None], object], output: View) -> None:
        self._stop = stop
        self._output = output
        self._follow: Attach | None = None
        self._job = ""
        self._step = Step.RUNNING
        self._kept: int | None = None
        self._answered = False

    def installed(self) -> AbstractContextManager[None]:
        """Sets the handlers before the job starts; an early interrupt is kept until the job has an id."""
        return handling(dict.fromkeys(SIGNALS, self._interrupt))

    def started(self, job: str, follow: Attach) -> None:
        """Notes the id of the started job, and the attach that shows it."""
        self._follow, self._job = follow, job
        self._output.hint("Ctrl-C asks" if self._output.asks() else "Ctrl-C stops it")
        if self._kept is not None:
            self._end(None)

    def _interrupt(self, number: int, _frame: FrameType | None) -> None:
        if self._follow is None:
            if self._kept is not None:
                raise KeyboardInterrupt
            self._kept = number
            return
        match self._step:
            case Step.RUNNING if number == signal.SIGINT and self._output.asks():
                self._step = Step.ASKING
                self._follow.do(self._ask)
            case Step.RUNNING | Step.ASKING:
                self._end(None)
            case Step.STOPPING:
                self._end(0.0)
            case Step.KILLING:
                raise KeyboardInterrupt

    def _ask(self) -> None:
        if self._step is Step.ASKING and self._follow is not None:
            follow = self._follow
            self._output.ask(QUESTION, lambda key: follow.do(partial(self._answer, key)))

    def _answer(self, key: str) -> None:
        if self._step is not Step.ASKING:
            return
        match key.lower():
            case "s":
                self._end(None)
            case "d":
                raise Left
            case "g":
                self._step = Step.RUNNING
                self._output.unask()

    def _end(self, grace: float | None) -> None:
        """Requests a stop: with the job's grace period for None, at once for 0."""
        assert self._follow is not None
        self._step = Step.STOPPING if grace is None else Step.KILLING
        hint = "Ctrl-C kills it at once" if grace is None else "Ctrl-C leaves it"
        self._output.hint(hint, State.STOPPING)
        self._follow.do(self._output.unask)
        self._follow.report(f"{self._step.value} {self._job}; {hint}")
        threading.Thread(target=self._ask_for_it, args=(grace,), name="stop", daemon=True).start()

    def _ask_for_it(self, grace: float | None) -> None:
        assert self._follow is not None
        try:
            self._stop(self._job, grace)
            self._answered = True
        except TaskerError as error:
            self._answered |= error.reason is not Reason.UNAVAILABLE
            self._follow.report(unstopped(self._job, error))

    @property
    def unanswered(self) -> bool:
        """Whether a stop was requested and not answered."""
        return self._step in (Step.STOPPING, Step.KILLING) and not self._answered


def unstopped(job: str, error: TaskerError) -> str:
    """Returns the message for a failed stop: the service's answer, or what to do if it was not reached."""
    if error.reason is not Reason.UNAVAILABLE:
        return error.message
    return f"cannot request the stop of job {job}: {error.message}; it may still run; to stop it: tasker stop {job}"
