"""Golden screens: what a terminal shows, kept in golden/NAME.txt and compared row by row. For tests alone.

    check("list", terminal.settle(), {job: "k3v9x2mq"})

What differs from run to run is written the same first, in the room that it took, so that columns stay where they are:
the words that the test names (ids, a host's name), times of day, durations, and what further patterns say.
To renew the screens: UPDATE_GOLDEN=1 python -m pytest tests/cli. A test that writes its screen fails, so that nothing
ever passes by being renewed; look at the difference (git diff), then run again without it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

SCREENS = Path(__file__).parent / "golden"
UPDATE = "UPDATE_GOLDEN"
EVERYWHERE = {
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d": "2026-01-02 03:04:05",
    r"\b(?<!-)\d\d:\d\d:\d\d\b": "03:04:05",
    r"(?<![\w.])(?:\d+[dhm] )?\d+(?:\.\d)?s(?!\w)": "1.5s",
    r"(?<=\bpid )\d+": "4242",
    r"(?<=\(uid )\d+(?=\))": "60000",
}
"""Patterns of what varies on every screen, and what is written for it."""


def check(name: str, rows: Sequence[str], words: Mapping[str, str], vary: Mapping[str, str] | None = None) -> None:
    """Fail where `rows`, without empty ones at the end, are not those of golden/NAME.txt.

    `words` are replaced as they are, `vary` has more patterns.
    """
    shown = normalised(rows, words, vary or {})
    path = SCREENS / f"{name}.txt"
    if os.environ.get(UPDATE):
        path.parent.mkdir(exist_ok=True)
        path.write_text(shown)
        raise AssertionError(f"wrote {path}: look at it, then run again without {UPDATE}")
    assert path.exists(), f"there is no {path}; make it with {UPDATE}=1"
    assert shown == path.read_text(), f"not the screen of {path}; renew it with {UPDATE}=1 if it is right so"


def normalised(rows: Sequence[str], words: Mapping[str, str], vary: Mapping[str, str]) -> str:
    """The text of the screen, one line a row."""
    exactly = {re.escape(word): instead for word, instead in words.items()}
    text = "\n".join(rows)
    for pattern, instead in {**exactly, **vary, **EVERYWHERE}.items():
        text = re.sub(f"(?:{pattern})( *)", partial(_in_its_room, instead), text)
    return "\n".join(row.rstrip() for row in text.split("\n")).rstrip("\n") + "\n"


def _in_its_room(instead: str, match: re.Match[str]) -> str:
    """In a column, which two spaces end at least, as wide as what it replaces with them; in a sentence, as it is."""
    spaces = match[match.re.groups]
    return instead + (" " * max(len(match[0]) - len(instead), 1) if len(spaces) > 1 else spaces)
