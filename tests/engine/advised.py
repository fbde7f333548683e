"""A start that is refused, and its whole message compared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tasker.errors import Reason, TaskerError
from tests.support.stack import ALICE, Stack

WHOM = r"as uid 18790481\d\d, alice's own"
MISSING, REFUSED = Reason.COMMAND_NOT_FOUND, Reason.NOT_EXECUTABLE


def refused(
    tasker: Stack, reason: Reason, sentence: str, *argv: str, cwd: Path | str = "/", path: str = "/usr/bin:/bin"
) -> None:
    """Start it as alice and compare the whole message. In `sentence`, "…" is any text and WHOM is whom it runs as."""
    with pytest.raises(TaskerError) as caught:
        tasker.start_job(*argv, caller=ALICE, working_directory=str(cwd), environment={"PATH": path})
    compared(caught.value, reason, sentence)


def compared(error: TaskerError, reason: Reason, sentence: str) -> None:
    pattern = re.escape(sentence).replace("WHOM", WHOM).replace("…", ".*")
    assert re.fullmatch(pattern, error.message), f"{error.message}\n{sentence}"
    assert error.reason is reason
    assert error.message.isprintable()


def made(directory: Path) -> Path:
    directory.mkdir()
    return directory
