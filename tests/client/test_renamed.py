"""`patience`, the former name of `reconnect_timeout`, still works and says that it is deprecated."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from tasker.client import AsyncClient, Client, TaskerError
from tests.client.test_aio import run
from tests.frontend.running import Frontend

METHODS = ("stop", "wait", "attach", "watch")
NOW = "patience is now named reconnect_timeout"
REFUSED = "cannot use a reconnect_timeout of -1"


@pytest.mark.parametrize("client", [Client, AsyncClient])
@pytest.mark.parametrize("name", METHODS)
def test_the_signature_has_the_new_name_alone(client: type, name: str) -> None:
    parameters = inspect.signature(getattr(client, name)).parameters
    assert "reconnect_timeout" in parameters
    assert "patience" not in parameters


@pytest.mark.parametrize("name", METHODS)
def test_the_former_name_is_deprecated_and_means_the_same(shared: Frontend, name: str) -> None:
    method: Any = getattr(shared.client(), name)
    arguments = () if name == "watch" else ("abc",)
    with pytest.warns(DeprecationWarning, match=NOW) as warned, pytest.raises(TaskerError, match=REFUSED):
        method(*arguments, patience=-1.0)
    assert warned[0].filename == __file__
    with pytest.warns(DeprecationWarning, match=NOW), pytest.raises(TypeError, match="give reconnect_timeout"):
        method(*arguments, patience=1.0, reconnect_timeout=1.0)


def test_so_does_the_asyncio_client(shared: Frontend) -> None:
    async def work(client: AsyncClient) -> None:
        stop: Any = client.stop
        with pytest.warns(DeprecationWarning, match=NOW) as warned, pytest.raises(TaskerError, match=REFUSED):
            await stop("abc", patience=-1.0)
        assert warned[0].filename == __file__

    run(work, shared)
