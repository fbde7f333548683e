"""What the source of a module says, for tests that look for a forgotten place."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.stub.control import REPOSITORY

TREE = REPOSITORY / "tasker"


def nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text()))


def attributes(*paths: Path) -> set[str]:
    """Every NAME that stands somewhere as `value.NAME`."""
    return {node.attr for path in paths for node in nodes(path) if isinstance(node, ast.Attribute)}
