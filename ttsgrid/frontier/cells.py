"""From outcomes to reported cells: accuracy, interval and cost, overall and by difficulty.

`Cells.frame` has one row a cell and difficulty bin, every number a table or figure
needs; `Cells.outcomes` keeps the problems apart, for paired differences. A bin is of
the policy's own pass@1 (`ttsgrid.frontier.difficulty`); a policy without a pool has
only bin `all`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ttsgrid.frontier.bootstrap import mean_intervals
from ttsgrid.frontier.difficulty import Bin, absolute_bins
from ttsgrid.frontier.load import StoreFrames
from ttsgrid.frontier.outcomes import PASS_AT_K, CellKey, Outcome
from ttsgrid.voting import Bools, Floats

KEY_COLUMNS = list(CellKey._fields)
Row = dict[str, object]

SCHEMA: dict[str, type[pl.DataType]] = {
    "benchmark": pl.String,
    "policy": pl.String,
    "prm": pl.String,
    "strategy": pl.String,
    "n": pl.Int64,
    "aggregation": pl.String,
    "vote": pl.String,
    "bin": pl.String,
    "num_problems": pl.Int64,
    "accuracy": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "standard_error_mc": pl.Float64,
    "policy_generated_tokens": pl.Float64,
    "policy_prompt_tokens": pl.Float64,
    "policy_prompt_tokens_uncached": pl.Float64,
    "prm_tokens": pl.Float64,
    "flops_policy": pl.Float64,
    "flops": pl.Float64,
    "outcome": pl.Int64,
}


@dataclass(frozen=True)
class Cells:
    """Every cell of a store.

    Attributes:
        frame: a row a cell and bin, columns as in `SCHEMA`. Accuracies are in [0, 1],
            `low` and `high` their 95 % bootstrap interval, tokens and FLOPs means a
            problem; `flops` counts the PRM too; null where a model's size is unknown.
            `outcome` is the row's position in `outcomes`.
        outcomes: the cells, problem by problem.
        bins: (benchmark, policy) to the bin of each problem, where the policy has a pool.
        sizes: label of each model to its number of parameters, None where unknown.
    """

    frame: pl.DataFrame
    outcomes: tuple[Outcome, ...]
    bins: Mapping[tuple[str, str], NDArray[np.object_]]
    sizes: Mapping[str, int | None]

    def accuracies(self, rows: Iterable[int]) -> Floats:
        """Return the accuracy a problem of these outcomes, shape (rows, num_problems)."""
        return np.stack([self.outcomes[row].accuracy for row in rows])


def make_cells(frames: StoreFrames, outcomes: Iterable[Outcome]) -> Cells:
    """Average outcomes over problems, with intervals and costs.

    Args:
        frames: the store, for the models' sizes.
        outcomes: cells problem by problem.
    """
    kept = tuple(outcomes)
    bins = difficulty_bins(kept)
    sizes = _sizes(frames)
    rows: list[Row] = []
    for (benchmark, policy), indices in _by_policy(kept).items():
        labels = bins.get((benchmark, policy))
        for bin_name, mask in _masks(labels, len(frames.problems)):
            rows.extend(_rows(kept, indices, bin_name, mask, sizes))
    frame = pl.DataFrame(rows, schema=SCHEMA)
    return Cells(frame.sort("outcome", maintain_order=True), kept, bins, sizes)


def difficulty_bins(outcomes: Iterable[Outcome]) -> dict[tuple[str, str], NDArray[np.object_]]:
    """Return the absolute bins of each (benchmark, policy) that has a pool."""
    return {
        (outcome.key.benchmark, outcome.key.policy): absolute_bins(outcome.accuracy)
        for outcome in outcomes
        if outcome.key.strategy == PASS_AT_K and outcome.key.n == 1
    }


def _by_policy(outcomes: tuple[Outcome, ...]) -> dict[tuple[str, str], list[int]]:
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, outcome in enumerate(outcomes):
        groups[outcome.key.benchmark, outcome.key.policy].append(index)
    return groups


def _masks(labels: NDArray[np.object_] | None, num_problems: int) -> Iterator[tuple[Bin, Bools]]:
    yield Bin.ALL, np.ones(num_problems, bool)
    if labels is not None:
        for name in (Bin.EASY, Bin.MEDIUM, Bin.HARD):
            yield name, labels == name


def _rows(
    outcomes: tuple[Outcome, ...],
    indices: list[int],
    bin_name: Bin,
    mask: Bools,
    sizes: Mapping[str, int | None],
) -> Iterator[Row]:
    """Rows of one policy in one bin; cells run on the same problems share resamples."""
    alike: dict[bytes, list[int]] = defaultdict(list)
    for index in indices:
        alike[(mask & ~np.isnan(outcomes[index].accuracy)).tobytes()].append(index)
    for packed, group in alike.items():
        present = np.frombuffer(packed, bool)
        if not present.any():
            continue
        values = np.stack([outcomes[index].accuracy[present] for index in group])
        interval = mean_intervals(values)
        for i, index in enumerate(group):
            yield {
                **outcomes[index].key._asdict(),
                "bin": bin_name.value,
                "num_problems": int(present.sum()),
                "accuracy": float(values[i].mean()),
                "low": float(interval.low[i]),
                "high": float(interval.high[i]),
                **_costs(outcomes[index], present, sizes),
                "outcome": index,
            }


def _costs(outcome: Outcome, present: Bools, sizes: Mapping[str, int | None]) -> Row:
    tokens, key = outcome.tokens, outcome.key
    error = outcome.standard_error[present]
    policy_size, prm_size = sizes.get(key.policy), sizes.get(key.prm) if key.prm else 0
    policy = None if policy_size is None else tokens.policy_flops(policy_size)[present].mean()
    prm = None if prm_size is None else tokens.prm_flops(prm_size)[present].mean()
    return {
        "standard_error_mc": float(np.sqrt((error**2).sum()) / len(error)),
        "policy_generated_tokens": tokens.policy_generated[present].mean(),
        "policy_prompt_tokens": tokens.policy_prompt[present].mean(),
        "policy_prompt_tokens_uncached": tokens.policy_prompt_uncached[present].mean(),
        "prm_tokens": tokens.prm_read[present].mean(),
        "flops_policy": policy,
        "flops": None if policy is None or prm is None else policy + prm,
    }


def _sizes(frames: StoreFrames) -> dict[str, int | None]:
    """Parameters by label: PRMs by their own, policies by each label of their series."""
    parameters = dict(frames.models.select("model_id", "num_parameters").iter_rows())
    prms = frames.models.filter(role="prm").select("label", "num_parameters").iter_rows()
    series = frames.series.select("policy", "policy_id").iter_rows()
    return dict(prms) | {label: parameters.get(policy_id) for label, policy_id in series}
