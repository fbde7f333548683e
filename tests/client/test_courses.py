"""When to ask again, for what, and when to give up: without a connection, on a clock that the test sets."""

from __future__ import annotations

import math

import pytest

from tasker.api.jobs import job_to
from tasker.api.v1 import tasker_pb2 as pb
from tasker.client.attachment import AttachCourse
from tasker.client.events import Attached, Chunk, Detached, DetachReason, Interrupted, Resumed
from tasker.client.resuming import FIRST_PAUSE, LONGEST_PAUSE, RECONNECT_TIMEOUT, Outage, OutOfTime, Stop, Wait
from tasker.client.watching import Away, Snapshot, WatchCourse
from tasker.errors import Reason, TaskerError
from tasker.job import Kind, Outcome
from tests.cli.jobs import RUNNING, ended

AWAY = TaskerError(Reason.UNAVAILABLE, "cannot reach it")
DENIED = TaskerError(Reason.DENIED, "cannot do that")


# ── an outage ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_pauses_grow_to_a_bound() -> None:
    outage = Outage(math.inf)
    most = FIRST_PAUSE
    for _ in range(20):
        assert most / 2 <= outage.broke(AWAY, 0.0) <= most
        most = min(2 * most, LONGEST_PAUSE)
    assert most == LONGEST_PAUSE


def test_no_pause_goes_past_the_end_of_timeout() -> None:
    outage = Outage(10.0)
    outage.broke(AWAY, 100.0)
    assert outage.left(109.99) == pytest.approx(0.01)
    assert outage.broke(AWAY, 109.99) <= 0.011
    with pytest.raises(TaskerError) as caught:
        outage.broke(AWAY, 110.0)
    assert caught.value is AWAY


def test_each_outage_has_all_the_timeout() -> None:
    outage = Outage(10.0)
    outage.broke(AWAY, 0.0)
    assert outage.lasts
    assert outage.mended(9.0) == 9.0
    assert not outage.lasts
    assert outage.left(9.0) is None
    assert outage.broke(AWAY, 15.0) <= FIRST_PAUSE
    assert outage.left(20.0) == 5.0


def test_another_error_ends_it_at_once() -> None:
    outage = Outage(math.inf)
    outage.broke(AWAY, 0.0)
    with pytest.raises(TaskerError) as caught:
        outage.broke(DENIED, 0.1)
    assert caught.value is DENIED


def test_what_this_side_gave_up_is_not_told_as_the_cause() -> None:
    """But what the server said, the last that it did; where it said nothing, that."""
    silence = OutOfTime(Reason.UNAVAILABLE, "no answer")
    for errors, why in (([AWAY, silence], AWAY), ([silence, AWAY, silence], AWAY), ([silence, silence], silence)):
        outage = Outage(10.0)
        for error in errors:
            outage.broke(error, 0.0)
        with pytest.raises(TaskerError) as caught:
            outage.broke(silence, 10.0)
        assert caught.value is why


def test_patience_with_a_first_try_counts_from_when_it_was_asked() -> None:
    outage = Outage(10.0)
    outage.asked(0.0)
    outage.broke(AWAY, 9.0)
    assert outage.left(9.0) == 1.0
    with pytest.raises(TaskerError):
        outage.broke(AWAY, 10.0)
    assert outage.mended(10.0) == 10.0
    outage.broke(AWAY, 20.0)
    assert outage.left(20.0) == 10.0


# ── attach ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def message(**fields: object) -> pb.AttachJobResponse:
    return pb.AttachJobResponse(**fields)  # type: ignore[arg-type]


def at(offset: int) -> pb.AttachJobResponse:
    return message(attached=pb.Attached(job=job_to(RUNNING), offset=offset))


def chunk(offset: int, data: bytes) -> pb.AttachJobResponse:
    return message(chunk=pb.Chunk(offset=offset, data=data))


def course(reconnect_timeout: float = RECONNECT_TIMEOUT) -> AttachCourse:
    return AttachCourse(pb.AttachJobRequest(job="k3", last_lines=3, follow=True, timestamps=True), reconnect_timeout)


@pytest.mark.parametrize(
    "lie",
    [
        chunk(9, b"again"),
        chunk(11, b"not all"),
        message(lost=pb.Lost(begin=9, end=20)),
        message(lost=pb.Lost(begin=10, end=4)),
        message(ended=pb.Ended(job=job_to(ended()), offset=12)),
    ],
)
def test_a_server_cannot_leave_out_or_repeat_a_byte(lie: pb.AttachJobResponse) -> None:
    one = course()
    one.received(at(7), 0.0)
    one.received(chunk(7, b"abc"), 0.0)
    with pytest.raises(TaskerError, match="cannot continue at byte 10") as caught:
        one.received(lie, 0.0)
    with pytest.raises(TaskerError) as last:
        one.broke(caught.value, 0.0, heard=True)
    assert last.value.reason is Reason.INTERNAL


