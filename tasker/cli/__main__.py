"""`tasker`: argv in, exit code out. The one place where errors are told to the person, and the last where they stop."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Sequence

from tasker.cli import arguments
from tasker.cli.stderr import complain, complain_json
from tasker.errors import Reason, TaskerError

GONE = (errno.EPIPE, errno.EIO)
"""What writing to a pipe without a reader, or to a terminal that was closed, says."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line (that of the process by default) and return its exit code. Exit codes: exits.py."""
    words = sys.argv[1:] if argv is None else argv
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # where the locale has no "…" or 世界
    as_json = False
    try:
        options = arguments.parse(words)
        as_json = options.json
        from tasker.cli.verbs import VERBS

        code = VERBS[options.verb](options)
        sys.stdout.flush()
    except arguments.UsageError as error:
        return _misunderstood(error, arguments.verb_of(words))
    except TaskerError as error:
        return _failed(error, as_json)
    except KeyboardInterrupt:
        from tasker.cli import exits

        return exits.INTERRUPTED
    except OSError as error:
        return _disconnected(error, as_json)
    except Exception as error:
        if os.environ.get("TASKER_DEBUG"):
            raise
        text = f"cannot go on: {type(error).__name__}: {error}; this is a defect of tasker (TASKER_DEBUG=1 shows where)"
        return _failed(TaskerError(Reason.INTERNAL, text), as_json)
    return code


def _misunderstood(error: TaskerError, verb: str) -> int:
    from tasker.cli import exits

    complain(error.message)
    return exits.FAILED if verb == "run" else exits.USAGE


def _failed(error: TaskerError, as_json: bool) -> int:
    from tasker.cli import document, exits

    if as_json:
        complain_json(document.dump({"error": {"reason": str(error.reason), "message": error.message}}))
    else:
        complain(error.message)
    return exits.of_error(error.reason)


def _disconnected(error: OSError, as_json: bool) -> int:
    """Nobody reads stdout any more: no reason to say anything."""
    from tasker.cli import exits

    if error.errno not in GONE:
        return _failed(TaskerError(Reason.REFUSED, f"cannot go on: {error.strerror or error}"), as_json)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still buffered goes nowhere at exit
    return exits.BROKEN_PIPE


if __name__ == "__main__":
    sys.exit(main())
