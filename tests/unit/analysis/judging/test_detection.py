"""Finding first wrong steps: F1 by hand, and thresholds against trying all of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ttsgrid.analysis.judging.detection import HALF, Judgements
from ttsgrid.core.voting import Floats

# Scores, the index of the first wrong step, the problem, and what is judged at one half.
MADE_UP: list[tuple[list[float], int | None, str, bool]] = [
    ([0.9, 0.2, 0.7], 1, "a", True),  # found
    ([0.1, 0.9], 0, "a", True),  # found
    ([0.2, 0.1], 1, "b", False),  # marks an earlier step
    ([0.9, 0.8, 0.3], 1, "b", False),  # marks a later step
    ([0.5, 0.8], None, "c", True),  # passed: one half is not below it
    ([0.9, 0.4], None, "c", False),  # marks a right step
    ([], 0, "d", False),  # unscored: nobody found it
    ([], None, "d", False),  # unscored: nobody passed it
]


def judgements(rows: list[tuple[list[float], int | None, str, bool]] = MADE_UP) -> Judgements:
    scores, first, problems, _ = zip(*rows, strict=True)
    return Judgements.of(scores, first, problems)


def test_f1_of_a_made_up_scorer_is_that_computed_by_hand() -> None:
    """Found 2 of 5, passed 1 of 3: 2 * 2/5 * 1/3 / (2/5 + 1/3) = 4/11."""
    judged = judgements()
    assert judged.hits(HALF).tolist() == [row[3] for row in MADE_UP]
    measured = judged.measured(judged.hits(HALF))
    assert measured is not None
    assert measured.found.value == pytest.approx(2 / 5)
    assert measured.passed.value == pytest.approx(1 / 3)
    assert measured.f1.value == pytest.approx(4 / 11)
    assert measured.f1.low < 4 / 11 < measured.f1.high


def test_solutions_of_one_kind_have_no_f1() -> None:
    judged = judgements(MADE_UP[:4])
    assert judged.measured(judged.hits(HALF)) is None
    assert judged.best_threshold() == HALF


def random_rows(
    seed: int, num_problems: int = 60
) -> list[tuple[list[float], int | None, str, bool]]:
    """Solutions whose first wrong step tends to score less, in hundredths, so that many tie."""
    rng = np.random.default_rng(seed)
    rows: list[tuple[list[float], int | None, str, bool]] = []
    for number in range(2 * num_problems):
        length = int(rng.integers(1, 6))
        first = int(rng.integers(length)) if rng.random() < 0.6 else None
        scores = np.round(rng.beta(5, 2, length), 2)
        if first is not None:
            scores[first] = np.round(rng.beta(2, 3), 2)
        rows.append((scores.tolist(), first, f"p{number // 2}", False))
    return rows


def f1_by_loops(rows: list[tuple[list[float], int | None, str, bool]], threshold: float) -> float:
    """ProcessBench's own rule, written out: prediction equals label, by kind of solution."""
    matches: dict[bool, list[bool]] = {True: [], False: []}
    for scores, first, _, _ in rows:
        predicted = next((i for i, score in enumerate(scores) if score < threshold), None)
        matches[first is None].append(predicted == first)
    found, passed = (float(np.mean(matches[kind])) for kind in (False, True))
    return 0.0 if found + passed == 0 else 2 * found * passed / (found + passed)


@pytest.mark.parametrize("seed", range(5))
def test_no_threshold_of_a_fine_grid_is_better_than_the_best(seed: int) -> None:
    rows = random_rows(seed)
    best = judgements(rows).best_threshold()
    grid = np.linspace(0, 1.001, 2003)
    assert f1_by_loops(rows, best) == pytest.approx(max(f1_by_loops(rows, t) for t in grid))


@pytest.mark.parametrize("seed", range(3))
def test_a_threshold_that_is_held_out_does_not_flatter(seed: int) -> None:
    """Scores that say nothing: the best threshold looks better than it is on other problems."""
    rng = np.random.default_rng(seed)
    rows = [([float(rng.random())], 0 if i % 2 else None, f"p{i}", False) for i in range(60)]
    judged = judgements(rows)
    in_sample = judged.measured(judged.hits(judged.best_threshold()))
    held_out = judged.measured(judged.hits_held_out())
    assert in_sample is not None
    assert held_out is not None
    assert held_out.f1.value < in_sample.f1.value - 0.02


def test_a_threshold_is_chosen_on_other_problems_than_it_is_used_on() -> None:
    """Two solutions of one problem are never on both sides: alone, each would be found by none."""
    rows = [([0.3], 0, "a", False), ([0.4], None, "a", False)] * 2
    held_out = judgements(rows).hits_held_out()
    # One problem: no half of the problems holds both kinds, so one half of the score scale serves.
    assert held_out.tolist() == [1.0, 0.0, 1.0, 0.0]


def test_an_f1_of_one_still_has_a_width() -> None:
    rows: list[tuple[list[float], int | None, str, bool]]
    rows = [([0.1], 0, f"w{i}", True) for i in range(20)]
    rows += [([0.9], None, f"r{i}", True) for i in range(20)]
    judged = judgements(rows)
    measured = judged.measured(judged.hits(HALF))
    assert measured is not None
    assert measured.f1.value == 1.0
    assert measured.f1.low < 0.9
    assert measured.f1.high == 1.0


def test_copies_within_a_problem_add_nothing() -> None:
    rows = random_rows(1)
    tripled = [row for row in rows for _ in range(3)]
    widths = []
    for some in (rows, tripled):
        judged = judgements(some)
        measured = judged.measured(judged.hits(HALF))
        assert measured is not None
        widths.append(measured.f1.high - measured.f1.low)
    assert widths[1] == pytest.approx(widths[0], rel=0.15)


def test_intervals_cover_the_true_f1() -> None:
    """Three solutions a problem, alike in how hard they are; nominal 95 %."""
    covered, true = 0, 2 * 0.6 * 0.8 / 1.4
    rng = np.random.default_rng(7)
    for _ in range(400):
        wrong = np.arange(120) % 2 == 0
        problems = np.arange(120) // 3
        rate = rng.beta(1.5, 1.0, 40)[problems], rng.beta(4.0, 1.0, 40)[problems]
        hits: Floats = (rng.random(120) < np.where(wrong, *rate)).astype(float)
        judged = replace(judgements([([0.5], 0, "", False)] * 120), wrong=wrong, problems=problems)
        measured = judged.measured(hits)
        assert measured is not None
        covered += measured.f1.low <= true <= measured.f1.high
    assert 0.92 <= covered / 400 <= 0.99
