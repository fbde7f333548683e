"""The position in the ring at which an attach stream begins, from its request."""

from __future__ import annotations

import asyncio
import time

from tasker.api import values
from tasker.api.transport import LARGEST_CHUNK
from tasker.api.v1 import tasker_pb2 as pb
from tasker.errors import invalid
from tasker.ring import RingReader


async def first_position(request: pb.AttachJobRequest, ring: RingReader) -> int:
    """The position at which the stream begins. Raises TaskerError(INVALID) if it is beyond the output so far."""
    written = ring.written
    match request.WhichOneof("position"):
        case "offset":
            if request.offset > written:
                raise invalid(
                    f"cannot attach at byte {request.offset}: the job has printed {written} so far; omit the offset"
                )
            return request.offset
        case "last_bytes":
            return max(0, written - request.last_bytes)
        case "last_time":
            return ring.since(time.monotonic() - values.seconds(request.last_time, "the time to look back"))
        case "last_lines":
            return await _lines_back(ring, written, request.last_lines)
    return 0


async def _lines_back(ring: RingReader, end: int, lines: int) -> int:
    """Where the last `lines` lines before `end` begin; 0 if the ring holds fewer: the missing part is reported as
    lost."""
    if lines == 0:
        return end
    missing = lines + 1  # the newline before the first line counts, the one at the very end does not
    high = end
    while high > 0:
        low = max(0, high - LARGEST_CHUNK)
        offset, chunk = ring.read(low, high - low)
        chunk = chunk[: max(0, high - offset)]
        if high == end and not chunk.endswith(b"\n"):
            missing -= 1
        count = chunk.count(b"\n")
        if count >= missing:
            return offset + _nth_newline(chunk, count - missing) + 1
        if offset > low:
            return 0
        missing -= count
        high = low
        await asyncio.sleep(0)  # a large ring takes long; lets other streams run
    return 0


def _nth_newline(chunk: bytes, nth: int) -> int:
    at = -1
    for _ in range(nth + 1):
        at = chunk.index(b"\n", at + 1)
    return at
