"""Judging PRMs on labelled steps through real Ray actors with fake engines."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.ray.test_driver_with_fake_engines import model
from ttsgrid.benchmarks.labelled import read_labelled
from ttsgrid.cli.prm_bench import main

pytestmark = pytest.mark.ray

ENGINE = ("engine.kind=fake", "engine.cpus=0.4", "engine.memory_gib=0.5", "cluster.dashboard=false")


def arguments(folder: Path, *more: str, reads: int = 9000) -> list[str]:
    prm = model(folder, "prm", "qwen").model
    inline = f"{{name: prm, model: {prm}, format: qwen, max_model_len: {reads}}}"
    return [f"prm={inline}", "data=zoo", f"out={folder / 'out'}", *ENGINE, *more]


def test_every_solution_is_counted_and_the_same_command_again_scores_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = arguments(tmp_path, "limit=50", reads=60)
    assert main(asked) == 0
    assert "50 solutions to score" in capsys.readouterr().out

    (row,) = pl.read_csv(tmp_path / "out" / "prm_bench.csv").to_dicts()
    solutions = read_labelled("zoo").solutions[:50]
    assert row["prm"] == "prm (fake engine)"
    assert row["num_solutions"] == 50
    assert row["num_wrong"] == sum(one.first_wrong is not None for one in solutions)
    assert 0 < row["num_unscored"] < 50
    reasons = pl.read_csv(tmp_path / "out" / "unscored.csv")
    assert reasons["num_solutions"].sum() == row["num_unscored"]
    assert reasons["reason"].str.contains("the PRM reads N").all()
    whole = json.loads((tmp_path / "out" / "prm_bench.json").read_text())
    assert whole["prm_bench"][0]["f1"] == pytest.approx(row["f1"])
    assert (tmp_path / "out" / "calibration.png").is_file()

    assert main(asked) == 0
    assert "Every solution is scored already" in capsys.readouterr().out


FLAKY = """
from ttsgrid.core.errors import EngineError
from ttsgrid.engines import EngineStats, TokenLogits

class Flaky:
    device, block_tokens, max_input_tokens = "cpu", 16, 4096

    def __init__(self, spec):
        pass

    async def token_logits(self, ids, *, read_cache):
        if sum(ids) % 3 == 0:
            raise EngineError("out of order")
        return TokenLogits(0, tuple((0.0, 1.0) for _ in ids))

    def stats(self):
        return EngineStats()

    def close(self):
        pass
"""


def test_what_fails_is_no_score_and_no_unscored_sample_and_the_others_are_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "flaky_engine.py").write_text(FLAKY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    assert main(arguments(tmp_path, "limit=40", "engine.kind=flaky_engine:Flaky")) == 1
    said = capsys.readouterr().err
    assert "solutions failed, for instance with: prm: EngineError: out of order" in said
    assert said.count("\n") == 1
    (scores,) = (tmp_path / "out" / "scores").iterdir()
    assert 0 < len(scores.read_text().splitlines()) < 40
    assert not (tmp_path / "out" / "prm_bench.csv").exists()


def test_a_prm_that_does_not_start_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(tmp_path, "limit=3", "engine.fake={fail_start: 1}")) == 1
    said = capsys.readouterr().err
    assert said.startswith("ttsgrid: prm")
    assert "was told not to start" in said
    assert said.count("\n") == 1
