"""A method of the API: every place that must know of it, from tasker.proto to the client and the journal.

Generated files: tests/api/test_generated.py. One call of each method: tests/api/test_contract.py. That nobody calls one
without a certificate: tests/frontend/test_tls.py.
"""

from __future__ import annotations

import ast
import dataclasses
import re
from typing import NamedTuple

import pytest

from tasker import wire
from tasker.api.v1 import tasker_pb2 as pb
from tasker.client import AsyncClient, Client, calls
from tasker.frontend.guard import ATTACH, WAITS
from tasker.frontend.servicer import Servicer
from tasker.journal import MESSAGES
from tasker.policy import ACCESS
from tests.checklists.sources import TREE, attributes, nodes
from tests.stub.control import REPOSITORY
from tests.system import test_access

SERVICE = pb.DESCRIPTOR.services_by_name["Tasker"]
METHODS = [method.name for method in SERVICE.methods]
PROTO = (REPOSITORY / "proto/tasker/api/v1/tasker.proto").read_text()
README = (REPOSITORY / "README.md").read_text()
REQUESTS = TREE / "engine/requests.py"
NO_REQUEST = {"WatchJobs"}
"""Methods that the frontend answers without a request to the engine on the caller's behalf."""


class Row(NamedTuple):
    """A row of the table in engine/requests.py."""

    action: str
    journalled: bool


def rows() -> dict[str, Row]:
    """By the name of the request."""
    found: dict[str, Row] = {}
    for node in nodes(REQUESTS):
        if not isinstance(node, ast.Dict):
            continue
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Attribute) and isinstance(value, ast.Call):
                action, *rest = value.args
                assert isinstance(action, ast.Constant)
                asked = len(rest) < 2 or (isinstance(rest[1], ast.Name) and rest[1].id == "READ_ONLY")
                found[key.attr] = Row(str(action.value), not asked)
    return found


ROWS = rows()
FROM_CALLERS = [name for name, kind in wire.MESSAGES.items() if "caller" in {f.name for f in dataclasses.fields(kind)}]  # type: ignore[arg-type]
"""Requests that somebody with a certificate makes."""
CALLS = [name for name, made in vars(calls).items() if callable(made) and made.__module__ == calls.__name__]
CALLS = [name for name in CALLS if name[0].islower() and not name.startswith("_")]


def test_the_table_is_read() -> None:
    assert len(ROWS) > 10, "tests/checklists/test_rpc.py no longer finds the table in engine/requests.py"


@pytest.mark.parametrize("method", METHODS)
def test_the_proto_explains_it(method: str) -> None:
    explained = re.findall(r"^  // .*\n  rpc (\w+)\(", PROTO, re.MULTILINE)
    assert method in explained, f"rpc {method} in tasker.proto has no comment above it"


@pytest.mark.parametrize("method", METHODS)
def test_the_frontend_serves_it(method: str) -> None:
    assert method in vars(Servicer), f"Servicer in tasker/frontend/servicer.py has no method {method}"


@pytest.mark.parametrize("method", [method for method in METHODS if method not in NO_REQUEST])
def test_the_engine_has_a_request_for_it(method: str) -> None:
    assert method in wire.MESSAGES, f"tasker/wire/engine.py has no message {method} (or put it into NO_REQUEST here)"


@pytest.mark.parametrize("message", wire.MESSAGES)
def test_a_message_can_be_imported(message: str) -> None:
    assert hasattr(wire, message), f"tasker/wire/__init__.py does not export {message}"


@pytest.mark.parametrize("request_", FROM_CALLERS)
def test_the_engine_serves_it(request_: str) -> None:
    assert request_ in ROWS, f"the table of tasker/engine/requests.py has no row for wire.{request_}"


@pytest.mark.parametrize("action", sorted({row.action for row in ROWS.values()}))
def test_somebody_may(action: str) -> None:
    assert action in ACCESS, f"ACCESS in tasker/policy.py has no row {action!r}"


@pytest.mark.parametrize("action", ACCESS)
def test_access_is_tried_over_the_network(action: str) -> None:
    assert action in test_access.ACTIONS, f"ACTIONS in tests/system/test_access.py has no row {action!r}"


@pytest.mark.parametrize("action", sorted({row.action for row in ROWS.values() if row.journalled}))
def test_it_is_in_the_journal(action: str) -> None:
    assert action in MESSAGES, f"MESSAGES in tasker/journal.py has no row {action!r}"
    listed = re.split(r",\s+", README.partition("`TASKER_ACTION` (")[2].partition(")")[0])
    assert action in listed, f"README.md does not list {action!r} after `TASKER_ACTION`"


def test_what_may_take_for_ever_has_places_of_its_own() -> None:
    """Else the calls that wait leave no room for those that are answered at once."""
    streams = {method.name for method in SERVICE.methods if method.server_streaming}
    abandonable = {name for name in METHODS if name in wire.MESSAGES and wire.MESSAGES[name].abandonable}
    endless = abandonable - {"StartJob"}  # it waits for its owner's turn alone, and is dropped where its caller goes
    for method in streams | endless:
        places = f"/{SERVICE.full_name}/{method}" in (ATTACH, *WAITS)
        assert places, f"WAITS in tasker/frontend/guard.py does not have {method}, which may take for ever"


@pytest.mark.parametrize("method", METHODS)
def test_the_client_can_ask_it(method: str) -> None:
    made = attributes(TREE / "client/calls.py")
    assert f"{method}Request" in made, f"tasker/client/calls.py makes no {method}Request"


@pytest.mark.parametrize("call", CALLS)
def test_both_clients_have_it(call: str) -> None:
    used = set[str]()
    for path in (TREE / "client").glob("*.py"):
        used |= {node.attr for node in nodes(path) if isinstance(node, ast.Attribute) and _is_calls(node.value)}
    assert call in used, f"no method of Client in tasker/client/sync.py uses calls.{call}"


@pytest.mark.parametrize("name", sorted(name for name in {*dir(Client), *dir(AsyncClient)} if name[0] != "_"))
def test_a_method_is_in_both_clients(name: str) -> None:
    for kind, file in ((Client, "sync.py"), (AsyncClient, "aio.py")):
        assert hasattr(kind, name), f"{kind.__name__} in tasker/client/{file} has no method {name}"


def _is_calls(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "calls"
