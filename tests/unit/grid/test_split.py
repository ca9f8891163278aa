"""How GPUs are split among models, on paper and in what a plan says."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from tests.unit.grid.test_plan_with_cost import said_by
from ttsgrid.grid.preflight import memory
from ttsgrid.grid.preflight.split import Share, replicas_on


@pytest.mark.parametrize("work", [(1.0, 1.0), (5.0, 1.0), (1.0, 9.0), (3.0, 2.0)])
@pytest.mark.parametrize("gpus", [(1, 1), (2, 1), (1, 4)])
def test_no_other_split_ends_sooner(work: tuple[float, float], gpus: tuple[int, int]) -> None:
    def ends(numbers: tuple[int, ...]) -> float:
        parts = zip(work, gpus, numbers, strict=True)
        return max(left / (each * number) for left, each, number in parts)

    shares = {
        name: Share(left, each, most=16)
        for name, left, each in zip(("policy", "prm"), work, gpus, strict=True)
    }
    split = tuple(replicas_on(16, shares).values())
    every = [
        numbers
        for numbers in product(range(1, 17), repeat=2)
        if sum(each * number for each, number in zip(gpus, numbers, strict=True)) <= 16
    ]
    # A replica of several GPUs may leave some free; the best split is as good to one replica.
    assert ends(split) <= 1.25 * min(map(ends, every))


def test_a_number_that_is_set_is_kept_and_others_share_the_rest() -> None:
    shares = {
        "policy": Share(1.0, 1, most=3, least=3),
        "prm": Share(1.0, 1, most=16),
        "small": Share(0.1, 1, most=2),
    }
    assert replicas_on(8, shares) == {"policy": 3, "prm": 4, "small": 1}


def test_a_plan_shows_the_split(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(memory, "gpu_gib", lambda: None)
    grid = (
        "policies=[zoo-l]", "prms=[zoo-prm]", "strategies=[best_of_n]", "budgets=[64]",
        "engine.max_num_seqs=64", "engine.gpu_memory_gib=80", "plan.num_gpus=8",
    )  # fmt: skip
    store = f"store={tmp_path}"  # the default one may hold all of it
    said = said_by(capsys, *grid, store)
    # As many tokens to write as to read; their sizes are those of the zoo's checkpoints.
    assert "Replicas on 8 GPUs (plan.num_gpus): " in said
    assert "x zoo-l" in said
    fixed = said_by(capsys, *grid[1:], store, "policies=[{base: zoo-l, replicas: 2}]")
    assert "Replicas on 8 GPUs (plan.num_gpus): 2 x zoo-l, 6 x zoo-prm; " in fixed
    assert "Replicas" not in said_by(capsys, *grid[:5], store)
