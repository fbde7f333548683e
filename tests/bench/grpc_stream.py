"""A grpcio server that streams zeros from memory over the same TLS, in the same chunks: what an attach could reach."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

from tasker.api.transport import LARGEST_CHUNK, settle_environment
from tests.support.stack import Stack

settle_environment()
METHOD = "/bench/Stream"


@contextlib.contextmanager
def server(tasker: Stack, size: int) -> Iterator[Callable[[], None]]:
    """A call that receives `size` bytes from a server in a process of its own."""
    import grpc

    command = [sys.executable, "-m", "tests.bench.grpc_stream", str(tasker.directory), str(size)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        certificate, key = (file.read_bytes() for file in tasker.certificate("bench"))
        ca = (tasker.directory / "ca.crt").read_bytes()
        credentials = grpc.ssl_channel_credentials(ca, key, certificate)

        def receive() -> None:
            with grpc.secure_channel(f"localhost:{port}", credentials) as channel:
                call: Any = channel.unary_stream(METHOD)
                chunks = call(b"")
                assert sum(len(chunk) for chunk in chunks) == size

        try:
            yield receive
        finally:
            process.terminate()


async def serve(directory: Path, size: int) -> None:
    import grpc.aio

    chunk = bytes(LARGEST_CHUNK)

    async def stream(_request: bytes, _context: object) -> AsyncIterator[bytes]:
        for _ in range(size // LARGEST_CHUNK):
            yield chunk

    pems = [(directory / name).read_bytes() for name in ("server.key", "server.crt", "ca.crt")]
    credentials = grpc.ssl_server_credentials([(pems[0], pems[1])], pems[2], require_client_auth=True)
    server = grpc.aio.server()
    handlers: dict[str, Any] = {"Stream": grpc.unary_stream_rpc_method_handler(stream)}
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("bench", handlers)])
    port = server.add_secure_port("localhost:0", credentials)
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]), int(sys.argv[2])))
