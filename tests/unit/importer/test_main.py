"""`python -m ttsgrid.importer` as a person runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.importer.made import PROBLEMS, write_lines
from ttsgrid.analysis import analyse
from ttsgrid.cli.importer import main
from ttsgrid.importer.layout import layout_descriptions
from ttsgrid.store import scan
from ttsgrid.views.terminal.console import Console
from ttsgrid.views.terminal.frontier import print_frontier

OPTIONS = ["--benchmark=by-hand", "--policy=writer", "--temperature=0.7", "--grader=math"]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_lines(tmp_path / "run.jsonl", PROBLEMS)


def test_an_import_shows_what_to_hold_against_the_authors_figures(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store = tmp_path / "store"
    options = ["--prm=judge", "--policy-parameters=1.5e9", "--prm-parameters=7e9"]
    assert main(["samples", str(store), str(file), *OPTIONS, *options]) == 0
    said = capsys.readouterr().out
    assert "problems: 2, samples: 8" in said
    assert "100.00 %" in said
    sizes = dict(scan(store, "models").select("name", "num_parameters").collect().iter_rows())
    assert sizes == {"writer": 1_500_000_000, "judge": 7_000_000_000}


def test_fields_are_changed_on_the_command_line(file: Path, tmp_path: Path) -> None:
    moved = [{**p, "tries": p["samples"]} for p in PROBLEMS]
    path = write_lines(tmp_path / "moved.jsonl", moved)
    fields = [f"--field={name}=tries[].{name}" for name in ("answer", "correct", "tokens")]
    away = ["--field=text=", "--field=scores=", "--field=gold="]
    assert main(["samples", str(tmp_path / "s"), str(path), *OPTIONS, *fields, *away]) == 0
    assert len(scan(tmp_path / "s", "solutions").collect()) == 8


def test_a_greedy_run_is_told_from_samples_of_the_same_policy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    once = [{**problem, "samples": problem["samples"][:1]} for problem in PROBLEMS]
    path = write_lines(tmp_path / "greedy.jsonl", once)
    greedy = [option.replace("0.7", "0") for option in OPTIONS]
    assert main(["samples", str(tmp_path / "s"), str(path), *greedy]) == 0
    said = capsys.readouterr().out
    assert "greedy" in said
    assert "pass@1" not in said


def test_whose_the_verdicts_are_is_said(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for fields, said in (
        ([], "Of 8 recorded verdicts the grader math doesn't share 0; they stand."),
        (["--field=correct="], "The grader math gave the verdicts."),
    ):
        told = ["samples", str(tmp_path / f"s{len(fields)}"), str(file), *OPTIONS, *fields]
        assert main(told) == 0
        assert said in " ".join(capsys.readouterr().out.split())


def test_accuracies_in_percent_are_read_as_the_error_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "points.csv"
    path.write_text("policy,strategy,n,accuracy\nbig,majority,4,52.1\n")
    told = ["points", str(tmp_path / "s"), str(path), "--benchmark=sums"]
    assert main(told) == 2
    assert "line 2: accuracy 52.1 is no fraction; say --scale percent" in capsys.readouterr().err
    assert main([*told, "--scale=percent"]) == 0
    assert scan(tmp_path / "s", "points").collect()["accuracy"].item() == pytest.approx(0.521)


def test_points_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "points.csv"
    path.write_text("strategy,n,acc\nmajority,4,0.5\n")
    options = ["--column=accuracy=acc", "--benchmark=sums", "--policy=big"]
    assert main(["points", str(tmp_path / "s"), str(path), *options]) == 0
    assert capsys.readouterr().out == "points imported: 1\n"
    row = scan(tmp_path / "s", "points").collect().row(0, named=True)
    assert (row["policy"], row["accuracy"]) == ("big", 0.5)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--benchmark=unheard", "--policy=p", "--temperature=0"], "--grader: ttsgrid has none"),
        ([*OPTIONS, "--strategy=beam", "--prm=p"], "--strategy: a search needs --budget"),
        ([*OPTIONS, "--strategy=beam", "--budget=8"], "--strategy: a search needs --prm"),
        ([*OPTIONS, "--strategy=beam", "--budget=6", "--prm=p"], "no multiple of beam_width M=4"),
        ([*OPTIONS, "--field=text"], "write NAME=VALUE"),
        ([*OPTIONS, "--layout=nowhere"], "shipped layouts"),
        ([*OPTIONS, "--prm=judge", "--field=scores="], "--prm: the layout has no `scores`"),
    ],
)
def test_a_wrong_option_is_one_sentence(
    file: Path, tmp_path: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["samples", str(tmp_path / "s"), str(file), *options]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


def test_an_import_says_that_no_solution_states_an_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = [{"text": f"she has {i} apples", "tokens": 5} for i in (1, 2, 3)]
    row = {"question": "1+1?", "answer": "2", "samples": samples}
    path = write_lines(tmp_path / "run.jsonl", [row])
    assert main(["samples", str(tmp_path / "a"), str(path), *OPTIONS]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Warning: Of 3 solutions of writer to by-hand, none state an answer" in said
    assert "--answer-forms" in said
    print_frontier(analyse(tmp_path / "a"), Console(width=400))
    assert "none state an answer that counts" in capsys.readouterr().out
    forms = "--answer-forms=boxed,last_number"
    assert main(["samples", str(tmp_path / "b"), str(path), *OPTIONS, forms]) == 0
    assert "Warning" not in capsys.readouterr().out
    correct = scan(tmp_path / "b", "solutions").sort("sample").collect()["correct"].to_list()
    assert correct == [False, True, False]


def test_what_was_left_out_of_the_scores_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    samples = [{"text": "a\n\n", "answer": "2", "tokens": 5, "scores": [-1.0, 0.5]}] * 2
    row = {"question": "1+1?", "answer": "2", "samples": samples}
    path = write_lines(tmp_path / "run.jsonl", [row])
    assert (
        main(["samples", str(tmp_path), str(path), *OPTIONS, "--prm=p", "--field=scale=raw"]) == 0
    )
    said = " ".join(capsys.readouterr().out.split())
    assert "Dropped 2 scores of the empty step" in said
    assert said.count("no weighted vote and no product") == 1


def test_the_help_says_what_a_layout_is_and_lists_those_that_ship(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    said = capsys.readouterr().out
    assert "A layout is a small YAML file" in said
    for name, about in layout_descriptions().items():
        assert f"  {name}: " in said
        assert about


def test_searches_are_imported_as_searches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(__file__).parent / "written/compute_optimal_tts/dvts"
    options = ["--layout=compute_optimal_tts", "--strategy=dvts", "--budget=8", "--prm=judge"]
    assert main(["samples", str(tmp_path / "s"), str(folder), *OPTIONS, *options]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "problems: 5, answers of dvts searches: 10," in said
    assert "not in pools" in said
    assert "samples[].answer" not in said
    cells = analyse(tmp_path / "s").cells.frame
    assert set(cells["strategy"]) == {"dvts"}
    assert set(cells["n"]) == {4, 8}
