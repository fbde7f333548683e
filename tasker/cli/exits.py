"""Exit codes for outcomes of jobs and for failures of Tasker. Two tables and nothing else.

0 to 255  the job's own, in `run`
124       maximum run time reached               126  the command cannot be executed
125       Tasker failed, or unknown outcome      127  the command was not found
128 + n   ended by signal n: 137 when out of memory or killed by a stop, 143 when ended by a stop's SIGTERM
2         wrong command line (125 in `run`, where 2 may be the job's)
"""

from __future__ import annotations

from tasker.errors import Reason

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the import
if TYPE_CHECKING:
    from tasker.job import Outcome

DONE = 0
USAGE = 2
TIMED_OUT = 124
FAILED = 125
NOT_EXECUTABLE = 126
NOT_FOUND = 127
SIGNALLED = 128
INTERRUPTED = SIGNALLED + 2
BROKEN_PIPE = SIGNALLED + 13
KILLED = SIGNALLED + 9
TERMINATED = SIGNALLED + 15

REASONS = {Reason.COMMAND_NOT_FOUND: NOT_FOUND, Reason.NOT_EXECUTABLE: NOT_EXECUTABLE}
"""Every other reason is FAILED."""


def of_error(reason: Reason) -> int:
    """Returns the exit code for an error of Tasker."""
    return REASONS.get(reason, FAILED)


def of_outcome(outcome: Outcome | None) -> int:
    """Returns the exit code of `run` for an outcome. Never 0 for None or an unknown outcome."""
    from tasker.job import Kind, Outcome  # here: slow to import, not needed by most verbs

    match outcome:
        case Outcome(kind=Kind.EXITED, exit_code=int(code)):
            return code
        case Outcome(kind=Kind.SIGNALLED, signal=int(number)):
            return SIGNALLED + number
        case Outcome(kind=Kind.STOPPED, killed=killed):
            return KILLED if killed else TERMINATED
        case Outcome(kind=Kind.OUT_OF_MEMORY):
            return KILLED
        case Outcome(kind=Kind.TIMED_OUT):
            return TIMED_OUT
        case _:
            return FAILED
