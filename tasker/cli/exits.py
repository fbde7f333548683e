"""Exit codes: how a job ended, or why Tasker could not, as one number. Two tables and nothing else.

0 to 255  the job's own, in `run`
124       its run time was over                  126  the command may not be executed
125       Tasker failed, or nobody saw the end   127  the command was not found
128 + n   ended by signal n: 137 when out of memory or killed by a stop, 143 when a stop's SIGTERM was enough
2         the command line cannot be understood (125 in `run`, where 2 may be the job's)
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
    """The exit code for something that Tasker refused or could not do."""
    return REASONS.get(reason, FAILED)


def of_outcome(outcome: Outcome | None) -> int:
    """The exit code of `run` for a job that ended so. None, and whatever is not known, is never 0."""
    from tasker.job import Kind, Outcome  # here, since it takes a while, and most verbs go without

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
