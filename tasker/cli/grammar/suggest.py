"""Suggestions for an unknown word: the nearest known word."""

from __future__ import annotations

from collections.abc import Iterable

FOREIGN = {"--cpus": ("--cpu", "write --cpu N; --cpu-list says which CPUs")}
"""Options of other tools: the option that is meant, and the hint."""


def instead_of(word: str, known: Iterable[str]) -> str:
    """Returns the hint for an option of another tool that has a known equivalent in Tasker; else ""."""
    option, hint = FOREIGN.get(word.partition("=")[0], ("", ""))
    return hint if option in known else ""


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Returns "did you mean …?", or "" if no word is similar. `cutoff`: 0 accepts any word, 1 only the same word."""
    import difflib

    near = difflib.get_close_matches(word.partition("=")[0][:100], list(known), n=1, cutoff=cutoff)
    return f"did you mean {near[0]}?" if near else ""
