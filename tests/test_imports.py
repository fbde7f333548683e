"""The rule of who may import whom.

cli → client → api ← frontend        collector, engine and frontend import the core, never each other
the core and the collector: the standard library, no more (but certificates are read with cryptography)
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TREE = Path(__file__).parent.parent / "tasker"
PACKAGES = ("api", "cli", "client", "collector", "engine", "frontend")
FILES = sorted(path.relative_to(TREE) for path in TREE.rglob("*.py") if not path.is_relative_to(TREE / "api" / "v1"))

# Of Tasker, besides a package's own files and the core.
MAY_USE = {
    "core": set[str](),
    "collector": set(),
    "engine": set(),
    "api": set(),
    "frontend": {"api"},
    "client": {"api"},
    "cli": {"client"},
}
# Of others, besides the standard library: the library and the only files it may be imported in.
LIBRARIES = {
    "dbus_next": ("engine/bus.py",),
    "grpc": ("frontend/", "client/", "api/"),
    "grpc_health": ("frontend/",),
    "grpc_reflection": ("frontend/",),
    "google": ("frontend/", "client/", "api/"),
    "cryptography": ("certs.py", "certfiles.py", "issuing.py"),
    "rich": ("cli/",),
    "tomlkit": ("cli/service/contexts.py",),
}


def imported(path: Path) -> Iterator[str]:
    """Whole names of all modules that a file imports, wherever in it; a name taken out of tasker's root is one, too."""
    for node in ast.walk(ast.parse((TREE / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: an import names its module whole"
            assert node.module is not None
            if node.module == "tasker":
                yield from (f"tasker.{alias.name}" for alias in node.names)
            else:
                yield node.module


def package_of(name: str) -> str:
    part = name.split(".")[1] if "." in name else ""
    return part if part in PACKAGES else "core"


def test_there_is_something_to_look_at() -> None:
    assert {package_of(f"tasker.{path.parts[0]}") for path in FILES} >= {"core", "collector", "engine"}


@pytest.mark.parametrize("path", FILES, ids=str)
def test_imports_go_one_way(path: Path) -> None:
    package = path.parts[0] if path.parts[0] in PACKAGES else "core"
    for name in imported(path):
        root = name.partition(".")[0]
        if root == "tasker":
            used = package_of(name)
            assert used in {package, "core"} | MAY_USE[package], f"{package} must not import {name}"
        elif root not in sys.stdlib_module_names:
            places = LIBRARIES.get(root, ())
            assert any(str(path) == place or str(path).startswith(place) for place in places), (
                f"{path} must not import {name}: only {', '.join(places) or 'nobody'} may"
            )


def test_the_collector_loads_the_standard_library_only() -> None:
    """Not by way of another module either: the whole of what its files lead to."""
    seen: set[str] = set()
    waiting = [f"tasker.collector.{path.stem}" for path in FILES if path.parts[0] == "collector"]
    while waiting:
        name = waiting.pop()
        root = name.partition(".")[0]
        if root != "tasker":
            assert root in sys.stdlib_module_names, f"the collector comes to import {name}"
        elif name not in seen:
            seen.add(name)
            path = Path(*name.split(".")[1:])
            for file in (path.with_suffix(".py") if path.name else path, path / "__init__.py"):
                if (TREE / file).is_file():
                    waiting.extend(imported(file))
    assert "tasker.ring" in seen
    assert "tasker.certs" not in seen
