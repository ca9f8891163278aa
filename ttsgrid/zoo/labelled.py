"""Make the labelled solutions that ship with the zoo: `python -m ttsgrid.zoo.labelled`.

Each policy solves each problem of the test set once; what they write is labelled by the
problem's recipe, beyond doubt, and written in ProcessBench's shape
(`ttsgrid.benchmarks.labelled`). Equal solutions of a problem are kept once. The PRMs never
saw these problems.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from transformers import AutoTokenizer

from ttsgrid.benchmarks.labelled import NO_ERROR
from ttsgrid.benchmarks.zoo.task import test_set
from ttsgrid.grid.resolve import ZOO_WEIGHTS
from ttsgrid.zoo.family import POLICIES
from ttsgrid.zoo.rollouts import Rollout, sample_rollouts
from ttsgrid.zoo.train import load_policy

FILE = Path(__file__).parents[1] / "benchmarks" / "zoo" / "labelled_steps.jsonl.gz"
NUM_PROBLEMS = 200
TEMPERATURE = 0.7


def records(name: str, rollouts: Sequence[Rollout]) -> Iterator[dict[str, object]]:
    """Yield one policy's solutions in ProcessBench's shape; those without steps are left out."""
    for index, rollout in enumerate(rollouts):
        if rollout.steps:
            right = rollout.labels
            yield {
                "id": f"{name}-{index}",
                "generator": name,
                "problem": rollout.recipe.question,
                "steps": list(rollout.steps),
                "final_answer_correct": rollout.correct,
                "label": right.index(False) if False in right else NO_ERROR,
            }


def main() -> None:
    """Sample, label and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=ZOO_WEIGHTS, help="checkpoints' folder")
    options = parser.parse_args()
    torch.manual_seed(0)
    recipes = test_set(NUM_PROBLEMS)
    unique: dict[str, dict[str, object]] = {}
    for name in POLICIES:
        policy = load_policy(name, options.weights, torch.device("cpu"))
        tokenizer = AutoTokenizer.from_pretrained(options.weights / name)
        rollouts = sample_rollouts(policy, tokenizer, recipes, TEMPERATURE)
        for record in records(name, rollouts):
            unique.setdefault(json.dumps([record["problem"], record["steps"]]), record)
    lines = "".join(json.dumps(record) + "\n" for record in unique.values())
    # No time in the header: the same solutions make the same file.
    FILE.write_bytes(gzip.compress(lines.encode(), mtime=0))
    print(f"{len(unique)} solutions: {FILE}")


if __name__ == "__main__":
    main()
