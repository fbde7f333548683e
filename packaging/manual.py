"""Makes the manual pages from the parser of the command line and the comments of systemd/tasker.toml.

The input is plain text, the output man(7). Only taskerd(8) is written by hand: packaging/taskerd.8.
Why neither argparse-manpage nor help2man nor Sphinx: none of them reads tasker.toml, and each would be another build
dependency to replace 150 lines.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator

from tasker import __version__
from tasker.cli.grammar.help import sentence
from tasker.cli.grammar.parser import Parser

DATE = "2026-11-24"
"""The date of all pages; fixed, so that the output is reproducible."""
CHARACTERS = str.maketrans(
    {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti", "…": "..."}
)


def pages(parser: Parser, toml: str) -> dict[str, str]:
    """Returns the text of each page by file name."""
    summaries = parser.summaries
    made = {"tasker.1": _root(parser, summaries)}
    made |= {f"tasker-{name}.1": _verb(name, parser.verbs[name], summary) for name, summary in summaries.items()}
    made["tasker.toml.5"] = _configuration(toml)
    return made


def _root(parser: Parser, summaries: dict[str, str]) -> str:
    lines = _head("tasker", 1, "run commands on a Linux machine as jobs under systemd")
    lines += [".SH SYNOPSIS", ".B tasker", ".I VERB", _text("[OPTION…] …")]
    lines += [".SH DESCRIPTION", *_paragraph(str(parser.description)), ".SH VERBS"]
    for name, summary in summaries.items():
        lines += [".TP", f".BR {_text(f'tasker-{name}')} (1)", _text(sentence(summary))]
    lines += [".SH OPTIONS", *_options(parser, ".SS"), *_epilog(str(parser.epilog))]
    lines += [".SH FILES", ".TP", ".I ~/.config/tasker/config.toml", "Address, certificates and contexts.", ".TP"]
    lines += [".I /etc/tasker/ca.crt, /etc/tasker/clients/", "The default certificates."]
    return _page([*lines, *_see([f"tasker-{name}(1)" for name in summaries] + ["tasker.toml(5)", "taskerd(8)"])])


def _verb(name: str, verb: Parser, summary: str) -> str:
    lines = [*_head(f"tasker-{name}", 1, summary), ".SH SYNOPSIS", *_usage(verb), ".SH DESCRIPTION"]
    epilog = list(_epilog(str(verb.epilog)))
    lines += [_text(sentence(summary))]
    for action, one in verb.actions.items():
        lines += [f".SH {_quoted(action.upper())}", *_usage(one), ".PP", _text(str(one.description))]
        lines += _options(one, ".SS", skip=_common(verb))
    operands = verb.operands()
    if operands:
        lines += [".SH ARGUMENTS"]
        for operand in operands:
            lines += [".TP", f".I {_text(str(operand.metavar))}", _text(_help(operand))]
    lines += [".SH OPTIONS", *_options(verb, ".SS"), *epilog]
    return _page([*lines, *_see(["tasker(1)", "tasker.toml(5)", "taskerd(8)"])])


def _usage(parser: Parser) -> list[str]:
    return [f".B {_text(parser.prog)}", _text(parser.synopsis)]


def _common(verb: Parser) -> set[str]:
    """Returns the options that are already on the page of the verb."""
    return {name for _, _, options in verb.groups() for option in options for name in option.option_strings}


def _options(parser: Parser, heading: str, skip: set[str] | None = None) -> Iterator[str]:
    for title, description, options in parser.groups():
        actions = [one for one in options if not set(one.option_strings) <= (skip or set())]
        if not actions:
            continue
        if title:
            yield f"{heading} {_quoted(title)}"
            if description:
                yield _text(description)
        for action in actions:
            value = "" if action.nargs == 0 else rf" \fI{_text(_metavar(action))}\fR"
            names = ", ".join(rf"\fB{_text(name)}\fR{value}" for name in action.option_strings)
            yield from (".TP", names, _text(_help(action)))


def _metavar(action: argparse.Action) -> str:
    if action.metavar is None and action.choices is not None:
        return "|".join(map(str, action.choices))
    return str(action.metavar or action.dest.upper())


def _help(action: argparse.Action) -> str:
    return (action.help or "").replace("%%", "%")


def _epilog(text: str) -> Iterator[str]:
    """Converts an epilog: examples, paragraphs, exit codes."""
    before = ".SH NOTES"
    for block in text.split("\n\n"):
        first, _, rest = block.partition("\n")
        if first == "examples:":
            yield from (".SH EXAMPLES", ".EX", *[_text(line.removeprefix("  ")) for line in rest.splitlines()], ".EE")
        elif first.startswith("exit codes:"):
            yield from (".SH EXIT STATUS", *_paragraph(block.removeprefix("exit codes:").strip()))
        else:
            yield from (before, *_paragraph(block))
            before = ".PP"


def _configuration(toml: str) -> str:
    """Makes tasker.toml(5). Comments above a section or a key describe it; `#key = value` is a default."""
    lines = [*_head("tasker.toml", 5, "the configuration of the tasker service"), ".SH SYNOPSIS"]
    lines += [".I /etc/tasker/tasker.toml", ".SH DESCRIPTION"]
    said: list[str] = []
    beginning = True
    for line in [*toml.splitlines(), ""]:
        section, key = re.fullmatch(r"#?(\[.*\])", line), re.fullmatch(r"#([\w-]+) = (.*)", line)
        if line.startswith("# "):
            said.append(line.removeprefix("# "))
        elif section:
            heading = ".SH SECTIONS\n.SS" if beginning else ".SS"
            lines += [f"{heading} {_quoted(section[1])}", *_paragraph(" ".join(said))]
            beginning, said = False, []
        elif key:
            lines += [".TP" if said or lines[-1] != "\\&" else ".TQ", rf"\fB{_text(key[1])}\fR = {_text(key[2])}"]
            lines += _paragraph(" ".join(said)) if said else ["\\&"]
            said = []
        elif said:
            lines += _paragraph(" ".join(said))
            said = []
    return _page([*lines, *_see(["tasker(1)", "tasker-certs(1)", "taskerd(8)"])])


def _head(name: str, section: int, what: str) -> list[str]:
    title = f'.TH {_text(name.upper())} {section} {DATE} "Tasker {__version__}" "Tasker"'
    made = r".\" Generated by packaging/prepare; change its sources instead."
    return [made, title, ".SH NAME", rf"{_text(name)} \- {_text(what)}"]


def _see(names: list[str]) -> list[str]:
    words = [re.fullmatch(r"(.*)(\(\d\))", name) for name in names]
    lines = [f".BR {_text(word[1])} {word[2]}," for word in words if word]
    return [".SH SEE ALSO", *lines[:-1], lines[-1].removesuffix(",")]


def _paragraph(text: str) -> list[str]:
    """Returns running text, filled by man; a paragraph with indented lines is kept unchanged."""
    if any(line.startswith("  ") for line in text.splitlines()):
        return [".EX", *map(_text, text.splitlines()), ".EE"]
    return [_text(line) for line in text.splitlines() if line] or []


def _quoted(text: str) -> str:
    escaped = _text(text).replace('"', r"\(dq")
    return f'"{escaped}"'


def _text(text: str) -> str:
    """Escapes one line so that man shows it unchanged."""
    line = text.translate(CHARACTERS)
    return rf"\&{line}" if line.startswith(".") else line


def _page(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
