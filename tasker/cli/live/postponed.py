"""The notice that a start waits because the server limits how fast one owner may start jobs. Shown once per start."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tasker.cli.show.stderr import say
from tasker.errors import TaskerError
from tasker.quantity import format_duration

if TYPE_CHECKING:
    from tasker.client.starting import Postponed


def telling(options: argparse.Namespace) -> Postponed:
    """Returns the `postponed` of Client.start. It prints nothing with --json, where stderr has only errors."""
    said = bool(options.json)

    def postponed(_error: TaskerError, pause: float) -> None:
        from tasker.client.starting import START_TIMEOUT

        nonlocal said
        if not said:
            text = "you start jobs faster than this server allows (tasker info): trying again"
            say(f"{text} in {format_duration(pause)}, for up to {format_duration(START_TIMEOUT)} in all")
        said = True

    return postponed
