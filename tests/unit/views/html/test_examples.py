"""The examples fit the rules that are said beside them."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from ttsgrid.store import scan
from ttsgrid.views.html import examples as _module
from ttsgrid.views.html.examples import MAX_STEPS, examples
from ttsgrid.views.html.view import ProblemExamples


@pytest.fixture(scope="module")
def picked(made_store: Path) -> tuple[ProblemExamples, ...]:
    return examples(made_store, "zoo")


def _rates(store: Path, question: str) -> dict[str, float]:
    problems = scan(store, "problems").filter(question=question)
    solutions = scan(store, "solutions").filter(pl.col("temperature") > 0)
    joined = solutions.join(problems, on="problem_id").group_by("policy")
    return dict(joined.agg(pl.col("correct").mean()).collect().iter_rows())


def test_each_problem_is_what_its_reason_says(
    picked: tuple[ProblemExamples, ...], made_store: Path
) -> None:
    reasons = {p.why.split(":")[0]: _rates(made_store, p.question) for p in picked}
    assert set(reasons) == {"Tries beat size", "In between", "Out of reach"}
    assert reasons["Tries beat size"]["made-s"] > 0.5
    assert 0.1 <= reasons["In between"]["made-s"] <= 0.5
    assert max(reasons["Out of reach"].values()) < 0.1


def test_where_the_small_policy_is_seldom_right_its_best_scored_sample_must_be(
    made_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a policy that is right more often than not on no problem that the largest misses."""
    rates = _module._rates

    def seldom(store: Path, benchmark: str) -> pl.DataFrame:
        often = pl.col("rate") > 0.5
        return rates(store, benchmark).with_columns(rate=pl.when(often).then(0.5).otherwise("rate"))

    monkeypatch.setattr(_module, "_rates", seldom)
    first = examples(made_store, "zoo")[0]
    assert first.why.startswith("Tries beat size: made-s is seldom right")
    cot, best = first.solutions[:2]
    assert (cot.title, cot.correct) == ("made-l, CoT", False)
    assert (best.title, best.correct) == ("made-s, its best-scored sample", True)


def test_where_tries_beat_size_the_largest_policys_cot_is_shown_and_wrong(
    picked: tuple[ProblemExamples, ...],
) -> None:
    first = picked[0].solutions[0]
    assert first.title == "made-l, CoT"
    assert not first.correct


def test_a_sample_shows_every_prms_score_of_every_step(
    picked: tuple[ProblemExamples, ...],
) -> None:
    best = picked[0].solutions[1]
    assert best.title == "made-s, its best-scored sample"
    assert best.prms == ("critic", "judge")
    assert all(len(step.scores) == 2 for step in best.steps)


def test_the_wrong_sample_is_wrong(picked: tuple[ProblemExamples, ...]) -> None:
    wrong = [s for p in picked for s in p.solutions if "a wrong sample" in s.title]
    assert wrong
    assert not any(solution.correct for solution in wrong)


def test_no_problem_is_shown_twice(picked: tuple[ProblemExamples, ...]) -> None:
    assert len({problem.question for problem in picked}) == len(picked) == 3


def test_long_solutions_are_cut_and_say_so(
    made_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ttsgrid.views.html.examples.MAX_STEPS", 2)
    cut = [s for p in examples(made_store, "zoo") for s in p.solutions]
    assert {len(solution.steps) for solution in cut} == {2}
    assert all(solution.num_left_out > 0 for solution in cut)
    assert MAX_STEPS > 2


def test_a_benchmark_without_solutions_has_no_examples(made_store: Path) -> None:
    assert examples(made_store, "another") == ()
