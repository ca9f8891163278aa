"""Who imports whom: pure parts stay light, heavy libraries stay in their place, no cycles."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "vllm", "ray", "transformers")
PURE = (
    "ttsgrid.grid.plan",
    "ttsgrid.grid.config",
    "ttsgrid.store",
    "ttsgrid.analysis",
    "ttsgrid.views.html",
    "ttsgrid.views.trace",
    "ttsgrid.importer",
    "ttsgrid.benchmarks",
    "ttsgrid.core.voting",
    "ttsgrid.core.units",
    "ttsgrid.strategies.search.run",
)
# Rooms from the ground up. A room imports rooms below its own floor, and itself.
FLOORS = (
    ("core",),
    ("benchmarks", "models"),
    ("engines", "store"),
    ("grid", "strategies"),
    ("analysis",),
    ("cluster", "importer", "smollm2", "zoo"),
    ("views",),
    ("cli",),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def module_name(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(file): file for file in sorted((ROOT / "ttsgrid").rglob("*.py"))}


def targets(node: ast.AST) -> Iterator[str]:
    """What an import statement names: modules, and names that may be submodules."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "ttsgrid imports by absolute name"
        for alias in node.names:
            submodule = f"{node.module}.{alias.name}"
            yield submodule if submodule in MODULES else str(node.module)


def imported(source: str) -> set[str]:
    """Every import of a source text, those inside functions included."""
    return {name for node in ast.walk(ast.parse(source)) for name in targets(node)}


def imported_at_load(source: str) -> set[str]:
    """The imports that loading a module runs: its own, not its functions'."""
    waiting, found = list(ast.parse(source).body), set()
    while waiting:
        node = waiting.pop()
        found |= set(targets(node))
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting.extend(n for n in ast.iter_child_nodes(node) if isinstance(n, ast.stmt))
    return found


def importers(library: str) -> set[str]:
    return {
        file.relative_to(ROOT).as_posix()
        for file in MODULES.values()
        if any(name.split(".")[0] == library for name in imported(file.read_text()))
    }


@pytest.fixture(scope="module")
def loaded_with_pure_parts() -> set[str]:
    """Top-level packages in a fresh interpreter that has imported every pure part."""
    program = (
        f"import sys, {', '.join(PURE)}; print(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(answer.stdout.split())


@pytest.mark.parametrize("library", HEAVY)
def test_the_pure_parts_load_without_heavy_libraries(
    library: str, loaded_with_pure_parts: set[str]
) -> None:
    assert "ttsgrid" in loaded_with_pure_parts
    assert library not in loaded_with_pure_parts


def test_only_the_cluster_package_imports_ray() -> None:
    files = importers("ray")
    assert files
    assert all(file.startswith("ttsgrid/cluster/") for file in files)


def test_only_what_is_named_after_vllm_imports_it() -> None:
    parts = ("arguments", "classes", "engine", "executor", "in_process", "metrics")
    files = {f"ttsgrid/engines/vllm_{part}.py" for part in parts}
    assert importers("vllm") == files


def test_scipy_has_one_door_and_it_opens_late() -> None:
    door = "ttsgrid/analysis/statistics/libraries.py"
    assert importers("scipy") == {door}
    at_load = imported_at_load((ROOT / door).read_text())
    assert not any(name.startswith("scipy") for name in at_load)


def place_of(module: str) -> str:
    """Room and sub-room of a module, e.g. `analysis.cells`; a room's own files are the room."""
    file = MODULES[module]
    parts = file.relative_to(ROOT / "ttsgrid").parts
    if file.name == "__main__.py" or (len(parts) == 1 and file.name != "__init__.py"):
        return "cli"  # the doors: `python -m ttsgrid.sweep` and the like
    return ".".join(parts[:-1])


def arrows() -> set[tuple[str, str]]:
    """(place, place it imports from) over all modules, imports inside functions included."""
    found = set()
    for module, file in MODULES.items():
        for target in imported(file.read_text()) & (MODULES.keys() - {"ttsgrid"}):
            found.add((place_of(module), place_of(target)))
    return {(place, target) for place, target in found if place != target}


def test_rooms_import_only_the_floors_below() -> None:
    rooms = {(a.split(".")[0], b.split(".")[0]) for a, b in arrows()}
    assert len(rooms) > 30
    assert {room for pair in rooms for room in pair} == set(FLOOR_OF)
    up = {(a, b) for a, b in rooms if a != b and FLOOR_OF[a] <= FLOOR_OF[b]}
    assert not up


def test_no_room_or_sub_room_imports_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for place, target in arrows():
        graph.setdefault(place, set()).add(target)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(reversed(error.args[1])))


def test_no_module_of_the_package_imports_another_in_a_circle() -> None:
    graph = {
        module: (imported_at_load(file.read_text()) & MODULES.keys()) - {module}
        for module, file in MODULES.items()
    }
    assert sum(map(len, graph.values())) > len(MODULES)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(reversed(error.args[1])))


def test_imports_inside_functions_count_for_libraries_but_not_for_circles() -> None:
    source = "import json\nif json:\n    import os\ndef load():\n    from ray import get\n"
    assert imported(source) == {"json", "os", "ray"}
    assert imported_at_load(source) == {"json", "os"}
