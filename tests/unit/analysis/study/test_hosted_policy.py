"""A policy of unknown size behind an endpoint: its money is known, its FLOPs are not, ever."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.study.conftest import PRICE, WORLD
from tests.unit.analysis.synthetic import PROMPT_TOKENS, TAIL_TOKENS, write_store
from ttsgrid.analysis.cells.flops import Spent
from ttsgrid.analysis.cells.token_prices import TokenPrices
from ttsgrid.analysis.frontier import Frontier, analyse
from ttsgrid.analysis.judging.ability import Ability
from ttsgrid.analysis.study.summary import Study, make_study
from ttsgrid.analysis.study.tables import TABLES
from ttsgrid.store import ModelRecord, Store, scan
from ttsgrid.views.figures.study import STUDY_FIGURES, write_figures
from ttsgrid.views.files.export import write_frontier
from ttsgrid.views.html.page import write_report
from ttsgrid.views.words.headline import headline_of

HOSTED = "qwen2.5-7b"
PRICES = TokenPrices(input=2.0, cached_input=0.5, output=10.0)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hosted") / "store"
    write_store(path, WORLD)
    (identity,) = (policy.identity for policy in WORLD.policies if policy.name == HOSTED)
    with Store.open(path, run_id="again") as opened:
        opened.write_models(
            [
                ModelRecord(
                    identity,
                    "policy",
                    endpoint="https://host/v1",
                    input_price=PRICES.input,
                    cached_input_price=PRICES.cached_input,
                    output_price=PRICES.output,
                )
            ]
        )
    return path


@pytest.fixture(scope="module")
def frontier(store: Path) -> Frontier:
    return analyse(store, by_string, price_per_device_hour=PRICE)


@pytest.fixture(scope="module")
def study(store: Path, frontier: Frontier) -> Study:
    abilities = {prm.name: Ability(prm.name, 0.6) for prm in WORLD.prms}
    return make_study(store, frontier, long_cot=[HOSTED], abilities=abilities)


def of(frontier: Frontier, policy: str) -> pl.DataFrame:
    return frontier.cells.frame.filter(policy=policy, bin="all")


def test_tokens_cost_by_kind() -> None:
    spent = Spent(*(np.array([x]) for x in (40.0, 30.0, 100.0, 0.0, 0.0, 1.0)))
    assert PRICES.money(spent)[0] == pytest.approx((10 * 2.0 + 30 * 0.5 + 100 * 10.0) / 1e6)


def test_a_pool_costs_its_prompts_and_its_answers(store: Path, frontier: Frontier) -> None:
    rows = scan(store, "solutions").filter(
        pl.col("policy") == HOSTED, pl.col("kind") == "sample", pl.col("temperature") > 0
    )
    generated = rows.collect()["generated_tokens"].to_numpy().mean()
    for n in (1, 4, 16):
        (money,) = of(frontier, HOSTED).filter(strategy="majority", n=n)["money"]
        uncached = PROMPT_TOKENS + (n - 1) * TAIL_TOKENS
        cached = n * PROMPT_TOKENS - uncached
        dollars = 2.0 * uncached + 0.5 * cached + 10.0 * n * generated
        assert money == pytest.approx(dollars / 1e6)


def test_a_prm_that_runs_here_adds_its_devices_time(frontier: Frontier) -> None:
    alone = of(frontier, HOSTED).filter(strategy="majority", n=4)["money"][0]
    scored = of(frontier, HOSTED).filter(strategy="best_of_n", n=4)
    assert scored["money"].min() > alone


def test_what_nobody_knows_is_null_and_never_0(frontier: Frontier) -> None:
    unknown = ["flops", "flops_policy", "flops_generated", "flops_prompt", "flops_pretraining"]
    hosted = of(frontier, HOSTED)
    assert hosted.height > 10
    for column in (*unknown, "device_seconds"):
        assert hosted[column].null_count() == hosted.height, column
    assert hosted["money"].null_count() == 0
    for other in ("qwen2.5-1.5b", "llama3.2-3b"):
        assert of(frontier, other)["flops"].null_count() == 0


@pytest.mark.parametrize("name", TABLES)
def test_every_table_takes_it_and_shows_no_flops_of_it(name: str, study: Study) -> None:
    frame = TABLES[name].build(study)
    if "policy" not in frame.columns:
        return
    rows = frame.filter(pl.col("policy") == HOSTED)
    for column in rows.columns:
        of_policy = column.startswith("flops") and column != "flops_prm"
        if of_policy and rows.schema[column].is_numeric():
            assert rows[column].null_count() == rows.height, column


def test_every_figure_and_page_takes_it(
    store: Path, study: Study, frontier: Frontier, tmp_path: Path
) -> None:
    for name in STUDY_FIGURES:
        assert all(
            path.stat().st_size > 1000 for path in write_figures(store, study, name, tmp_path)
        )
    write_frontier(frontier, tmp_path)
    assert (tmp_path / "frontier.png").stat().st_size > 1000
    page = write_report(store, frontier, tmp_path / "report.html").read_text(encoding="utf-8")
    assert HOSTED in page
    assert "nan" not in headline_of(frontier, "math500").lower()
