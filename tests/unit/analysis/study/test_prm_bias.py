"""What biases a PRM, on a store of the zoo's recipes with scores of known quality."""

from __future__ import annotations

import random

import numpy as np
import pytest

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


@pytest.mark.parametrize(("prm", "area"), [("oracle", 1.0), ("blind", 0.5), ("long-winded", 0.0)])
def test_the_area_of_solutions_tells_a_good_prm_from_a_bad_one(
    bias: PrmBias, prm: str, area: float
) -> None:
    row = bias.solutions.filter(prm=prm).row(0, named=True)
    assert row["count"] == POOL * NUM_PROBLEMS
    assert row["area"] == pytest.approx(area, abs=0.2)


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


def test_the_picture_has_a_panel_for_lengths_solutions_and_steps(bias: PrmBias) -> None:
    titles = [panel.get_title() for panel in draw_prm_bias(bias, "zoo", {}).axes]
    assert titles[1:] == ["AUC of solutions", "AUC of steps"]
    unlabelled = PrmBias(bias.lengths, bias.solutions, bias.steps.clear())
    assert len(draw_prm_bias(unlabelled, "zoo", {}).axes) == 2


def test_steps_are_labelled_from_the_question_alone() -> None:
    recipe = task.test_set(1)[0]
    assert ZooStepLabels().label_steps(recipe.question, recipe.steps) == (True,) * len(recipe.steps)
    wrong = ("1 + 1 = 3", *recipe.steps[1:])
    assert ZooStepLabels().label_steps(recipe.question, wrong) == (False,) * len(recipe.steps)
    assert ZooStepLabels().label_steps("How far is the moon?", ("far",)) is None
    assert ZooStepLabels().label_steps("Start with 3. Divide by 2. Work modulo 47.", ("3",)) is None
