"""What somebody may have meant: the known word that is nearest to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean …?`, or "" where nothing is near."""
    import difflib

    near = difflib.get_close_matches(word.partition("=")[0][:100], list(known), n=1)
    return f"did you mean {near[0]}?" if near else ""
