"""Suggestions for an unknown word: the nearest known word."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Returns "did you mean …?", or "" if no word is similar. `cutoff`: 0 accepts any word, 1 only the same word."""
    import difflib

    near = difflib.get_close_matches(word.partition("=")[0][:100], list(known), n=1, cutoff=cutoff)
    return f"did you mean {near[0]}?" if near else ""
