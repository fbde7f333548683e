"""`tasker signal`: send a signal to jobs."""

from __future__ import annotations

import argparse
import re
import signal

from tasker.cli.grammar import options
from tasker.cli.grammar.suggest import did_you_mean
from tasker.cli.service.batch import each, report
from tasker.cli.service.connection import connect
from tasker.cli.show.hidden import visible
from tasker.errors import TaskerError
from tasker.job import check_signal, signal_name

USAGE = "JOB… SIGNAL"
EPILOG = """\
examples:
  tasker signal k3v9 HUP
  tasker signal k3v9 7h2m SIGUSR1
  tasker signal k3v9 10

SIGNAL is a name, with or without SIG, or a number from 1 to 64 (kill -l lists them). The signal is sent to the process
group of the job's command. To end a job, use tasker stop, which waits until the job has ended. In a paused job, only
KILL is certain to take effect at once; any other signal may stay pending until the job is resumed. --json prints
{"jobs": […]}."""


def arguments(parser: argparse.ArgumentParser) -> None:
    options.jobs(parser)
    parser.add_argument("signal", metavar="SIGNAL", type=number, help="name or number, e.g. HUP, SIGUSR1, 10")


def run(asked: argparse.Namespace) -> int:
    """Sends the signal to all of the jobs at the same time."""
    name = signal_name(asked.signal)
    with connect(asked) as client:
        answers = each(asked.jobs, lambda job: client.signal(job, asked.signal), f"sending {name}")
    return report(answers, asked, lambda job: f"sent {name} to {visible(job.id)}")


def number(text: str) -> int:
    """Parses a name or a number; returns 1 to 64. Raises ArgumentTypeError."""
    if re.fullmatch(r"\d{1,3}", text, re.ASCII):
        try:
            check_signal(int(text))
        except TaskerError as error:
            raise argparse.ArgumentTypeError(error.message) from error
        return int(text)
    name = text.upper().removeprefix("SIG")
    if realtime := re.fullmatch(r"(RTMIN\+|RTMAX-)(\d{1,2})", name, re.ASCII):
        found = signal.SIGRTMIN + int(realtime[2]) if realtime[1] == "RTMIN+" else signal.SIGRTMAX - int(realtime[2])
        if signal.SIGRTMIN <= found <= signal.SIGRTMAX:
            return found
    names = {known.removeprefix("SIG"): int(value) for known, value in signal.Signals.__members__.items()}
    if name in names:
        return names[name]
    hint = did_you_mean(name, names, cutoff=0.5) or "kill -l lists them"
    raise argparse.ArgumentTypeError(f"cannot find the signal {text[:40]!r}; {hint}")
