"""Device-seconds per token, from units that run side by side."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from ttsgrid.analysis.frames.devices import read_rates, worker_seconds

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _unit(
    kind: str, began: float, ended: float, host: str = "a", gpus: int = 1
) -> dict[str, object]:
    """A unit in which the policy computes 10 tokens and the PRM 5."""
    return {
        "kind": kind,
        "policy_id": "policy",
        "prm_id": "prm",
        "run_id": "run",
        "host": host,
        "process": None,
        "num_gpus": gpus,
        "seconds": float(ended - began),
        "committed_at": NOON + timedelta(seconds=ended),
        "policy_prompt_tokens": 8,
        "policy_cached_tokens": 4,
        "policy_generated_tokens": 6,
        "prm_prompt_tokens": 9,
        "prm_cached_tokens": 4,
        "prm_generated_tokens": 0,
    }


def _rates(*units: dict[str, object]) -> dict[str, float]:
    return dict(read_rates(pl.DataFrame(list(units))).iter_rows())


def test_units_side_by_side_keep_a_worker_busy_once() -> None:
    units = [_unit("sample", 0, 4), _unit("sample", 1, 3), _unit("sample", 2, 6)]
    assert _rates(*units) == {"policy": pytest.approx(6 / 30)}


def test_idle_time_between_units_is_not_counted() -> None:
    assert _rates(_unit("sample", 0, 1), _unit("sample", 9, 10))["policy"] == pytest.approx(2 / 20)


def test_workers_on_two_hosts_are_two_devices_and_four_gpus_are_four() -> None:
    apart = _rates(_unit("sample", 0, 4), _unit("sample", 0, 4, host="b"))
    assert apart["policy"] == pytest.approx(8 / 20)
    assert _rates(_unit("sample", 0, 4, gpus=4))["policy"] == pytest.approx(16 / 10)


def test_an_engine_without_a_gpu_is_one_device() -> None:
    assert _rates(_unit("score", 0, 4, gpus=0)) == {"prm": pytest.approx(4 / 5)}


def test_a_search_keeps_both_devices_busy() -> None:
    rates = _rates(_unit("search", 0, 4))
    assert rates == {"policy": pytest.approx(4 / 10), "prm": pytest.approx(4 / 5)}


def test_workers_time_counts_each_worker_while_it_ran_anything() -> None:
    units = [_unit("sample", 0, 4), _unit("score", 1, 3), _unit("sample", 8, 9)]
    other = _unit("sample", 0, 4, host="b")
    assert worker_seconds(pl.DataFrame([*units, other])) == pytest.approx(5 + 4)
