"""A store of policies that the study has too, with searches on part of the problems."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.synthetic import Policy, Prm, World, write_store
from tests.unit.analysis.trees import Search
from ttsgrid.analysis.frontier import Frontier, analyse
from ttsgrid.analysis.judging.ability import Ability
from ttsgrid.analysis.study.summary import Study, make_study

SEARCHED = 32
PRICE = 3.6
WORLD = World(
    policies=(
        Policy("qwen2.5-1.5b", 0.4, 1_500_000),
        Policy("llama3.2-3b", 0.9, 3_000_000),
        Policy("qwen2.5-7b", 2.5, 7_000_000),
    ),
    prms=(Prm("sharp", 2.5), Prm("dull", 1.2)),
    benchmark="math500",
    searches=(
        Search("beam", 4, num_problems=SEARCHED),
        Search("beam", 16, num_problems=SEARCHED),
    ),
)


@pytest.fixture(scope="package")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("studied") / "store"
    write_store(folder, WORLD)
    return folder


@pytest.fixture(scope="package")
def frontier(path: Path) -> Frontier:
    return analyse(path, by_string, price_per_device_hour=PRICE)


@pytest.fixture(scope="package")
def study(path: Path, frontier: Frontier) -> Study:
    abilities = {"sharp": Ability("sharp", 0.7, 0.62, 0.77), "dull": Ability("dull", 0.4)}
    return make_study(path, frontier, ["qwen2.5-7b"], abilities)
