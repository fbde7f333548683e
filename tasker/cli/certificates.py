"""The verb certs: what `tasker.certfiles` makes and finds, for people and as JSON. Needs no service."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.text import Text

from tasker import certfiles
from tasker.certfiles import Listed
from tasker.certs import describe, identity_of
from tasker.cli import document, exits, settings
from tasker.cli.clean import visible
from tasker.cli.verbs import print_json, print_rows
from tasker.errors import TaskerError
from tasker.identity import Role
from tasker.quantity import format_duration

COLUMNS = ("KIND", "ROLE", "ENDS", "SERIAL", "PROBLEM", "NAME")


def certs(options: argparse.Namespace) -> int:
    """One of the actions below, in the directory `--dir`."""
    return ACTIONS[options.action](options, Path(options.dir))


def _init(options: argparse.Namespace, directory: Path) -> int:
    hosts = options.hosts or certfiles.own_hosts()
    return _made(options, certfiles.init(directory, hosts, force=options.force))


def _server(options: argparse.Namespace, directory: Path) -> int:
    hosts = options.hosts or certfiles.own_hosts()
    return _made(options, certfiles.new_server(directory, hosts, force=options.force))


def _client(options: argparse.Namespace, directory: Path) -> int:
    return _made(options, certfiles.new_client(directory, options.name, Role(options.role), force=options.force))


def _made(options: argparse.Namespace, files: list[Path]) -> int:
    if options.json:
        print_json({"files": [str(path) for path in files]})
    else:
        for path in files:
            print(f"made {path}")
    return exits.DONE


def _list(options: argparse.Namespace, directory: Path) -> int:
    listed = certfiles.listing(directory)
    if options.json:
        print_json({"certificates": [_json(one) for one in listed]})
        return exits.DONE
    print_rows([[Text(column, "bold") for column in COLUMNS], *(_row(one) for one in listed)], cut=False)
    return exits.DONE


def _row(one: Listed) -> list[Text]:
    seen = one.description
    name = " ".join(seen.hosts) if seen.kind == "server" else one.path.stem
    words = (seen.kind, visible(seen.role), _left(seen.not_after), seen.serial)
    return [*map(Text, words), Text(one.problem, "red"), Text(visible(name))]


def _show(options: argparse.Namespace, directory: Path) -> int:
    one = certfiles.show(directory, options.name) if options.name else _own(options)
    if options.json:
        print_json({"certificate": _json(one)})
        return exits.DONE
    seen = one.description
    facts = [
        ("file", str(one.path)),
        ("kind", seen.kind),
        ("subject", seen.subject),
        ("role", seen.role),
        ("hosts", " ".join(seen.hosts)),
        ("serial", seen.serial),
        ("from", _date(seen.not_before)),
        ("to", f"{_date(seen.not_after)} ({_left(seen.not_after)})"),
        ("problem", one.problem),
    ]
    print_rows([[Text(label, "dim"), Text(visible(value))] for label, value in facts if value], cut=False)
    return exits.DONE


def _own(options: argparse.Namespace) -> Listed:
    """The one that the other verbs use now, judged as the service will judge it."""
    found = settings.find(vars(options), os.environ, settings.local_user())
    material = settings.read(found)
    problem = ""
    try:
        identity_of(material.certificate, material.ca).check_dates(time.time())
    except TaskerError as error:
        problem = error.message
    return Listed(found.cert, describe(material.certificate), problem)


def _json(one: Listed) -> dict[str, Any]:
    seen = one.description
    dates = {"not_before": document.time(seen.not_before), "not_after": document.time(seen.not_after)}
    return {"path": str(one.path), **asdict(seen), **dates, "problem": one.problem}


def _left(end: float) -> str:
    left = end - time.time()
    return f"in {format_duration(left)}" if left > 0 else f"{format_duration(-left)} ago"


def _date(when: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(when))


ACTIONS: dict[str, Callable[[argparse.Namespace, Path], int]] = {
    "init": _init,
    "client": _client,
    "server": _server,
    "list": _list,
    "show": _show,
}
