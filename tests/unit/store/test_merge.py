"""Several stores to one: each unit once, and nothing that can't stand beside the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.unit.store.driver import (
    POLICY,
    PRM,
    commit_groups,
    failed,
    glob,
    group_of,
    sampled,
    scored,
    searched,
)
from ttsgrid.cli.store import main
from ttsgrid.core.errors import StoreError
from ttsgrid.store import (
    BenchmarkRecord,
    Commit,
    ModelRecord,
    Point,
    Store,
    committed_units,
    latest_units,
    locate,
    read_benchmarks,
    scan,
)
from ttsgrid.store.merge import Merge, merge


def written(path: Path, group: Sequence[Commit]) -> Path:
    with Store.open(path, run_id=path.name) as store:
        store.write_problems([item.problem for item in group])
        store.commit(group)
    return path


def merged(into: Path, source: Path, keep_first: bool = False) -> Merge:
    with Store.open(into, run_id="merge") as store:
        return merge(store, locate(source), keep_first)


def with_other_texts(item: Commit) -> Commit:
    others = tuple(replace(one, text="three\n\nfour") for one in item.result.solutions)
    return replace(item, result=replace(item.result, solutions=others))


def with_scores(item: Commit, *steps: float) -> Commit:
    result = item.result
    scores = tuple(replace(one, scores=steps) for one in result.scores)
    solutions = tuple(replace(one, step_scores=steps) for one in result.solutions)
    kept = {"scores": scores} if scores else {"solutions": solutions}
    return replace(item, result=replace(result, **kept))


def rows(path: Path, table: str) -> pl.DataFrame:
    place = ["epoch", "commit_number"] if table == "units" else []
    frame = scan(path, table).drop(place).collect()
    return frame.sort(frame.columns[0], *(["sample"] if "sample" in frame.columns else []))


def test_a_merged_store_holds_the_units_of_both_each_once_and_as_they_were(tmp_path: Path) -> None:
    one = written(tmp_path / "one", [*group_of(0), *group_of(1)])
    two = written(tmp_path / "two", [*group_of(1), *group_of(2)])
    both = written(tmp_path / "both", [*group_of(0), *group_of(1), *group_of(2)])
    into = tmp_path / "into"
    assert merged(into, one) == Merge(6, 0, 0)
    assert merged(into, two) == Merge(3, 3, 0)
    for table in ("problems", "solutions", "scores"):
        assert rows(into, table).equals(rows(both, table))
        assert glob(into, table).height == rows(both, table).height
    when = ["run_id", "committed_at"]
    assert rows(into, "units").drop(when).equals(rows(both, "units").drop(when))
    assert rows(into, "units")["run_id"].value_counts().sort("run_id").rows() == [
        ("one", 6),
        ("two", 3),
    ]


def test_what_was_merged_is_merged_again_without_a_change(tmp_path: Path) -> None:
    one = written(tmp_path / "one", [*group_of(0), failed(1)])
    into = tmp_path / "into"
    merged(into, one)
    before = {table: rows(into, table) for table in ("problems", "units", "solutions", "scores")}
    assert merged(into, one) == Merge(0, 3, 0)
    for table, frame in before.items():
        assert rows(into, table).equals(frame)


def test_a_unit_that_failed_in_one_store_and_is_done_in_the_other_is_done(tmp_path: Path) -> None:
    one, two = written(tmp_path / "one", [failed(0)]), written(tmp_path / "two", [sampled(0)])
    for order in ((one, two), (two, one)):
        into = tmp_path / f"into-{order[0].name}"
        for source in order:
            merged(into, source)
        assert committed_units(into).failed == {}
        assert latest_units(into).collect()["status"].to_list() == ["done"]


def test_units_that_gave_other_solutions_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    one = written(tmp_path / "one", group_of(0))
    two = written(tmp_path / "two", [with_other_texts(sampled(0)), scored(0), *group_of(1)])
    with pytest.raises(StoreError, match=r"1 unit ran in .*one and in .*two and gave other") as why:
        merged(one, two)
    assert "of small on problem p0: add --keep-first" in str(why.value)
    assert committed_units(one).done == {item.unit.id for item in group_of(0)}
    assert rows(one, "problems")["problem_id"].to_list() == ["p0"]


def test_keeping_the_first_leaves_out_what_scored_other_solutions(tmp_path: Path) -> None:
    one = written(tmp_path / "one", [sampled(0)])
    two = written(tmp_path / "two", [with_other_texts(sampled(0)), scored(0), *group_of(1)])
    assert merged(one, two, keep_first=True) == Merge(3, 1, 1)
    assert set(rows(one, "scores")["problem_id"]) == {"p1"}
    texts = rows(one, "solutions").filter(kind="sample", problem_id="p0")["text"]
    assert texts.unique().to_list() == ["one\n\ntwo"]


@pytest.mark.parametrize("kind", [scored, searched])
def test_scores_that_batches_explain_are_the_first_stores_and_it_is_said(
    kind: Callable[[int], Commit], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = with_scores(kind(0), 0.52, 0.25) if kind is scored else with_scores(kind(0), 0.9, 0.12)
    one = written(tmp_path / "one", [sampled(0), kind(0)])
    two = written(tmp_path / "two", [sampled(0), other])
    before = rows(one, "scores"), rows(one, "solutions")
    assert main(["merge", str(one), str(two)]) == 0
    said = capsys.readouterr().out
    assert "judge scored 4 solutions otherwise in each, by up to 0.02, there and before" in said
    assert "the first store's scores stand" in said
    for table, frame in zip(("scores", "solutions"), before, strict=True):
        assert rows(one, table).equals(frame)


@pytest.mark.parametrize(
    ("steps", "why"),
    [((0.5, 0.75), "by up to 0.5"), ((0.5,), "4 of them with other numbers of steps")],
)
def test_scores_too_far_apart_for_chance_are_refused_until_it_is_said_whose_count(
    steps: tuple[float, ...], why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = written(tmp_path / "one", [sampled(0), scored(0)])
    two = written(tmp_path / "two", [sampled(0), with_scores(scored(0), *steps), *group_of(1)])
    assert main(["merge", str(one), str(two)]) == 2
    said = capsys.readouterr().err
    assert why in said
    assert "--keep-first" in said
    assert set(rows(one, "scores")["problem_id"]) == {"p0"}
    assert main(["merge", "--keep-first", str(one), str(two)]) == 0
    assert why in capsys.readouterr().out
    kept = rows(one, "scores").filter(problem_id="p0")["step_scores"]
    assert kept.to_list() == [[0.5, 0.25]] * 4


def test_raw_scores_differ_by_a_share_of_their_size(tmp_path: Path) -> None:
    for name, score in (("one", 40.0), ("two", 41.0)):
        written(tmp_path / name, [sampled(0), with_scores(scored(0), score, -3.0)])
    done = merged(tmp_path / "one", tmp_path / "two")
    assert done.rescored is not None
    assert (done.rescored.largest, done.rescored.num_solutions) == (1.0, 4)


def test_scores_of_texts_that_differ_are_not_compared(tmp_path: Path) -> None:
    one = written(tmp_path / "one", [sampled(0), scored(0)])
    other = with_scores(scored(0), 0.1, 0.9)
    two = written(tmp_path / "two", [with_other_texts(sampled(0)), other])
    assert merged(one, two, keep_first=True).rescored is None


def test_other_verdicts_on_the_same_texts_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    item = sampled(0)
    judged = tuple(replace(one, correct=True) for one in item.result.solutions)
    one = written(tmp_path / "one", [item])
    two = written(tmp_path / "two", [replace(item, result=replace(item.result, solutions=judged))])
    assert main(["merge", str(one), str(two)]) == 0
    said = capsys.readouterr().out
    assert "Other verdicts on 2 solutions; the first store's verdicts stand." in said
    assert rows(one, "solutions")["correct"].sum() == 2


def test_answers_that_another_grader_judged_are_refused(tmp_path: Path) -> None:
    for name, grader in (("one", "integer"), ("two", "math")):
        with Store.open(written(tmp_path / name, group_of(0)), run_id="r") as store:
            store.write_benchmark(BenchmarkRecord("sums", grader))
    with pytest.raises(StoreError, match="judged by integer and would now be by math"):
        merged(tmp_path / "one", tmp_path / "two")


def test_descriptions_of_models_benchmarks_and_points_come_along_once(tmp_path: Path) -> None:
    for name, size in (("one", 10), ("two", 20)):
        with Store.open(written(tmp_path / name, group_of(0)), run_id="r") as store:
            store.write_models([ModelRecord(POLICY, "policy", size)])
            store.write_benchmark(BenchmarkRecord("sums", "integer", source=name))
    with Store.open(tmp_path / "two", run_id="r") as store:
        store.write_models([ModelRecord(PRM, "prm", 7)])
        store.write_points([Point("sums", "big", None, "majority", 4, 0.5, "a table")])
    merged(tmp_path / "one", tmp_path / "two")
    sizes = scan(tmp_path / "one", "models").select("name", "num_parameters").collect()
    assert sorted(sizes.iter_rows()) == [("judge", 7), ("small", 10)]
    assert read_benchmarks(tmp_path / "one")["sums"].source == "one"
    assert scan(tmp_path / "one", "points").collect()["policy"].to_list() == ["big"]


def test_the_command_says_what_came_of_each_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two, into = (str(tmp_path / name) for name in ("one", "two", "into"))
    commit_groups(Path(one), 0, 2)
    commit_groups(Path(two), 1, 4)
    assert main(["merge", into, one, two]) == 0
    said = capsys.readouterr().out
    assert f"{one}: 6 units added\n" in said
    assert f"{two}: 6 units added, 3 in both, kept once\n" in said
    assert f"{into} holds 12 units, each once; all are there." in said
    assert main(["merge", into, str(tmp_path / "nowhere")]) == 2
    assert "there is no store at" in capsys.readouterr().err


def test_a_source_that_must_not_be_added_to_leaves_no_empty_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_groups(tmp_path / "one", 0, 1)
    monkeypatch.setattr("ttsgrid.store.versions.ADDED_TO_SINCE", 9)
    assert main(["merge", str(tmp_path / "into"), str(tmp_path / "one")]) == 2
    assert not (tmp_path / "into").exists()
