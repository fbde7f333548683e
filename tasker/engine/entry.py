"""A job in the table, and what the engine holds for it; and what the collector keeps of it for the next engine."""

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
    State.GONE: "it could not be started",
}


class Announcer(Protocol):
    """What a table is to its entries."""

    def next_revision(self) -> int: ...

    def announce(self, change: Job | str) -> None: ...


@dataclass(frozen=True)
class StopRequest:
    """Somebody asked for the end."""

    by: str
    """A user's name, or "systemctl"."""
    deadline: Moment
    """When the grace period ends."""
    killed: bool = False
    """It has ended, and SIGKILL was sent."""
    reason: str = ""
    """The reason, where it was not a person's to have."""
    requested: Moment = 0.0
    """When it was asked for, where it came with a grace period."""
    kind: Kind = Kind.STOPPED
    """What the end will be called: STOPPED, TIMED_OUT or RUN_ENDED."""


@dataclass(frozen=True)
class Sweep:
    """Processes that the leader left behind were asked to end."""

    processes: Count
    """How many they were."""
    requested: Moment
    deadline: Moment
    """When the grace period ends."""
    reason: str = ""
    """Completes the sentence "they were ended …"; "" where the leader exited during a stop."""
    killed: bool = False
    """The grace period has ended, and SIGKILL was sent."""


@dataclass(frozen=True)
class SentSignal:
    """A signal that somebody had sent to the job."""

    by: str
    signal: SignalNumber


@dataclass(frozen=True)
class JobRecord:
    """What outlives an engine: kept by the collector as text, without argv and environment, which it has anyway."""

    job: Job
    stop: StopRequest | None
    signals: tuple[SentSignal, ...]
    sweep: Sweep | None
    sessions: tuple[str, ...]


@dataclass
class Entry:
    """A job in the table, and what the engine holds for it. Change the job by `change` or `move` only."""

    job: Job
    stop: StopRequest | None = None
    signals: tuple[SentSignal, ...] = ()
    """The last of them, should one be what ends it."""
    cgroup: Cgroup | None = None
    meter: Meter = field(default_factory=Meter)
    exited: asyncio.Future[wire.Exit] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """The leader has exited."""
    exit_known: asyncio.Event = field(default_factory=asyncio.Event)
    """The leader has exited and left processes behind, or the job has ended, or never ran."""
    output_ended: float = 0.0
    """When the last process that held the output closed it (CLOCK_MONOTONIC); 0.0 while one holds it."""
    sweep: Sweep | None = None
    remaining_changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Something happened to the processes that the leader left behind, or to what they may do."""
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """It runs, or it never will."""
    timer: asyncio.TimerHandle | None = None
    """Kills it at the deadline of its stop."""
    unit_job: bool = False
    """Somebody asked systemd for something of its scope, and what that was is not known yet: a stop, if it ends now."""
    pause_lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while it is being paused or resumed."""
    waiting: int = 0
    """Stops that wait for its end."""
    over: asyncio.Event = field(default_factory=asyncio.Event)
    """It has ended, or never ran."""
    output_memory: int = 0
    """Bytes of memory that its output takes, once it has ended."""
    archive_size: int = 0
    """Bytes of disk that it takes, once it is archived."""
    table: Announcer | None = None
    """Where it stands, and what announces its changes."""
    sessions: tuple[str, ...] = ()
    """Ids of login sessions that processes of it opened (loginsessions.py), at most MOST_SESSIONS."""

    def change(self, **changes: Any) -> None:
        """Other values for fields of the job; whoever watches is told."""
        revision = self.table.next_revision() if self.table else self.job.revision
        self.job = dataclasses.replace(self.job, revision=revision, **changes)
        if self.table:
            self.table.announce(self.job)

    def move(self, event: Event, **changes: Any) -> None:
        """Take the job where `event` leads. Raises lifecycle.IllegalMove."""
        self.change(state=move(self.job.state, event), **changes)

    def measure(self) -> Usage | None:
        """What it uses now; None where it has no cgroup, or none any more."""
        return self.meter.read(self.cgroup) if self.cgroup is not None else None

    def read_counters(self) -> None:
        """Note what its cgroup counts, while there is one."""
        if self.cgroup is not None:
            self.meter.read_counters(self.cgroup)

    def memory_event(self) -> None:
        """The kernel tells that its memory ran short."""
        if self.cgroup is not None:
            self.meter.memory_event(self.cgroup)

    def pids_event(self) -> None:
        """The kernel tells that it refused a process."""
        if self.cgroup is not None:
            self.meter.pids_event(self.cgroup)

    def demand(self, verb: str, *states: State) -> None:
        """Raise TaskerError(REFUSED) unless it is in one of `states`."""
        if self.job.state not in states:
            raise TaskerError(Reason.REFUSED, f"cannot {verb} job {self.job.id}: {_WHY_NOT[self.job.state]}")

    async def ended_within(self, seconds: float) -> Job:
        """The job as it ended; where it does not end within so many seconds, as it is then."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.over.wait()
        return self.job

    def never_ran(self, verb: str) -> TaskerError:
        """What to raise of a request that came while it was being started, in vain."""
        text = f"cannot {verb} job {self.job.id}: it could not be started; whoever started it was told why"
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
        """The entry that an earlier engine had. Raises wire.WireError."""
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
        """The entry of a job that is archived."""
        return cls(dataclasses.replace(job, archived=True, followers=0), archive_size=archive_size)
