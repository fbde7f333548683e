"""Sends users' signals to a job, through the collector, which knows that the pid is still the leader's."""

from __future__ import annotations

from tasker import wire
from tasker.engine import fatal
from tasker.engine.entry import Entry, SentSignal
from tasker.engine.jobs import Jobs
from tasker.job import Job, check_signal
from tasker.lifecycle import State

_KEPT = 8
"""Recent signals whose senders are recorded."""


class Signalling:
    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._collector = jobs.backends.collector

    async def send(self, request: wire.SignalJob, entry: Entry) -> Job:
        """Sends a signal to the process group of a living leader. Returns the ended job if the signal ends it. Raises
        TaskerError."""
        number = request.signal
        check_signal(number)
        entry.demand("signal", State.RUNNING, State.PAUSED, State.STOPPING)
        others = [sent for sent in entry.signals if sent.signal != number]
        entry.signals = (*others, SentSignal(request.caller.name, number))[-_KEPT:]
        await self._jobs.store_record(entry)  # first: the signal may end the job while the engine dies
        is_end = fatal.ends(entry.job.pid, number)
        await self._collector.signal(entry.job.id, number)
        return await entry.ended_within(fatal.ACTS_WITHIN) if is_end else entry.job
