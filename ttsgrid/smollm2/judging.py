"""Measure the PRM on held-out pools of the policies, and on ProcessBench's GSM8K file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from ttsgrid.analysis.statistics.rank_statistics import area_under_curve
from ttsgrid.benchmarks.files import read_rows
from ttsgrid.core.voting import Ints
from ttsgrid.models import Tokenizer
from ttsgrid.smollm2.adapters import merged
from ttsgrid.smollm2.base import load_tokenizer
from ttsgrid.smollm2.measure import Pools, prm_figures
from ttsgrid.smollm2.prms import MarkedSolution, StepJudge, load_trunk, mark_solution, step_scores
from ttsgrid.smollm2.problems import STEPS, WordProblem, find_file
from ttsgrid.smollm2.solutions import read_solutions

THRESHOLDS: list[float] = np.linspace(0.02, 0.98, 49).tolist()


def load_judge(policy: Path, tokenizer_folder: Path, adapter: Path) -> StepJudge:
    """Load the PRM from the strongest policy's checkpoint and its own adapter."""
    trunk = merged(load_trunk(policy, load_tokenizer(tokenizer_folder)), adapter)
    judge = StepJudge(trunk, trunk.config.hidden_size)
    kept = load_file(adapter)
    head = {name: t.float() for name, t in kept.items() if name.startswith("score.")}
    judge.score.load_state_dict({name.removeprefix("score."): t for name, t in head.items()})
    return judge.eval()


def judge_held_out(
    work: Path,
    data: Path,
    adapter: Path,
    problems: Sequence[WordProblem],
    device: torch.device,
) -> dict[str, object]:
    """Return all figures of the PRM.

    Args:
        work: holds the policies' pools on held-out problems.
        data: holds ProcessBench's file.
        adapter: the PRM's.
        problems: the held-out ones.
        device: where to compute.
    """
    tokenizer = load_tokenizer(work / "prm-tokenizer")
    judge = load_judge(work / "strong", work / "prm-tokenizer", adapter).to(device)
    figures: dict[str, object] = {}
    for name in ("base", "weak", "strong"):
        file = work / f"held-out-{name}-pool.jsonl"
        if not file.exists():
            continue
        pool = read_solutions(file)
        scored = [one for one in pool if one.steps]
        found = iter(
            step_scores(
                judge,
                [
                    mark_solution(
                        tokenizer,
                        problems[one.problem].question,
                        one.steps,
                        [one.correct] * len(one.steps),
                    )
                    for one in scored
                ],
            )
        )
        scores = [next(found) if one.steps else [] for one in pool]
        pools = Pools.of(pool)
        figures[name] = prm_figures(pools, scores, pools.correct.shape[1])
    figures["processbench"] = process_bench(judge, tokenizer, data)
    return figures


def process_bench(judge: StepJudge, tokenizer: Tokenizer, data: Path) -> dict[str, object]:
    """Return step AUC and F1 of first-error detection, as ProcessBench defines it.

    F1 is the harmonic mean of two accuracies: of finding the first wrong step where there is
    one, and of finding none where there is none. The threshold that decides is chosen on one
    half of the file and used on the other, both ways.
    """
    marked = labelled_by_people(tokenizer, data)
    scores = step_scores(judge, marked)
    first_errors = np.array([_first_wrong(one.labels) for one in marked])
    halves = np.arange(len(marked)) % 2
    found = np.empty(len(marked), int)
    for half in (0, 1):
        other = halves != half
        best = max(
            THRESHOLDS, key=lambda t: _f1(_first_below(scores, t)[other], first_errors[other])
        )
        found[~other] = _first_below(scores, float(best))[~other]
    return {
        "num_problems": len(marked),
        "f1": _f1(found, first_errors),
        "step_auc": step_auc(scores, [one.labels for one in marked], range(len(marked))),
    }


def labelled_by_people(tokenizer: Tokenizer, data: Path) -> list[MarkedSolution]:
    """Read ProcessBench's GSM8K solutions, whose first wrong steps people have found."""
    rows = [row.values for row in read_rows(find_file(data, STEPS))]
    return [mark_solution(tokenizer, r["problem"], r["steps"], _labels(r)) for r in rows]


def step_auc(
    scores: Sequence[Sequence[float]],
    labels: Sequence[Sequence[bool]],
    problems: Sequence[int],
) -> dict[str, float] | None:
    """Return how often a good step outscores a bad one, with its interval over problems.

    Args:
        scores: of the steps of each solution.
        labels: likewise, True for good.
        problems: the number of each solution's problem, from 0.
    """
    found = area_under_curve(
        np.concatenate([np.array(one) for one in scores]),
        np.concatenate([np.array(one, bool) for one in labels]),
        np.repeat(np.array(problems), [len(one) for one in labels]),
    )
    return None if found is None else asdict(found)


def _first_wrong(labels: Sequence[bool]) -> int:
    return labels.index(False) if False in labels else -1


def _labels(row: dict[str, object]) -> list[bool]:
    first, steps = row["label"], row["steps"]
    assert isinstance(first, int)
    assert isinstance(steps, list)
    return [first < 0 or index < first for index in range(len(steps))]


def _first_below(scores: Sequence[Sequence[float]], threshold: float) -> Ints:
    return np.array([next((i for i, s in enumerate(one) if s < threshold), -1) for one in scores])


def _f1(found: Ints, first_errors: Ints) -> float:
    wrong = first_errors >= 0
    hit, clean = np.mean((found == first_errors)[wrong]), np.mean((found == -1)[~wrong])
    return float(2 * hit * clean / (hit + clean)) if hit + clean else 0.0
