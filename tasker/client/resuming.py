"""Going on after a connection broke: when to ask again, what to ask for, when to give up. Pure: the time is told.

    reads ──received──▶ events           an error ──broke──▶ pause, ask again ──received──▶ mended
                                                  └── not UNAVAILABLE, or reconnect_timeout is over: raised

One rule for streams, waits and stops: a break is lived through once the server has been heard by this client, be it in
another call or by a word about this one (translation.py knows). A server that was never heard (wrong address, refused
certificate, nobody listens) is an error at once. Nothing here knows of grpc, threads or asyncio: both clients drive the
same Course, Wait and Stop.
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
"""Seconds that a broken connection is tried again, if nothing else is asked for."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
"""Seconds between two tries; each is twice the one before, and cut by chance so that not all clients come at once."""

E = TypeVar("E")


class OutOfTime(TaskerError):
    """UNAVAILABLE, as this side waited no longer: that is never why there was no answer."""


class Outage:
    """The time between a break and its mending. `reconnect_timeout`: seconds, 0 for none."""

    def __init__(self, reconnect_timeout: float) -> None:
        if not reconnect_timeout >= 0:
            raise invalid(f"cannot use a reconnect_timeout of {reconnect_timeout}; give it in seconds, 0 for none")
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
        """Whether reconnect_timeout is above 0."""
        return self._reconnect_timeout > 0

    def asked(self, now: float) -> None:
        """The first try begins. If it comes to nothing, however late, that is how long nothing has come."""
        self._asked = now

    def broke(self, error: TaskerError, now: float) -> float:
        """Seconds until the next try. Raises why there was no answer where there is to be none."""
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
        """Seconds that a try may take; None while nothing is broken."""
        return None if self._began is None else max(0.0, self._began + self._reconnect_timeout - now)

    def mended(self, now: float) -> float:
        """It goes on: how many seconds it did not."""
        began, self._began, self._asked = self._began, None, None
        return 0.0 if began is None else now - began


class Course(ABC, Generic[E]):
    """One stream of events over as many connections as it takes. `over`: nothing more is to be read."""

    def __init__(self, reconnect_timeout: float) -> None:
        self.over = False
        self.pause = 0.0
        """Seconds until the next try."""
        self._outage = Outage(reconnect_timeout)

    @abstractmethod
    def request(self) -> Any:
        """What to ask for on the next connection."""

    @abstractmethod
    def received(self, message: Any, now: float) -> E:
        """What a message says. Raises TaskerError: for `broke`, like any other."""

    @abstractmethod
    def closed(self) -> None:
        """The server has nothing more to say. Raises TaskerError where it should have."""

    @abstractmethod
    def interrupted(self, error: TaskerError) -> E:
        """The event that tells of a break."""

    def asked(self, now: float) -> None:
        """The first call is made."""
        self._outage.asked(now)

    def broke(self, error: TaskerError, now: float, heard: bool) -> E | None:
        """The event of a break, once for each; ask again after `pause`. Raises TaskerError where it ends the stream.

        `heard`: whether the server ever was.
        """
        if not heard or not self._outage.tolerated:
            raise error
        news = not self._outage.lasts
        self.pause = self._outage.broke(error, now)
        return self.interrupted(error) if news else None

    def left(self, now: float) -> float | None:
        """Seconds in which the next message must come; None: there is no hurry."""
        return self._outage.left(now)


class Asking(ABC):
    """One call whose answer is a job, asked until it has come."""

    @abstractmethod
    def call(self, now: float) -> calls.Call[Job]:
        """What to ask next."""

    @abstractmethod
    def answered(self, job: Job, now: float) -> bool:
        """Whether that was the end of it."""

    @abstractmethod
    def broke(self, error: TaskerError, now: float, heard: bool) -> float:
        """Seconds until the next try. Raises `error` where there is to be none. `heard`: as for a Course."""


class AskingAgain(Asking):
    """About a job, over as many connections as it takes. `reconnect_timeout`: seconds, 0 for a single try."""

    def __init__(self, job: str, reconnect_timeout: float) -> None:
        self._job = job
        self._outage = Outage(reconnect_timeout)

    def broke(self, error: TaskerError, now: float, heard: bool) -> float:
        if not heard:
            raise error
        return self._outage.broke(error, now)


class Wait(AskingAgain):
    """WaitJob, asked again after every break. GetJob goes first each time: its answer is the sign of a connection."""

    def __init__(self, job: str, reconnect_timeout: float) -> None:
        super().__init__(job, reconnect_timeout)
        self._connected = False

    def call(self, now: float) -> calls.Call[Job]:
        return calls.wait(self._job) if self._connected else calls.get(self._job, self._outage.left(now))

    def answered(self, job: Job, now: float) -> bool:
        self._outage.mended(now)
        self._connected = True
        self._job = job.id  # a prefix may mean another job later
        return job.state is State.ENDED

    def broke(self, error: TaskerError, now: float, heard: bool) -> float:
        self._connected = False
        return super().broke(error, now, heard)


class Stop(AskingAgain):
    """StopJob, asked again after every break: a second one changes nothing. Then GetJob goes first, as in a Wait: the
    answer to a stop may take the whole grace period.

    `job`: with a reconnect_timeout, a whole id. What was a prefix of this job may by then be one of another.
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
