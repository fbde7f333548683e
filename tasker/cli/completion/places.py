"""The places of a command line with their options, and the kind of word that follows, for completion. Pure."""

from __future__ import annotations

import argparse
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field

from tasker.cli.grammar.parser import Parser
from tasker.cli.grammar.verbs import WITH_COMMAND

KINDS = {"FILE": "file", "DIR": "directory", "JOB": "job", "SIG": "signal", "SIGNAL": "signal", "CONTEXT": "context"}
"""The kind of a value by metavar. Other kinds: `running`, `target` (running jobs, then a signal), `command`, `any` (no
candidates), or the candidates themselves, separated by spaces."""
RUNNING = ("stop", "signal", "pause", "resume", "limit", "detach")
"""Verbs for jobs that have not ended: kind `running` instead of `job`."""
CONNECTION = ("--context", "--address", "--ca", "--cert", "--key")
"""Options that select the service; passed on to `tasker candidates`."""


@dataclass(frozen=True)
class Option:
    """An option. `kind` is "" if it takes no value."""

    names: tuple[str, ...]
    help: str
    kind: str
    metavar: str


@dataclass(frozen=True)
class Place:
    """A place where a word is completed, e.g. `tasker`, `tasker start`, `tasker certs init`."""

    words: tuple[str, ...]
    options: tuple[Option, ...]
    operand: str
    """The kind of the positional argument; "" for none."""
    several: bool = False
    children: dict[str, str] = field(default_factory=dict)
    """Verbs or actions, with their summaries."""


def places(parser: Parser) -> Iterator[Place]:
    """Yields all places, the root first; aliases are separate places."""
    summaries = parser.summaries
    children = {name: summaries.get(verb.verb, "") for name, verb in parser.verbs.items() if verb.verb in summaries}
    yield Place(("tasker",), _options(parser), "", children=children)
    for name in children:
        verb = parser.verbs[name]
        yield _place(("tasker", name), verb, verb.verb)
        for action, one in verb.actions.items():
            yield _place(("tasker", name, action), one, verb.verb)


def signals() -> list[str]:
    """Returns the names of signals as in `kill -l`, without SIG."""
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
