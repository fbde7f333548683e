"""Reconnecting after a broken connection: when to repeat which request, and when to give up. Pure: time is an argument.

    reads ──received──▶ events           an error ──broke──▶ pause, repeat ────received──▶ mended
                                                  └── not UNAVAILABLE, or the time is over: raised

One rule holds for streams, waits and stops: the client reconnects if it has ever received anything from the server, in
this call or another one (`Translation.heard`). If the server has never answered (wrong address, refused certificate, no
listener), the error is raised at once. Independent of grpc, threads and asyncio: both clients drive the same Course,
Wait and Stop.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from typing import Any, Generic, TypeVar

from tasker.client import calls
from tasker.errors import Reason, TaskerError, invalid
from tasker.job import Job
from tasker.lifecycle import State

RECONNECT_TIMEOUT = 60.0
"""Default number of seconds to keep reconnecting."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
"""Seconds between two attempts. Each pause is twice the previous one, shortened at random to spread the clients."""

E = TypeVar("E")


class OutOfTime(TaskerError):
    """UNAVAILABLE because the client stopped waiting; never reported as the original reason of an outage."""


class Outage:
    """The time from a break to the reconnection. `reconnect_timeout`: seconds to keep reconnecting, 0: none."""

    def __init__(self, reconnect_timeout: float) -> None:
        if not reconnect_timeout >= 0:
            raise invalid(f"cannot use a reconnect_timeout of {reconnect_timeout:g}; give seconds, 0 for none")
        self._reconnect_timeout = reconnect_timeout
        self._asked: float | None = None
        self._began: float | None = None
        self._why: TaskerError | None = None
        self._pause = FIRST_PAUSE

    @property
    def lasts(self) -> bool:
        return self._began is not None

    @property
    def tolerated(self) -> bool:
        """Whether the client reconnects at all."""
        return self._reconnect_timeout > 0

    def asked(self, now: float) -> None:
        """Notes the first attempt. If it fails, the outage counts from here."""
        self._asked = now

    def broke(self, error: TaskerError, now: float) -> float:
        """Returns the seconds until the next attempt. Raises the original reason if there is none."""
        if self._began is None:
            self._began, self._pause, self._why = now if self._asked is None else self._asked, FIRST_PAUSE, None
        if self._why is None or not isinstance(error, OutOfTime):
            self._why = error
        left = self._began + self._reconnect_timeout - now
        if error.reason is not Reason.UNAVAILABLE or left <= 0:
            raise self._why
        pause = self._pause * random.uniform(0.5, 1.0)  # noqa: S311
        self._pause = min(2 * self._pause, LONGEST_PAUSE)
        return min(pause, left)

    def left(self, now: float) -> float | None:
        """Returns the time limit of an attempt in seconds; None if there is no outage."""
        return None if self._began is None else max(0.0, self._began + self._reconnect_timeout - now)

    def mended(self, now: float) -> float:
        """Notes the reconnection; returns the length of the outage in seconds."""
        began, self._began, self._asked = self._began, None, None
        return 0.0 if began is None else now - began


class Course(ABC, Generic[E]):
    """One stream of events over as many connections as necessary. `over`: no more messages follow."""

    def __init__(self, reconnect_timeout: float) -> None:
        self.over = False
        self.pause = 0.0
        """Seconds until the next attempt."""
        self._outage = Outage(reconnect_timeout)

    @abstractmethod
    def request(self) -> Any:
        """Returns the request for the next connection."""

    @abstractmethod
    def received(self, message: Any, now: float) -> E:
        """Converts a message to an event. Raises TaskerError, which is passed to `broke` like any other."""

    @abstractmethod
    def closed(self) -> None:
        """Handles the end of the stream. Raises TaskerError if it came too early."""

    @abstractmethod
    def interrupted(self, error: TaskerError) -> E:
        """Returns the event for a break."""

    def asked(self, now: float) -> None:
        """Notes the first call."""
        self._outage.asked(now)

    def broke(self, error: TaskerError, now: float, heard: bool) -> E | None:
        """Handles a break. Returns an event for the first error of an outage; then reconnect after `pause`.

        `heard`: whether the server ever answered. Raises TaskerError if the stream ends.
        """
        if not heard or not self._outage.tolerated:
            raise error
        news = not self._outage.lasts
        self.pause = self._outage.broke(error, now)
        return self.interrupted(error) if news else None

    def left(self, now: float) -> float | None:
        """Returns the time limit for the next message in seconds; None for no limit."""
        return self._outage.left(now)


class Asking(ABC):
    """A call that returns a job, repeated until it is answered."""

    @abstractmethod
    def call(self, now: float) -> calls.Call[Job]:
        """Returns the next call."""

    @abstractmethod
    def answered(self, job: Job, now: float) -> bool:
        """Handles an answer; returns whether it is the final one."""

    @abstractmethod
    def broke(self, error: TaskerError, now: float, heard: bool) -> float:
        """Returns the seconds until the next attempt. Raises `error` if there is none. `heard`: as for a Course."""


class AskingAgain(Asking):
    """Repeated after a break. `reconnect_timeout`: seconds to keep reconnecting, 0: one attempt."""

    def __init__(self, job: str, reconnect_timeout: float) -> None:
        self._job = job
        self._outage = Outage(reconnect_timeout)

    def broke(self, error: TaskerError, now: float, heard: bool) -> float:
        if not heard:
            raise error
        return self._outage.broke(error, now)


class Wait(AskingAgain):
    """WaitJob, repeated after every break. Each attempt begins with GetJob, whose answer proves the connection."""

    def __init__(self, job: str, reconnect_timeout: float) -> None:
        super().__init__(job, reconnect_timeout)
        self._connected = False

    def call(self, now: float) -> calls.Call[Job]:
        return calls.wait(self._job) if self._connected else calls.get(self._job, self._outage.left(now))

    def answered(self, job: Job, now: float) -> bool:
        self._outage.mended(now)
        self._connected = True
        self._job = job.id  # a prefix may match another job later
        return job.state is State.ENDED

    def broke(self, error: TaskerError, now: float, heard: bool) -> float:
        self._connected = False
        return super().broke(error, now, heard)


class Stop(AskingAgain):
    """StopJob, which is idempotent, repeated after every break. After a break, the attempt begins with GetJob, as in a
    Wait, because the answer to a stop may take the complete grace period.

    `job`: with a `reconnect_timeout`, the complete id, because a prefix may match another job later.
    """

    def __init__(self, job: str, grace: float | None, reconnect_timeout: float) -> None:
        super().__init__(job, reconnect_timeout)
        self._grace = grace

    def call(self, now: float) -> calls.Call[Job]:
        if self._outage.lasts:
            return calls.get(self._job, self._outage.left(now))
        return calls.stop(self._job, self._grace)

    def answered(self, job: Job, now: float) -> bool:
        asked = not self._outage.lasts
        self._outage.mended(now)
        return asked or job.state is State.ENDED
