"""Signals that people have sent to a job: through the collector, which knows that its number is still its own."""

from __future__ import annotations

from tasker import wire
from tasker.engine import fatal
from tasker.engine.collector import Collector
from tasker.engine.entry import Entry, SentSignal
from tasker.engine.jobs import Jobs
from tasker.job import Job, check_signal
from tasker.lifecycle import State

_KEPT = 8
"""Of the last signals it is known who sent them."""


class Signalling:
    def __init__(self, jobs: Jobs, collector: Collector) -> None:
        self._jobs = jobs
        self._collector = collector

    async def send(self, request: wire.SignalJob, entry: Entry) -> Job:
        """To the process group of a leader that lives. Where that ends it, the answer is the ended job. Raises
        TaskerError."""
        number = request.signal
        check_signal(number)
        entry.demand("signal", State.RUNNING, State.PAUSED, State.STOPPING)
        others = [sent for sent in entry.signals if sent.signal != number]
        entry.signals = (*others, SentSignal(request.caller.name, number))[-_KEPT:]
        await self._jobs.store_record(entry)  # first: it may be the end of the job, and of this engine
        is_end = fatal.ends(entry.job.pid, number)
        await self._collector.signal(entry.job.id, number)
        return await entry.ended_within(fatal.ACTS_WITHIN) if is_end else entry.job
