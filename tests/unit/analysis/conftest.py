"""One synthetic store for the tests that only read it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.analysis.synthetic import World, write_store
from ttsgrid.analysis.cells.cells import Cells, make_cells
from ttsgrid.analysis.cells.outcomes import pool_outcomes
from ttsgrid.analysis.frames.load import StoreFrames, load
from ttsgrid.analysis.frames.solutions import Equivalence


def exact_strings(answers: Sequence[str]) -> list[int]:
    """Two answers mean the same only if they are the same string."""
    seen: dict[str, int] = {}
    return [seen.setdefault(answer, len(seen)) for answer in answers]


def by_string(benchmark: str) -> Equivalence:
    return exact_strings


@pytest.fixture(scope="session")
def world() -> World:
    return World()


@pytest.fixture(scope="session")
def store(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("synthetic") / "store"
    write_store(path, world)
    return path


@pytest.fixture(scope="session")
def frames(store: Path) -> StoreFrames:
    return load(store, by_string)


@pytest.fixture(scope="session")
def cells(frames: StoreFrames) -> Cells:
    return make_cells(frames, pool_outcomes(frames))
