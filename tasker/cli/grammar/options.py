"""Options and operands shared by several verbs, and the parsers of their values.

Sizes, times and numbers are parsed here. job.py and limits.py check ranges, and the service checks them again.
"""

from __future__ import annotations

import argparse
import os

from tasker.errors import TaskerError, invalid

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the import
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

NONE = "none"
"""The value that removes a limit."""


def common(parser: argparse.ArgumentParser, default: Any) -> None:
    """Adds the options that all verbs have. `default`: SUPPRESS if the root parser has already set the defaults."""
    parser.add_argument("--json", action="store_true", default=default or False, help="print JSON for programs")
    file = of_type(path)
    group = parser.add_argument_group("service and identity (see tasker --help)")
    group.add_argument("--context", metavar="NAME", default=default,
                       help="a configured context (see tasker context --help)")  # fmt: skip
    group.add_argument("--address", metavar="HOST:PORT", default=default, help="address of the service")
    group.add_argument("--ca", metavar="FILE", type=file, default=default, help="the CA's certificate")
    group.add_argument("--cert", metavar="FILE", type=file, default=default, help="your certificate")
    group.add_argument("--key", metavar="FILE", type=file, default=default,
                       help="key of your certificate; FILE.key beside FILE.crt by default")  # fmt: skip


def spec_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of start and run: the spec of the job, and its limits."""
    parser.add_argument("--name", default="", help="a label for people")
    parser.add_argument("-C", "--cwd", metavar="DIR", type=of_type(path), default="",
                        help="working directory, relative to your current directory; by default the account's "
                        "home directory")  # fmt: skip
    parser.add_argument("-e", "--env", metavar="K[=V]", action="append", default=[],
                        help="set the environment variable K to V, by default to its value here")  # fmt: skip
    parser.add_argument("--user", metavar="ACCOUNT", default="",
                        help="local account of the job (for admins, if [jobs] as_others is true)")  # fmt: skip
    parser.add_argument("--grace", metavar="TIME", type=of_type(grace),
                        help="time between SIGTERM and SIGKILL, by default that of the service (10s)")  # fmt: skip
    parser.add_argument("--linger", metavar="TIME", type=of_type(linger),
                        help="how long processes that the command leaves behind may run while one of them holds "
                        "the output (1s if none does), or forever; 5s as shipped")  # fmt: skip
    parser.add_argument("--nice", metavar="N", type=integer, default=0,
                        help="nice value, 0 to 19 (admins: from -20); it affects only processes within the job; "
                        "between jobs, use --cpu-weight")  # fmt: skip
    limit_options(parser)


def limit_options(parser: argparse.ArgumentParser, none: bool = False) -> None:
    """Adds an option for each limit. With `none`, the value "none" is accepted, too; it removes a limit."""
    from tasker.limits import IO_ROWS, ROWS

    def value(read: Callable[[str], Any]) -> Callable[[str], Any]:
        return (lambda text: NONE if text == NONE else read(text)) if none else read

    group = parser.add_argument_group("limits", "Sizes like 512M or 1.5G, times like 90s, 5m or 1h30m.")
    for row in ROWS:
        kind = value(of_type(row.measure.read))
        group.add_argument(row.option, metavar=row.measure.metavar, type=kind, dest=row.field, help=row.help)
    for row in IO_ROWS:
        group.add_argument(row.option, metavar=f"PATH={row.measure.metavar}", action="append", default=[],
                           dest=row.field,
                           help=f"{row.help} the disk under PATH; may be repeated")  # fmt: skip


def showing(parser: argparse.ArgumentParser) -> None:
    from tasker.client.resuming import RECONNECT_TIMEOUT  # imported here because it is slow and few verbs need it
    from tasker.quantity import parse_duration

    group = parser.add_argument_group("on a terminal")
    group.add_argument("--no-footer", action="store_false", dest="footer", help="show only the job's output")
    group.add_argument("--raw", action="store_true", help="let the job control the terminal; no footer")
    parser.add_argument(
        "--reconnect", metavar="TIME", type=of_type(parse_duration), default=RECONNECT_TIMEOUT,
        help="how long to try to reconnect after a broken connection; 0: never; 1m by default")  # fmt: skip
    parser.add_argument("-t", "--timestamps", action="store_true", help="show the time when each line was received")


def job(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("job", metavar="JOB", type=_id, help="id of the job, or a prefix of it")


def jobs(parser: argparse.ArgumentParser, nargs: str = "+") -> None:
    parser.add_argument("jobs", metavar="JOB", nargs=nargs, type=_id, help="id of the job, or a prefix of it")


def whose(parser: argparse.ArgumentParser) -> None:
    whose = parser.add_mutually_exclusive_group()
    whose.add_argument("--mine", action="store_true", help="only your own jobs")
    whose.add_argument("--owner", metavar="NAME", default="", help="only jobs of this owner")


def all_contexts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--all-contexts", action="store_true", help="query the machines of all contexts")


def _id(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("cannot find a job without its id")
    return text


def path(text: str) -> str:
    """Returns the path as typed. Raises TaskerError if it is relative and the current directory cannot be used."""
    if text and not text.startswith("/"):
        try:
            os.getcwd()
        except OSError as error:
            gone = isinstance(error, FileNotFoundError)
            why = "the current directory no longer exists" if gone else f"the current directory: {error.strerror}"
            todo = "write the whole path, or change to another directory"
            raise invalid(f"cannot use the relative path {text[:80]!r}: {why}; {todo}") from error
    return text


def grace(text: str) -> float:
    from tasker.job import check_grace
    from tasker.quantity import parse_duration

    seconds = parse_duration(text)
    check_grace(seconds)
    return seconds


def linger(text: str) -> float:
    from tasker.job import check_linger
    from tasker.quantity import parse_linger

    seconds = parse_linger(text)
    check_linger(seconds)
    return seconds


def of_type(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Wraps `read` so that it raises the exception that argparse expects."""

    def typed(text: str) -> Any:
        try:
            return read(text)
        except TaskerError as error:
            raise argparse.ArgumentTypeError(error.message) from error

    return typed


def count(text: str) -> int:
    """Parses a whole number, for argparse."""
    from tasker.measures import parse_count

    return int(of_type(parse_count)(text))


def integer(text: str) -> int:
    """Parses a whole number that may be negative, for argparse."""
    return -count(text[1:]) if text.startswith("-") else count(text)
