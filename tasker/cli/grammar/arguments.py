"""Parses the command line: argv ─▶ a namespace. The options of each verb are in `verbs/`. Executes nothing.

argparse cannot stop at the first word that is not an option (REMAINDER swallows options). So this module first finds
the start of the job's command, using the parser's list of options that take a value:

    tasker --json start --memory 1G --name x sleep 60        tasker start --memory 1G -- sleep 60
           ╰ root ╯     ╰────── options ───╯ ╰command╯                   ╰─ options ─╯    ╰command╯

Only the module of the verb that was typed is imported.
"""

from __future__ import annotations

import argparse
from functools import cache

from tasker import __version__
from tasker.cli.grammar import options
from tasker.cli.grammar.help import EPILOG, INTRODUCTION, sentence
from tasker.cli.grammar.parser import Parser, UsageError
from tasker.cli.grammar.suggest import did_you_mean, instead_of
from tasker.cli.grammar.verbs import ALIASES, HIDDEN, NAMES, VERBS, WITH_COMMAND, load

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

HELP = ("-h", "--help")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Returns a namespace with `verb`, its options, and for start and run `command`, unchanged.

    Raises UsageError, and SystemExit after --help.
    """
    words = list(argv)
    at = _root().first_word(words)
    if at == len(words) or words[at] == "--":
        root = build("")
        _read(root, root, words[:at])  # --help and --version exit here
        raise UsageError("cannot run without a verb; tasker --help lists all verbs")
    if words[at] == "help":
        asked = words[at + 1 : at + 2]
        if not asked or asked[0] in NAMES:
            build(NAMES[asked[0]] if asked else "").parse_args([*asked, "--help"])
        at += 1
    name = NAMES.get(words[at])
    if name is None:
        near = did_you_mean(words[at], [name for name in NAMES if name not in HIDDEN])
        raise UsageError(f"cannot find the verb {words[at][:40]!r}; {near or 'tasker --help lists all verbs'}")
    parser = build("" if any(word in HELP for word in words[:at]) else name)  # help of the root lists all verbs
    verb = parser.verbs[name]
    command: list[str] = []
    if name in WITH_COMMAND:
        begin = at + 1 + verb.first_word(words[at + 1 :])
        command = words[begin + 1 :] if words[begin : begin + 1] == ["--"] else words[begin:]
        words = words[:begin]
    namespace = _read(parser, verb, words)
    if name in WITH_COMMAND and not command:
        raise UsageError(f"cannot {name} without a command; give one, e.g. tasker {name} -- sleep 60")
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
        known = at.option_strings()
        hint = instead_of(word, known) or did_you_mean(word, known) or see
        raise UsageError(f"cannot understand {word[:40]!r}; {hint}")
    raise UsageError(f"cannot take {word[:40]!r}: {at.verb} takes {at.takes()}; {see}")


def wants_json(argv: Sequence[str]) -> bool:
    """Returns whether --json was given, even if the command line cannot be parsed. Skips the job's command."""
    at = _root().first_word(argv)
    rest = argv[at + 1 :]
    verb = verb_of(argv)
    if verb in WITH_COMMAND:
        end = build(verb).verbs[verb].first_word(rest)
    else:
        end = rest.index("--") if "--" in rest else len(rest)
    return "--json" in [*argv[:at], *rest[:end]]


def verb_of(argv: Sequence[str]) -> str:
    """Returns the verb, even if the command line cannot be parsed; "" if there is none."""
    at = _root().first_word(argv)
    return NAMES.get(argv[at], "") if at < len(argv) else ""


def build(verb: str | None = None) -> Parser:
    """Returns the parser of one verb. With "", a parser that knows the verbs but not their options. With None, the
    complete parser, from which manual pages and completion are generated.
    """
    parser = _named()
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", dest="verb", prog="tasker")
    options.common(parser, None)
    for name in (verb,) if verb else (*VERBS, *HIDDEN):
        names = (name, *ALIASES.get(name, ()))
        shown: Any = {"help": VERBS[name], "description": sentence(VERBS[name])} if name in VERBS else {}
        one = verbs.add_parser(name, aliases=names[1:], **shown)
        one.set_defaults(verb=name)
        if verb != "":
            module = load(name)
            one.usage, one.epilog = f"tasker {name} [OPTION…] {module.USAGE}".rstrip(), module.EPILOG
            module.arguments(one)
            options.common(one, argparse.SUPPRESS)
        parser.verbs |= dict.fromkeys(names, one)
    return parser


@cache
def _root() -> Parser:
    """Returns the parser of the words before the verb."""
    parser = _named()
    options.common(parser, None)
    return parser


def _named() -> Parser:
    parser = Parser(prog="tasker", usage="tasker VERB [OPTION…] …", description=INTRODUCTION, epilog=EPILOG)
    parser.add_argument("--version", action="version", version=f"tasker {__version__}")
    return parser
