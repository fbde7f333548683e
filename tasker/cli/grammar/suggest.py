"""What somebody may have meant: the known word that is nearest to one that is not known."""

from __future__ import annotations

from collections.abc import Iterable

FOREIGN = {"--cpus": ("--cpu", "write --cpu N; --cpu-list says which CPUs")}
"""Options of other tools: the option that is meant, and the hint."""


def instead_of(word: str, known: Iterable[str]) -> str:
    """The hint for an option of another tool, where the option that is meant is known; else ""."""
    option, hint = FOREIGN.get(word.partition("=")[0], ("", ""))
    return hint if option in known else ""


def did_you_mean(word: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """`did you mean …?`, or "" where nothing is near. `cutoff`: 0 takes anything, 1 the word alone."""
    import difflib

    near = difflib.get_close_matches(word.partition("=")[0][:100], list(known), n=1, cutoff=cutoff)
    return f"did you mean {near[0]}?" if near else ""
