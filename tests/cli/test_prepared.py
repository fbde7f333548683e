"""What is made from the parser and committed is what the parser makes now."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from tasker.cli.__main__ import main
from tasker.cli.grammar import arguments
from tasker.cli.grammar.verbs import VERBS
from tasker.config import Config
from tests.cli.needed import needed
from tests.stub.control import REPOSITORY
from tests.support.waiting import DEADLINE

MADE = ("tasker/cli/prepared", "packaging/man")


def files(tree: Path) -> dict[str, str]:
    return {str(path.relative_to(tree)): path.read_text() for made in MADE for path in sorted((tree / made).iterdir())}


def test_what_is_committed_is_what_the_parser_makes(tmp_path: Path) -> None:
    script = REPOSITORY / "packaging" / "prepare"
    subprocess.run([sys.executable, script, tmp_path], check=True, timeout=DEADLINE)
    assert files(tmp_path) == files(REPOSITORY), "run .venv/bin/python packaging/prepare and commit what it wrote"


@pytest.mark.parametrize("line", ["--help", "-h", "help", "list --help", "ps -h", "help run", "certs init --help"])
def test_help_is_what_the_parser_says(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = line.split()
    assert main(words) == 0
    prepared = capsys.readouterr().out
    with pytest.raises(SystemExit):
        arguments.parse(words if words[0] != "help" or not words[1:] else [*words[1:], "--help"])
    assert capsys.readouterr().out == prepared


@pytest.mark.parametrize("page", sorted((REPOSITORY / "tasker/cli/prepared").glob("*.txt")), ids=lambda page: page.stem)
def test_help_fits_its_width(page: Path) -> None:
    lines = page.read_text().splitlines()
    assert [line for line in lines if len(line) > 80 or line != line.rstrip()] == []


@pytest.mark.parametrize("words", [["../tasker", "--help"], ["", "--help"], ["lits", "-h"], ["a", "b", "-h"]])
def test_what_is_not_prepared_is_the_parsers(words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capfd.readouterr().out == ""


PAGES = [*sorted((REPOSITORY / "packaging/man").iterdir()), REPOSITORY / "packaging/taskerd.8"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_manual_pages_are_well_formed(page: Path) -> None:
    needed("mandoc")
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page], capture_output=True, text=True, timeout=DEADLINE)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_verb_and_every_key_has_a_page() -> None:
    names = {page.name for page in PAGES}
    parser = arguments.build()
    assert {f"tasker-{verb}.1" for verb in VERBS} | {"tasker.1", "tasker.toml.5", "taskerd.8"} == names
    for verb in VERBS:
        text = (REPOSITORY / f"packaging/man/tasker-{verb}.1").read_text()
        for option in parser.verbs[verb].option_strings():
            assert f"fB{option}".replace("-", r"\-") in text, option
    text = (REPOSITORY / "packaging/man/tasker.toml.5").read_text()
    for section in fields(Config):
        has = rf'.SS "[{section.name}' in text
        assert has, f"tasker.toml(5) has no section [{section.name}]: run .venv/bin/python packaging/prepare"
