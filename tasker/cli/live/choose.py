"""Chooses the output for the events of an attach, by the options and the kind of stdout.

piped.Lines          --json                       one JSON line per event
recorder.Recorder    --output FILE                the job's bytes to a file
piped.Piped          no terminal, or --raw        stdout: the job's bytes and nothing else; stderr: notices
terminal.OnTerminal  a terminal                   cleaned output above a footer, notices between its lines
"""

from __future__ import annotations

import argparse
import sys

from tasker.cli.live.piped import Lines, Piped
from tasker.cli.live.view import View
from tasker.cli.show.console import console, knows_sequences
from tasker.cli.show.stderr import on_terminal


def choose(options: argparse.Namespace) -> View:
    """Returns the output for these options and this stdout. Imports rich only if the output draws with it."""
    if getattr(options, "output", None) is not None:
        from tasker.cli.live.recorder import Meter, Recorder

        meter = Meter(console(stderr=True)) if on_terminal() else None
        return Recorder(options.output, force=options.force, meter=meter, json=options.json)
    if options.json:
        return Lines()
    if options.raw or not sys.stdout.isatty():
        return Piped(quiet=options.verb == "run", timestamps=options.timestamps)
    from tasker.cli.live.terminal import OnTerminal

    sequences = knows_sequences()
    return OnTerminal(console(), footer=options.footer, timestamps=options.timestamps, sequences=sequences)
