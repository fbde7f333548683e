"""argparse, adapted to Tasker. Only this module depends on private members and English messages of argparse.

Why not click or typer: they parse the words after the options in their own way and have their own error messages.
argparse is in the standard library, starts fast, and lacks only what this module adds.
"""

from __future__ import annotations

import argparse
import re
import sys

from tasker.cli.grammar.suggest import did_you_mean
from tasker.errors import Reason, TaskerError

TYPE_CHECKING = False  # typing.TYPE_CHECKING, without the slow import of typing
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, NoReturn

vars(argparse)["_"] = lambda text: text
"""Keeps argparse's messages English in every locale: SENTENCES parses them, and every lookup of a translation would
access the file system."""


class UsageError(TaskerError):
    """A command line that cannot be parsed."""

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
"""Patterns of argparse's messages, with the messages that replace them."""


WIDTH = 80


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Formats help for WIDTH columns, whatever the terminal, because help is generated in advance (__main__.py).

    Wraps paragraphs, except those with an indented line, such as examples.
    """

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=WIDTH)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        import textwrap  # here: only help needs it

        return "\n\n".join(
            part if "\n " in part else textwrap.fill(part, width, break_long_words=False, break_on_hyphens=False)
            for part in text.split("\n\n")
        )


class Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises UsageError with Tasker's messages instead of exiting."""

    def __init__(self, **settings: Any) -> None:
        settings["formatter_class"] = Formatter
        super().__init__(allow_abbrev=False, **settings)
        self.color = False  # new in Python 3.14; help has no escape sequences
        self.verbs: dict[str, Parser] = {}

    @property
    def verb(self) -> str:
        return self.prog.partition(" ")[2]

    @property
    def actions(self) -> dict[str, Parser]:
        """The parsers of a verb's actions by name, aliases included; empty for a verb without actions."""
        parts = self._parts()
        return dict(parts.choices) if parts else {}

    @property
    def summaries(self) -> dict[str, str]:
        """The summaries of the verbs or actions that help shows, by name."""
        parts = self._parts()
        return {one.dest: one.help or "" for one in parts._choices_actions} if parts else {}

    @property
    def synopsis(self) -> str:
        """The usage after the program's name, on one line."""
        return " ".join(self.format_usage().removeprefix("usage: ").split()).removeprefix(self.prog).strip()

    def operands(self) -> list[argparse.Action]:
        """Returns the positional arguments, without verbs and actions."""
        return [one for one in self._get_positional_actions() if one is not self._parts()]

    def shown(self) -> list[argparse.Action]:
        """Returns the options that help shows, in the order in which they were added."""
        return [one for one in self._actions if one.option_strings and one.help != argparse.SUPPRESS]

    def groups(self) -> Iterator[tuple[str, str, list[argparse.Action]]]:
        """Yields the title ("" for the first group), the description and the shown options of each group."""
        for group in self._action_groups:
            options = [one for one in self.shown() if one in group._group_actions]
            yield "" if group is self._optionals else str(group.title), group.description or "", options

    def option_strings(self) -> list[str]:
        return list(self._option_string_actions)

    def takes(self) -> str:
        """Describes the positional arguments for an error message."""
        names = [str(action.metavar) for action in self._get_positional_actions()]
        return f"one {names[0]}" if names else "nothing but options"

    def _parts(self) -> argparse._SubParsersAction[Parser] | None:
        return next((one for one in self._actions if isinstance(one, argparse._SubParsersAction)), None)

    def error(self, message: str) -> NoReturn:
        text = f"cannot read the command line: {message}"
        for pattern, words in SENTENCES:
            if found := re.fullmatch(pattern, message, re.DOTALL):
                text = words(*found.groups())
        raise UsageError(text if text.endswith("?") else f"{text}; see {self.prog} --help")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Prints help. Unlike argparse, raises OSError if it cannot be written."""
        print(message, end="", file=sys.stdout, flush=True)

    def first_word(self, words: Sequence[str]) -> int:
        """Returns the index of the first word that is neither an option nor its value; len(words) if there is none."""
        at = 0
        while at < len(words):
            word = words[at]
            if word == "-" or not word.startswith("-") or word == "--":
                return at
            action = self._option_string_actions.get(word)
            at += 2 if action is not None and action.nargs is None else 1
        return len(words)
