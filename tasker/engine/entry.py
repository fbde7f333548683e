"""A job in the table with the engine's data about it, and the record that the collector stores for the next engine."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from dataclasses import dataclass, field
from typing import Any, Protocol

from tasker import wire
from tasker.bounds import Count, Moment, SignalNumber
from tasker.engine.cgroup import Cgroup
from tasker.engine.usage import Meter
from tasker.errors import Reason, TaskerError
from tasker.job import Job, Kind
from tasker.lifecycle import Event, State, move
from tasker.usage import Usage

_WHY_NOT = {
    State.STARTING: "it is still starting; try again in a moment",
    State.RUNNING: "it runs",
    State.PAUSED: "it is paused; resume it first",
    State.STOPPING: "it is being stopped",
    State.ENDING: "its command has exited",
    State.ENDED: "it has ended",
    State.GONE: "its start failed",
}


class Announcer(Protocol):
    """The table, as its entries use it."""

    def next_revision(self) -> int: ...

    def announce(self, change: Job | str) -> None: ...


@dataclass(frozen=True)
class StopRequest:
    """A request to end a job."""

    by: str
    """A user's name, or "systemctl", "systemd" or "tasker"."""
    deadline: Moment
    """When the grace period ends."""
    killed: bool = False
    """The grace period has ended, and SIGKILL was sent."""
    reason: str = ""
    """Why Tasker stopped the job by itself; "" for a user's request."""
    requested: Moment = 0.0
    """When the stop was requested; 0.0 without a grace period."""
    kind: Kind = Kind.STOPPED
    """The kind of the outcome: STOPPED, TIMED_OUT or RUN_ENDED."""


@dataclass(frozen=True)
class Sweep:
    """A request to end the processes that the leader left behind."""

    processes: Count
    """Their number."""
    requested: Moment
    deadline: Moment
    """When the grace period ends."""
    reason: str = ""
    """Completes the sentence "they were ended …"; "" if the leader exited during a stop."""
    killed: bool = False
    """The grace period has ended, and SIGKILL was sent."""


@dataclass(frozen=True)
class SentSignal:
    """A signal that a user has sent to the job."""

    by: str
    signal: SignalNumber


@dataclass(frozen=True)
class JobRecord:
    """The record that the collector stores as text for the next engine, without argv and environment: the collector has
    these from Launch."""

    job: Job
    stop: StopRequest | None
    signals: tuple[SentSignal, ...]
    sweep: Sweep | None
    sessions: tuple[str, ...]


@dataclass
class Entry:
    """A job in the table, with the engine's data about it. Change the job by `change` or `move` only."""

    job: Job
    stop: StopRequest | None = None
    signals: tuple[SentSignal, ...] = ()
    """The last signals that users have sent: one of them may end the job."""
    cgroup: Cgroup | None = None
    meter: Meter = field(default_factory=Meter)
    exited: asyncio.Future[wire.Exit] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """Done when the leader has exited."""
    exit_known: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the leader has exited and left processes behind, or the job has ended, or failed to start."""
    output_ended: float = 0.0
    """When the last process that held the output closed it (CLOCK_MONOTONIC); 0.0 while a process holds it."""
    sweep: Sweep | None = None
    remaining_changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the processes that the leader left behind, or their deadlines, may have changed."""
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the job runs, or has failed to start."""
    timer: asyncio.TimerHandle | None = None
    """Kills the job at the deadline of its stop."""
    unit_job: bool = False
    """systemd has a unit job for the scope whose type is not known yet. If the job ends now, it counts as a stop."""
    pause_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while the job is being paused or resumed."""
    waiting: int = 0
    """The number of stop requests that wait for the end."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the job has ended, or has failed to start."""
    output_memory: int = 0
    """Bytes of memory that the output takes, once the job has ended."""
    archive_size: int = 0
    """Bytes on disk, once the job is archived."""
    table: Announcer | None = None
    """The table that holds this entry and announces its changes."""
    sessions: tuple[str, ...] = ()
    """Ids of login sessions that processes of the job opened (loginsessions.py), at most MOST_SESSIONS."""

    def change(self, **changes: Any) -> None:
        """Sets fields of the job and announces the change to watchers."""
        revision = self.table.next_revision() if self.table else self.job.revision
        self.job = dataclasses.replace(self.job, revision=revision, **changes)
        if self.table:
            self.table.announce(self.job)

    def move(self, event: Event, **changes: Any) -> None:
        """Applies `event` to the job's state. Raises lifecycle.IllegalMove."""
        self.change(state=move(self.job.state, event), **changes)

    def measure(self) -> Usage | None:
        """Reads the current usage; None if there is no cgroup."""
        return self.meter.read(self.cgroup) if self.cgroup is not None else None

    def read_counters(self) -> None:
        """Reads the counters of the cgroup, if there is one."""
        if self.cgroup is not None:
            self.meter.read_counters(self.cgroup)

    def memory_event(self) -> None:
        """The kernel reported a memory event: a limit was reached, or memory ran out."""
        if self.cgroup is not None:
            self.meter.memory_event(self.cgroup)

    def pids_event(self) -> None:
        """The kernel reported that it refused the job a process."""
        if self.cgroup is not None:
            self.meter.pids_event(self.cgroup)

    def demand(self, verb: str, *states: State) -> None:
        """Raises TaskerError(REFUSED) unless the job is in one of `states`."""
        if self.job.state not in states:
            raise TaskerError(Reason.REFUSED, f"cannot {verb} job {self.job.id}: {_WHY_NOT[self.job.state]}")

    async def ended_within(self, seconds: float) -> Job:
        """Waits for the end of the job, at most `seconds`. Returns the job as it is then."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.over.wait()
        return self.job

    def never_ran(self, verb: str) -> TaskerError:
        """The error for a request about a job that failed to start in the meantime."""
        text = f"cannot {verb} job {self.job.id}: its start failed; the caller of the start got the reason"
        return TaskerError(Reason.NOT_FOUND, text)

    def disarm(self) -> None:
        if self.timer is not None:
            self.timer.cancel()

    def record(self) -> str:
        bare = dataclasses.replace(self.job.spec, argv=(), environment=dict.fromkeys(self.job.spec.environment, ""))
        job = dataclasses.replace(self.job, spec=bare)
        return wire.to_text(JobRecord(job, self.stop, self.signals, self.sweep, self.sessions))

    @classmethod
    def of_leader(cls, leader: wire.Leader) -> Entry:
        """Restores the entry from the record of an earlier engine. Raises wire.WireError."""
        record = wire.from_text(JobRecord, leader.record)
        if record.job.id != leader.job:
            raise wire.WireError(f"it is the record of job {record.job.id}")
        environment = {key: leader.environment[key] for key in record.job.spec.environment}
        spec = dataclasses.replace(record.job.spec, argv=leader.argv, environment=environment)
        pid = 0 if record.job.state in (State.ENDING, State.ENDED) else leader.pid
        job = dataclasses.replace(record.job, spec=spec, pid=pid)
        return cls(
            job,
            stop=record.stop,
            signals=record.signals,
            sweep=record.sweep,
            sessions=record.sessions,
            output_ended=leader.output_ended,
            output_memory=leader.output_memory,
        )

    @classmethod
    def of_archive(cls, job: Job, archive_size: int) -> Entry:
        """The entry of an archived job."""
        return cls(dataclasses.replace(job, archived=True, followers=0), archive_size=archive_size)
