"""The command line as a shell completes it: places, what options are there, and what kind of word comes next. Pure."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field

from tasker.cli.grammar.parser import Parser
from tasker.cli.grammar.verbs import WITH_COMMAND

KINDS = {"FILE": "file", "DIR": "directory", "JOB": "job", "SIG": "signal", "SIGNAL": "signal", "CONTEXT": "context"}
"""By metavar. Kinds are those, `running`, `target` (running jobs, then a signal), `command`, `any` (nothing to offer),
or the words themselves, with spaces between."""
RUNNING = ("stop", "signal", "pause", "resume", "limit", "detach")
"""Verbs for jobs that have not ended: `running` instead of `job`."""
CONNECTION = ("--context", "--address", "--ca", "--cert", "--key")
"""Options that say which service it is, which candidates are to come from, too."""


@dataclass(frozen=True)
class Option:
    """`kind` is "" where it takes no value."""

    names: tuple[str, ...]
    help: str
    kind: str
    metavar: str


@dataclass(frozen=True)
class Place:
    """Where a word is completed: `tasker`, `tasker start`, `tasker certs init`."""

    words: tuple[str, ...]
    options: tuple[Option, ...]
    operand: str
    """The kind of what stands there besides options; "" is nothing."""
    several: bool = False
    children: dict[str, str] = field(default_factory=dict)
    """Verbs or actions, and what they do."""


def places(parser: Parser) -> Iterator[Place]:
    """All of them, the root first; aliases are places of their own."""
    summaries = parser.summaries
    children = {name: summaries.get(verb.verb, "") for name, verb in parser.verbs.items() if verb.verb in summaries}
    yield Place(("tasker",), _options(parser), "", children=children)
    for name in children:
        verb = parser.verbs[name]
        yield _place(("tasker", name), verb, verb.verb)
        for action, one in verb.actions.items():
            yield _place(("tasker", name, action), one, verb.verb)


def signals() -> list[str]:
    """Names as `kill -l` has them, without SIG."""
    return [one.name.removeprefix("SIG") for one in signal.Signals]


def _place(words: tuple[str, ...], parser: Parser, verb: str) -> Place:
    operands = parser.operands()
    kind = "command" if verb in WITH_COMMAND else _kind(operands[0], words) if operands else ""
    if kind == "job" and verb in RUNNING:
        kind = "running" if len(operands) == 1 else "target"
    several = verb in WITH_COMMAND or any(one.nargs in ("+", "*") for one in operands)
    return Place(words, _options(parser), kind, several, parser.summaries)


def _options(parser: Parser) -> tuple[Option, ...]:
    return tuple(
        Option(
            tuple(action.option_strings),
            action.help or "",
            "" if action.nargs == 0 else _kind(action, ()),
            str(action.metavar or action.dest),
        )
        for action in parser.shown()
    )


def _kind(action: argparse.Action, words: tuple[str, ...]) -> str:
    if action.choices is not None:
        return " ".join(map(str, action.choices))
    if action.dest == "context" or (words[1:2] == ("context",) and words[2:] != ("add",)):
        return "context"
    metavar = str(action.metavar or "")
    return "file" if metavar.startswith("PATH") else KINDS.get(metavar, "any")
