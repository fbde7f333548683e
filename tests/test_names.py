"""One name, one thing: no class name stands for two things in one package, no module name for two ideas."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

TREE = Path(__file__).parent.parent / "tasker"
FILES = [path.relative_to(TREE) for path in sorted(TREE.rglob("*.py")) if not path.is_relative_to(TREE / "api" / "v1")]

MOST_ARGUMENTS = 6

# Modules of one name in several places, each about the same thing. `tasker.cli.verbs` is left out: a file there has
# the name of its verb.
SAME = {
    "__init__": "a package",
    "__main__": "a process",
    "collector": "the collector: its messages (wire), and how the engine calls it",
    "connection": "a connection to the service (cli, client) or to the engine (collector)",
    "control": "the socket that a process is controlled by, and its requests",
    "engine": "the engine: its messages (wire), and how a frontend calls it",
    "info": "what GetInfo returns, and how it is shown",
    "jobs": "jobs: converted (api), managed (engine), shown (cli)",
    "loop": "the loop that a process spends its time in",
    "timestamps": "when output was received: stored in the ring, shown beside lines",
    "turns": "taking turns between owners: starting jobs (engine), reading output (collector)",
    "usage": "what a job uses: the values, how they are read (engine) and shown (cli)",
}


def test_a_class_name_stands_for_one_thing_in_its_package() -> None:
    classes: dict[tuple[str, str], list[str]] = defaultdict(list)
    for path in FILES:
        package = path.parts[0] if len(path.parts) > 1 else ""
        for node in ast.walk(ast.parse((TREE / path).read_text())):
            if isinstance(node, ast.ClassDef):
                classes[package, node.name].append(str(path))
    twice = {name: files for (_, name), files in classes.items() if len(files) > 1}
    assert not twice, f"one class name for two things: {twice}"


def test_a_module_name_stands_for_one_idea() -> None:
    modules: dict[str, list[str]] = defaultdict(list)
    for path in FILES:
        if path.parts[:2] != ("cli", "verbs"):
            modules[path.stem].append(str(path))
    twice = {name: files for name, files in modules.items() if len(files) > 1 and name not in SAME}
    assert not twice, f"one module name for two ideas, or a name that SAME in {__file__} lacks: {twice}"


def test_a_constructor_takes_at_most_six_arguments() -> None:
    many = {}
    for path in FILES:
        for node in ast.walk(ast.parse((TREE / path).read_text())):
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                count = len(node.args.posonlyargs + node.args.args + node.args.kwonlyargs) - 1
                if count > MOST_ARGUMENTS:
                    many[f"{path}:{node.lineno}"] = count
    assert not many, f"constructors with too many arguments: {many}"
