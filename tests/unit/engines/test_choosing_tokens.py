"""Tokens are drawn from the distribution that temperature, top_k and top_p leave."""

from __future__ import annotations

import pytest
import torch

from ttsgrid.engines.transformers_engine.choosing import Draw, choose

LOGITS = torch.tensor([2.0, 0.0, 1.0, -1.0, 1.5, float("-inf")])
# Numbers on a fine grid stand for a uniform one: frequencies are probabilities to 1/1000.
GRID = [(i + 0.5) / 4000 for i in range(4000)]


def frequencies(
    logits: torch.Tensor, temperature: float, top_p: float, top_k: int | None
) -> list[float]:
    draws = [Draw(temperature, top_p, top_k, number) for number in GRID]
    tokens = choose(logits.expand(len(GRID), -1), draws)
    return [tokens.count(token) / len(GRID) for token in range(logits.shape[-1])]


@pytest.mark.parametrize(
    ("temperature", "top_p", "top_k", "kept"),
    [
        (1.0, 1.0, None, {0, 1, 2, 3, 4}),
        (0.5, 1.0, None, {0, 1, 2, 3, 4}),
        (1.0, 1.0, 2, {0, 4}),
        (1.0, 0.6, None, {0, 4}),  # 0.46, 0.28, 0.17, ...: the first two reach 0.6
        (1.0, 0.8, None, {0, 4, 2}),
        (1.0, 0.6, 2, {0}),  # of what top_k left, the first has 0.62
        (2.0, 0.01, 3, {0}),
    ],
)
def test_frequencies_are_the_probabilities_of_what_is_kept(
    temperature: float, top_p: float, top_k: int | None, kept: set[int]
) -> None:
    weights = [
        float((logit / temperature).exp()) if token in kept else 0.0
        for token, logit in enumerate(LOGITS)
    ]
    expected = [weight / sum(weights) for weight in weights]
    assert frequencies(LOGITS, temperature, top_p, top_k) == pytest.approx(expected, abs=1e-3)


def test_rows_of_all_kinds_share_a_step_and_none_changes_another() -> None:
    torch.manual_seed(0)
    logits = torch.randn(40, 5000)
    kinds = [
        (0.0, 1.0, None),
        (0.7, 1.0, None),
        (1.5, 0.95, None),
        (0.7, 1.0, 20),
        (9.0, 0.999, 3000),
    ]
    draws = [Draw(*kinds[row % 5], number=row / 40) for row in range(40)]
    together = choose(logits, draws)
    alone = [choose(logits[row : row + 1], [draws[row]])[0] for row in range(40)]
    assert together == alone
    assert together[0] == int(logits[0].argmax())


def test_the_ends_of_the_unit_interval_stand_for_tokens_that_are_possible() -> None:
    ends = [Draw(1.0, 1.0, None, 0.0), Draw(1.0, 1.0, None, 1.0 - 2**-53), Draw(1.0, 1.0, 2, 1.0)]
    assert choose(LOGITS.expand(3, -1), ends) == [0, 4, 4]
