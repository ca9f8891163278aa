"""A run in figures: counted once, whatever dies, for the progress line and the metrics alike."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.cluster.test_simulated_runs import planned
from ttsgrid.cluster.driver.deaths import Cause
from ttsgrid.cluster.driver.figures import Figures
from ttsgrid.cluster.driver.figures_in_words import summary
from ttsgrid.cluster.driver.samples import samples_of
from ttsgrid.core.metrics import COMMIT_SECONDS, DEATHS, METRICS, TOKENS, UNITS
from ttsgrid.core.records import UnitResult
from ttsgrid.engines.base import EngineStats

STATS = EngineStats(
    generated_tokens=100,
    computed_prompt_tokens=60,
    requests=5,
    running=3,
    busy_s=1.0,
    cached_prompt_tokens=40,
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_tokens_of_a_dead_worker_stay_counted_and_its_successor_begins_at_zero() -> None:
    clock = Clock()
    figures = Figures({"small": 4}, clock)
    figures.worker("small/0", "small", "policy")
    for _ in range(2):
        figures.starts("small/0")
        clock.now += 1.0
        figures.heard("small/0", STATS)
        figures.died("small/0", Cause.MEMORY)
    total = figures.worker("small/0").total
    assert (total.generated_tokens, total.cached_prompt_tokens, total.busy_s) == (200, 80, 2.0)
    assert total.running == 0
    assert figures.worker("small/0").restarts == 2
    (deaths,) = [one for one in samples_of(figures) if one.metric is DEATHS]
    assert (deaths.value, dict(deaths.tags)) == (2, {"model": "small", "cause": "out of memory"})


def test_a_unit_is_in_one_state_at_a_time() -> None:
    units = planned(2).units
    model = units[0].runs_on.name
    figures = Figures({model: 3})
    figures.handed_out(model, units[:1] * 3)
    figures.taken_back(model, units[:1] * 2)
    figures.finished(units[0], UnitResult(units[0].id))
    figures.handed_out(model, units[:1])
    figures.finished(units[0], UnitResult(units[0].id, error="it failed"))
    assert figures.models[model].by_state == {
        "waiting": 1,
        "running": 0,
        "done": 1,
        "failed": 1,
        "skipped": 0,
    }
    assert figures.num_handed_out_again == 2
    states = {one.tags["state"]: one.value for one in samples_of(figures) if one.metric is UNITS}
    assert sum(states.values()) == figures.num_units == 3


def test_what_a_prm_computes_is_told_as_scored() -> None:
    figures = Figures({})
    figures.worker("small", "small", "policy")
    figures.worker("judge", "judge", "prm")
    for label in ("small", "judge"):
        figures.starts(label)
        figures.heard(label, STATS)
    tokens = {
        (one.tags["model"], one.tags["kind"]): one.value
        for one in samples_of(figures)
        if one.metric is TOKENS
    }
    assert tokens == {
        ("small", "generated"): 100,
        ("small", "prompt"): 60,
        ("small", "cached"): 40,
        ("judge", "generated"): 100,
        ("judge", "scored"): 60,
        ("judge", "cached"): 40,
    }


def test_each_commit_is_told_once() -> None:
    figures = Figures({})
    figures.committed(0.2)
    figures.committed(0.4)

    def told() -> list[float]:
        return [one.value for one in samples_of(figures) if one.metric is COMMIT_SECONDS]

    assert (told(), told()) == ([0.2, 0.4], [])
    assert figures.mean_commit_s == pytest.approx(0.3)


def test_samples_have_the_tags_of_the_catalogue() -> None:
    figures = Figures({"small": 1})
    figures.starts("small")
    figures.died("small", Cause.NODE)
    figures.committed(0.1)
    samples = list(samples_of(figures))
    assert all(set(one.tags) == set(one.metric.tags) for one in samples)
    assert {one.metric.name for one in samples} == {metric.name for metric in METRICS}


def test_the_progress_line_shows_what_the_metrics_tell() -> None:
    clock = Clock()
    figures = Figures({"small": 4}, clock)
    figures.worker("small", "small", "policy")
    units = planned(2).units[:2]
    figures.handed_out("small", units)
    figures.taken_back("small", units)
    figures.died("small", Cause.PROCESS)
    figures.starts("small")
    for _ in range(50):  # a rate is smoothed over some seconds
        clock.now += 1.0
        before = figures.worker("small").total
        figures.heard(
            "small",
            replace(
                STATS,
                generated_tokens=before.generated_tokens + 90,
                computed_prompt_tokens=before.computed_prompt_tokens + 10,
                cached_prompt_tokens=before.cached_prompt_tokens + 30,
                busy_s=before.busy_s + 0.8,
            ),
        )
    figures.committed(0.012)
    assert summary(figures) == (
        "0 solutions, 1 death (1 process ended), 2 handed out again, 100 tokens/s (75% of prompts "
        "cached), 3 requests live, engines 80% busy, commits 12 ms"
    )
