"""Attach streams that end before their job does, how many there may be, and that nothing is left of one."""

from __future__ import annotations

import os
import select
import signal
from pathlib import Path

import pytest

from tasker import wire
from tasker.certs import Pair
from tasker.client import Attached, Chunk, Detached, DetachReason, Ended, Exited
from tasker.errors import Reason, TaskerError
from tasker.job import Kind, Outcome
from tasker.lifecycle import State
from tests.frontend.peer import PeerJob
from tests.frontend.running import Frontend, running
from tests.frontend.test_attach import bytes_of
from tests.support.waiting import DEADLINE, until_equal


def test_detach_ends_ones_own_streams_on_one_job(frontend: Frontend, job: PeerJob) -> None:
    frontend.peer.add(PeerJob("other"))
    job.print(b"12345")
    mine = [frontend.client().attach("abc") for _ in range(2)]
    others = frontend.client("bob").attach("abc")
    elsewhere = frontend.client().attach("other")
    for stream in (*mine, others):
        assert bytes_of(iter([next(stream), next(stream)]))[0] == b"12345"
    next(elsewhere)
    assert frontend.client().detach("abc") == 2
    assert [list(stream) for stream in mine] == [[Detached(DetachReason.REQUESTED, 5)]] * 2
    assert frontend.client().detach("abc") == 0
    job.print(b"6")
    assert next(others) == Chunk(5, b"6")


def test_what_the_command_left_behind_is_reported_and_its_output_follows(frontend: Frontend, job: PeerJob) -> None:
    job.print(b"before")
    stream = frontend.client().attach("abc")
    next(stream)
    assert next(stream) == Chunk(0, b"before")
    frontend.peer.linger(job, 2)
    exited = next(stream)
    assert isinstance(exited, Exited)
    assert (exited.offset, exited.job.state, exited.job.left_behind) == (6, State.ENDING, 2)
    job.print(b"after")
    assert next(stream) == Chunk(6, b"after")
    frontend.peer.end(job)
    assert isinstance(next(stream), Ended)


def test_a_job_that_leaves_nothing_behind_has_no_such_message(frontend: Frontend, job: PeerJob) -> None:
    stream = frontend.client().attach("abc")
    next(stream)
    frontend.peer.end(job)
    assert [type(event) for event in stream] == [Ended]


def test_a_restart_says_where_to_go_on(tmp_path: Path, ca: Pair) -> None:
    with running(tmp_path, ca) as frontend:
        job = frontend.peer.add(PeerJob("abc"))
        job.print(b"12345")
        stream = frontend.client().attach("abc", reconnect_timeout=0)
        assert bytes_of(iter([next(stream), next(stream)]))[0] == b"12345"
        frontend.process.send_signal(signal.SIGTERM)
        assert list(stream) == [Detached(DetachReason.UNAVAILABLE, 5)]
        frontend.heard("STOPPING=1")
        assert frontend.process.wait(DEADLINE) == 0
        job.print(b"678")
        frontend.launch()
        frontend.address = frontend.heard("READY=1").rpartition(" ")[2]
        assert stream.offset == 5
        again = frontend.client().attach("abc", offset=stream.offset)
        assert list(zip(range(2), again, strict=False))[1][1] == Chunk(5, b"678")


def test_a_client_that_reads_nothing_does_not_hold_up_a_stop(frontend: Frontend) -> None:
    job = frontend.peer.add(PeerJob("abc", capacity=24 << 20))
    job.print(bytes(20 << 20))
    stalled = frontend.client().attach("abc")
    next(stalled)
    frontend.process.send_signal(signal.SIGTERM)
    assert frontend.process.wait(DEADLINE) == 0


def test_the_end_of_the_run(frontend: Frontend, job: PeerJob) -> None:
    stream = frontend.client().attach("abc")
    next(stream)
    job.print(b"last words")
    assert next(stream) == Chunk(0, b"last words")
    frontend.peer.notify(wire.RunEnding())
    last = next(stream)
    assert isinstance(last, Ended)
    assert (last.offset, last.job.state, last.job.outcome) == (10, State.ENDED, Outcome(Kind.RUN_ENDED))
    assert frontend.process.wait(DEADLINE) == 0


def test_the_end_of_the_collector_is_the_end_of_the_run(frontend: Frontend, job: PeerJob) -> None:
    stream = frontend.client().attach("abc")
    next(stream)
    job.print(b"abc")
    frontend.peer.lose_collector()
    text, last = bytes_of(iter([Attached(job.job, 0), *stream]))
    assert text == b"abc"
    assert isinstance(last, Ended)
    assert last.job.outcome == Outcome(Kind.RUN_ENDED)


