"""A solution that its PRM can't read stays in its block, without a score and with the reason."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from ttsgrid.benchmarks import shipped_benchmark
from ttsgrid.cluster.wire.tasks import Task, WorkerSpec
from ttsgrid.cluster.worker.prm_runtime import PrmRuntime
from ttsgrid.core.records import Problem, UnitResult
from ttsgrid.core.units import ModelIdentity, SampleBlock, SamplingIdentity, ScoreBlock
from ttsgrid.engines.fake import FakePrmEngine
from ttsgrid.engines.spec import EngineSpec
from ttsgrid.models.prms import prm_format
from ttsgrid.store import Commit, Store, scan
from ttsgrid.zoo.tokenizer import build_tokenizer

ZOO = shipped_benchmark("zoo")
PROBLEM = Problem("p", "zoo", 0, "What is 1 + 1?", "2")
BLOCK = SampleBlock(
    "p", ModelIdentity("small", "s", "r", "zoo"), SamplingIdentity(0.7, 1.0, 64, 0), 0, 4
)
UNIT = ScoreBlock(BLOCK, ModelIdentity("judge", "j", "r", "qwen"))
SHORT = ("1 + 1 = 2", "The answer is \\boxed{2}.")
LONG = ("1 + 1 = 2",) * 30
MARKED = ("1 + 1 = 2 <extra_0>",)
SOLUTIONS = (SHORT, LONG, (), MARKED)
TOKENIZER = build_tokenizer(with_bos=False)
CONTEXT = 160


def score(*solutions: tuple[str, ...]) -> UnitResult:
    spec = EngineSpec("fake", "prm", "judge", "judge", max_model_len=CONTEXT)
    runtime = PrmRuntime(
        WorkerSpec(spec, "qwen", (ZOO,), 1.0, 0, 1.0), FakePrmEngine(spec), TOKENIZER
    )
    task = Task(UNIT, PROBLEM, to_score=tuple(enumerate(solutions)))
    (outcome,) = asyncio.run(runtime.run([task], None))
    return outcome.result


def test_the_rest_of_its_block_is_scored() -> None:
    result = score(*SOLUTIONS)
    assert result.error is None
    read, long, empty, marked = result.scores
    assert (len(read.scores), read.unscored) == (len(SHORT), None)
    assert read == score(SHORT).scores[0]
    assert [one.scores for one in (long, empty, marked)] == [(), (), ()]
    size = len(prm_format("qwen").encode_open(TOKENIZER, PROBLEM.question, LONG).ids)
    assert size > CONTEXT
    assert long.unscored == f"{size:,} tokens, the PRM reads {CONTEXT:,} (prms' max_model_len)"
    assert empty.unscored == "no steps"
    assert marked.unscored is not None
    assert "step marks" in marked.unscored


def test_what_was_not_read_costs_nothing() -> None:
    assert score(*SOLUTIONS).price == score(SHORT).price


def test_the_store_says_which_samples_have_no_score_and_why(tmp_path: Path) -> None:
    with Store.open(tmp_path, run_id="test") as store:
        store.commit([Commit(UNIT, score(*SOLUTIONS), PROBLEM)])
    rows = scan(tmp_path, "scores").sort("sample").collect()
    assert rows["step_scores"].list.len().to_list() == [2, 0, 0, 0]
    assert rows["unscored"].is_null().to_list() == [True, False, False, False]
    assert rows["input_tokens"].to_list()[1:] == [0, 0, 0]
    assert rows["prefix_keys"].list.len()[0] == rows["prefix_tokens"].list.len()[0] > 1
    assert rows["prefix_tokens"].list.sum()[0] == rows["input_tokens"][0]


@pytest.mark.parametrize("spare", [0, 1])
def test_an_input_may_fill_the_context_to_the_last_token(spare: int) -> None:
    ids = prm_format("qwen").encode_open(TOKENIZER, PROBLEM.question, SHORT).ids
    spec = EngineSpec("fake", "prm", "judge", "judge", max_model_len=len(ids) - 1 + spare)
    runtime = PrmRuntime(
        WorkerSpec(spec, "qwen", (ZOO,), 1.0, 0, 1.0), FakePrmEngine(spec), TOKENIZER
    )
    (outcome,) = asyncio.run(runtime.run([Task(UNIT, PROBLEM, ((0, SHORT),))], None))
    assert (outcome.result.scores[0].unscored is None) == (spare == 1)
