"""SIGTERM and SIGHUP to what shows something on and on: it ends as the signal alone would end it, but in order."""

from __future__ import annotations

import signal
from contextlib import AbstractContextManager
from types import FrameType
from typing import NoReturn

from tasker.cli import exits
from tasker.cli.live.follow import handling


def leaving() -> AbstractContextManager[None]:
    """In the block they raise SystemExit, so that a terminal is given back on the way out."""
    return handling(dict.fromkeys((signal.SIGTERM, signal.SIGHUP), _leave))


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(exits.SIGNALLED + number)
