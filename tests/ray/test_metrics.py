"""What a run tells Ray's metrics agent, scraped as Prometheus does, and the dashboard of it."""

from __future__ import annotations

import json
import re
import urllib.request
from dataclasses import dataclass, replace

import pytest
from ray.cluster_utils import Cluster

from tests.ray.test_driver_with_fake_engines import engine, model, one_policy, rows
from ttsgrid.cli.dashboard import DASHBOARD, ROOT
from ttsgrid.cli.sweep import sweep
from ttsgrid.core.metrics import METRICS, RUN_TAG
from ttsgrid.grid.config import ClusterConfig, GridConfig, StrategyConfig
from ttsgrid.views.files.dashboard import dashboard

pytestmark = pytest.mark.ray

SERIES = re.compile(r"^(\w+)\{(.*)\} (\S+)$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
PARTS_OF_A_HISTOGRAM = re.compile("_(bucket|sum|count)$")


@dataclass(frozen=True)
class Scraped:
    """Series as an agent offers them."""

    series: list[tuple[str, dict[str, str], float]]

    def of_run(self, run: str) -> Scraped:
        return Scraped([one for one in self.series if one[1].get(RUN_TAG) == run])

    def sum(self, name: str, **tags: str) -> float:
        return sum(
            value
            for found, labels, value in self.series
            if found == name and tags.items() <= labels.items()
        )

    def labels(self, name: str) -> set[str]:
        return {
            label
            for found, labels, _ in self.series
            if PARTS_OF_A_HISTOGRAM.sub("", found) == name
            for label in labels
        }


def scrape(node_address: str) -> Scraped:
    """Return all series of a node."""
    with urllib.request.urlopen(f"http://{node_address}/metrics", timeout=10) as reply:
        lines = reply.read().decode().splitlines()
    found = [match for line in lines if (match := SERIES.match(line))]
    every = [
        (name, dict(LABEL.findall(labels)), float(value))
        for name, labels, value in (match.groups() for match in found)
    ]
    return Scraped(every)


@pytest.fixture(scope="module")
def scraped(
    tmp_path_factory: pytest.TempPathFactory, two_nodes: Cluster
) -> tuple[GridConfig, Scraped]:
    """Run a sweep in which one worker dies; return what can be scraped at its end."""
    folder = tmp_path_factory.mktemp("metrics")
    beam = StrategyConfig("beam", "beam", budgets=(4,), search={"max_steps": 6})
    grid = one_policy(folder, engine(policy_die_at_request=7, num_deaths=1, delay_s=0.3))
    grid = replace(
        grid,
        prms=(model(folder, "prm-q", "qwen"),),
        strategies=(*grid.strategies, beam),
        cluster=ClusterConfig(address=two_nodes.address, use_gpus=False),
    )
    sweep(grid)
    (run,) = set(rows(grid, "units")["run_id"])
    head = two_nodes.head_node
    return grid, scrape(f"{head.node_ip_address}:{head.metrics_export_port}").of_run(run)


def test_the_dashboard_asks_for_every_metric_that_a_run_tells_and_for_no_other(
    scraped: tuple[GridConfig, Scraped],
) -> None:
    asked = set(re.findall(r"ray_ttsgrid_\w+", dashboard()))
    told = {name for name, _, _ in scraped[1].series}
    assert {PARTS_OF_A_HISTOGRAM.sub("", name) for name in asked} == {
        PARTS_OF_A_HISTOGRAM.sub("", name) for name in told
    }
    # Of the histogram, too, what is asked for is what is there.
    assert asked <= told


def test_each_metric_has_the_tags_that_the_catalogue_says(
    scraped: tuple[GridConfig, Scraped],
) -> None:
    for metric in METRICS:
        assert {RUN_TAG, *metric.tags} <= scraped[1].labels(metric.scraped), metric.name


def test_what_is_told_is_what_the_store_holds(scraped: tuple[GridConfig, Scraped]) -> None:
    grid, told = scraped
    units, solutions = rows(grid, "units"), rows(grid, "solutions")
    assert told.sum("ray_ttsgrid_units", state="done") == units.height
    for state in ("waiting", "running", "failed", "skipped"):
        assert told.sum("ray_ttsgrid_units", state=state) == 0, state
    assert told.sum("ray_ttsgrid_attempts_total") == units["attempt"].sum()
    right = solutions["correct"].sum()
    assert told.sum("ray_ttsgrid_solutions_total", verdict="right") == right
    assert told.sum("ray_ttsgrid_solutions_total", verdict="wrong") == solutions.height - right
    assert told.sum("ray_ttsgrid_deaths_total", cause="process ended") == 1
    assert told.sum("ray_ttsgrid_workers", state="done") == 2
    assert told.sum("ray_ttsgrid_live_requests") == 0
    assert told.sum("ray_ttsgrid_commit_seconds_count") == units["commit_number"].n_unique()


def test_tokens_are_told_once_whatever_died(scraped: tuple[GridConfig, Scraped]) -> None:
    grid, told = scraped
    stored = rows(grid, "units")["policy_generated_tokens"].sum()
    # What a dead worker made is told too, but for the second before its death.
    tokens = told.sum("ray_ttsgrid_tokens_total", kind="generated", model="policy-a")
    assert 0 < tokens <= 2 * stored
    assert told.sum("ray_ttsgrid_tokens_total", kind="scored", model="prm-q") > 0
    assert told.sum("ray_ttsgrid_busy_seconds_total", role="policy") > 0


def test_the_dashboard_that_ships_is_the_one_that_is_written() -> None:
    assert (ROOT / DASHBOARD).read_text(encoding="utf-8") == dashboard()
    ids = [panel["id"] for panel in json.loads(dashboard())["panels"]]
    assert len(ids) == len(set(ids))


def test_the_documentation_lists_the_catalogue() -> None:
    text = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
    rows = [
        f"| `{one.scraped}` | {', '.join(f'`{tag}`' for tag in one.tags)} | {one.meaning} |"
        for one in METRICS
    ]
    assert [line for line in text.splitlines() if line.startswith("| `ray_ttsgrid")] == rows
