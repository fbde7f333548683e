"""What comes out of a call: the reason of every refusal, and of a defect nothing but a number."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import signal
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration

from tasker import issuing, wire
from tasker.api.transport import LARGEST_REQUEST
from tasker.api.v1 import tasker_pb2 as pb
from tasker.errors import Reason, TaskerError
from tasker.frontend.guard import CALLS_PER_USER, STATUS
from tasker.identity import Role
from tasker.job import JobSpec
from tasker.lifecycle import State
from tests.frontend.peer import PeerJob
from tests.frontend.running import Frontend
from tests.support.waiting import DEADLINE

PROTO = Path(__file__).parents[2] / "proto" / "tasker" / "api" / "v1" / "tasker.proto"


def raw(frontend: Frontend, method: str, request: bytes) -> Any:
    """The error that a call with these bytes gets."""
    pair = issuing.make_client(frontend.ca, "alice", Role.USER)
    credentials = grpc.ssl_channel_credentials(frontend.ca.certificate, pair.key, pair.certificate)
    options = [("grpc.max_send_message_length", -1)]
    with grpc.secure_channel(frontend.address, credentials, options) as channel:
        call: Any = channel.unary_unary(f"/tasker.api.v1.Tasker/{method}")
        try:
            return call(request, timeout=DEADLINE)
        except grpc.RpcError as error:
            return error


def test_the_table_of_the_api_is_the_guards() -> None:
    rows = re.findall(r"^//   ([a-z-]+) +([A-Z_]+) ", PROTO.read_text(), re.MULTILINE)
    assert {Reason(reason): status for reason, status in rows} == {
        reason: status.name for reason, status in STATUS.items()
    }


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_reaches_the_client(shared: Frontend, reason: Reason) -> None:
    def refuse(_: object) -> wire.Message:
        raise TaskerError(reason, "cannot: b\u00e4d \udcff\nnews")

    shared.peer.answers[wire.GetJob] = refuse
    try:
        with pytest.raises(TaskerError) as caught:
            shared.client().get("abc")
        error = raw(shared, "GetJob", pb.GetJobRequest(job="abc").SerializeToString())
    finally:
        del shared.peer.answers[wire.GetJob]
    assert (caught.value.reason, caught.value.message) == (reason, "cannot: b\u00e4d \\udcff\nnews")
    assert error.code() is STATUS[reason]


def test_a_long_refusal_keeps_its_reason_its_beginning_and_its_end(shared: Frontend) -> None:
    """It travels in a header, of which grpc takes 8 KiB: past that the client would see neither words nor reason."""

    def refuse(_: object) -> wire.Message:
        raise TaskerError(Reason.REFUSED, f"cannot execute {'ü' * 40_000}: there is no such file")

    shared.peer.answers[wire.GetJob] = refuse
    try:
        with pytest.raises(TaskerError) as caught:
            shared.client().get("abc")
    finally:
        del shared.peer.answers[wire.GetJob]
    assert caught.value.reason is Reason.REFUSED
    assert re.fullmatch(r"cannot execute ü+…ü+: there is no such file", caught.value.message)


def test_a_defect_is_a_number_and_no_text(shared: Frontend) -> None:
    job = dataclasses.replace(PeerJob("abc").job, state=State.GONE, owner="secret")  # a state that is never shown
    shared.peer.answers[wire.GetJob] = lambda _: wire.JobReply(job)
    try:
        with pytest.raises(TaskerError) as caught:
            shared.client().get("abc")
    finally:
        del shared.peer.answers[wire.GetJob]
    assert caught.value.reason is Reason.INTERNAL
    match = re.fullmatch(
        r"cannot serve the request: a defect of Tasker; see the journal for incident ([0-9a-f]{8})",
        caught.value.message,
    )
    assert match is not None
    log = shared.log.read_text()
    assert f"<3>incident {match[1]} in /tasker.api.v1.Tasker/GetJob" in log
    assert "\n<3>KeyError" in log
    assert all(re.match("<[3-7]>", line) for line in log.splitlines())


@pytest.mark.parametrize(
    ("method", "request_"),
    [
        ("GetJob", b"\xff\xff"),
        ("GetJob", b"\x0a\x01\xff"),  # a text that is no UTF-8
        ("GetJob", b""),
        ("GetJob", pb.GetJobRequest(job="x" * 65).SerializeToString()),
        ("ListJobs", pb.ListJobsRequest(page_token="x" * 257).SerializeToString()),
        ("ListJobs", pb.ListJobsRequest(owner="x" * 65).SerializeToString()),
        ("StopJob", pb.StopJobRequest(job="x", grace=Duration(seconds=4000)).SerializeToString()),
        ("StartJob", pb.StartJobRequest(spec=pb.JobSpec(argv=[b"x" * (200 << 10)])).SerializeToString()),
    ],
)
def test_requests_that_are_none(shared: Frontend, method: str, request_: bytes) -> None:
    error = raw(shared, method, request_)
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert error.details().startswith("cannot ")
    assert "Error parsing" not in error.details()


def test_a_request_that_is_too_long_is_not_even_read(shared: Frontend) -> None:
    assert raw(shared, "StartJob", bytes(LARGEST_REQUEST + 1)).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    with pytest.raises(TaskerError, match="cannot send such a large request") as caught:
        shared.client().start(JobSpec(("x" * LARGEST_REQUEST,)))
    assert caught.value.reason is Reason.INVALID


def test_a_method_that_is_not_there(shared: Frontend) -> None:
    assert raw(shared, "Nothing", b"").code() is grpc.StatusCode.UNIMPLEMENTED


def test_one_user_fills_no_more_than_his_places_and_can_still_stop(frontend: Frontend) -> None:
    frontend.peer.add(PeerJob("abc"))
    frontend.peer.held[wire.GetJob] = frontend.peer.call(asyncio.Event)
    frontend.peer.answers[wire.StopJob] = lambda _: wire.JobReply(PeerJob("abc").job)
    client = frontend.client()
    with futures.ThreadPoolExecutor(CALLS_PER_USER) as pool:
        waiting = [pool.submit(client.get, "abc") for _ in range(CALLS_PER_USER)]
        for _ in range(CALLS_PER_USER):
            frontend.peer.next_asked(wire.GetJob)
        with pytest.raises(TaskerError, match=f"alice has {CALLS_PER_USER} of them") as caught:
            client.get("abc")
        assert caught.value.reason is Reason.EXHAUSTED
        assert client.stop("abc").id == "abc"
        assert len(list(frontend.client("bob").list())) == 1
        frontend.peer.call(frontend.peer.held[wire.GetJob].set)
        assert {answer.result(DEADLINE).id for answer in waiting} == {"abc"}
    assert client.get("abc").id == "abc"


def test_streams_that_are_broken_off_fill_no_journal(frontend: Frontend) -> None:
    """journald drops what comes past its ration of this service, and login failures are among that."""
    job = frontend.peer.add(PeerJob("abc", capacity=8 << 20))
    job.print(bytes(8 << 20))
    pair = issuing.make_client(frontend.ca, "alice", Role.USER)
    credentials = grpc.ssl_channel_credentials(frontend.ca.certificate, pair.key, pair.certificate)
    with grpc.secure_channel(frontend.address, credentials) as channel:
        attach: Any = channel.unary_stream("/tasker.api.v1.Tasker/AttachJob")
        calls = [attach(pb.AttachJobRequest(job="abc").SerializeToString(), timeout=DEADLINE) for _ in range(8)]
        for call in calls:
            next(call)
        for call in calls:
            call.cancel()
    frontend.process.send_signal(signal.SIGTERM)
    frontend.process.wait(DEADLINE)
    assert "Traceback" not in frontend.log.read_text()
