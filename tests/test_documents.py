"""What the documents for people who work on Tasker refer to exists: links, headings, files, tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.stub.control import REPOSITORY

DOCUMENTS = [REPOSITORY / "README.md", *REPOSITORY.glob("docs/*.md"), *REPOSITORY.glob(".github/*.md")]
ROOTS = [REPOSITORY / root for root in ("", "tests", "tasker", "tasker/client")]
"""Where a name in backticks may begin."""
NAME = re.compile(r"`([\w.-]*[\w.-]/[\w./-]*|[\w-]+\.(?:py|md|toml|proto|lock))`")
"""A path, or the name of a file: not /etc/tasker, which is on a machine."""
PLACEHOLDER = re.compile(r"\b(VERB|OWNER|ID)\b")
"""What stands for many names."""
ELSEWHERE = {"build/", "build/tasker", "tasker.proto", "tasker.toml"}
"""What is made by a command, or named by its last part."""


def text(path: Path) -> str:
    """Without what is indented as an example."""
    return re.sub(r"^    .*$", "", path.read_text(), flags=re.MULTILINE)


def anchors(path: Path) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)]+)\)", text(document)):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), f"{document.name} links to {link}, which does not exist"
        assert not anchor or anchor in anchors(target), f"{document.name} links to {link}: no such heading"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_exist(document: Path) -> None:
    for name in NAME.findall(text(document)):
        found = name in ELSEWHERE or PLACEHOLDER.search(name) or any((root / name).exists() for root in ROOTS)
        assert found, f"{document.name} names {name}, which does not exist"


def test_tests_exist() -> None:
    path = REPOSITORY / ".github/CONTRIBUTING.md"
    named = 0
    file = ""
    for in_file, test in re.findall(r"`([\w/]*\w\.py)?::(\w+)`", path.read_text()):
        file = in_file or file
        named += 1
        assert f"def {test}(" in (REPOSITORY / "tests" / file).read_text(), f"CONTRIBUTING.md names {test} of {file}"
    assert named > 20
