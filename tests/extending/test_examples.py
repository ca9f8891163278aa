"""Each example of docs/extending.md works from a folder outside the package.

Each runs as its reader would run it: a sweep with `--config-dir`, then the frontier and the
report from the store alone.
"""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from tests.extending.page import make_checkpoint, run, write_examples
from ttsgrid.store import scan
from ttsgrid.zoo.tokenizer import build_tokenizer

pytestmark = pytest.mark.ray

SMALL = ("cluster.dashboard=false", "engine.cpus=0.4", "engine.memory_gib=0.5")
FAKE_POLICY = "policies=[{name: fake, model: checkpoints/policy, format: zoo}]"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_examples(tmp_path)
    make_checkpoint(tmp_path, "policy")
    return tmp_path


def sweep(folder: Path, *settings: str) -> str:
    return run(folder, "sweep", "--config-dir", "my_conf", *SMALL, *settings)


def rows(folder: Path, name: str, table: str) -> pl.DataFrame:
    return scan(folder / "results" / name, table).collect()


def test_the_page_shows_a_file_for_every_seam(tmp_path: Path) -> None:
    names = write_examples(tmp_path)
    assert len(names) == len(set(names)) >= 13
    seams = {"my_grade.py", "my_prompts.py", "my_prm.py", "my_engine.py", "benchmark/mine.yaml"}
    assert {f"my_conf/{seam}" for seam in seams} <= set(names)


def test_a_benchmark_of_ones_own_is_swept_and_reported(folder: Path) -> None:
    fake = ("engine.kind=fake", "strategies=[cot,majority]", "prms=[]", "budgets=[4]")
    sweep(folder, "benchmark=mine", FAKE_POLICY, *fake)
    answers = rows(folder, "mine", "problems").sort("index")["answer"]
    assert answers.to_list() == ["2", r"\frac{3}{2}"]
    assert "mine" in run(folder, "frontier", "results/mine")
    run(folder, "report", "results/mine")
    assert rows(folder, "mine", "benchmarks")["grader"].to_list() == ["math"]


def test_a_grader_of_ones_own_judges_in_the_workers_and_for_the_readers(folder: Path) -> None:
    fake = ("engine.kind=fake", "strategies=[cot,majority]", "prms=[]", "budgets=[4]")
    sweep(folder, "benchmark=choices", FAKE_POLICY, *fake)
    solutions = rows(folder, "choices", "solutions")
    assert solutions.height == 5
    assert solutions["answer"].null_count() == 5  # the fake engine boxes numbers, it says no letter
    record = rows(folder, "choices", "benchmarks").row(0, named=True)
    assert record["grader"] == "my_grade:Letter"
    assert json.loads(record["grader_options"]) == {"letters": "ABC"}
    assert "choices" in run(folder, "frontier", "results/choices", path=[folder / "my_conf"])
    run(folder, "report", "results/choices", path=[folder / "my_conf"])


def test_a_prompt_format_of_ones_own_asks_what_the_benchmark_wants(folder: Path) -> None:
    fake = ("engine.kind=fake", "strategies=[cot]", "prms=[]", "budgets=[1]")
    sweep(folder, "benchmark=mine", "policies=[careful]", *fake)
    sweep(folder, "benchmark=mine", "benchmark.instruction='Say a number.'",
          "policies=[careful]", *fake)  # fmt: skip
    formats = [json.loads(text) for text in rows(folder, "mine", "models")["format"]]
    assert {form["system"] for form in formats} == {
        "You are careful. Put your final answer within \\boxed{}.",
        "You are careful. Say a number.",
    }
    assert rows(folder, "mine", "solutions").height == 4  # two prompts of two problems


def test_a_prm_with_a_head_of_its_own_scores_as_the_model_does(folder: Path) -> None:
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    tokenizer = build_tokenizer(with_bos=False)
    tokenizer.save_pretrained(folder / "checkpoints/prm")
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=2, max_position_embeddings=512, num_labels=1,
    )  # fmt: skip
    model = transformers.LlamaForTokenClassification(config).eval()
    model.save_pretrained(folder / "checkpoints/prm")

    zoo = ("benchmark=zoo", "benchmark.num_problems=2", "prms=[one_value]", "budgets=[1,4]")
    guess = "policies=[{name: fake, model: checkpoints/policy, format: zoo, engine: fake}]"
    sweep(folder, *zoo, guess, "strategies=[cot,best_of_n,beam]", "engine.memory_gib=1")

    solutions = rows(folder, "zoo", "solutions").filter(kind="sample", temperature=0.7)
    questions = rows(folder, "zoo", "problems").select("problem_id", "question")
    scored = solutions.join(questions, on="problem_id").join(
        rows(folder, "zoo", "scores"), on=["problem_id", "sample"], suffix="_by_prm"
    )
    assert scored.height == 8
    for row in scored.iter_rows(named=True):
        texts = [f"{row['question']}\n{row['steps'][0]}\n", *(f"{s}\n" for s in row["steps"][1:])]
        pieces = [tokenizer.encode(text, add_special_tokens=False) for text in texts]
        with torch.inference_mode():
            values = model(torch.tensor([[i for piece in pieces for i in piece]])).logits[0, :, 0]
        ends = torch.tensor([len(piece) for piece in pieces]).cumsum(0) - 1
        assert row["step_scores_by_prm"] == pytest.approx(
            torch.sigmoid(values[ends]).tolist(), abs=1e-5
        )
    assert "one_value" in run(folder, "frontier", "results/zoo")
    run(folder, "report", "results/zoo")


def test_an_engine_of_ones_own_serves_a_policy(folder: Path) -> None:
    settings = ("strategies=[cot,majority]", "prms=[]", "budgets=[8]", "engine.options={below: 3}")
    sweep(folder, "benchmark=mine", "policies=[guesser]", *settings)
    answers = set(rows(folder, "mine", "solutions")["answer"])
    assert answers
    assert answers <= {"0", "1", "2"}
    assert "guesser" in run(folder, "frontier", "results/mine")
    run(folder, "report", "results/mine")
