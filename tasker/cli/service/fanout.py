"""--all-contexts: one question to the services of all contexts at the same time. One that is down holds up no other."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from threading import Thread
from typing import TYPE_CHECKING, TypeVar

from rich.text import Text

from tasker.cli import exits
from tasker.cli.service import settings
from tasker.cli.service.connection import client_of, identity_of
from tasker.cli.service.settings import Settings
from tasker.cli.show import json as document
from tasker.cli.show.stderr import complain, complain_json, waiting
from tasker.cli.show.table import Rows
from tasker.errors import Reason, TaskerError
from tasker.identity import Identity

if TYPE_CHECKING:
    from tasker.client import Client

T = TypeVar("T")

PATIENCE = 5.0
"""Seconds that are waited for any of them."""


def option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all-contexts", action="store_true", help="on the machines of all contexts")


def ask_all(asked: argparse.Namespace, question: Callable[[Client, str], T]) -> tuple[dict[str, T], int]:
    """`question(client, own name)`: the answers by context, in their order, and the exit code.

    Tells of those that did not answer. Raises TaskerError where there is no context.
    """
    contexts = settings.every(os.environ, settings.local_user())
    with waiting(f"asking {', '.join(contexts)}"):
        found = answers(contexts, lambda client, own: question(client, own.name))
    code = exits.DONE
    for name, answer in found.items():
        if isinstance(answer, TaskerError):
            code = exits.of_error(answer.reason)
            tell(name, answer, asked)
    return {name: answer for name, answer in found.items() if not isinstance(answer, TaskerError)}, code


def tell(machine: str, error: TaskerError, asked: argparse.Namespace) -> None:
    """What is wrong with one of them."""
    if asked.json:
        told = {"reason": str(error.reason), "message": error.message, "machine": machine}
        complain_json(document.dump({"error": told}))
    else:
        complain(f"{machine}: {error.message}")


def silent(patience: float) -> TaskerError:
    """Of one that said nothing for so many seconds."""
    return TaskerError(Reason.UNAVAILABLE, f"cannot wait for it: no answer in {patience:g}s; is the machine up?")


def answers(
    contexts: dict[str, Settings], question: Callable[[Client, Identity], T], patience: float = PATIENCE
) -> dict[str, T | TaskerError]:
    """`question(client, oneself)`, asked of each; UNAVAILABLE for those that say nothing for `patience` seconds."""
    import tasker.client.sync  # noqa: F401 - before the clock runs

    given: dict[str, T | TaskerError] = {}

    def answer(name: str, found: Settings) -> None:
        try:
            with client_of(found) as client:
                given[name] = question(client, identity_of(found))
        except TaskerError as error:
            given[name] = error

    # Daemons: one that hangs is left behind.
    threads = [Thread(target=answer, args=each, daemon=True) for each in contexts.items()]
    for thread in threads:
        thread.start()
    end = time.monotonic() + patience
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    return {name: given.get(name, silent(patience)) for name in contexts}


def named(tables: dict[str, Rows]) -> Rows:
    """The tables of several machines as one, with MACHINE before their own columns."""
    rows: Rows = []
    for name, (header, *rest) in tables.items():
        if not rows:
            rows.append([Text("MACHINE", "bold"), *header])
        rows += [[Text(name), *row] for row in rest]
    return rows
