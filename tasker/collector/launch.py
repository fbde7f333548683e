"""Forks a leader, with its pipes and its ring; holds the collector's data about it."""

from __future__ import annotations

import bisect
import contextlib
import itertools
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tasker.collector import child
from tasker.collector.loop import Loop
from tasker.collector.output import JobOutput
from tasker.collector.turns import Turns
from tasker.wire import Exit, Launch, Leader, Leaders, to_text

PAGE = 48 << 10
"""Characters of one page of leaders, unless a single leader is longer."""


@dataclass
class Child:
    """One leader and everything that belongs to it. Descriptors are -1 once closed."""

    number: int
    """In the order of launch."""
    launch: Launch
    record: str
    pid: int
    pidfd: int
    gate: int
    """Open while the leader waits."""
    report: int
    """Open until the leader has executed the command, or failed to."""
    output: JobOutput
    released: bool = False
    finished: bool = False
    exit: Exit | None = None
    report_text: bytes = field(default=b"")
    """The bytes received through `report` after AT_GATE."""

    @property
    def id(self) -> str:
        return self.launch.job

    def close_gate(self) -> None:
        """Closes the gate without a byte: the leader exits."""
        if self.gate >= 0:
            os.close(self.gate)
            self.gate = -1

    def open_gate(self) -> None:
        self.released = True
        with contextlib.suppress(BrokenPipeError):  # killed at the gate: the report and the exit status show that
            os.write(self.gate, b"!")
        self.close_gate()

    def as_leader(self) -> Leader:
        """The data about this leader for the engine."""
        return Leader(
            number=self.number,
            job=self.id,
            argv=self.launch.argv,
            environment=self.launch.environment,
            record=self.record,
            pid=self.pid,
            released=self.released,
            finished=self.finished,
            exit=self.exit,
            output_memory=self.output.held,
            followers=self.output.followers,
            output_ended=self.output.ended_at,
        )


def fork(
    number: int,
    launch: Launch,
    loop: Loop,
    turns: Turns,
    followers_changed: Callable[[], None],
    output_ended: Callable[[], None],
) -> Child:
    """Forks a leader, which goes to its gate. Raises OSError and leaves nothing behind on failure."""
    with contextlib.ExitStack() as undo:

        def pipe() -> tuple[int, int]:
            ends = os.pipe2(os.O_CLOEXEC)
            for end in ends:
                undo.callback(os.close, end)
            return ends

        owner = launch.owner or f"job {launch.job}"  # no owner's name has a space
        output = JobOutput(launch.ring_capacity, owner, loop, turns, followers_changed, output_ended)
        undo.callback(output.free)
        gate, opener = pipe()
        reporter, report = pipe()
        writer = output.open_pipe(launch.uid)
        undo.callback(os.close, writer)
        pid = os.fork()
        if pid == 0:
            child.run(launch, gate, writer, report)
        try:
            pidfd = os.pidfd_open(pid)
        except OSError:  # no descriptor left
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise
        undo.pop_all()
    for descriptor in (gate, report, writer):
        os.close(descriptor)
    os.set_blocking(reporter, False)
    return Child(number, launch, launch.record, pid, pidfd, opener, reporter, output)


def leaders(jobs: Sequence[Child], after: int) -> Leaders:
    """Returns a page of the leaders with numbers above `after`; `jobs` are in the order of their numbers."""
    page: list[Leader] = []
    length = 0
    for job in itertools.islice(jobs, bisect.bisect_right(jobs, after, key=lambda job: job.number), None):
        leader = job.as_leader()
        length += len(to_text(leader))
        if page and length > PAGE:
            return Leaders(tuple(page), more=True)
        page.append(leader)
    return Leaders(tuple(page), more=False)
