"""The searches of the journal that Tasker documents: found in a tree, or in what the package has installed."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

TREE = Path(__file__).parents[2]
IN_TREE = (
    "README.md",
    "docs/*.md",
    "packaging/taskerd.8",
    "packaging/man/*",
    "systemd/*",
    "tasker/**/*.py",
    "tasker/**/*.txt",
)
INSTALLED = (
    "usr/share/doc/tasker/README.md",
    "usr/share/man/man?/tasker*.gz",
    "usr/lib/systemd/catalog/tasker.catalog",
    "usr/lib/tasker/tasker/**/*.py",
    "usr/lib/tasker/tasker/**/*.txt",
)
FIELD = r"TASKER_(?:JOB|OWNER|ACTOR|ACTION|ROLE|SERIAL|ADDRESS|REASON|REFUSED|OMITTED|CONNECTIONS)="
_ROFF = {r"\-": "-", r"\(aq": "'", r"\(ga": "`", r"\(ti": "~", r"\e": "\\"}
_UNIT = re.compile(r"(?:^| )_SYSTEMD_UNIT=tasker[\w@-]*\.service ")
_SEARCH = re.compile(rf"journalctl(?: -[\w-]+)*(?: \+| (?!{FIELD})_?[A-Z][A-Z_]*=[\w@.<>-]+| {FIELD}[\w@.<>-]+)+")


def texts(root: Path, patterns: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """The name of each file and its text, in one line: no markup of a manual page, no line breaks."""
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            if path.is_file():
                data = path.read_bytes()
                text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
                yield str(path.relative_to(root)), flat(text)


def flat(text: str) -> str:
    for escaped, character in _ROFF.items():
        text = text.replace(escaped, character)
    return " ".join(text.split())


def searches(text: str) -> list[str]:
    """Each `journalctl … TASKER_…=…` of a text."""
    return [found for found in _SEARCH.findall(text) if re.search(FIELD, found)]


def forgeable(text: str) -> list[str]:
    """Where a text names a field to search for in no search, or in one that shows what any process may have written."""
    fields = [field for field in re.finditer(FIELD, text) if not _is_safe(text[: field.start()])]
    return [text[max(0, field.start() - 60) : field.end() + 20] for field in fields]


def _is_safe(before: str) -> bool:
    """Whether what stands before a field is a search, up to there, that names a unit of the service."""
    _, command, matches = before.rpartition("journalctl")
    matches = matches.rpartition(" + ")[2]
    return bool(command and _UNIT.search(matches)) and not re.search('[`",|]', matches)
