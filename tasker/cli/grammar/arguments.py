"""The command line's grammar: argv ─▶ a namespace. What options a verb has is in `verbs/`; nothing is done here.

argparse cannot stop at the first word that is no option (its REMAINDER swallows options), so where the job's own
command begins is found here first, from the same parser's list of options that take a value:

    tasker --json start --memory 1G --name x sleep 60        tasker start --memory 1G -- sleep 60
           ╰ root ╯     ╰────── options ───╯ ╰command╯                   ╰─ options ─╯    ╰command╯
"""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from tasker import __version__
from tasker.cli.grammar import options
from tasker.cli.grammar.help import EPILOG, INTRODUCTION, sentence
from tasker.cli.grammar.suggest import did_you_mean
from tasker.cli.grammar.verbs import ALIASES, HIDDEN, VERBS, WITH_COMMAND, load
from tasker.errors import Reason, TaskerError


class UsageError(TaskerError):
    """The command line cannot be understood."""

    def __init__(self, message: str) -> None:
        super().__init__(Reason.INVALID, message)


def _choice(argument: str, word: str, choices: str) -> str:
    known = re.findall(r"'([^']*)'", choices) or choices.split(", ")
    return f"cannot take {word[:40]!r} as {argument}; {did_you_mean(word, known) or 'choose ' + ', '.join(known)}"


SENTENCES: tuple[tuple[str, Callable[..., str]], ...] = (
    (r"argument (\S+): (cannot .*)", lambda argument, text: f"{text} ({argument})"),
    (r"argument (\S+): invalid choice: '(.*)' \(choose from (.*)\)", _choice),
    (r"argument (\S+): not allowed with argument (\S+)", lambda one, other: f"cannot take both {one} and {other}"),
    (r"argument (\S+): expected one argument", lambda argument: f"cannot use {argument} without a value"),
    (r"argument (\S+): ignored explicit argument .*", lambda argument: f"cannot give {argument} a value; it has none"),
    (r"the following arguments are required: (.*)", lambda names: f"cannot do that without {names}"),
)
"""argparse's messages in Tasker's words."""


WIDTH = 80


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Of one width everywhere, that of the narrowest usual terminal: what it makes is prepared (__main__.py).

    A paragraph is filled; one with a line that is indented, like examples, stays as it is.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=WIDTH)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n\n".join(
            part if "\n " in part else textwrap.fill(part, width, break_long_words=False, break_on_hyphens=False)
            for part in text.split("\n\n")
        )


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises instead of exiting, and says it Tasker's way."""

    def __init__(self, **settings: Any) -> None:
        settings["formatter_class"] = Formatter
        super().__init__(allow_abbrev=False, **settings)
        self.color = False  # of Python 3.14: help is the same text everywhere, without sequences
        self.verbs: dict[str, Parser] = {}

    @property
    def verb(self) -> str:
        return self.prog.partition(" ")[2]

    @property
    def actions(self) -> dict[str, Parser]:
        """What a verb is divided into, as certs is."""
        parts = [part.choices for part in self._actions if isinstance(part, argparse._SubParsersAction)]
        return dict(parts[0]) if parts else {}

    def error(self, message: str) -> NoReturn:
        text = f"cannot read the command line: {message}"
        for pattern, words in SENTENCES:
            if found := re.fullmatch(pattern, message, re.DOTALL):
                text = words(*found.groups())
        raise UsageError(text if text.endswith("?") else f"{text}; see {self.prog} --help")

    def _print_message(self, message: str, file: Any = None) -> None:
        """argparse's own says to nobody that help cannot be written."""
        print(message, end="", file=sys.stdout, flush=True)

    def option_strings(self) -> list[str]:
        return list(self._option_string_actions)

    def operands(self) -> str:
        """What it takes besides options, for people."""
        names = [str(action.metavar) for action in self._get_positional_actions()]
        return f"one {names[0]}" if names else "nothing but options"

    def first_word(self, words: Sequence[str]) -> int:
        """The index of the first word that is neither an option nor an option's value; len(words) if there is none."""
        at = 0
        while at < len(words):
            word = words[at]
            if word == "-" or not word.startswith("-") or word == "--":
                return at
            action = self._option_string_actions.get(word)
            at += 2 if action is not None and action.nargs is None else 1
        return len(words)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """`verb`, its options, and for start and run `command`, exactly as given. Raises UsageError; --help exits."""
    parser = build(argv)
    words = list(argv)
    at = parser.first_word(words)
    if at == len(words) or words[at] == "--":
        _read(parser, parser, words[:at])  # --help and --version end here
        raise UsageError("cannot do anything without a verb; tasker --help lists them")
    if words[at] == "help":
        asked = words[at + 1 : at + 2]
        if not asked or asked[0] in parser.verbs:
            parser.parse_args([*asked, "--help"])
        at += 1
    verb = parser.verbs.get(words[at])
    if verb is None:
        near = did_you_mean(words[at], [name for name in parser.verbs if name not in HIDDEN])
        raise UsageError(f"cannot find the verb {words[at][:40]!r}; {near or 'tasker --help lists them'}")
    command: list[str] = []
    if verb.verb in WITH_COMMAND:
        begin = at + 1 + verb.first_word(words[at + 1 :])
        command = words[begin + 1 :] if words[begin : begin + 1] == ["--"] else words[begin:]
        words = words[:begin]
    namespace = _read(parser, verb, words)
    if verb.verb in WITH_COMMAND and not command:
        raise UsageError(f"cannot {verb.verb} without a command; give one, e.g. tasker {verb.verb} -- sleep 60")
    namespace.command = command
    return namespace


