"""Watch streams over the network: snapshot, changes, use; slow clients, other owners, restarts, certificates."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest

from tasker import issuing, wire
from tasker.certs import Pair, identity_of
from tasker.client.watching import Changed, Forgotten, News, Snapshot, Used, Watching
from tasker.errors import Reason, TaskerError
from tasker.identity import Role
from tasker.job import Job, JobSpec
from tasker.lifecycle import State
from tasker.usage import JobUsage, Usage
from tests.frontend.peer import PeerJob
from tests.frontend.running import Frontend


def snapshot(news: Iterator[News]) -> list[Job]:
    """All parts of one; anything else that comes first fails the test."""
    jobs: list[Job] = []
    while True:
        part = next(news)
        assert isinstance(part, Snapshot)
        assert part.first is (not jobs)
        jobs += part.jobs
        if part.last:
            return jobs


def change(frontend: Frontend, job: PeerJob, **changes: Any) -> None:
    """The job is changed, and the engine tells it."""
    job.job = dataclasses.replace(job.job, revision=job.job.revision + 1, **changes)
    frontend.peer.notify(wire.Changed(job.job))


def test_a_snapshot_then_changes_then_what_is_forgotten(frontend: Frontend) -> None:
    job = frontend.peer.add(PeerJob("abc"))
    watching = frontend.client().watch()
    assert [j.id for j in snapshot(watching)] == ["abc"]
    change(frontend, job, state=State.STOPPING)
    assert next(watching) == Changed(job.job)  # read before more is told of it: only the newest would come
    new = frontend.peer.add(PeerJob("def"))
    change(frontend, new)
    frontend.peer.notify(wire.Forgotten("abc"))
    assert next(watching) == Changed(new.job)
    assert next(watching) == Forgotten("abc")


def test_values_of_an_environment_are_in_no_news(frontend: Frontend) -> None:
    """Not even for the owner, and in a snapshot as little as in a change; so one is not taken for the other's news."""
    job = frontend.peer.add(PeerJob("abc"))
    job.job = dataclasses.replace(job.job, spec=JobSpec(("true",), environment={"SECRET": "x"}))
    assert frontend.client().get("abc").spec.environment == {"SECRET": "x"}
    for only in ("", "abc"):
        [known] = snapshot(frontend.client().watch(job=only))
        assert known.spec.environment == {"SECRET": ""}


def test_no_jobs_are_a_snapshot_too(frontend: Frontend) -> None:
    assert next(frontend.client().watch()) == Snapshot((), first=True, last=True)


def test_a_change_that_is_older_than_the_snapshot_is_not_reported(frontend: Frontend) -> None:
    """Such a one is on its way when a page is made."""
    job = frontend.peer.add(PeerJob("abc"))
    old = job.job
    job.job = dataclasses.replace(job.job, revision=7, state=State.ENDED)
    watching = frontend.client().watch()
    assert snapshot(watching) == [job.job]
    frontend.peer.notify(wire.Changed(dataclasses.replace(old, revision=6)))
    frontend.peer.notify(wire.Forgotten("nobody told of this one"))
    change(frontend, job, followers=1)
    assert next(watching) == Changed(job.job)


def test_what_changes_while_the_snapshot_is_read_is_reported_after_it(frontend: Frontend) -> None:
    job, gone = frontend.peer.add(PeerJob("abc")), PeerJob("def")

    def page(request: wire.ListJobs) -> wire.JobsReply:
        if not request.page:
            return wire.JobsReply((gone.job, job.job), "2")
        for channel in frontend.peer.channels:  # in the peer's own thread: before the second page
            channel.notify(wire.Changed(dataclasses.replace(job.job, revision=1, followers=3)))
            channel.notify(wire.Forgotten("def"))
        return wire.JobsReply((PeerJob("ghi").job,), "")

    frontend.peer.answers[wire.ListJobs] = page
    watching = frontend.client().watch()
    assert [j.id for j in snapshot(watching)] == ["def", "abc", "ghi"]
    changed = next(watching)
    assert isinstance(changed, Changed)
    assert (changed.job.id, changed.job.followers) == ("abc", 3)
    assert next(watching) == Forgotten("def")


def test_only_one_owners(frontend: Frontend) -> None:
    hers, his = frontend.peer.add(PeerJob("abc")), frontend.peer.add(PeerJob("def", owner="bob"))
    frontend.peer.answers[wire.ListJobs] = lambda request: wire.JobsReply(
        tuple(j.job for j in (hers, his) if j.job.owner == request.owner), ""
    )
    watching = frontend.client().watch(owner="bob")
    assert snapshot(watching) == [his.job]
    change(frontend, hers)
    frontend.peer.notify(wire.Forgotten("abc"))
    change(frontend, his)
    assert next(watching) == Changed(his.job)


