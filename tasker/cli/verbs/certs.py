"""`tasker certs`: make and show certificates, for people and as JSON (certfiles.py). Needs no service."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tasker import certfiles, config
from tasker.certfiles import Listed
from tasker.certs import describe
from tasker.cli import exits
from tasker.cli.grammar import options
from tasker.cli.grammar.help import sentence
from tasker.cli.service import settings
from tasker.cli.show import json
from tasker.cli.show.hidden import visible
from tasker.cli.show.stdout import print_json, print_rows
from tasker.cli.show.table import Cell, header
from tasker.client.explain import judge
from tasker.errors import TaskerError
from tasker.identity import NAME, Role
from tasker.quantity import format_duration

USAGE = "ACTION …"
EPILOG = """\
examples:
  sudo tasker certs init                     make a CA and a server certificate
  sudo tasker certs client alice --role user
  tasker certs list

All files are in /etc/tasker by default. Existing files are only replaced with --force."""


COLUMNS = ("KIND", "ROLE", "EXPIRES", "SERIAL", "PROBLEM", "NAME")


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", dest="action", required=True, prog="tasker certs"
    )
    for name, (summary, add, _) in ACTIONS.items():
        action = actions.add_parser(name, help=summary, description=sentence(summary))
        action.add_argument("--dir", metavar="DIR", type=options.of_type(options.path), default="/etc/tasker",
                            help="directory of the certificates; /etc/tasker by default")  # fmt: skip
        add(action)
        options.common(action, argparse.SUPPRESS)


def _making(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="replace existing files")


def _server_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", metavar="NAME", action="append", default=[], dest="hosts",
                        help="name or address of this machine, its host name by default; may be repeated")  # fmt: skip
    _making(parser)


def _client_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME",
                        help="the user's name; if a person's local account has that name, the user's jobs run as that "
                             "account, with its groups")  # fmt: skip
    parser.add_argument("--role", choices=("user", "admin"), default="user",
                        help="an admin manages all jobs and, if tasker.toml sets [jobs] as_others = true, "
                             "is root on this machine")  # fmt: skip
    _making(parser)


def _show_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", type=options.of_type(_name_or_file),
                        help="ca, server, a user or a file; your own certificate by default")  # fmt: skip


def _name_or_file(text: str) -> str:
    return text if NAME.fullmatch(text) else options.path(text)


def _nothing(_parser: argparse.ArgumentParser) -> None:
    pass


def run(asked: argparse.Namespace) -> int:
    """Runs one of the actions below, in the directory `--dir`."""
    _, _, act = ACTIONS[asked.action]
    return act(asked, Path(asked.dir))


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
    revoked = _revoked(directory)
    listed = [_judged(one, revoked) for one in certfiles.listing(directory)]
    if options.json:
        print_json({"certificates": [_json(one) for one in listed]})
        return exits.DONE
    print_rows([header(*COLUMNS), *(_row(one) for one in listed)], cut=False)
    return exits.DONE


def _row(one: Listed) -> list[Cell]:
    seen = one.description
    name = " ".join(seen.hosts) if seen.kind == "server" else one.path.stem
    words = (seen.kind, visible(seen.role), _left(seen.not_after), seen.serial)
    return [*map(Cell, words), Cell(one.problem, "red"), Cell(visible(name))]


def _show(options: argparse.Namespace, directory: Path) -> int:
    one = _judged(certfiles.show(directory, options.name) if options.name else _own(options), _revoked(directory))
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
        ("valid from", _date(seen.not_before)),
        ("expires", f"{_date(seen.not_after)} ({_left(seen.not_after)})"),
        ("problem", one.problem),
    ]
    print_rows([[Cell(label, "dim"), Cell(visible(value))] for label, value in facts if value], cut=False)
    return exits.DONE


def _own(options: argparse.Namespace) -> Listed:
    """Returns the certificate that the other verbs use, checked as the service checks it."""
    found = settings.find(vars(options), os.environ, settings.local_user())
    material = settings.read(found)
    problem = ""
    try:
        judge(material.certificate, material.ca).check_dates(time.time())
    except TaskerError as error:
        problem = error.message
    return Listed(found.cert, describe(material.certificate), problem)


def _revoked(directory: Path) -> tuple[str, ...]:
    """Returns the revoked serials if the directory holds the service's configuration and it can be read."""
    try:
        return config.load(directory / "tasker.toml").server.revoked
    except TaskerError:
        return ()


def _judged(one: Listed, revoked: tuple[str, ...]) -> Listed:
    return replace(one, problem="revoked") if not one.problem and one.description.serial in revoked else one


def _json(one: Listed) -> dict[str, Any]:
    seen = one.description
    dates = {"not_before": json.time(seen.not_before), "not_after": json.time(seen.not_after)}
    return {"path": str(one.path), **asdict(seen), **dates, "problem": one.problem}


def _left(end: float) -> str:
    left = end - time.time()
    return f"in {format_duration(left)}" if left > 0 else f"{format_duration(-left)} ago"


def _date(when: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S %Z", time.localtime(when))


ACTIONS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None], Callable[[argparse.Namespace, Path], int]]] = {
    "init": ("make a CA and this machine's server certificate", _server_options, _init),
    "client": ("make a user's certificate", _client_options, _client),
    "server": ("replace the server's certificate", _server_options, _server),
    "list": ("list certificates", _nothing, _list),
    "show": ("show one certificate", _show_options, _show),
}
