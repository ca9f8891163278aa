"""How the completions came about, with search-and-learn, which PyPI has not.

At commit 6f81cac of huggingface/search-and-learn, with its requirements (vllm is imported, no
engine starts):

    PYTHONPATH=path/of/the/clone/src python make.py

Its own searches and its `score` run here with a policy and a PRM that are functions. Its
script prints no accuracy: it writes for each N whose answer each vote elects, as `pred_maj@N`,
`pred_weighted@N` and `pred_naive@N`, and those are its figures.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from datasets import Dataset
from sal.config import Config
from sal.search import beam_search, best_of_n, dvts
from sal.utils.data import save_dataset
from sal.utils.score import score
from scripted import QUESTIONS, StepWriter, solutions, step_scores
from vllm import SamplingParams

APPROACHES = {"best_of_n": best_of_n, "beam_search": beam_search, "dvts": dvts}


class Policy:
    """In place of vLLM's LLM, and of its tokenizer: a prompt is its turns' texts."""

    chat_template = None

    def __init__(self) -> None:
        self._steps = StepWriter()
        self._given: dict[str, int] = {}

    def get_tokenizer(self) -> Policy:
        return self

    def apply_chat_template(self, convs: list[Any], **_: object) -> list[str]:
        return ["<turn>".join(turn["content"] for turn in conv[1:]) for conv in convs]

    def generate(
        self, prompts: list[str], sampling_params: SamplingParams, **_: object
    ) -> list[Any]:
        return [self._written(prompt, sampling_params.stop) for prompt in prompts]

    def _written(self, prompt: str, stop: list[str] | None) -> SimpleNamespace:
        question, _, so_far = prompt.partition("<turn>")
        if stop:
            text = self._steps.next_step(question, so_far)
        else:
            number = self._given.get(question, 0)
            self._given[question] = number + 1
            text = solutions(question)[number % 8]
        reason = "\n\n" if text.endswith("\n\n") else None
        output = SimpleNamespace(text=text, token_ids=text.split(), stop_reason=reason)
        return SimpleNamespace(outputs=[output])


class Scorer:
    """In place of a PRM."""

    def score(self, questions: list[str], outputs: list[list[str]]) -> list[list[list[float]]]:
        """Return step scores of several texts for each question."""
        return [[step_scores(text) for text in texts] for texts in outputs]


for name, approach in APPROACHES.items():
    config = Config(
        approach=name, n=8 if name == "dvts" else 4, beam_width=4 if name == "dvts" else 2,
        search_batch_size=1, output_dir=str(HERE), num_iterations=10, sort_completed=True,
    )  # fmt: skip
    rows = [
        {"problem": q, "answer": gold, "unique_id": f"test/{i}.json", "level": 1, "subject": "A"}
        for i, (q, (gold, _)) in enumerate(QUESTIONS.items())
    ]
    dataset = Dataset.from_list(rows).map(
        approach,
        batched=True,
        batch_size=1,
        fn_kwargs={"config": config, "llm": Policy(), "prm": Scorer()},
    )
    save_dataset(score(dataset, config), config)
