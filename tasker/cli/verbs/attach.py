"""`tasker attach`: show a job's output, from what was already printed and on."""

from __future__ import annotations

import argparse
import signal
from typing import TYPE_CHECKING

from tasker.cli import exits
from tasker.cli.grammar import options
from tasker.cli.show.stderr import say
from tasker.errors import Reason, TaskerError
from tasker.quantity import parse_duration

if TYPE_CHECKING:
    from tasker.client import Detached, Ended

USAGE = "JOB"
OUTPUT = """\
On a terminal the output is cleaned of everything but text and colours, above a footer; characters that show nothing
(bidi controls, zero-width characters) are shown as escapes like \\u202e. --raw shows it as it is; elsewhere stdout is
the job's output byte for byte. Where TERM is dumb or not set, there are neither colours nor a footer. Notices (lost
output, how it ended) go to stderr. --output FILE takes the bytes as they are; lost ranges are told, and the file then
has what came. A connection that breaks is taken up again at the exact byte, for --reconnect TIME; then it says where to
go on. Should a terminal be left odd (kill -9), type: reset

--json prints one line for each event, with one key: {"attached": {"job", "offset"}}, {"chunk": {"offset", "data",
"time"}} with data in base64, {"lost": {"begin", "end"}}, {"exited": {"job", "offset"}} (the command has exited and left
processes behind), {"interrupted": {"offset", "error"}} (offset null before attached), {"resumed": {"job", "offset",
"after"}}, and last {"ended": {"job", "offset"}} or {"detached": {"reason", "offset"}}.

exit codes: 0 when it saw the job's end, the end of what was there (--no-follow), or was asked to leave (Ctrl-C, tasker
detach); 125 when the connection or the certificate ended before."""
EPILOG = f"""\
examples:
  tasker attach k3v9
  tasker attach --tail 20 k3v9
  tasker attach --since 5m --timestamps k3v9
  tasker attach --output build.log k3v9
  tasker attach --offset 1048576 --no-follow k3v9 > rest.bin

Ctrl-C detaches; the job goes on.
{OUTPUT}"""


def arguments(parser: argparse.ArgumentParser, follow: bool = True) -> None:
    """`follow`: whether it follows where nothing is said about it."""
    options.job(parser)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--from-start", action="store_true", help="everything that is still kept (the default)")
    where.add_argument(
        "--offset", metavar="N", type=options.count, help="from this byte of the output, counted from 0"
    )
    where.add_argument(
        "--tail", metavar="N|all", type=options.of_type(_lines), help="the last N lines; 0: only what is new"
    )
    where.add_argument("--bytes", metavar="N", type=options.count, help="the last N bytes")
    where.add_argument(
        "--since", metavar="TIME", type=options.of_type(parse_duration), help="what came in the last TIME, e.g. 5m"
    )
    default = {True: " (the default)", False: ""}
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "-f", "--follow", action="store_true", default=follow, help=f"go on with what comes{default[follow]}"
    )
    how.add_argument(
        "--no-follow", action="store_false", dest="follow", help=f"end at what is there now{default[not follow]}"
    )
    parser.add_argument("--output", metavar="FILE", type=options.of_type(options.path),
                        help="into a new file, byte for byte")  # fmt: skip
    parser.add_argument("--force", action="store_true", help="overwrite FILE")
    options.showing(parser)


def _lines(text: str) -> int | None:
    return None if text == "all" else options.count(text)


def run(asked: argparse.Namespace) -> int:
    """Show a job's output. Exit codes: OUTPUT."""
    from tasker.cli.live.choose import choose
    from tasker.cli.live.follow import Follow
    from tasker.cli.live.signals import handling, leaving
    from tasker.cli.service.connection import connect

    _check(asked)
    with connect(asked) as client, leaving():
        output = choose(asked)
        output.hint("Ctrl-C detaches")
        attachment = client.attach(
            asked.job,
            offset=asked.offset,
            last_bytes=asked.bytes,
            last_lines=asked.tail,
            last_time=asked.since,
            follow=asked.follow,
            timestamps=asked.timestamps,
            reconnect_timeout=asked.reconnect,
        )
        follow = Follow(attachment, output, lambda job: client.watch(job=job, usage=True, reconnect_timeout=0))
        try:
            with handling({signal.SIGINT: follow.leave}):
                last = follow.run()
        except KeyboardInterrupt:
            if not follow.job:
                raise
            say(f"detached from {follow.job}; the job goes on: {again(follow.job, follow.offset, asked.output)}")
            return exits.DONE
        except TaskerError as error:
            raise resumable(error, follow.job, follow.offset, asked.output) from error
    return _code(last)


def _check(asked: argparse.Namespace) -> None:
    from tasker.cli.grammar.parser import UsageError

    if asked.output is not None and asked.timestamps:
        raise UsageError("cannot write times among the bytes of --output; leave out one of them, or use > FILE")
    if asked.force and asked.output is None:
        raise UsageError("cannot --force anything without --output FILE")


def _code(last: Ended | Detached | None) -> int:
    from tasker.client import Detached, DetachReason, Ended

    match last:
        case Ended() | Detached(reason=DetachReason.REQUESTED | DetachReason.END_OF_RECALL):
            return exits.DONE
    return exits.FAILED


def resumable(error: TaskerError, job: str, offset: int | None, file: str | None = None) -> TaskerError:
    """An error in the middle of the output says where to go on."""
    if not job or error.reason is not Reason.UNAVAILABLE:
        return error
    return TaskerError(error.reason, f"{error.message}; go on with: {again(job, offset, file)}")


def again(job: str, offset: int | None, file: str | None = None) -> str:
    """The command line that goes on; into a file only where it went before."""
    from tasker.cli.live.recorder import into

    return f"tasker attach --offset {offset} {job}{into(file)}" if file else f"tasker attach --offset {offset} {job}"
