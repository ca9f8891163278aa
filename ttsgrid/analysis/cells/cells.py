"""From outcomes to reported cells: accuracy, interval and cost, overall and by difficulty.

`Cells.frame` has one row per cell and difficulty bin, every number a table or figure
needs; `Cells.outcomes` keeps the problems apart, for paired differences. A bin is of
the policy's own pass@1 (`ttsgrid.analysis.cells.difficulty`); a policy without a pool has
only bin `all`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ttsgrid.analysis.cells.costs import COST_COLUMNS, Meter, make_meter
from ttsgrid.analysis.cells.difficulty import Bin, absolute_bins
from ttsgrid.analysis.cells.flops import Spent
from ttsgrid.analysis.cells.outcomes import Outcome
from ttsgrid.analysis.cells.prices import PoolPrices, pool_prices
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.statistics.intervals import mean_intervals
from ttsgrid.core.cell import CellKey
from ttsgrid.core.strategies import PASS_AT_K
from ttsgrid.core.voting import Bools, Floats

KEY_COLUMNS = list(CellKey._fields)
Row = dict[str, object]
Problems = tuple[str, str]
"""(benchmark, policy): what problems and their difficulty belong to."""
PoolOf = tuple[str, str, str | None]
"""(benchmark, policy, PRM or None): whose pool, scored by whom."""
Labels = NDArray[np.object_]

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
    "num_problems_run": pl.Int64,
    "is_partial": pl.Boolean,
    "num_unscored": pl.Int64,
    "accuracy": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "standard_error_mc": pl.Float64,
    **dict.fromkeys(COST_COLUMNS, pl.Float64),
    "outcome": pl.Int64,
}


@dataclass(frozen=True)
class Cells:
    """Every cell of a store.

    Attributes:
        frame: one row per cell and bin, columns as in `SCHEMA`. Accuracies are in [0, 1],
            `low` and `high` their 95 % interval; costs are means per problem
            (`ttsgrid.analysis.cells.costs`). `num_problems_run` counts the problems of the
            benchmark (in a bin: of that policy's bin) that any cell ran on; a cell on fewer
            `is_partial`. `num_unscored` counts the samples or answers without a score behind
            a cell that votes by score, summed over its problems; they stay in their pools.
            `outcome` is the row's position in `outcomes`.
        outcomes: the cells, problem by problem.
        bins: (benchmark, policy) to the bin of each problem, where the policy has a pool.
        meter: what the models' tokens cost.
        ran: benchmark to the problems that any of its cells ran on, shape (num_problems,).
        prices: (benchmark, policy, PRM or None) to what samples of its pools cost.
    """

    frame: pl.DataFrame
    outcomes: tuple[Outcome, ...]
    bins: Mapping[Problems, Labels]
    meter: Meter
    ran: Mapping[str, Bools] = field(default_factory=dict)
    prices: Mapping[PoolOf, PoolPrices] = field(default_factory=dict)

    @property
    def sizes(self) -> Mapping[str, int | None]:
        """Label of each model to its number of parameters, None where unknown."""
        return self.meter.sizes

    def accuracies(self, rows: Iterable[int]) -> Floats:
        """Return these outcomes' accuracy by problem, shape (rows, num_problems)."""
        return np.stack([self.outcomes[row].accuracy for row in rows])


def make_cells(
    frames: StoreFrames, outcomes: Iterable[Outcome], price_per_device_hour: float | None = None
) -> Cells:
    """Average outcomes over problems, with intervals and costs.

    Args:
        frames: the store, for the models' sizes and speeds.
        outcomes: cells problem by problem.
        price_per_device_hour: of a GPU, in any currency; None leaves `money` empty.
    """
    kept = tuple(outcomes)
    empty = pl.DataFrame(schema=SCHEMA)
    meter, ran = make_meter(frames, price_per_device_hour), problems_run(kept)
    cells = Cells(empty, kept, difficulty_bins(kept), meter, ran, _pool_prices(frames))
    return with_outcomes(cells, kept)


def no_cells() -> Cells:
    """Return the cells of a store that holds no solutions of its own."""
    return Cells(pl.DataFrame(schema=SCHEMA), (), {}, Meter({}, {}, {}))


def rows_on(cells: Cells, indices: Iterable[int], problems: Bools) -> pl.DataFrame:
    """Return the rows that some cells would have on some problems alone.

    Args:
        cells: the cells.
        indices: which, as positions in `cells.outcomes`.
        problems: the problems to keep, shape (num_problems,).
    """
    kept = {index: on_problems(cells.outcomes[index], problems) for index in indices}
    return _frame(kept, cells)


def with_outcomes(cells: Cells, outcomes: Sequence[Outcome]) -> Cells:
    """Return cells with other outcomes at the same positions, and rows to match."""
    frame = _frame(dict(enumerate(outcomes)), cells)
    return replace(cells, frame=frame, outcomes=tuple(outcomes))


def on_problems(outcome: Outcome, problems: Bools) -> Outcome:
    """Return an outcome as if it had run on these problems alone; shape (num_problems,)."""
    return replace(outcome, accuracy=np.where(problems, outcome.accuracy, np.nan))


def problems_run(outcomes: Iterable[Outcome]) -> dict[str, Bools]:
    """Return the problems of each benchmark that any of its cells ran on."""
    ran: dict[str, Bools] = {}
    for outcome in outcomes:
        here, name = ~np.isnan(outcome.accuracy), outcome.key.benchmark
        ran[name] = ran[name] | here if name in ran else here
    return ran


def _pool_prices(frames: StoreFrames) -> dict[PoolOf, PoolPrices]:
    prms = [None, *frames.scored_blocks["prm"].unique().sort().to_list()]
    return {
        (row["benchmark"], row["policy"], prm): pool_prices(frames, row["series"], prm)
        for row in frames.series.filter(~pl.col("greedy")).iter_rows(named=True)
        for prm in prms
    }


def _frame(outcomes: Mapping[int, Outcome], cells: Cells) -> pl.DataFrame:
    rows: list[Row] = []
    for key, indices in _by_policy(outcomes).items():
        first = outcomes[indices[0]]
        ran = cells.ran.get(key[0], ~np.isnan(first.accuracy))
        for bin_name, mask in _masks(cells.bins.get(key), len(first.accuracy)):
            most = int((ran & mask).sum())
            whole = {"bin": bin_name.value, "num_problems_run": most}
            in_bin = _rows(outcomes, indices, mask, cells.meter)
            rows += [{**row, **whole, "is_partial": number < most} for number, row in in_bin]
    return pl.DataFrame(rows, schema=SCHEMA).sort("outcome", maintain_order=True)


def difficulty_bins(outcomes: Iterable[Outcome]) -> dict[Problems, Labels]:
    """Return the absolute bins of each (benchmark, policy) that has a pool."""
    return {
        (outcome.key.benchmark, outcome.key.policy): absolute_bins(outcome.accuracy)
        for outcome in outcomes
        if outcome.key.strategy == PASS_AT_K.name and outcome.key.n == 1
    }


def _by_policy(outcomes: Mapping[int, Outcome]) -> dict[Problems, list[int]]:
    groups: dict[Problems, list[int]] = defaultdict(list)
    for index, outcome in outcomes.items():
        groups[outcome.key.benchmark, outcome.key.policy].append(index)
    return groups


def _masks(labels: Labels | None, num_problems: int) -> Iterator[tuple[Bin, Bools]]:
    yield Bin.ALL, np.ones(num_problems, bool)
    if labels is not None:
        for name in (Bin.EASY, Bin.MEDIUM, Bin.HARD):
            yield name, labels == name


def _rows(
    outcomes: Mapping[int, Outcome], indices: list[int], mask: Bools, meter: Meter
) -> Iterator[tuple[int, Row]]:
    """Rows of one policy in one bin, each with its number of problems.

    Cells run on the same problems have their intervals computed at once.
    """
    alike: dict[bytes, list[int]] = defaultdict(list)
    for index in indices:
        alike[(mask & ~np.isnan(outcomes[index].accuracy)).tobytes()].append(index)
    for packed, group in alike.items():
        present = np.frombuffer(packed, bool)
        if not present.any():
            continue  # a search that ran on easy problems alone has no row for hard ones
        values = np.stack([outcomes[index].accuracy[present] for index in group])
        interval, number = mean_intervals(values), int(present.sum())
        costs = _costs([outcomes[index] for index in group], present, meter)
        for i, index in enumerate(group):
            yield (
                number,
                {
                    **outcomes[index].key._asdict(),
                    "num_problems": number,
                    "num_unscored": outcomes[index].num_unscored(present),
                    "accuracy": float(values[i].mean()),
                    "low": float(interval.low[i]),
                    "high": float(interval.high[i]),
                    "standard_error_mc": mean_error(outcomes[index].standard_error[present]),
                    **costs[outcomes[index].spent],
                    "outcome": index,
                },
            )


def _costs(
    group: Iterable[Outcome], present: Bools, meter: Meter
) -> dict[Spent, dict[str, float | None]]:
    """Mean costs of what cells spend: once for all that differ in how answers are voted on."""
    return {
        spent: meter.means(outcome, present)
        for spent, outcome in {outcome.spent: outcome for outcome in group}.items()
    }


def mean_error(errors: Floats) -> float:
    """Return the Monte Carlo error of a mean over problems whose errors are independent."""
    return float(np.sqrt((errors**2).sum()) / len(errors))
