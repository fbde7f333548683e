"""The methods of the API: each converts a request, sends it to the engine, and converts the reply to protobuf.

The guard authenticates the caller before a method runs. The engine authorizes the caller, whose identity is sent with
every request.
"""

from __future__ import annotations

import dataclasses
from typing import Any, TypeAlias

import grpc.aio

from tasker import wire
from tasker.api import infos, jobs, specs, values
from tasker.api.v1 import tasker_pb2 as pb
from tasker.api.v1.tasker_pb2_grpc import TaskerServicer
from tasker.errors import invalid
from tasker.frontend.attach import attach
from tasker.frontend.engine import Engine
from tasker.frontend.guard import CALLER
from tasker.frontend.streams import Streams
from tasker.frontend.watch import Watches, watch
from tasker.identity import Identity

LONGEST_ID = 64
LONGEST_OWNER = 64
LONGEST_TOKEN = 256
LONGEST_LIMIT = 32
MOST_LIFTED = 16

_Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"  # generic only for a type checker


class Servicer(TaskerServicer):
    """See proto/tasker/api/v1/tasker.proto for each method."""

    def __init__(self, engine: Engine, streams: Streams, watches: Watches) -> None:
        self._engine = engine
        self._streams = streams
        self._watches = watches

    async def StartJob(self, request: pb.StartJobRequest, context: _Context) -> pb.StartJobResponse:
        return pb.StartJobResponse(job=await self._job(wire.StartJob(_caller(), specs.spec_from(request.spec))))

    async def StopJob(self, request: pb.StopJobRequest, context: _Context) -> pb.StopJobResponse:
        asked = wire.StopJob(_caller(), _id(request.job), specs.grace_from(request))
        return pb.StopJobResponse(job=await self._job(asked))

    async def GetJob(self, request: pb.GetJobRequest, context: _Context) -> pb.GetJobResponse:
        return pb.GetJobResponse(job=await self._job(wire.GetJob(_caller(), _id(request.job))))

    async def ListJobs(self, request: pb.ListJobsRequest, context: _Context) -> pb.ListJobsResponse:
        owner = values.bounded("the owner", request.owner, LONGEST_OWNER)
        page = values.bounded("the page token", request.page_token, LONGEST_TOKEN)
        asked = wire.ListJobs(_caller(), owner, request.running, request.archived, page)
        reply = await self._engine.request(asked, wire.JobsReply)
        return pb.ListJobsResponse(jobs=[jobs.job_to(job) for job in reply.jobs], next_page_token=reply.next)

    async def AttachJob(self, request: pb.AttachJobRequest, context: _Context) -> None:
        _id(request.job)
        async with self._streams.opened(CALLER.get()) as stream:
            await attach(request, stream, self._engine, context.write)

    async def DetachJob(self, request: pb.DetachJobRequest, context: _Context) -> pb.DetachJobResponse:
        reply = await self._engine.request(wire.DetachJob(_caller(), _id(request.job)), wire.StreamCount)
        return pb.DetachJobResponse(streams=reply.count)

    async def WaitJob(self, request: pb.WaitJobRequest, context: _Context) -> pb.WaitJobResponse:
        return pb.WaitJobResponse(job=await self._job(wire.WaitJob(_caller(), _id(request.job), False)))

    async def LimitJob(self, request: pb.LimitJobRequest, context: _Context) -> pb.LimitJobResponse:
        if len(request.lift) > MOST_LIFTED:
            raise invalid(f"cannot lift {len(request.lift)} limits; there are fewer")
        lift = tuple(values.bounded("the limit", name, LONGEST_LIMIT) for name in request.lift)
        asked = wire.LimitJob(_caller(), _id(request.job), specs.limits_from(request.limits), lift)
        return pb.LimitJobResponse(job=await self._job(asked))

    async def SignalJob(self, request: pb.SignalJobRequest, context: _Context) -> pb.SignalJobResponse:
        return pb.SignalJobResponse(job=await self._job(wire.SignalJob(_caller(), _id(request.job), request.signal)))

    async def PauseJob(self, request: pb.PauseJobRequest, context: _Context) -> pb.PauseJobResponse:
        return pb.PauseJobResponse(job=await self._job(wire.PauseJob(_caller(), _id(request.job))))

    async def ResumeJob(self, request: pb.ResumeJobRequest, context: _Context) -> pb.ResumeJobResponse:
        return pb.ResumeJobResponse(job=await self._job(wire.ResumeJob(_caller(), _id(request.job))))

    async def ArchiveJob(self, request: pb.ArchiveJobRequest, context: _Context) -> pb.ArchiveJobResponse:
        return pb.ArchiveJobResponse(job=await self._job(wire.ArchiveJob(_caller(), _id(request.job))))

    async def WatchJobs(self, request: pb.WatchJobsRequest, context: _Context) -> None:
        values.bounded("the job's id", request.job, LONGEST_ID)
        values.bounded("the owner", request.owner, LONGEST_OWNER)
        async with self._streams.watching(CALLER.get()) as stream:
            await watch(request, stream, self._watches, self._engine, context.write)

    async def GetInfo(self, request: pb.GetInfoRequest, context: _Context) -> pb.GetInfoResponse:
        caller = CALLER.get()
        reply = await self._engine.request(wire.GetInfo(caller.identity), wire.InfoReply)
        return infos.info_to(dataclasses.replace(reply.info, not_after=caller.not_after))

    async def _job(self, message: wire.Message) -> pb.Job:
        """Sends a request and returns the job in the reply."""
        return jobs.job_to((await self._engine.request(message, wire.JobReply)).job)


def _caller() -> Identity:
    return CALLER.get().identity


def _id(text: str) -> str:
    if not text:
        raise invalid("cannot find a job without an id; give its id, or the beginning of it")
    return values.bounded("the job's id", text, LONGEST_ID)
