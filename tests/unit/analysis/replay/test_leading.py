"""The probability that an answer leads all others, beside an exact sum."""

from __future__ import annotations

import numpy as np
import pytest

from tests.unit.analysis.replay.simulation import ahead, ahead_of_all
from ttsgrid.analysis.statistics.leading import probabilities_lead

VOTES = [(1,), (4,), (3, 1), (5, 2, 1), (2, 2, 2), (1, 1, 1, 1), (30, 20, 1, 1), (60, 40)]


def probability_leads(votes: tuple[int, ...]) -> float:
    return float(probabilities_lead(np.array([votes]))[0])


def test_many_at_once_are_each_as_alone() -> None:
    width = max(map(len, VOTES))
    padded = np.array([(*votes, *[0] * (width - len(votes))) for votes in VOTES])
    alone = [probability_leads(votes) for votes in VOTES]
    np.testing.assert_allclose(probabilities_lead(padded), alone, rtol=1e-12)


@pytest.mark.parametrize("votes", VOTES)
def test_the_integral_is_the_exact_sum(votes: tuple[int, ...]) -> None:
    exact = ahead_of_all(votes if len(votes) > 1 else (*votes, 0))
    assert probability_leads(votes) == pytest.approx(float(exact), abs=1e-12)


def test_of_two_answers_it_is_the_beta_probability() -> None:
    for leader, other in ((1, 0), (3, 1), (9, 4)):
        beta = float(ahead(leader, other))
        assert probability_leads((leader, other)) == pytest.approx(beta, abs=1e-12)


def test_hundreds_of_votes_are_no_trouble() -> None:
    assert probability_leads((500, 300, 200)) == pytest.approx(1.0)
    assert probability_leads((300, 300)) == pytest.approx(0.5)