def test_an_attach_is_asked_for_again_from_the_byte_after_the_last() -> None:
    attach = course()
    assert attach.request().last_lines == 3
    assert isinstance(attach.received(at(7), 0.0), Attached)
    assert attach.received(chunk(7, b"abc"), 0.0) == Chunk(7, b"abc")
    assert attach.left(0.0) is None
    assert attach.broke(AWAY, 1.0, heard=True) == Interrupted(10, AWAY)
    assert attach.broke(AWAY, 2.0, heard=True) is None  # told once
    assert attach.request() == pb.AttachJobRequest(job=RUNNING.id, offset=10, follow=True, timestamps=True)
    resumed = attach.received(at(10), 4.0)
    assert isinstance(resumed, Resumed)
    assert (resumed.job.id, resumed.offset, resumed.after) == (RUNNING.id, 10, 3.0)
    lost = message(lost=pb.Lost(begin=10, end=90))
    attach.received(lost, 5.0)
    attach.broke(AWAY, 6.0, heard=True)
    assert attach.request().offset == 90


def test_a_server_that_goes_on_elsewhere_is_not_believed() -> None:
    attach = course()
    attach.received(at(7), 0.0)
    attach.broke(AWAY, 1.0, heard=True)
    with pytest.raises(TaskerError, match="cannot continue at byte 7: the server continues at 8") as caught:
        attach.received(at(8), 2.0)
    with pytest.raises(TaskerError):
        attach.broke(caught.value, 2.0, heard=True)


def test_the_leave_of_a_server_is_a_break_where_there_is_timeout() -> None:
    leave = message(detached=pb.Detached(reason=pb.Detached.REASON_UNAVAILABLE, offset=7))
    attach = course()
    attach.received(at(7), 0.0)
    with pytest.raises(TaskerError) as caught:
        attach.received(leave, 1.0)
    assert isinstance(attach.broke(caught.value, 1.0, heard=True), Interrupted)
    assert not attach.over
    impatient = course(reconnect_timeout=0)
    impatient.received(at(7), 0.0)
    assert impatient.received(leave, 1.0) == Detached(DetachReason.UNAVAILABLE, 7)
    assert impatient.over


def test_a_stream_that_ends_without_a_last_word_has_broken() -> None:
    attach = course()
    attach.received(at(0), 0.0)
    with pytest.raises(TaskerError) as caught:
        attach.closed()
    assert isinstance(attach.broke(caught.value, 1.0, heard=True), Interrupted)


# ── watch and wait ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_watch_asks_the_same_again() -> None:
    request = pb.WatchJobsRequest(owner="alice", usage=True)
    watch = WatchCourse(request, RECONNECT_TIMEOUT)
    with pytest.raises(TaskerError):
        watch.broke(AWAY, 0.0, heard=False)  # it was never heard
    snapshot = pb.WatchJobsResponse(snapshot=pb.Snapshot(first=True))
    assert watch.received(snapshot, 0.0) == Snapshot((), first=True, last=False)
    assert watch.broke(AWAY, 1.0, heard=True) == Away(AWAY)
    assert watch.broke(AWAY, 2.0, heard=True) is None
    assert watch.request() == request
    watch.received(snapshot, 3.0)
    assert watch.left(3.0) is None
    watch.closed()
    assert watch.over


def test_a_wait_asks_whether_there_is_anybody_before_it_waits_again() -> None:
    wait = Wait("k3", 10.0)
    with pytest.raises(TaskerError):
        wait.broke(AWAY, 0.0, heard=False)  # it was never heard
    assert wait.call(0.0).method == "GetJob"
    assert not wait.answered(RUNNING, 0.0)
    call = wait.call(0.0)
    assert (call.method, call.request.job, call.seconds) == ("WaitJob", RUNNING.id, None)
    assert wait.broke(AWAY, 1000.0, heard=True) <= FIRST_PAUSE
    again = wait.call(1002.0)
    assert (again.method, again.seconds) == ("GetJob", 8.0)
    assert not wait.answered(RUNNING, 1003.0)
    assert wait.answered(ended(Outcome(Kind.EXITED, exit_code=0)), 1004.0)


def test_a_stop_is_asked_for_again_once_there_is_somebody() -> None:
    stop = Stop(RUNNING.id, 5.0, 10.0)
    with pytest.raises(TaskerError):
        stop.broke(AWAY, 0.0, heard=False)
    stop = Stop(RUNNING.id, 5.0, 10.0)
    assert stop.call(0.0).method == "StopJob"
    assert stop.broke(AWAY, 1000.0, heard=True) <= FIRST_PAUSE
    assert (stop.call(1002.0).method, stop.call(1002.0).seconds) == ("GetJob", 8.0)
    assert not stop.answered(RUNNING, 1003.0)
    assert stop.call(1003.0).request.grace.seconds == 5
    assert stop.answered(ended(), 1004.0)


def test_a_break_before_the_first_message_asks_the_same_again() -> None:
    attach = course()
    asked = pb.AttachJobRequest.FromString(attach.request().SerializeToString())
    assert attach.broke(AWAY, 1.0, heard=True) == Interrupted(None, AWAY)
    assert attach.request() == asked
    assert isinstance(attach.received(at(7), 2.0), Attached)
    assert attach.left(3.0) is None
