"""`tasker context`: manage named addresses and certificates of several machines. Needs no service."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable

from tasker.cli import exits
from tasker.cli.grammar import options
from tasker.cli.grammar.help import sentence
from tasker.cli.grammar.parser import UsageError
from tasker.cli.service import configfile
from tasker.cli.service.configfile import KEYS
from tasker.cli.show.hidden import visible
from tasker.cli.show.stdout import print_json, print_rows
from tasker.cli.show.table import Cell, header
from tasker.errors import TaskerError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the import
if TYPE_CHECKING:
    from typing import Any

USAGE = "ACTION …"
EPILOG = """\
examples:
  tasker context add prod --address prod.example.org:8275 --ca ca.crt \\
      --cert alice.crt --key alice.key
  tasker context use prod        make prod the current context
  tasker --context prod list     use prod once, like TASKER_CONTEXT=prod
  tasker list --all-contexts
  tasker context list

Contexts are stored in ~/.config/tasker/config.toml: [contexts.prod] with address, ca, cert and key, and context =
"prod" for the current context. Comments in that file are kept. The first context that you add becomes the current one.
The options --address, --ca, --cert and --key override --context, which overrides the variables TASKER_ADDRESS,
TASKER_CA, TASKER_CERT and TASKER_KEY; these override TASKER_CONTEXT and the current context. A value that a context
does not set comes from the next of these (see tasker --help)."""


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", dest="action", required=True, prog="tasker context"
    )
    for name, (summary, _) in ACTIONS.items():
        action = actions.add_parser(name, help=summary, description=sentence(summary))
        if name != "list":
            action.add_argument("name", metavar="NAME", help="name of the context")
        if name == "add":
            action.add_argument("--force", action="store_true", help="replace a context of the same name")
        options.common(action, argparse.SUPPRESS)


def run(asked: argparse.Namespace) -> int:
    """Runs one of the actions below."""
    return ACTIONS[asked.action][1](asked)


def _add(asked: argparse.Namespace) -> int:
    from pathlib import Path

    from tasker.address import parse
    from tasker.cli.service import contexts, settings

    given = {key: value for key in KEYS if (value := vars(asked)[key])}
    if "address" not in given:
        raise UsageError(f"cannot add {asked.name} without its address; add --address HOST:PORT")
    if "key" in given and "cert" not in given:
        raise UsageError("cannot use --key without its certificate; add --cert FILE")
    try:
        parse(given["address"])
        configfile.check_name(asked.name)
    except TaskerError as error:
        raise UsageError(error.message) from error
    values = {key: value if key == "address" else str(Path(value).absolute()) for key, value in given.items()}
    found = settings.find(values, {}, settings.local_user())
    settings.read(found)  # report a missing file now
    if "cert" in values:
        values["key"] = str(found.key)
    used = contexts.add(os.environ, asked.name, values, force=asked.force)
    return _result(asked, f"added {asked.name} and made it the current context" if used else f"added {asked.name}")


def _use(asked: argparse.Namespace) -> int:
    from tasker.cli.service import contexts

    contexts.use(os.environ, asked.name)
    return _result(asked, f"the current context is {asked.name}")


def _remove(asked: argparse.Namespace) -> int:
    from tasker.cli.service import contexts

    before = configfile.load(os.environ).context
    own = contexts.remove(os.environ, asked.name)
    if asked.json:
        print_json({"context": {"name": asked.name}})
    elif before == asked.name:
        others = f"; choose another one, e.g. tasker context use {next(iter(own.contexts))}" if own.contexts else ""
        print(f"removed {asked.name}, which was the current context{others}")
    else:
        print(f"removed {asked.name}")
    return exits.DONE


def _result(asked: argparse.Namespace, text: str) -> int:
    if asked.json:
        print_json({"context": next(one for one in _contexts() if one["name"] == asked.name)})
    else:
        print(text)
    return exits.DONE


def _list(asked: argparse.Namespace) -> int:
    contexts = _contexts()
    if asked.json:
        print_json({"contexts": contexts})
        return exits.DONE
    rows = [header("CURRENT", "NAME", "ADDRESS", "CERT", "CA")]
    for one in contexts:
        words = ("*" if one["used"] else "", one["name"], one["address"] or "", one["cert"] or "", one["ca"] or "")
        rows.append([Cell(visible(word)) for word in words])
    print_rows(rows, cut=False)
    return exits.DONE


def _contexts() -> list[dict[str, Any]]:
    """Returns the contexts as in the file; None for a key that a context does not set."""
    own = configfile.load(os.environ)
    used = os.environ.get("TASKER_CONTEXT") or own.context
    return [
        {"name": name, "used": name == used, **{key: values.get(key) for key in KEYS}}
        for name, values in own.contexts.items()
    ]


ACTIONS: dict[str, tuple[str, Callable[[argparse.Namespace], int]]] = {
    "add": ("add a context: the address of a machine and your certificate there", _add),
    "use": ("make a context the current one", _use),
    "list": ("list contexts", _list),
    "rm": ("remove a context; certificate files are kept", _remove),
}
