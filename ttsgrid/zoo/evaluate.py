"""Measure the zoo on held-out problems: `python -m ttsgrid.zoo.evaluate`.

Everything is sampled with transformers, apart from the sweep's own engines, on the
test problems that the default sweep uses. What is measured goes into the model card
beside the weights (`ttsgrid.zoo.card`).
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, Qwen2Config

from ttsgrid.analysis.cells.difficulty import Bin, absolute_bins
from ttsgrid.analysis.statistics.rank_statistics import area_under_curve
from ttsgrid.benchmarks.zoo.task import LEVELS, Recipe, test_set
from ttsgrid.grid.resolve import ZOO_WEIGHTS
from ttsgrid.zoo.card import write_card
from ttsgrid.zoo.family import POLICIES, PRMS
from ttsgrid.zoo.prms import (
    LabelledSolution,
    PrmBatch,
    Qwen2ForProcessRewardModel,
    label_rollouts,
    prm_batch,
)
from ttsgrid.zoo.rollouts import Rollout, sample_rollouts
from ttsgrid.zoo.train import load_policy

SAMPLES_PER_PROBLEM = 64
TEMPERATURE = 0.7
AUC_SOLUTIONS = 800
BATCH_SIZE = 100


@dataclass(frozen=True)
class PolicyReport:
    """What a policy does on held-out problems; every rate is in [0, 1].

    Attributes:
        greedy_by_level: greedy accuracy by level, 1 to 5.
        bins: share of problems by difficulty bin, pass@1 over 64 samples.
        step_errors: by operation, how often a step is wrong when all before it are right.
    """

    name: str
    num_parameters: int
    greedy: float
    greedy_by_level: list[float]
    pass_at_1: float
    bins: dict[str, float]
    step_errors: dict[str, float]


@dataclass(frozen=True)
class PrmReport:
    """How well a PRM tells right steps from wrong ones, for each policy's own solutions.

    Attributes:
        step_auc: by policy, over all steps of all problems. High even for a PRM that only
            knows which problems are hard; a sweep measures how it ranks within a problem
            (`ttsgrid.analysis.findings.prm_quality`).
    """

    name: str
    num_parameters: int
    step_auc: dict[str, float]


def step_errors(rollouts: Sequence[Rollout]) -> dict[str, float]:
    """Return how often each kind of step goes wrong right after a right prefix."""
    tried: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    for rollout in rollouts:
        symbols = [*(op.symbol for op in rollout.recipe.operations), "answer"]
        for symbol, label in zip(symbols, rollout.labels, strict=False):
            tried[symbol] += 1
            failed[symbol] += not label
            if not label:
                break
    return {symbol: failed[symbol] / tried[symbol] for symbol in sorted(tried)}


def evaluate_policy(name: str, folder: Path, recipes: Sequence[Recipe]) -> PolicyReport:
    """Measure one policy."""
    policy = load_policy(name, folder, torch.device("cpu"))
    tokenizer = AutoTokenizer.from_pretrained(folder / name)
    greedy = sample_rollouts(policy, tokenizer, recipes, 0.0)
    repeated = [recipe for recipe in recipes for _ in range(SAMPLES_PER_PROBLEM)]
    sampled = sample_rollouts(policy, tokenizer, repeated, TEMPERATURE)
    # Samples of one problem are neighbours in `repeated`, and stay so.
    correct = np.array([r.correct for r in sampled]).reshape(len(recipes), -1).mean(axis=1)
    found = Counter(absolute_bins(correct))
    return PolicyReport(
        name=name,
        num_parameters=sum(p.numel() for p in policy.parameters()),
        greedy=float(np.mean([r.correct for r in greedy])),
        greedy_by_level=[
            float(np.mean([r.correct for r in greedy if r.recipe.level == level]))
            for level in LEVELS
        ],
        pass_at_1=float(correct.mean()),
        bins={b.value: found[b] / len(recipes) for b in (Bin.EASY, Bin.MEDIUM, Bin.HARD)},
        step_errors=step_errors(sampled),
    )


def held_out_solutions(folder: Path, recipes: Sequence[Recipe]) -> dict[str, list[Rollout]]:
    """Let each policy solve held-out problems: what its PRM scores are judged on."""
    # The problems in turn, so that each PRM is measured on all of them about equally often.
    repeated = (list(recipes) * (1 + AUC_SOLUTIONS // len(recipes)))[:AUC_SOLUTIONS]
    tokenizer = AutoTokenizer.from_pretrained(folder / next(iter(POLICIES)))
    device = torch.device("cpu")
    return {
        name: sample_rollouts(load_policy(name, folder, device), tokenizer, repeated, TEMPERATURE)
        for name in POLICIES
    }


def evaluate_prm(name: str, folder: Path, solutions: dict[str, list[Rollout]]) -> PrmReport:
    """Measure one PRM."""
    tokenizer = AutoTokenizer.from_pretrained(folder / name)
    if PRMS[name].kind == "token_classifier":
        prm = Qwen2ForProcessRewardModel(Qwen2Config.from_pretrained(folder / name))
        prm.load_state_dict(load_file(folder / name / "model.safetensors"))
        classes, format_name = (0, 1), "qwen"
    else:
        prm = AutoModelForCausalLM.from_pretrained(folder / name, dtype=torch.float32)
        minus, plus = tokenizer.convert_tokens_to_ids(["-", "+"])
        classes, format_name = (minus, plus), "math_shepherd"
    prm.eval()

    def logits_of(batch: PrmBatch) -> Tensor:
        output = prm(batch.ids, batch.mask)
        return output if isinstance(output, Tensor) else output.logits

    steps: dict[str, float] = {}
    for policy, rollouts in solutions.items():
        data = label_rollouts(rollouts)
        labels, scores = score_steps(
            data, lambda part: prm_batch(part, tokenizer, format_name, classes), logits_of, classes
        )
        measured = area_under_curve(np.array(scores), np.array(labels))
        assert measured is not None, f"{policy} writes no wrong steps, or no right ones"
        steps[policy] = measured.value
    return PrmReport(name, sum(p.numel() for p in prm.parameters()), steps)


@torch.inference_mode()
def score_steps(
    data: Sequence[LabelledSolution],
    make_batch: Callable[[Sequence[LabelledSolution]], PrmBatch],
    logits_of: Callable[[PrmBatch], Tensor],
    classes: tuple[int, int],
) -> tuple[list[bool], list[float]]:
    """Return every step's label and its (good minus bad) logit."""
    labels: list[bool] = []
    scores: list[float] = []
    for low in range(0, len(data), BATCH_SIZE):
        batch = make_batch(data[low : low + BATCH_SIZE])
        logits, at_step = logits_of(batch), batch.targets != -100
        labels += (batch.targets[at_step] == classes[1]).tolist()
        scores += (logits[..., classes[1]] - logits[..., classes[0]])[at_step].tolist()
    return labels, scores


def weights_hash(folder: Path) -> str:
    """Return the SHA-256 of a checkpoint's weights: which ones the figures are of."""
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()


def main() -> None:
    """Measure all members and write the card."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, default=ZOO_WEIGHTS, help="checkpoints' folder")
    parser.add_argument("--problems", type=int, default=100, help="test problems")
    options = parser.parse_args()
    torch.manual_seed(0)
    recipes = test_set(options.problems)
    policies = [evaluate_policy(name, options.weights, recipes) for name in POLICIES]
    solutions = held_out_solutions(options.weights, recipes)
    prms = [evaluate_prm(name, options.weights, solutions) for name in PRMS]
    measured = {
        "weights": {name: weights_hash(options.weights / name) for name in (*POLICIES, *PRMS)},
        "num_problems": options.problems,
        "samples_per_problem": SAMPLES_PER_PROBLEM,
        "temperature": TEMPERATURE,
        "auc_solutions": AUC_SOLUTIONS,
        "policies": [asdict(report) for report in policies],
        "prms": [asdict(report) for report in prms],
    }
    (options.weights / "evaluation.json").write_text(json.dumps(measured, indent=1) + "\n")
    write_card(options.weights, measured)


if __name__ == "__main__":
    main()
