"""`tasker attach`: show a job's output from its start and follow it."""

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
On a terminal, a footer is shown below the output, and everything but text and colours is removed from the output;
invisible characters (bidi controls, zero-width characters) become escapes like \\u202e. --raw shows the output
unchanged. If TERM is dumb or not set, there are neither colours nor a footer. If stdout is not a terminal, it receives
the job's output byte for byte. Notices (lost output, how the job ended) go to stderr. --output FILE writes the bytes
unchanged; a notice reports lost ranges, and the file skips them. After a broken connection, attach reconnects for
--reconnect TIME and resumes at the exact byte; if that fails, it prints the command that resumes. If the terminal
misbehaves afterwards (after kill -9), type: reset

--json prints one line per event, with one key: {"attached": {"job", "offset"}}, {"chunk": {"offset", "data",
"time"}} with data in base64, {"lost": {"begin", "end"}}, {"exited": {"job", "offset"}} (the command has exited and left
processes behind), {"interrupted": {"offset", "error"}} (offset null before attached), {"resumed": {"job", "offset",
"after"}}, and last {"ended": {"job", "offset"}} or {"detached": {"reason", "offset"}}.

exit codes: 0 at the end of the job or of the output so far (--no-follow), and after Ctrl-C or tasker detach; 125 if the
connection broke or the certificate expired before."""
EPILOG = f"""\
examples:
  tasker attach k3v9
  tasker attach --tail 20 k3v9
  tasker attach --since 5m --timestamps k3v9
  tasker attach --output build.log k3v9
  tasker attach --offset 1048576 --no-follow k3v9 > rest.bin

Ctrl-C detaches; the job keeps running.
{OUTPUT}"""


def arguments(parser: argparse.ArgumentParser, follow: bool = True) -> None:
    """`follow`: the default, without --follow or --no-follow."""
    options.job(parser)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--from-start", action="store_true", help="all output that is still kept (the default)")
    where.add_argument("--offset", metavar="N", type=options.count, help="output from byte N, counted from 0")
    where.add_argument(
        "--tail", metavar="N|all", type=options.of_type(_lines), help="the last N lines; 0: only new output"
    )
    where.add_argument("--bytes", metavar="N", type=options.count, help="the last N bytes")
    where.add_argument(
        "--since", metavar="TIME", type=options.of_type(parse_duration), help="output of the last TIME, e.g. 5m"
    )
    default = {True: " (the default)", False: ""}
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "-f", "--follow", action="store_true", default=follow, help=f"show new output as it comes{default[follow]}"
    )
    how.add_argument(
        "--no-follow", action="store_false", dest="follow", help=f"exit after the output so far{default[not follow]}"
    )
    parser.add_argument("--output", metavar="FILE", type=options.of_type(options.path),
                        help="write the output to a new file, byte for byte")  # fmt: skip
    parser.add_argument("--force", action="store_true", help="overwrite FILE")
    options.showing(parser)


def _lines(text: str) -> int | None:
    return None if text == "all" else options.count(text)


def run(asked: argparse.Namespace) -> int:
    """Shows a job's output. Returns the exit code that OUTPUT describes."""
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
            resume = again(follow.job, follow.offset, asked.output)
            say(f"detached from {follow.job}, which keeps running; to resume: {resume}")
            return exits.DONE
        except TaskerError as error:
            raise resumable(error, follow.job, follow.offset, asked.output) from error
    return _code(last)


def _check(asked: argparse.Namespace) -> None:
    from tasker.cli.grammar.parser import UsageError

    if asked.output is not None and asked.timestamps:
        raise UsageError("cannot use --timestamps with --output; leave out one of them, or use > FILE")
    if asked.force and asked.output is None:
        raise UsageError("cannot use --force without --output FILE")


def _code(last: Ended | Detached | None) -> int:
    from tasker.client import Detached, DetachReason, Ended

    match last:
        case Ended() | Detached(reason=DetachReason.REQUESTED | DetachReason.END_OF_RECALL):
            return exits.DONE
    return exits.FAILED


def resumable(error: TaskerError, job: str, offset: int | None, file: str | None = None) -> TaskerError:
    """Adds the command that resumes to an error in the middle of the output."""
    if not job or error.reason is not Reason.UNAVAILABLE:
        return error
    return TaskerError(error.reason, f"{error.message}; resume with: {again(job, offset, file)}")


def again(job: str, offset: int | None, file: str | None = None) -> str:
    """Returns the command line that resumes at `offset`, into `file` if there is one."""
    from tasker.cli.live.recorder import into

    return f"tasker attach --offset {offset} {job}{into(file)}" if file else f"tasker attach --offset {offset} {job}"
