"""One command line, carried out. The one place where errors are told to the person, and the last where they stop."""

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
"""What writing to a pipe without a reader, or to a terminal that was closed, says."""
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EBADF)
"""What writing says where there is no room, or where standard output is for reading only. It goes nowhere else."""


def main(words: Sequence[str]) -> int:
    """Run the command line `tasker WORDS…` and return its exit code. Exit codes: exits.py."""
    _keep_standard_descriptors()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # where the locale has no "…" or 世界
    try:
        if sys.stdout is None:  # said before anything is done that nobody would hear of
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
        text = f"cannot go on: {type(error).__name__}: {error}; this is a defect of tasker (TASKER_DEBUG=1 shows where)"
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
    """Where one of the three is closed nothing else may get its number: it would be written to as if it were that."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= STDERR:
        pass
    os.close(descriptor)
    if sys.stderr is None:
        sys.stderr = open(STDERR, "w", closefd=False)  # noqa: SIM115 - for as long as the process lives


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
    """Where nobody reads stdout any more there is no reason to say anything."""
    from tasker.cli import exits

    if error.errno not in (*GONE, *UNWRITABLE):
        return _failed(TaskerError(Reason.REFUSED, f"cannot go on: {error.strerror or error}"), words)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still buffered goes nowhere at exit
    if error.errno in GONE:
        return exits.BROKEN_PIPE
    text = f"cannot write to standard output: {error.strerror}; send it where it can be written"
    return _failed(TaskerError(Reason.REFUSED, text), words)
