"""`check` shows exactly what models are given to read, and what the grid costs at most."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from tests.own.many_commands import Ended, Line, run_all
from ttsgrid.benchmarks import load_benchmark
from ttsgrid.grid.resolve import ZOO_WEIGHTS

BOTH = ("policy=zoo-s", "prm=zoo-prm", "benchmark.num_problems=3", "budgets=[4]")
ONE_POLICY = ("policy={name: mine, model: 'zoo:zoo-s', format: zoo}", "benchmark.num_problems=3")


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[Ended]:
    lines = [
        Line("check", (*BOTH, "strategies=[best_of_n]")),
        Line("check", ONE_POLICY),
        Line("check", ("prm=zoo-shepherd", "benchmark.num_problems=3")),
        Line("check", ("policy=zoo-t",)),
        Line("check", ("--help",)),
    ]
    ended = run_all(tmp_path_factory.mktemp("check"), lines, {})
    assert not any(one.ray for one in ended)
    return ended


def ids_in(text: str) -> list[list[int]]:
    return [json.loads(found) for found in re.findall(r"^ids: (\[.*\])$", text, re.MULTILINE)]


def test_ids_are_those_of_the_written_out_prompt_and_prm_input(answers: list[Ended]) -> None:
    question = load_benchmark("zoo", num_problems=3)[0]
    said = answers[0].out
    policy, prm = ids_in(said)

    prompt = f"<s><|im_start|>user\n{question.question}<|im_end|>\n<|im_start|>assistant\n"
    tokenizer = AutoTokenizer.from_pretrained(ZOO_WEIGHTS / "zoo-s")
    assert policy == tokenizer.encode(prompt, add_special_tokens=False)
    assert prompt in said

    box = "Please reason step by step, and put your final answer within \\boxed{}."
    steps = f"Let us think step by step.<extra_0>The answer is \\boxed{{{question.answer}}}."
    read = (
        f"<|im_start|>system\n{box}<|im_end|>\n<|im_start|>user\n{question.question}<|im_end|>\n"
        f"<|im_start|>assistant\n{steps}<extra_0><|im_end|>\n"
    )
    tokenizer = AutoTokenizer.from_pretrained(ZOO_WEIGHTS / "zoo-prm")
    assert prm == tokenizer.encode(read, add_special_tokens=False)
    marks = [i for i, token in enumerate(prm) if token == tokenizer.encode("<extra_0>")[0]]
    assert f"scores are read at: {marks}" in said


def test_the_cost_is_that_of_the_plans_solutions_at_their_longest(answers: list[Ended]) -> None:
    # 3 problems, 4 samples each, of at most 160 tokens, as conf/policy/zoo-s.yaml says.
    assert f"zoo-s writes at most {3 * 4 * 160:,} tokens" in answers[0].out
    assert f"zoo-prm reads solutions of at most {3 * 4 * 160:,} tokens" in answers[0].out
    assert "Nothing is wrong." in answers[0].out


def test_one_policy_or_one_prm_is_checked_alone(answers: list[Ended]) -> None:
    _, policy, prm, unknown, usage = answers
    assert policy.status == prm.status == usage.status == 0
    assert len(ids_in(policy.out)) == len(ids_in(prm.out)) == 1
    assert policy.out.startswith("mine: zoo:zoo-s, ")
    assert prm.out.startswith("zoo-shepherd: zoo:zoo-shepherd, ")
    assert "policies: 'zoo-t' is not one of" in unknown.err
    assert "policy=NAME" in usage.out


def test_nothing_is_written(answers: list[Ended], tmp_path: Path) -> None:
    assert answers[0].status == 0
    run_all(tmp_path, [Line("check", (*BOTH, "strategies=[majority]"))], {})
    assert list(tmp_path.iterdir()) == []
