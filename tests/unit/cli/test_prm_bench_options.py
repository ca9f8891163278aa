"""The arguments of `python -m ttsgrid.prm_bench`, and what it keeps between runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from ttsgrid.cli.prm_bench import main
from ttsgrid.cli.prm_bench_options import read_options
from ttsgrid.cli.score_file import ScoreFile, StepScoresOfOne, solution_key
from ttsgrid.core.errors import ConfigError
from ttsgrid.core.model_identity import ModelIdentity


def test_own_arguments_are_sorted_from_the_sweeps() -> None:
    options = read_options(
        ["prm=a", "data=[x.jsonl, y.jsonl]", "engine=gpu", "limit=5", "--config-dir=mine"]
    )
    assert options.data == ("x.jsonl", "y.jsonl")
    assert options.limit == 5
    assert options.sweep_arguments == ("engine=gpu", "--config-dir=mine", "prms=[a]")
    assert read_options(["prm=[a,b]", "data=zoo"]).sweep_arguments == ("prms=[a,b]",)
    inline = "{name: a, model: m, format: qwen}"
    assert read_options([f"prm={inline}", "data=zoo"]).sweep_arguments == (f"prms=[{inline}]",)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["data=zoo"], "prm is missing"),
        (["prm=a"], "data is missing"),
        (["prm=a", "data=zoo", "limit=0"], "limit=0 must be a whole number above 0"),
        (["prm=a", "data=zoo", "limit=many"], "limit=many"),
        (["prm=a", "prm=b", "data=zoo"], "prm is given twice"),
        (["prms=[a]", "data=zoo"], "prms does nothing here.*Did you mean prm"),
        (["prm=a", "data=zoo", "benchmark.path=x"], "benchmark.path does nothing here"),
        (["prm=a", "data=[zoo,]"], "name a file"),
    ],
)
def test_a_wrong_argument_is_a_sentence(arguments: list[str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        read_options(arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["prm=nobody", "data=zoo"], "prms: 'nobody' is not one of"),
        (["prm=zoo-prm", "data=nowhere.jsonl"], "data: can't read nowhere.jsonl"),
        (["prm=zoo-prm", "data=zoo", "tuned_on=gsm8k"], "tuned_on: 'gsm8k' is not one of: zoo"),
        (["prm=zoo-prm", "data=zoo", "engine.cpu=1"], "unknown setting engine.cpu"),
        (
            ["prm={name: mine, model: a/b, format: verifier}", "data=zoo"],
            "prms.mine.format gives one score per solution, and steps are judged here",
        ),
        ([], "prm is missing"),
    ],
)
def test_the_command_says_what_is_wrong_before_anything_runs(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_help_names_every_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    said = capsys.readouterr().out
    for name in ("prm=", "data=", "limit=", "tuned_on=", "out="):
        assert name in said


def test_scores_are_found_again_and_a_line_that_was_cut_off_is_not_one(tmp_path: Path) -> None:
    prm = ModelIdentity("prm", "m", "r", "{}")
    file = ScoreFile(tmp_path, prm)
    first, second = (solution_key("q", steps) for steps in (("a",), ("a", "b")))
    file.add(first, StepScoresOfOne((0.25,), None))
    file.add(second, StepScoresOfOne((), "too long"))
    (path,) = (tmp_path / "scores").iterdir()
    with path.open("a") as torn:
        torn.write('{"key": "abc", "sco')

    again = ScoreFile(tmp_path, prm)
    assert again.known == {
        first: StepScoresOfOne((0.25,), None),
        second: StepScoresOfOne((), "too long"),
    }
    again.add("third", StepScoresOfOne((0.5,), None))
    assert len(ScoreFile(tmp_path, prm).known) == 3
    assert ScoreFile(tmp_path, ModelIdentity("prm", "m", "retrained", "{}")).known == {}
