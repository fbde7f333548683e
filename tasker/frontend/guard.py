"""Wraps every handler of the server: authenticate the caller ▶ call the handler ▶ translate errors.

A gRPC interceptor cannot see the certificate, but it can replace each handler. So every handler is wrapped, including
health checking and reflection, and a request is parsed only after the caller is authenticated. The texts of exceptions
other than TaskerError never reach a client.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from typing import Any, TypeAlias

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from tasker.api.transport import REASON, RETRY_AFTER, TAKEN
from tasker.errors import Reason, TaskerError, invalid
from tasker.frontend.callers import Callers
from tasker.frontend.logins import Logins
from tasker.frontend.slots import Slots
from tasker.frontend.sockets import peer_of
from tasker.frontend.tls import Caller, Material

log = logging.getLogger(__name__)

CALLER: ContextVar[Caller] = ContextVar("caller")
"""The authenticated caller of the current handler. Set by the guard only."""

STATUS = {
    Reason.INVALID: grpc.StatusCode.INVALID_ARGUMENT,
    Reason.NOT_FOUND: grpc.StatusCode.NOT_FOUND,
    Reason.AMBIGUOUS: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.DENIED: grpc.StatusCode.PERMISSION_DENIED,
    Reason.EXHAUSTED: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Reason.COMMAND_NOT_FOUND: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.NOT_EXECUTABLE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.REFUSED: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.UNAVAILABLE: grpc.StatusCode.UNAVAILABLE,
    Reason.INTERNAL: grpc.StatusCode.INTERNAL,
}

CALLS, CALLS_PER_USER = 1024, 64
"""Concurrent calls. Attach streams are counted by `streams`. Stops and waits have separate slots, so they never take
those of other calls."""
LONGEST_REFUSAL = 600
"""Characters. The message is sent in a header, where a character takes up to 12 bytes; grpc clients accept 8 KiB."""
_API = "/tasker.api.v1.Tasker/"
ATTACH, STOP = f"{_API}AttachJob", f"{_API}StopJob"
WAITS = (f"{_API}WaitJob", f"{_API}WatchJobs")

_Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"  # generic only for a type checker
_Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"


class Guard(grpc.aio.ServerInterceptor):
    """The server's only interceptor."""

    def __init__(self, material: Material, logins: Logins, callers: Callers) -> None:
        self._material = material
        self._logins = logins
        self._callers = callers
        self._calls = Slots("calls", total=CALLS, per_user=CALLS_PER_USER)
        self._stops = Slots("calls", total=CALLS, per_user=CALLS_PER_USER)
        self._waits = Slots("waits and watches", total=CALLS, per_user=CALLS_PER_USER)
        self._limits: set[asyncio.Timeout] = set()
        self._closed = False
        self._idle = asyncio.Event()
        self._idle.set()

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[_Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> _Handler | None:
        handler = await continuation(handler_call_details)
        return None if handler is None else self._around(handler, handler_call_details.method)

    def close(self) -> None:
        """Refuses every new call, with UNAVAILABLE."""
        self._closed = True

    async def idle(self) -> None:
        """Waits until no call is open."""
        await self._idle.wait()

    def cut(self) -> None:
        """Ends every call that is still open, with UNAVAILABLE."""
        for limit in self._limits:
            limit.reschedule(asyncio.get_running_loop().time())

    def _around(self, handler: _Handler, method: str) -> _Handler:
        async def guarded(request: Any, context: _Context) -> Any:
            try:
                caller = self._identify(context)
                CALLER.set(caller)
                calling = self._callers.calling(peer_of(context.peer()), caller.pem)
                with calling, self._slot(method, caller.identity.name):
                    async with self._limited():
                        return await _call(handler, request, context)
            except TaskerError as error:
                await refuse(context, error)
            except (asyncio.CancelledError, grpc.aio.AbortError):
                raise  # the client has disconnected, or the handler has set a status
            except grpc.aio.InternalError:  # the client has disconnected, too; grpc would log a long traceback
                raise asyncio.CancelledError from None
            except Exception:
                await refuse(context, _incident(method))

        return _in_place_of(handler, guarded)

    def _identify(self, context: _Context) -> Caller:
        facts = context.auth_context()
        try:
            return self._material.identify(facts, time.time())
        except TaskerError as error:
            self._logins.refused(error, facts, context.peer())
            self._callers.refused(peer_of(context.peer()))
            raise

    def _slot(self, method: str, user: str) -> contextlib.AbstractContextManager[None]:
        if self._closed:
            raise _restarting()
        if method == ATTACH:
            return contextlib.nullcontext()
        slots = self._stops if method == STOP else self._waits if method in WAITS else self._calls
        return slots.taken(user)

    @contextlib.asynccontextmanager
    async def _limited(self) -> AsyncIterator[None]:
        """Runs the block without a time limit, until `cut`."""
        limit = asyncio.timeout(None)
        self._limits.add(limit)
        self._idle.clear()
        try:
            async with limit:
                yield
        except TimeoutError:
            if limit.expired():
                raise _restarting() from None
            raise
        finally:
            self._limits.discard(limit)
            if not self._limits:
                self._idle.set()


async def refuse(context: _Context, error: TaskerError) -> None:
    """Ends the call with the status of `error` and the trailing metadata that the proto describes."""
    text = error.message.encode("utf-8", "backslashreplace").decode()  # it may contain a command's bytes
    if len(text) > LONGEST_REFUSAL:
        half = LONGEST_REFUSAL // 2
        text = f"{text[:half]}…{text[-half:]}"
    trailers = [(REASON, error.reason.value)]
    if error.retry_after is not None:
        trailers.append((RETRY_AFTER, f"{error.retry_after:.3f}"))
    await context.abort(STATUS[error.reason], text, tuple(trailers))


async def _call(handler: _Handler, request: Any, context: _Context) -> Any:
    """Runs the wrapped handler with the parsed request."""
    behave: Any = handler.unary_unary or handler.unary_stream or handler.stream_unary or handler.stream_stream
    read: Any = handler.request_deserializer
    if handler.response_streaming:
        await context.send_initial_metadata((TAKEN,))
    answer = behave(_read_all(read, request) if handler.request_streaming else _read(read, request), context)
    if not inspect.isasyncgen(answer):
        return await answer
    async with contextlib.aclosing(answer):
        async for message in answer:
            await context.write(message)
    return None


def _read(read: Callable[[bytes], Any], request: bytes) -> Any:
    try:
        return read(request)
    except DecodeError:
        raise invalid("cannot read the request; it does not match proto/tasker/api/v1/tasker.proto") from None


async def _read_all(read: Callable[[bytes], Any], requests: AsyncIterator[bytes]) -> AsyncIterator[Any]:
    async for request in requests:
        yield _read(read, request)


def _in_place_of(handler: _Handler, behave: Callable[[Any, _Context], Awaitable[Any]]) -> _Handler:
    """Returns a handler of the same kind (unary or stream) that receives its requests as bytes."""
    make: Any = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[handler.request_streaming, handler.response_streaming]
    made: _Handler = make(behave, None, handler.response_serializer)
    return made


def _incident(method: str) -> TaskerError:
    number = secrets.token_hex(4)
    log.exception("incident %s in %s", number, method)
    return TaskerError(
        Reason.INTERNAL, f"cannot serve the request: a defect of Tasker; see the journal for incident {number}"
    )


def _restarting() -> TaskerError:
    return TaskerError(
        Reason.UNAVAILABLE, "cannot answer: this server is restarting; check with `tasker list`, then try again"
    )
