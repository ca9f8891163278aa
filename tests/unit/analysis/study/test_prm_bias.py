"""What biases a PRM, on a store of the zoo's recipes with scores of known quality."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest

from ttsgrid.analysis.study.first_errors import first_errors
from ttsgrid.analysis.study.prm_bias import PrmBias, measure_prm_bias
from ttsgrid.benchmarks.zoo import task
from ttsgrid.benchmarks.zoo.labels import ZooStepLabels
from ttsgrid.benchmarks.zoo.task import Recipe, label_steps
from ttsgrid.core.records import FinishReason, Problem, Solution, StepScores, UnitResult, Usage
from ttsgrid.core.units import ModelIdentity, SampleBlock, SamplingIdentity, ScoreBlock
from ttsgrid.store import Commit, Store
from ttsgrid.views.figures.prm_bias import draw_prm_bias

POLICY = ModelIdentity("policy", "m", "p", "{}")
PRMS = {
    "oracle": ModelIdentity("oracle", "m", "o", "{}"),
    "blind": ModelIdentity("blind", "m", "b", "{}"),
    "long-winded": ModelIdentity("long-winded", "m", "l", "{}"),  # likes long steps
}
POOL, NUM_PROBLEMS = 4, 20


def _solution(recipe: Recipe, sample: int, rng: random.Random) -> Solution:
    """The reference solution; odd samples go wrong at a random step and say so at length."""
    steps, wrong = list(recipe.steps), sample % 2 == 1
    if wrong:
        at = rng.randrange(len(steps))
        steps[at:] = [f"not sure about: {step}" for step in steps[at:]]
    return Solution(
        sample, "text", tuple(steps), FinishReason.STOP, "0", not wrong, Usage(), sample
    )


def _scores(name: str, recipe: Recipe, steps: tuple[str, ...], rng: random.Random) -> list[float]:
    labels = label_steps(recipe, steps)
    return {
        "oracle": [0.9 if right else 0.1 for right in labels],
        "blind": [rng.random() for _ in labels],
        "long-winded": [min(len(step) / 60, 1.0) for step in steps],
    }[name]


@pytest.fixture(scope="module")
def bias(tmp_path_factory: pytest.TempPathFactory) -> PrmBias:
    path, rng = tmp_path_factory.mktemp("bias") / "store", random.Random(0)
    with Store.open(path, run_id="test") as store:
        for index, recipe in enumerate(task.test_set(NUM_PROBLEMS)):
            problem = Problem(f"p{index}", "zoo", index, recipe.question, str(recipe.answer))
            store.write_problems([problem])
            block = SampleBlock(problem.id, POLICY, SamplingIdentity(0.7, 1.0, 99, 0), 0, POOL)
            solutions = tuple(_solution(recipe, sample, rng) for sample in range(POOL))
            commits = [Commit(block, UnitResult(block.id, solutions=solutions), problem)]
            for name, prm in PRMS.items():
                unit = ScoreBlock(block, prm)
                scores = tuple(
                    StepScores(s.sample, tuple(_scores(name, recipe, s.steps, rng)), Usage())
                    for s in solutions
                )
                commits.append(Commit(unit, UnitResult(unit.id, scores=scores), problem))
            store.commit(commits)
    return measure_prm_bias(path, "zoo")


def test_steps_have_an_area_where_the_benchmark_labels_them(bias: PrmBias) -> None:
    areas = dict(bias.steps.select("prm", "area").iter_rows())
    assert areas["oracle"] == 1.0
    assert areas["blind"] == pytest.approx(0.5, abs=0.1)
    assert areas["long-winded"] < 0.1


def test_a_prm_that_likes_long_steps_scores_them_higher(bias: PrmBias) -> None:
    def slope(prm: str) -> float:
        rows = bias.lengths.filter(prm=prm, correct=False)
        return float(np.corrcoef(rows["length"], rows["score"])[0, 1])

    assert slope("long-winded") > 0.9
    assert slope("oracle") < 0


def test_a_first_error_is_found_where_the_first_low_score_stands(bias: PrmBias) -> None:
    rows = {row["prm"]: row for row in bias.first_errors.iter_rows(named=True)}
    assert rows["oracle"]["f1"] == rows["oracle"]["found"] == rows["oracle"]["passed"] == 1.0
    assert rows["oracle"]["num_wrong"] == rows["oracle"]["num_right"] == POOL * NUM_PROBLEMS // 2
    assert rows["oracle"]["num_problems"] == NUM_PROBLEMS
    # Scores of right steps lie below one half too, so the first step is always marked.
    assert rows["long-winded"]["passed"] == rows["long-winded"]["f1"] == 0.0
    assert rows["blind"]["f1_low"] <= rows["blind"]["f1"] <= rows["blind"]["f1_high"] < 0.5


def test_f1_is_process_benchs() -> None:
    """By hand: 2 of 3 first errors found, 1 of 2 clean ones passed: 2 * 2/3 * 1/2 / (7/6)."""
    good, bad = True, False
    solutions = [
        ([0.9, 0.2], [good, bad]),  # found
        ([0.1, 0.9], [bad, bad]),  # found
        ([0.2, 0.1], [good, bad]),  # marks an earlier step
        ([0.5, 0.8], [good, good]),  # passed: one half is not below it
        ([0.9, 0.4], [good, good]),  # marks a right step
    ]
    frame = pl.DataFrame(
        {
            "policy": "p",
            "prm": "r",
            "problem_id": ["a", "a", "b", "b", "c"],
            "step_scores": [scores for scores, _ in solutions],
            "label": [labels for _, labels in solutions],
        }
    )
    row = first_errors(frame).row(0, named=True)
    assert (row["num_problems"], row["num_wrong"], row["num_right"]) == (3, 3, 2)
    assert row["found"] == pytest.approx(2 / 3)
    assert row["passed"] == pytest.approx(1 / 2)
    assert row["f1"] == pytest.approx(4 / 7)


def test_the_picture_has_a_panel_for_lengths_each_aggregation_and_steps(bias: PrmBias) -> None:
    named = {"policy": "p", "prm": "oracle", "num_problems": 40, "low": 0.4, "high": 0.8}
    areas = [{"aggregation": "min", "area": 0.6}, {"aggregation": "last", "area": 0.5}]
    quality = pl.DataFrame([named | row | {"pooled_area": 0.9} for row in areas])
    figure = draw_prm_bias(bias, quality, "zoo", {})
    titles = [panel.get_title() for panel in figure.axes]
    assert [title.split(" ")[0] for title in titles[1:3]] == ["min:", "last:"]
    assert titles[3:] == ["right above wrong step (AUC), pooled", "first wrong step found (F1)"]
    assert [text.get_text() for text in figure.axes[1].get_xticklabels()] == ["p\nn = 40"]
    drawn = {float(y) for line in figure.axes[1].lines for y in np.ravel(line.get_ydata())}
    assert {0.6, 0.9} <= drawn
    unlabelled = PrmBias(bias.lengths, bias.steps.clear(), bias.first_errors.clear())
    assert len(draw_prm_bias(unlabelled, quality, "zoo", {}).axes) == 3


def test_steps_are_labelled_from_the_question_alone() -> None:
    recipe = task.test_set(1)[0]
    assert ZooStepLabels().label_steps(recipe.question, recipe.steps) == (True,) * len(recipe.steps)
    wrong = ("1 + 1 = 3", *recipe.steps[1:])
    assert ZooStepLabels().label_steps(recipe.question, wrong) == (False,) * len(recipe.steps)
    assert ZooStepLabels().label_steps("How far is the moon?", ("far",)) is None
    assert ZooStepLabels().label_steps("Start with 3. Divide by 2. Work modulo 47.", ("3",)) is None