def test_a_closed_ring_whose_writer_is_gone_ends_as_it_did(frontend: Frontend, job: PeerJob) -> None:
    stream = frontend.client().attach("abc")
    next(stream)
    frontend.peer.end(job, Outcome(Kind.EXITED, exit_code=3))
    frontend.peer.lose_collector()
    last = next(stream)
    assert isinstance(last, Ended)
    assert last.job.outcome == Outcome(Kind.EXITED, exit_code=3)


def test_an_engine_that_restarts_does_not_touch_a_stream(frontend: Frontend, job: PeerJob) -> None:
    stream = frontend.client().attach("abc")
    next(stream)
    frontend.peer.connected.get(timeout=DEADLINE)
    frontend.peer.drop()
    frontend.peer.connected.get(timeout=DEADLINE)
    job.print(b"on and on")
    assert next(stream) == Chunk(0, b"on and on")
    frontend.peer.end(job)
    assert isinstance(next(stream), Ended)


def test_the_engine_restarts_while_a_stream_waits_for_the_end(frontend: Frontend, job: PeerJob) -> None:
    stream = frontend.client().attach("abc")
    next(stream)
    job.ring.close()
    job.wake()
    for _ in range(4):
        frontend.peer.next_asked(wire.WaitJob)
        frontend.peer.drop()
    frontend.peer.next_asked(wire.WaitJob)
    frontend.peer.end(job)
    assert isinstance(next(stream), Ended)


@pytest.mark.parametrize("meanwhile", ["forgotten", "stopped"])
def test_who_reads_slowly_learns_how_it_ended(frontend: Frontend, meanwhile: str) -> None:
    """Though by the last byte the job is forgotten, or the service stopped."""
    job = frontend.peer.add(PeerJob("abc", capacity=24 << 20))
    job.print(bytes(20 << 20))
    stream = frontend.client().attach("abc")
    next(stream)
    frontend.peer.next_asked(wire.WaitJob)
    frontend.peer.end(job, Outcome(Kind.EXITED, exit_code=7))
    if meanwhile == "forgotten":
        del frontend.peer.jobs["abc"]
    else:
        frontend.peer.notify(wire.RunEnding())
    text, last = bytes_of(iter([Attached(job.job, 0), *stream]))
    assert len(text) == 20 << 20
    assert isinstance(last, Ended)
    assert last.job.outcome == Outcome(Kind.EXITED, exit_code=7)


# ── how many ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_quotas(tmp_path: Path, ca: Pair) -> None:
    with running(tmp_path, ca, streams_per_user=2, streams=3) as frontend:
        frontend.peer.add(PeerJob("abc"))
        alice, bob = frontend.client("alice"), frontend.client("bob")
        streams = [alice.attach("abc"), alice.attach("abc"), bob.attach("abc")]
        for stream in streams:
            next(stream)
        with pytest.raises(TaskerError, match="alice has 2 of them") as caught:
            next(alice.attach("abc"))
        assert caught.value.reason is Reason.EXHAUSTED
        with pytest.raises(TaskerError, match="there are 3 of them"):
            next(bob.attach("abc"))
        assert alice.get("abc").id == "abc"  # there is room for everything else
        assert alice.detach("abc") == 2
        assert [len(list(stream)) for stream in streams[:2]] == [1, 1]
        next(bob.attach("abc"))


def descriptors(frontend: Frontend) -> int:
    return len(os.listdir(f"/proc/{frontend.process.pid}/fd"))


def test_nothing_is_left_of_a_stream(frontend: Frontend, job: PeerJob) -> None:
    """However it ends: of the client's will, by DetachJob, or refused."""
    client = frontend.client()
    client.get("abc")
    before = descriptors(frontend)
    for _ in range(20):
        left, ended = client.attach("abc"), client.attach("abc")
        next(left), next(ended)
        left.cancel()
        assert list(left) == []
        wait_until_unread(job.wakes[-2], job.wakes[-1])
        client.detach("abc")
        assert len(list(ended)) == 1
        with pytest.raises(TaskerError):
            next(client.attach("abc", offset=1))
    for pipe in job.wakes:
        wait_until_unread(pipe)
    until_equal(lambda: descriptors(frontend), before)  # the ring is closed after the pipe
    assert frontend.peer.unanswered() == 0


def wait_until_unread(*pipes: int) -> None:
    """Until the frontend has closed its end of one of them."""
    poll = select.poll()
    for pipe in pipes:
        poll.register(pipe, 0)
    assert poll.poll(DEADLINE * 1000)