def _read(parser: Parser, verb: Parser, words: list[str]) -> argparse.Namespace:
    namespace, unknown = parser.parse_known_args(words)
    word = next((word for word in unknown if word != "--"), "")
    if not unknown:
        return namespace
    at = verb.actions.get(getattr(namespace, "action", None) or "", verb)
    see = f"see {at.prog} --help"
    if word.startswith("-") or at is parser:
        near = did_you_mean(word, at.option_strings())
        raise UsageError(f"cannot understand {word[:40]!r}; {near or see}")
    raise UsageError(f"cannot take {word[:40]!r}: {at.verb} takes {at.operands()}; {see}")


def wants_json(argv: Sequence[str]) -> bool:
    """Whether errors are to be JSON, even where the command line cannot be understood. A job's own words do not ask."""
    parser = build(argv)
    at = parser.first_word(argv)
    rest = argv[at + 1 :]
    verb = parser.verbs.get(argv[at]) if at < len(argv) else None
    if verb is not None and verb.verb in WITH_COMMAND:
        end = verb.first_word(rest)
    else:
        end = rest.index("--") if "--" in rest else len(rest)
    return "--json" in [*argv[:at], *rest[:end]]


def verb_of(argv: Sequence[str]) -> str:
    """The verb, even of a command line that cannot be understood; "" where there is none."""
    parser = build(argv)
    at = parser.first_word(argv)
    return parser.verbs[argv[at]].verb if at < len(argv) and argv[at] in parser.verbs else ""


def build(asked: Sequence[str] | None = None) -> Parser:
    """The parser: whole, as man pages and completion are made from it, or with the options of the verbs in `asked`."""
    parser = Parser(prog="tasker", usage="tasker VERB [OPTION…] …", description=INTRODUCTION, epilog=EPILOG)
    parser.add_argument("--version", action="version", version=f"tasker {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", dest="verb", prog="tasker")
    options.common(parser, None)
    for name in (*VERBS, *HIDDEN):
        names = (name, *ALIASES.get(name, ()))
        shown: Any = {"help": VERBS[name], "description": sentence(VERBS[name])} if name in VERBS else {}
        verb = verbs.add_parser(name, aliases=names[1:], **shown)
        verb.set_defaults(verb=name)
        if asked is None or any(word in names for word in asked):
            module = load(name)
            verb.usage, verb.epilog = f"tasker {name} [OPTION…] {module.USAGE}".rstrip(), module.EPILOG
            module.arguments(verb)
            options.common(verb, argparse.SUPPRESS)
        parser.verbs |= dict.fromkeys(names, verb)
    return parser
