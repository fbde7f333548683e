"""`tasker context`: several machines, each with its address and certificate, by name. Needs no service."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.text import Text

from tasker.address import parse
from tasker.cli import configfile, exits, options, settings
from tasker.cli.arguments import UsageError
from tasker.cli.clean import visible
from tasker.cli.configfile import KEYS
from tasker.cli.help import sentence
from tasker.cli.stderr import say
from tasker.cli.stdout import print_json, print_rows
from tasker.errors import TaskerError

USAGE = "ACTION …"
EPILOG = """\
examples:
  tasker context add prod --address prod.example.org:8275 --ca ca.crt \\
      --cert alice.crt --key alice.key
  tasker context use prod         from now on
  tasker --context prod list      for once; TASKER_CONTEXT=prod does the same
  tasker list --all-contexts
  tasker context list

They stand in ~/.config/tasker/config.toml, whose comments are kept: [contexts.prod] with address, ca, cert and key, and
context = "prod" for the one in use. The first one that is added is used. What a context does not say comes from where
it comes without one (tasker --help). --address, --ca, --cert and --key go before everything, and --context before
TASKER_ADDRESS, TASKER_CA, TASKER_CERT and TASKER_KEY; these go before TASKER_CONTEXT and the context in use.

`tasker context list` also says which address is in use: its "address" in --json."""


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", dest="action", required=True, prog="tasker context"
    )
    for name, (summary, _) in ACTIONS.items():
        action = actions.add_parser(name, help=summary, description=sentence(summary))
        if name != "list":
            action.add_argument("name", metavar="NAME", help="what you call the machine")
        if name == "add":
            action.add_argument("--force", action="store_true", help="replace the context of that name")
        options.common(action, argparse.SUPPRESS)


def run(asked: argparse.Namespace) -> int:
    """One of the actions below."""
    return ACTIONS[asked.action][1](asked)


def _add(asked: argparse.Namespace) -> int:
    from tasker.cli import contexts

    given = {key: value for key in KEYS if (value := vars(asked)[key])}
    if "address" not in given:
        raise UsageError(f"cannot add {asked.name} without its address; name it with --address HOST:PORT")
    if "key" in given and "cert" not in given:
        raise UsageError("cannot use a key without its certificate; name that with --cert")
    try:
        parse(given["address"])
        configfile.check_name(asked.name)
    except TaskerError as error:
        raise UsageError(error.message) from error
    values = {key: value if key == "address" else str(Path(value).absolute()) for key, value in given.items()}
    found = settings.find(values, {}, settings.local_user())
    settings.read(found)  # what is not there is told of now
    if "cert" in values:
        values["key"] = str(found.key)
    used = contexts.add(os.environ, asked.name, values, force=asked.force)
    return _told(asked, f"added {asked.name}, which is used from now on" if used else f"added {asked.name}")


def _use(asked: argparse.Namespace) -> int:
    from tasker.cli import contexts

    contexts.use(os.environ, asked.name)
    return _told(asked, f"{asked.name} is used from now on")


def _remove(asked: argparse.Namespace) -> int:
    from tasker.cli import contexts

    before = configfile.load(os.environ).context
    own = contexts.remove(os.environ, asked.name)
    if asked.json:
        print_json({"context": {"name": asked.name}})
    elif before == asked.name:
        others = f"; tasker context use {next(iter(own.contexts))} would use another" if own.contexts else ""
        print(f"removed {asked.name}, which was in use{others}")
    else:
        print(f"removed {asked.name}")
    return exits.DONE


def _told(asked: argparse.Namespace, text: str) -> int:
    if asked.json:
        print_json({"context": next(one for one in _contexts() if one["name"] == asked.name)})
    else:
        print(text)
    return exits.DONE


def _list(asked: argparse.Namespace) -> int:
    contexts, address = _contexts(), _address(asked)
    if asked.json:
        print_json({"contexts": contexts, "address": address})
        return exits.DONE
    rows = [[Text(column, "bold") for column in ("USED", "NAME", "ADDRESS", "CERT", "CA")]]
    for one in contexts:
        words = ("*" if one["used"] else "", one["name"], one["address"] or "", one["cert"] or "", one["ca"] or "")
        rows.append([Text(visible(word)) for word in words])
    print_rows(rows, cut=False)
    if address is not None:
        say(f"the address in use is {address}")
    return exits.DONE


def _address(asked: argparse.Namespace) -> str | None:
    """The address that any other verb would use now; None where it would fail before it comes to that."""
    try:
        return settings.find(vars(asked), os.environ, settings.local_user()).address
    except TaskerError:
        return None


def _contexts() -> list[dict[str, Any]]:
    """As the file has them; null is what a context does not say."""
    own = configfile.load(os.environ)
    used = os.environ.get("TASKER_CONTEXT") or own.context
    return [
        {"name": name, "used": name == used, **{key: values.get(key) for key in KEYS}}
        for name, values in own.contexts.items()
    ]


ACTIONS: dict[str, tuple[str, Callable[[argparse.Namespace], int]]] = {
    "add": ("add a machine: its address and your certificate there", _add),
    "use": ("use it wherever no other is named", _use),
    "list": ("list them", _list),
    "rm": ("forget one; its certificates stay where they are", _remove),
}