def test_only_one_job_by_the_beginning_of_its_id(frontend: Frontend) -> None:
    job, other = frontend.peer.add(PeerJob("abcdef")), frontend.peer.add(PeerJob("xyz"))
    frontend.peer.answers[wire.GetJob] = lambda request: wire.JobReply(job.job)
    watching = frontend.client().watch(job="abc")
    assert snapshot(watching) == [job.job]
    change(frontend, other)
    change(frontend, job)
    assert next(watching) == Changed(job.job)


def test_a_job_that_is_not_there_is_an_error(frontend: Frontend) -> None:
    with pytest.raises(TaskerError, match="cannot find job abc") as caught:
        next(frontend.client().watch(job="abc"))
    assert caught.value.reason is Reason.NOT_FOUND


def test_use_is_told_to_who_asked_for_it(frontend: Frontend) -> None:
    frontend.peer.add(PeerJob("abc"))
    plain = frontend.client().watch()
    snapshot(plain)
    assert frontend.peer.next_asked(wire.Watch) == wire.Watch(changes=True, usage=False)
    with_usage = frontend.client().watch(usage=True)  # now: a stream is opened when it is made
    snapshot(with_usage)
    assert frontend.peer.next_asked(wire.Watch) == wire.Watch(changes=True, usage=True)
    used = JobUsage("abc", Usage(time=1700000000.0, cpu_time=1.5, memory=4096, cpu_rate=0.5))
    frontend.peer.notify(wire.Used((used, JobUsage("unknown", Usage(time=1.0)))))
    assert next(with_usage) == Used((used,))
    frontend.peer.notify(wire.Forgotten("abc"))
    assert next(plain) == Forgotten("abc")
    with_usage.cancel()
    assert frontend.peer.next_asked(wire.Watch) == wire.Watch(changes=True, usage=False)
    plain.cancel()
    assert frontend.peer.next_asked(wire.Watch) == wire.Watch(changes=False, usage=False)


def test_an_engine_that_was_away_is_watched_anew(frontend: Frontend) -> None:
    frontend.peer.add(PeerJob("abc"))
    watching = frontend.client().watch()
    snapshot(watching)
    frontend.peer.next_asked(wire.Watch)
    new = frontend.peer.add(PeerJob("def"))
    frontend.peer.drop()
    assert frontend.peer.next_asked(wire.Watch) == wire.Watch(changes=True, usage=False)
    assert [j.id for j in snapshot(watching)] == ["abc", "def"]
    change(frontend, new)
    assert next(watching) == Changed(new.job)


def test_five_hundred_jobs_and_a_client_that_reads_nothing_meanwhile(frontend: Frontend) -> None:
    """It sees the newest of each in the end, and cost the others nothing."""
    jobs = [frontend.peer.add(PeerJob(f"j{n:03}", capacity=1 << 12)) for n in range(500)]
    slow, quick = frontend.client().watch(), frontend.client().watch()
    for watching in (slow, quick):
        assert len(snapshot(watching)) == 500
    for _ in range(20):
        for job in jobs:
            change(frontend, job, followers=job.job.revision)
    for watching in (quick, slow):
        newest: dict[str, int] = {}
        while len(newest) < 500 or set(newest.values()) != {20}:
            news = next(watching)
            assert isinstance(news, Changed)
            assert news.job.revision > newest.get(news.job.id, 0)
            newest[news.job.id] = news.job.revision


def test_a_revoked_certificate_ends_it(frontend: Frontend, ca: Pair) -> None:
    pair = issuing.make_client(ca, "eve", Role.USER)
    watching = frontend.client(pair=pair).watch()
    snapshot(watching)
    frontend.reload(revoked=(identity_of(pair.certificate, ca.certificate).identity.serial,))
    assert _end(watching).reason is Reason.DENIED


def test_the_end_of_the_run_ends_it(frontend: Frontend) -> None:
    watching = frontend.client().watch(reconnect_timeout=0)
    snapshot(watching)
    frontend.peer.notify(wire.RunEnding())
    assert _end(watching).reason is Reason.UNAVAILABLE


def test_a_restart_of_the_frontend_says_watch_again(frontend: Frontend) -> None:
    watching = frontend.client().watch(reconnect_timeout=0)
    snapshot(watching)
    frontend.process.terminate()
    assert "watch again" in _end(watching).message


def _end(watching: Watching) -> TaskerError:
    with pytest.raises(TaskerError) as caught:
        for _ in watching:
            pass
    return caught.value
