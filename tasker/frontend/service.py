"""The API's methods: a request read, the engine asked, its answer said in protobuf. Each runs behind the guard.

Who may do what is not decided here: every request goes to the engine with its caller.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import grpc.aio

from tasker import wire
from tasker.api import convert
from tasker.api.v1 import tasker_pb2 as pb
from tasker.api.v1.tasker_pb2_grpc import TaskerServicer
from tasker.errors import invalid
from tasker.frontend.attach import attach
from tasker.frontend.engine import Engine
from tasker.frontend.guard import CALLER
from tasker.frontend.streams import Streams
from tasker.identity import Identity

LONGEST_ID = 64
LONGEST_OWNER = 64
LONGEST_TOKEN = 256

_Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"  # generic only for a type checker


class Service(TaskerServicer):
    """proto/tasker/api/v1/tasker.proto says what each does."""

    def __init__(self, engine: Engine, streams: Streams) -> None:
        self._engine = engine
        self._streams = streams

    async def StartJob(self, request: pb.StartJobRequest, context: _Context) -> pb.StartJobResponse:
        asked = wire.StartJob(_caller(), convert.spec_from(request.spec))
        reply = await self._engine.request(asked, wire.JobReply)
        return pb.StartJobResponse(job=convert.job_to(reply.job))

    async def StopJob(self, request: pb.StopJobRequest, context: _Context) -> pb.StopJobResponse:
        asked = wire.StopJob(_caller(), _id(request.job), convert.grace_from(request))
        reply = await self._engine.request(asked, wire.JobReply)
        return pb.StopJobResponse(job=convert.job_to(reply.job))

    async def GetJob(self, request: pb.GetJobRequest, context: _Context) -> pb.GetJobResponse:
        reply = await self._engine.request(wire.GetJob(_caller(), _id(request.job)), wire.JobReply)
        return pb.GetJobResponse(job=convert.job_to(reply.job))

    async def ListJobs(self, request: pb.ListJobsRequest, context: _Context) -> pb.ListJobsResponse:
        owner = convert.bounded("the owner", request.owner, LONGEST_OWNER)
        page = convert.bounded("the page token", request.page_token, LONGEST_TOKEN)
        reply = await self._engine.request(wire.ListJobs(_caller(), owner, request.running, page), wire.JobsReply)
        return pb.ListJobsResponse(jobs=[convert.job_to(job) for job in reply.jobs], next_page_token=reply.next)

    async def AttachJob(self, request: pb.AttachJobRequest, context: _Context) -> None:
        _id(request.job)
        async with self._streams.opened(CALLER.get()) as stream:
            await attach(request, stream, self._engine, context.write)

    async def DetachJob(self, request: pb.DetachJobRequest, context: _Context) -> pb.DetachJobResponse:
        reply = await self._engine.request(wire.DetachJob(_caller(), _id(request.job)), wire.Streams)
        return pb.DetachJobResponse(streams=reply.count)


def _caller() -> Identity:
    return CALLER.get().identity


def _id(text: str) -> str:
    if not text:
        raise invalid("cannot tell which job is meant; give its id, or the beginning of it")
    return convert.bounded("the job's id", text, LONGEST_ID)
