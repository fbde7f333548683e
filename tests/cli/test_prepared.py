"""What is made from the parser and committed is what the parser makes now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tasker.cli import arguments
from tasker.cli.__main__ import main
from tests.stub_control import REPOSITORY

MADE = ("tasker/cli/prepared", "packaging/completion")


def files(tree: Path) -> dict[str, str]:
    return {str(path.relative_to(tree)): path.read_text() for made in MADE for path in sorted((tree / made).iterdir())}


def test_what_is_committed_is_what_the_parser_makes(tmp_path: Path) -> None:
    script = REPOSITORY / "packaging" / "prepare"
    subprocess.run([sys.executable, script, tmp_path], check=True)
    assert files(tmp_path) == files(REPOSITORY), "run .venv/bin/python packaging/prepare and commit what it wrote"


@pytest.mark.parametrize("line", ["--help", "-h", "help", "list --help", "ps -h", "help run", "certs init --help"])
def test_help_is_what_the_parser_says(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = line.split()
    assert main(words) == 0
    prepared = capsys.readouterr().out
    with pytest.raises(SystemExit):
        arguments.parse(words if words[0] != "help" or not words[1:] else [*words[1:], "--help"])
    assert capsys.readouterr().out == prepared


@pytest.mark.parametrize("words", [["../tasker", "--help"], ["", "--help"], ["lits", "-h"], ["a", "b", "-h"]])
def test_what_is_not_prepared_is_the_parsers(words: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert capfd.readouterr().out == ""
