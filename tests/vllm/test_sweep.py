"""The sweep as people run it: the command line, real vLLM engines in real Ray actors.

What it stores is checked against transformers on the same weights: greedy solutions
are the same text, and pools are as often right as transformers' own samples.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from ttsgrid.benchmarks.zoo.task import test_set as zoo_problems
from ttsgrid.grid.resolve import ZOO_WEIGHTS
from ttsgrid.store import scan
from ttsgrid.zoo.rollouts import sample_texts

pytestmark = [pytest.mark.vllm, pytest.mark.ray, pytest.mark.timeout(600)]

NUM_PROBLEMS = 20
POOL = 8
ENGINES = ("zoo-s", "zoo-prm", "zoo-shepherd")


def run_sweep(store: Path) -> str:
    command = (
        "policies=[zoo-s]", "strategies=[cot,majority,best_of_n]", f"budgets=[1,{POOL}]",
        f"benchmark.num_problems={NUM_PROBLEMS}", "cluster.dashboard=false", f"store={store}",
    )  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-m", "ttsgrid.cli.sweep", *command], capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    store = tmp_path_factory.mktemp("sweep") / "store"
    return store, run_sweep(store)


def test_every_unit_is_done_and_every_solution_scored_by_both_prms(
    swept: tuple[Path, str],
) -> None:
    store, output = swept
    units = scan(store, "units").collect()
    assert set(units["status"]) == {"done"}
    assert units["unit_id"].n_unique() == units.height
    assert units.filter(kind="sample")["policy_generated_tokens"].min() > 0  # type: ignore[operator]
    solutions = scan(store, "solutions").collect()
    assert solutions.height == NUM_PROBLEMS * (1 + POOL)
    scores = scan(store, "scores").collect()
    assert scores.height == NUM_PROBLEMS * POOL * 2
    assert set(scores["prm"]) == {"zoo-prm", "zoo-shepherd"}
    flat = scores["step_scores"].explode()
    assert flat.is_between(0.0, 1.0).all()
    assert (store / "frontier" / "frontier.png").stat().st_size > 10_000
    said = " ".join(output.split())
    assert "that takes two models of known sizes on the same problems" in said
    assert "Best accuracy for the compute" in said
    # The worker and its engine tell; a stage that rounds to no second is left out.
    for stages in (re.search(rf"{name} works after \d+ s \((.*?)\)", said) for name in ENGINES):
        assert stages is not None
        assert re.match(r"importing code \d+ s(, [a-z ]+ \d+ s)+$", stages[1])
    assert re.search(r"Took .*: starting workers .* \(importing code .* and .*\)", said)


def test_greedy_solutions_are_those_of_transformers(swept: tuple[Path, str]) -> None:
    store, _ = swept
    stored = scan(store, "solutions").filter(pl.col("temperature") == 0)
    problems = scan(store, "problems").select("problem_id", "index", "question")
    rows = stored.join(problems, on="problem_id").sort("index").collect()

    folder = ZOO_WEIGHTS / "zoo-s"
    policy = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    prompts = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": recipe.question}],
            add_generation_prompt=True,
            tokenize=False,
        )
        for recipe in zoo_problems(NUM_PROBLEMS)
    ]
    expected = sample_texts(policy, tokenizer, prompts, 0.0)
    same = sum(text == other for text, other in zip(rows["text"], expected, strict=True))
    # Batches of another shape round otherwise, and a tie may then fall the other way.
    assert same >= NUM_PROBLEMS - 1


def test_the_same_command_again_generates_nothing(swept: tuple[Path, str]) -> None:
    store, _ = swept
    before = scan(store, "units").collect()
    assert "0 tokens to generate" in run_sweep(store)
    assert scan(store, "units").collect().equals(before)
