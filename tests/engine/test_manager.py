"""A systemd that leaves the bus: what is asked of it waits for a while, and then fails as every refusal does."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasker.engine import manager
from tasker.engine.bus import Bus
from tasker.engine.systemd import Systemd
from tasker.errors import Reason, TaskerError
from tests.stub.control import StubSystemd, stub_systemd

UNIT = "tasker-k3v9x2mq.scope"


@pytest.fixture
def stub() -> Iterator[StubSystemd]:
    directory = Path(tempfile.mkdtemp(prefix="tsk-"))  # short: a socket's path has at most 107 bytes
    try:
        with stub_systemd(directory) as stub:
            yield stub
    finally:
        shutil.rmtree(directory)


def test_a_systemd_that_stays_away_is_unavailable_and_holds_up_nobodys_end(
    stub: StubSystemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(manager, "DEADLINE", 0.01)

    async def main() -> None:
        systemd = await Systemd.connect(await Bus.connect(stub.address))
        stub.do("disappear")
        for asked in (systemd.ended(UNIT), systemd.unit(UNIT), systemd.stop_scope(UNIT), systemd.freeze(UNIT)):
            with pytest.raises(TaskerError, match="systemd is not on the bus; try again") as caught:
                await asked
            assert caught.value.reason is Reason.UNAVAILABLE
        await systemd.unref(UNIT)  # what the end of a job asks last, and needs no answer to

    asyncio.run(main())
