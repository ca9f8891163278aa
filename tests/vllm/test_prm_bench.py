"""The zoo's PRMs on the zoo's own step labels, through real engines in real Ray actors."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ttsgrid.benchmarks.labelled import read_labelled
from ttsgrid.cli.score_file import solution_key

pytestmark = [pytest.mark.slow, pytest.mark.vllm, pytest.mark.ray, pytest.mark.timeout(900)]

LIMIT = 120


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("judged") / "out"
    command = (
        "prm=[zoo-prm,zoo-shepherd]", "data=zoo", f"limit={LIMIT}", f"out={folder}",
        "cluster.dashboard=false",
    )  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-m", "ttsgrid.prm_bench", *command], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


def test_the_zoos_prms_tell_right_steps_from_wrong_ones(out: Path) -> None:
    rows = {row["prm"]: row for row in pl.read_csv(out / "prm_bench.csv").to_dicts()}
    assert set(rows) == {"zoo-prm", "zoo-shepherd"}
    for row in rows.values():
        assert (row["num_solutions"], row["num_unscored"]) == (LIMIT, 0)
        assert row["area"] > 0.75
        assert row["f1_low"] < row["f1"] < row["f1_high"]
    # The one trained on labels of steps finds more than the one trained on roll-outs.
    assert rows["zoo-prm"]["f1_held_out"] > rows["zoo-shepherd"]["f1_held_out"]


def test_f1_follows_from_the_scores_by_process_benchs_rule(out: Path) -> None:
    solutions = {solution_key(s.problem, s.steps): s for s in read_labelled("zoo").solutions}
    computed = []
    for file in (out / "scores").iterdir():
        matches: dict[bool, list[bool]] = {True: [], False: []}
        for line in file.read_text().splitlines():
            row = json.loads(line)
            first = solutions[row["key"]].first_wrong
            assert len(row["scores"]) == len(solutions[row["key"]].steps)
            marked = next((i for i, score in enumerate(row["scores"]) if score < 0.5), None)
            matches[first is None].append(marked == first)
        found, passed = (np.mean(matches[kind]) for kind in (False, True))
        computed.append(2 * found * passed / (found + passed))
    assert sorted(computed) == pytest.approx(sorted(pl.read_csv(out / "prm_bench.csv")["f1"]))
