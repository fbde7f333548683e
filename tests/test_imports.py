"""The rule of who may import whom.

cli → client → api ← frontend        collector, engine and frontend import the core, never each other
the core and the collector: the standard library, no more (but certificates are read with cryptography)

In cli: verbs → live → service → show → exits; grammar beside them. No modules import each other in a circle.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
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
# The rooms of the command line (a loose file of it is a room of its own), and the other rooms that each may use.
ROOMS = {
    "exits": set[str](),
    "show": {"exits"},
    "grammar": {"exits"},
    "service": {"exits", "show", "grammar"},
    "live": {"exits", "show", "grammar", "service"},
    "doctor": {"exits", "show", "service"},
    "completion": {"grammar"},
    "verbs": {"exits", "show", "grammar", "service", "live", "doctor"},
    "program": {"exits", "show", "grammar", "service"},
    "__main__": {"program"},
    "__init__": set(),
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


ROOMY = [path.relative_to("cli") for path in FILES if path.parts[0] == "cli"]


def test_every_file_of_the_command_line_has_a_room() -> None:
    assert {path.parts[0].removesuffix(".py") for path in ROOMY} == ROOMS.keys()


@pytest.mark.parametrize("path", ROOMY, ids=str)
def test_rooms_are_imported_one_way(path: Path) -> None:
    room = path.parts[0].removesuffix(".py")
    for name in modules_imported("cli" / path):
        if name.startswith("tasker.cli."):
            used = name.split(".")[2]
            assert used in {room} | ROOMS[room], f"cli/{room} must not import {name}"


MODULES = {".".join(("tasker", *path.with_suffix("").parts)).removesuffix(".__init__"): path for path in FILES}


def modules_imported(path: Path) -> Iterator[str]:
    """The modules of Tasker that a file imports, wherever in it, but not for types alone."""
    tree = ast.parse((TREE / path).read_text())
    for_types = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and id(node) not in for_types:
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else str(node.module)


def test_no_modules_import_each_other_in_a_circle() -> None:
    sorter = TopologicalSorter({name: set(modules_imported(path)) - {name} for name, path in MODULES.items()})
    try:
        sorter.prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' → '.join(error.args[1])}")


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
