"""What every verb takes: one function a verb that adds its options to a parser, and the table of verbs at the end.

Sizes, times and numbers are read here; their ranges are those of job.py, and the service's to say in the end.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import Any

from tasker.cli.help import sentence
from tasker.errors import TaskerError
from tasker.quantity import parse_duration, parse_size


def common(parser: argparse.ArgumentParser, default: Any) -> None:
    parser.add_argument("--json", action="store_true", default=default or False, help="print JSON for programs")
    group = parser.add_argument_group("the service and who you are (see tasker --help)")
    group.add_argument("--address", metavar="HOST:PORT", default=default, help="where the service listens")
    group.add_argument("--ca", metavar="FILE", default=default, help="the CA's certificate")
    group.add_argument("--cert", metavar="FILE", default=default, help="your certificate")
    group.add_argument("--key", metavar="FILE", default=default, help="its key; FILE.key beside FILE.crt by default")


def _start(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", default="", help="a label for people")
    parser.add_argument("-C", "--cwd", metavar="DIR", default="",
                        help="where it starts, relative to where you are; its home directory by default")  # fmt: skip
    parser.add_argument("-e", "--env", metavar="K[=V]", action="append", default=[],
                        help="set K to V, or to what K is here")  # fmt: skip
    parser.add_argument("--user", metavar="ACCOUNT", default="", help="the local account to run as (admins)")
    group = parser.add_argument_group("limits", "Sizes like 512M or 1.5G, times like 90s, 5m or 1h30m.")
    group.add_argument("--cpu", metavar="CORES", type=_number(float), help="CPU time, e.g. 0.5: half of one core")
    group.add_argument(
        "--cpu-weight", metavar="N", type=_number(int), help="share when the CPU is scarce; others have 100"
    )
    group.add_argument("--memory", metavar="SIZE", type=_type(parse_size), help="killed past it")
    group.add_argument("--memory-high", metavar="SIZE", type=_type(parse_size), help="slowed down past it")
    group.add_argument(
        "--memory-swap", metavar="SIZE", type=_type(parse_size), help="swap; none by default with --memory"
    )
    group.add_argument("--tasks", metavar="N", type=_number(int), help="processes and threads")
    group.add_argument("--time", metavar="TIME", type=_type(parse_duration), help="ended after it")
    group.add_argument(
        "--io-weight", metavar="N", type=_number(int), help="share when the disk is scarce; others have 100"
    )
    for option, metavar, what in (
        ("--io-read", "PATH=RATE", "bytes a second read from"),
        ("--io-write", "PATH=RATE", "bytes a second written to"),
        ("--io-read-iops", "PATH=N", "reads a second from"),
        ("--io-write-iops", "PATH=N", "writes a second to"),
    ):
        group.add_argument(option, metavar=metavar, action="append", default=[],
                           help=f"{what} the disk under PATH (relative to where you are); repeatable")  # fmt: skip


def _run(parser: argparse.ArgumentParser) -> None:
    _start(parser)
    _showing(parser)


def _attach(parser: argparse.ArgumentParser) -> None:
    _job(parser)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--from-start", action="store_true", help="everything that is still kept (the default)")
    where.add_argument("--offset", metavar="N", type=_number(int), help="from this byte of the output, counted from 0")
    where.add_argument("--tail", metavar="N|all", type=_type(_lines), help="the last N lines; 0: only what is new")
    where.add_argument("--bytes", metavar="N", type=_number(int), help="the last N bytes")
    follow = parser.add_mutually_exclusive_group()
    follow.add_argument("-f", "--follow", action="store_true", default=True, help="go on with what comes (the default)")
    follow.add_argument("--no-follow", action="store_false", dest="follow", help="end at what is there now")
    _showing(parser)


def _showing(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("on a terminal")
    group.add_argument("--no-footer", action="store_false", dest="footer", help="only the job's output")
    group.add_argument("--raw", action="store_true", help="let the job control the terminal; no footer")


def _stop(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("jobs", metavar="JOB", nargs="+", type=_id, help="its id, or the first characters of it")
    parser.add_argument("--grace", metavar="TIME", type=_type(_grace),
                        help="time from SIGTERM to SIGKILL; 10s as shipped, 0 kills at once")  # fmt: skip


def _job(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", type=_id, help="its id, or the first characters of it")


def _list(parser: argparse.ArgumentParser) -> None:
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument("--mine", action="store_true", help="only your own")
    whose.add_argument("--owner", metavar="NAME", default="", help="only this owner's")
    parser.add_argument("-r", "--running", action="store_true", help="only those that have not ended")
    parser.add_argument("-w", "--wide", action="store_true", help="more columns, nothing cut")


def _certs(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(
        title="actions", metavar="ACTION", dest="action", required=True, prog="tasker certs"
    )
    for name, (summary, add) in CERTS.items():
        action = actions.add_parser(name, help=summary, description=sentence(summary))
        action.add_argument(
            "--dir", metavar="DIR", default="/etc/tasker", help="where they are; /etc/tasker by default"
        )
        add(action)
        common(action, argparse.SUPPRESS)


def _making(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--force", action="store_true", help="replace what is there")


def _server(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", metavar="NAME", action="append", default=[], dest="hosts",
                        help="a name or address of this machine, its own by default; may be repeated")  # fmt: skip
    _making(parser)


def _client(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the user's name, as the local account's if there is one")
    parser.add_argument("--role", choices=("user", "admin"), default="user", help="an admin manages everybody's jobs")
    _making(parser)


def _show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", nargs="?", help="ca, server, a user or a file; your own by default")


def _nothing(_parser: argparse.ArgumentParser) -> None:
    pass


def _id(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("cannot find a job without its id")
    return text


def _grace(text: str) -> float:
    from tasker.job import check_grace

    seconds = parse_duration(text)
    check_grace(seconds)
    return seconds


def _lines(text: str) -> int | None:
    return None if text == "all" else _number(int)(text)


def _type(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """`read` for argparse, which wants its own exception."""

    def typed(text: str) -> Any:
        try:
            return read(text)
        except TaskerError as error:
            raise argparse.ArgumentTypeError(error.message) from error

    return typed


def _number(kind: type[int] | type[float]) -> Callable[[str], Any]:
    pattern = re.compile(r"\d{1,18}" if kind is int else r"\d{0,18}\.?\d{1,18}")
    what = "a whole number" if kind is int else "a number"

    def typed(text: str) -> Any:
        if not pattern.fullmatch(text):
            raise argparse.ArgumentTypeError(f"cannot read {text[:40]!r} as {what}")
        return kind(text)

    return typed


VERBS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "start": ("start a job and print its id", _start),
    "run": ("start a job, show its output, exit with its exit code", _run),
    "stop": ("end jobs: SIGTERM, a grace period, SIGKILL", _stop),
    "attach": ("show a job's output, from its start and on", _attach),
    "detach": ("close your own attaches to a job, wherever they are", _job),
    "get": ("show everything about a job", _job),
    "list": ("list jobs", _list),
    "certs": ("make and look at certificates", _certs),
}

CERTS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "init": ("make a CA and this machine's server certificate", _server),
    "client": ("make a user's certificate", _client),
    "server": ("make the server's certificate anew", _server),
    "list": ("list certificates", _nothing),
    "show": ("show one certificate", _show),
}
