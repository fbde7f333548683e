"""Runs one command line. The only place that prints errors and catches all of them."""

from __future__ import annotations

import argparse
import errno
import gc
import io
import os
import sys

from tasker.cli.grammar import arguments
from tasker.cli.grammar.parser import UsageError
from tasker.cli.grammar.verbs import load
from tasker.errors import Reason, TaskerError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the import
if TYPE_CHECKING:
    from collections.abc import Sequence

STDERR = 2
GONE = (errno.EPIPE, errno.EIO)
"""Errors of writing to a pipe without a reader, or to a closed terminal."""
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF)
"""Errors of writing without space, or to a read-only standard output."""


def main(words: Sequence[str]) -> int:
    """Runs the command line `tasker WORDS…` and returns its exit code. Exit codes: exits.py."""
    _keep_standard_descriptors()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # for locales without "…" or 世界
    try:
        if sys.stdout is None:  # stop here: the output of the verb would be lost
            text = "cannot write to standard output: it is closed; open it, e.g. with > /dev/null"
            raise TaskerError(Reason.REFUSED, text)
        options = _parsed(words)
        code = _run(options)
        sys.stdout.flush()
    except TaskerError as error:
        return _failed(error, words)
    except KeyboardInterrupt:
        from tasker.cli import exits

        return exits.INTERRUPTED
    except OSError as error:
        return cut_off(error, words)
    except Exception as error:
        if os.environ.get("TASKER_DEBUG"):
            raise
        text = f"cannot continue: {type(error).__name__}: {error}; this is a bug in tasker (TASKER_DEBUG=1 shows where)"
        return _failed(TaskerError(Reason.INTERNAL, text), words)
    return code


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    try:
        return arguments.parse(words)
    finally:
        gc.enable()  # __main__ disabled it


def _run(options: argparse.Namespace) -> int:
    try:
        return load(options.verb).run(options)
    except TaskerError as error:
        if error.reason is not Reason.NOT_FOUND:
            raise
        from tasker.cli.service import nearest

        raise nearest.explained(error, options) from error


def _keep_standard_descriptors() -> None:
    """Opens closed standard descriptors, so that no other file gets their number and receives their output."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= STDERR:
        pass
    os.close(descriptor)
    if sys.stderr is None:
        sys.stderr = open(STDERR, "w", closefd=False)  # noqa: SIM115 - stays open until the exit


def _failed(error: TaskerError, words: Sequence[str]) -> int:
    from tasker.cli import exits
    from tasker.cli.show.stderr import complain, complain_json

    if arguments.wants_json(words):
        from tasker.cli.show import json

        complain_json(json.dump(json.error(error)))
    else:
        complain(error.message)
    if isinstance(error, UsageError) and arguments.verb_of(words) != "run":
        return exits.USAGE
    return exits.of_error(error.reason)


def cut_off(error: OSError, words: Sequence[str]) -> int:
    """Returns the exit code for a failed write. Prints no error if the reader of stdout has exited."""
    from tasker.cli import exits

    if error.errno not in (*GONE, *UNWRITABLE):
        return _failed(TaskerError(Reason.REFUSED, f"cannot continue: {error.strerror or error}"), words)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # discards what is still buffered
    if error.errno in GONE:
        return exits.BROKEN_PIPE
    text = f"cannot write to standard output: {error.strerror}; redirect it to a writable file"
    return _failed(TaskerError(Reason.REFUSED, text), words)
