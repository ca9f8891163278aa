"""One made store and its frontier for the tests that only read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.views.html.made_store import MadeWorld, write_made_store
from ttsgrid.analysis.frontier import Frontier, analyse


@pytest.fixture(scope="session")
def made_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("made") / "store"
    write_made_store(path, MadeWorld())
    return path


@pytest.fixture(scope="session")
def frontier(made_store: Path) -> Frontier:
    return analyse(made_store)
