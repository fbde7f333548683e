"""A verb of the command line: every place that must know of it. Generated files: tests/cli/test_prepared.py."""

from __future__ import annotations

import re

import pytest

from tasker.cli.grammar.verbs import ALIASES, HIDDEN, VERBS, WITH_COMMAND, load
from tests.checklists.sources import TREE
from tests.stub.control import REPOSITORY

TABLE = "the table VERBS"
SCREENS = {path.stem for path in (REPOSITORY / "tests/cli/golden").glob("*.txt")}
WITHOUT_SCREEN = {
    "doctor": "what it finds depends on the machine",
    "completion": "tests/cli/test_completion.py runs what it prints",
}
"""Verbs without a golden screen, and why."""


def test_every_module_is_a_verb() -> None:
    modules = {path.stem for path in (TREE / "cli/verbs").glob("[!_]*.py")}
    unknown = modules - VERBS.keys() - set(HIDDEN)
    assert not unknown, f"tasker/cli/verbs/ has modules that {TABLE} does not have: {', '.join(sorted(unknown))}"


@pytest.mark.parametrize("table", [ALIASES, WITH_COMMAND], ids=["ALIASES", "WITH_COMMAND"])
def test_every_table_is_of_verbs(table: dict[str, tuple[str, ...]] | tuple[str, ...]) -> None:
    assert set(table) <= VERBS.keys(), f"a name is not in {TABLE}"


@pytest.mark.parametrize("verb", VERBS)
def test_it_has_a_module(verb: str) -> None:
    path = TREE / "cli" / "verbs" / f"{verb}.py"
    assert path.exists(), f"there is no tasker/cli/verbs/{verb}.py for the row of {TABLE}"
    module = load(verb)
    for name in ("USAGE", "EPILOG", "arguments", "run"):
        assert hasattr(module, name), f"tasker/cli/verbs/{verb}.py has no {name}"
    assert module.EPILOG.startswith("examples:\n"), f"EPILOG of tasker/cli/verbs/{verb}.py begins with no examples"


@pytest.mark.parametrize("verb", VERBS)
def test_the_readme_lists_it(verb: str) -> None:
    section = (REPOSITORY / "README.md").read_text().partition("\n## Verbs\n")[2].partition("\n## ")[0]
    listed = " ".join(re.findall(r"^\|([^|]*)\|", section, re.MULTILINE))
    assert verb in re.findall("`([a-z]+)", listed), f"the table of verbs in README.md has no `{verb}`"


@pytest.mark.parametrize("verb", VERBS)
def test_it_has_a_golden_screen(verb: str) -> None:
    has = any(re.fullmatch(rf"{verb}s?(-.*)?", screen) for screen in SCREENS)
    if verb in WITHOUT_SCREEN:
        assert not has, f"tasker {verb} has a golden screen: take it out of WITHOUT_SCREEN"
    else:
        assert has, f"tests/cli/golden/ has no screen {verb}.txt or {verb}-*.txt: see tests/cli/golden.py"
