"""How the records and printed.json came about, with compute-optimal-tts, which PyPI has not.

At commit 0ee2578 of RyanLiu112/compute-optimal-tts, with ray, torch, transformers, jsonlines,
loguru, pebble and word2number installed:

    PYTHONPATH=path/of/the/clone/src python make.py

Its own `beam_search` and `MathEvaluator` run here with two functions in place of its servers.
Records are laid out as its `evaluate.py` does, which needs them; figures are its evaluator's,
averaged as there. It has no script that puts the subtrees of a DVTS run together, so those
are voted on by its `judge_ans` over the answers of all of a problem's records.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from reason.evaluation.evaluator import CHOSEN_AGGR_METHODS, MathEvaluator, judge_ans
from reason.evaluation.methods import BeamSearchConfig, beam_search
from reason.inference.lm_call import LMCallingConfig
from reason.inference.text_generation import ConcatedLMGenResult
from scripted import QUESTIONS, StepWriter, solutions, step_scores

Turns = list[dict[str, str]]


class Writer:
    """In place of its policy server: whole solutions for best-of-n, else single steps."""

    model_name = "scripted"

    def __init__(self) -> None:
        self._steps = StepWriter()

    def __call__(self, messages: Turns, config: LMCallingConfig) -> ConcatedLMGenResult:
        question, so_far = messages[-2]["content"], messages[-1]["content"]
        question = next(known for known in QUESTIONS if known in question)
        if config.stop_str is None:
            texts = solutions(question)[: config.n]
        else:
            texts = [self._steps.next_step(question, so_far) for _ in range(config.n)]
        words = [len(text.split()) for text in texts]
        return ConcatedLMGenResult(
            texts, [20] * len(texts), words, [-1.0] * len(texts), [-0.1] * len(texts),
            ["stop"] * len(texts),
        )  # fmt: skip


def rewards(pairs: list[tuple[str, str]], **_: object) -> list[list[float]]:
    """Score solutions, in place of its PRM server; it marks a step's end with ` ки`."""
    return [step_scores(text.replace(" ки\n", "\n\n")) for _, text in pairs]


def run(width: int, num_sequences: int, direct_io: int, folder: str, num_records: int) -> None:
    evaluator = MathEvaluator("MATH", [Writer()], rewards, direct_io=direct_io)
    search = BeamSearchConfig(
        task_name="MATH", tree_max_depth=1 if direct_io else 10, tree_max_width=width,
        beam_size=num_sequences, model_names=["scripted"], cot_prompt="", sep=["\n\n"],
        stop_str=None if direct_io else ["\\boxed"], direct_io=direct_io, double_line_break=1,
    )  # fmt: skip
    sampling = LMCallingConfig(n=num_sequences, temperature=0.7, max_new_tokens=2048)
    results = []
    for i, (question, (gold, _)) in enumerate(QUESTIONS.items()):
        outputs = []
        for j in range(num_records):
            _, result, output = evaluator.evaluate_problem(
                {"question": question, "answer": f"\\boxed{{{gold}}}"},
                lambda *given: beam_search(search, sampling, *given),
            )
            record = {
                "question": question, "groundtruth": gold, "result": result, "output": output,
            }  # fmt: skip
            path = HERE / folder / f"question_{i}" / f"record_{j}.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(record) + "\n")
            outputs += output
        results.append(result if num_records == 1 else joint(question, gold, outputs))
    mean = {name: sum(r[name] for r in results) / len(results) for name in results[0]}
    PRINTED[folder] = mean


def joint(question: str, gold: str, outputs: list[dict[str, Any]]) -> dict[str, int]:
    """Vote over the answers of all records of a problem, with its own votes."""
    answers = [output["extracted_answer"] for output in outputs]
    values = [output["value"] for output in outputs]
    judge = MathEvaluator("MATH", [], rewards)._task.judge_correct
    return {
        how: judge_ans(question, gold, answers, values, how, judge) for how in CHOSEN_AGGR_METHODS
    }


PRINTED: dict[str, dict[str, float]] = {}
run(8, 2, direct_io=0, folder="beam", num_records=1)
run(4, 1, direct_io=0, folder="dvts", num_records=2)
run(4, 4, direct_io=1, folder="best_of_n", num_records=1)
(HERE / "printed.json").write_text(json.dumps(PRINTED, indent=1) + "\n")
