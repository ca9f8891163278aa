"""Reading a store: what counts, what is left out, and what things are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.unit.analysis.conftest import by_string
from tests.unit.analysis.synthetic import Policy, World, write_store
from ttsgrid.analysis.cells.outcomes import pool_outcomes
from ttsgrid.analysis.frames.load import StoreFrames, load
from ttsgrid.analysis.frames.solutions import aggregations
from ttsgrid.core.errors import StoreError
from ttsgrid.core.records import FinishReason, Problem, Solution, UnitResult, Usage
from ttsgrid.core.units import SampleBlock, SamplingIdentity
from ttsgrid.core.voting import NO_ANSWER, aggregate
from ttsgrid.store import Commit, ModelRecord, Store, scan

SMALL = World(policies=(Policy("only", 1.0, 10),), prms=(), num_problems=3, pool_size=4)
PROBLEM = Problem("p0000", "made-up", 0, "question 0", "0")


def _sampled(
    answers: Sequence[str | None], sampling: SamplingIdentity, error: str | None = None
) -> Commit:
    block = SampleBlock("p0000", SMALL.policies[0].identity, sampling, 0, len(answers))
    solutions = [
        Solution(i, "t", ("t",), FinishReason.STOP, a, a == "0", Usage(), 0)
        for i, a in enumerate(answers)
    ]
    return Commit(block, UnitResult(block.id, solutions=tuple(solutions), error=error), PROBLEM)


def test_every_solution_is_there_once_with_its_class_and_verdict(
    store: Path, frames: StoreFrames, world: World
) -> None:
    pools, greedy = len(world.policies) * world.num_problems * world.pool_size, 3 * 40
    assert len(frames.solutions) == pools + greedy
    # "0" is right in this world, so right answers share one class and no other has it.
    classes = frames.solutions.group_by("problem", "answer_class").agg(pl.col("correct").unique())
    assert (classes["correct"].list.len() == 1).all()
    unanswered = scan(store, "solutions").select(pl.col("answer").is_null().sum()).collect().item()
    assert (frames.solutions["answer_class"] == NO_ANSWER).sum() == unanswered > 0


def test_step_scores_are_aggregated_as_the_votes_do(store: Path, frames: StoreFrames) -> None:
    raw = scan(store, "scores").collect()["step_scores"].to_list()
    for how in ("min", "last", "avg", "prod"):
        expected = sorted(aggregate(steps, how) for steps in raw)
        assert sorted(frames.scores[how].to_list()) == pytest.approx(expected)


def test_a_slice_of_a_column_is_aggregated_without_what_follows_it() -> None:
    column = pl.Series("step_scores", [[0.9], [0.5, 0.7], [0.1], [0.2]])
    frame = pl.DataFrame({"step_scores": column}).slice(1, 1).with_columns(all=aggregations())
    found = frame.unnest("all").drop("step_scores").row(0, named=True)
    assert found == {"min": 0.5, "last": 0.7, "avg": 0.6, "prod": pytest.approx(0.35)}


def test_answers_are_grouped_by_the_benchmarks_own_equivalence(tmp_path: Path) -> None:
    sampling = SamplingIdentity(0.7, 1.0, 9, 0)
    _write(tmp_path, _sampled(["1/2", "0.5", "2", None, " "], sampling))
    asked: list[str] = []

    def halves(answers: Sequence[str]) -> list[int]:
        asked.extend(answers)
        return [0 if answer in ("1/2", "0.5") else 1 for answer in answers]

    frames = load(tmp_path, lambda benchmark: {"made-up": halves}[benchmark])
    assert frames.solutions["answer_class"].to_list() == [0, 0, 1, NO_ANSWER, NO_ANSWER]
    assert sorted(asked) == ["0.5", "1/2", "2"]


def test_failed_units_are_not_solutions(tmp_path: Path) -> None:
    good, bad = SamplingIdentity(0.7, 1.0, 9, 0), SamplingIdentity(0.9, 1.0, 9, 0)
    _write(tmp_path, _sampled(["0"] * 4, good), _sampled([], bad, "out of memory"))
    frames = load(tmp_path, by_string)
    assert len(frames.solutions) == 4
    assert frames.series["policy"].to_list() == ["only"]


def test_a_policy_sampled_in_two_ways_is_two_series_that_say_what_differs(tmp_path: Path) -> None:
    cool, warm = SamplingIdentity(0.5, 1.0, 9, 0), SamplingIdentity(1.0, 1.0, 9, 0)
    greedy = SamplingIdentity(0.0, 1.0, 9, 0)
    commits = [_sampled(["0"] * 4, cool), _sampled(["0"] * 4, warm)]
    _write(tmp_path, *commits, _sampled(["0"], greedy))
    labels = load(tmp_path, by_string).series.select("greedy", "policy").rows()
    assert sorted(labels) == [
        (False, "only (temperature=0.5)"),
        (False, "only (temperature=1)"),
        (True, "only"),
    ]


def test_two_checkpoints_of_one_name_are_told_apart(tmp_path: Path) -> None:
    old = SMALL.policies[0]
    write_store(tmp_path, SMALL)
    with Store.open(tmp_path, run_id="again") as opened:
        retrained = replace(old.identity, revision="retrained")
        opened.write_models([ModelRecord(retrained, "policy", 10)])
    labels = load(tmp_path, by_string).models["label"].to_list()
    assert labels == sorted(f"only#{i.id[:6]}" for i in (old.identity, retrained))


def test_rows_of_a_fake_engine_stand_in_no_cell_with_real_ones(tmp_path: Path) -> None:
    real = SMALL.policies[0].identity
    fake = replace(real, fake='{"skill":0.5}')
    sampling = SamplingIdentity(0.7, 1.0, 9, 0)
    commits = []
    for identity, answer in ((real, "0"), (fake, "1")):
        block = SampleBlock("p0000", identity, sampling, 0, 4)
        samples = [
            Solution(i, "t", ("t",), FinishReason.STOP, answer, answer == "0", Usage(), 0)
            for i in range(4)
        ]
        commits.append(Commit(block, UnitResult(block.id, solutions=tuple(samples)), PROBLEM))
    with Store.open(tmp_path, run_id="test") as opened:
        opened.write_problems([PROBLEM])
        opened.write_models([ModelRecord(one, "policy", 10) for one in (real, fake)])
        opened.commit(commits)
    frames = load(tmp_path, by_string)
    assert set(frames.series["policy"]) == {"only", "only (fake engine)"}
    rates = {
        outcome.key.policy: outcome.accuracy.tolist()
        for outcome in pool_outcomes(frames, [1])
        if outcome.key.strategy == "pass@k"
    }
    assert rates == {"only": [1.0], "only (fake engine)": [0.0]}


def test_a_store_without_solutions_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"ttsgrid\.sweep"):
        load(tmp_path / "nothing", by_string)


def _write(path: Path, *commits: Commit) -> None:
    with Store.open(path, run_id="test") as opened:
        opened.write_problems([PROBLEM])
        opened.write_models([ModelRecord(SMALL.policies[0].identity, "policy", 10)])
        opened.commit(list(commits))
