"""Difficulty without the gold answer, predicted from a probe.

The oracle's difficulty (`ttsgrid.analysis.cells.difficulty`) reads the gold answer, which
nobody has where it matters. Here a policy's pass@1 on a problem is predicted from the
probe's agreement and PRM scores (`ttsgrid.analysis.advice.probes`), by a model fitted to other
problems of the same policy (`ttsgrid.analysis.statistics.logistic`). Snell et al. 2024 (arXiv
2408.03314, section 3.2) take the mean score of a verifier over 2,048 samples; a probe
is four, which every budget from four on has paid for.

`Prediction.predicted` is out of fold; `Prediction.model`, for new problems, is fitted to
all. `quality` says how well the out-of-fold ones do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ttsgrid.analysis.advice.probes import PROBE_SIZE, Probes, probes
from ttsgrid.analysis.cells.difficulty import EASY_FROM, MEDIUM_FROM, Bin, absolute_bins
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.statistics.intervals import mean_intervals
from ttsgrid.analysis.statistics.logistic import RateModel, cross_fitted, fit_rates
from ttsgrid.analysis.statistics.rank_statistics import Measured, area_under_curve, rank_correlation
from ttsgrid.analysis.statistics.thresholds import MIN_PROBLEMS
from ttsgrid.core.voting import Floats

PREDICTED_BINS = (Bin.EASY, Bin.MEDIUM, Bin.HARD)
_GROUP: dict[str, type[pl.DataType]] = {
    "benchmark": pl.String,
    "policy": pl.String,
    "prm": pl.String,
    "probe_size": pl.Int64,
}
_STATISTICS = ("rank_correlation", "bin_agreement", "auc_easy", "auc_hard")
QUALITY_SCHEMA: dict[str, type[pl.DataType]] = {
    **_GROUP,
    "num_problems": pl.Int64,
    **{f"{name}{end}": pl.Float64 for name in _STATISTICS for end in ("", "_low", "_high")},
    "largest_bin_share": pl.Float64,
}
CONFUSION_SCHEMA: dict[str, type[pl.DataType]] = {
    **_GROUP,
    "predicted_bin": pl.String,
    "bin": pl.String,
    "num_problems": pl.Int64,
}
PREDICTED_SCHEMA: dict[str, type[pl.DataType]] = {
    **_GROUP,
    "problem_id": pl.String,
    "predicted_pass_rate": pl.Float64,
    "predicted_bin": pl.String,
    "pass_rate": pl.Float64,
    "bin": pl.String,
}
Row = dict[str, object]


@dataclass(frozen=True)
class Prediction:
    """Predicted difficulty for one policy, with one PRM or from votes alone (None).

    Attributes:
        probes: features and the rates outside the probe.
        model: fitted to all problems; for new ones.
        predicted: pass@1 of each probed problem, by a model that never saw it; shape (P,).
    """

    probes: Probes
    probe_size: int
    model: RateModel
    predicted: Floats

    def bins(self, num_problems: int) -> NDArray[np.object_]:
        """Return the predicted bin of every problem of the store; None where there is none."""
        rates = np.full(num_problems, np.nan)
        rates[self.probes.problems] = self.predicted
        return absolute_bins(rates)


@dataclass(frozen=True)
class PredictedDifficulty:
    """Predicted difficulty of a whole store, as tables.

    Attributes:
        problems: each problem's predicted and measured difficulty (`PREDICTED_SCHEMA`).
        quality: how well it is predicted (`QUALITY_SCHEMA`).
        confusion: predicted against measured bins (`CONFUSION_SCHEMA`).
    """

    problems: pl.DataFrame
    quality: pl.DataFrame
    confusion: pl.DataFrame


def tabulate(found: Sequence[Prediction], problem_ids: Sequence[str]) -> PredictedDifficulty:
    """Return predictions as tables.

    Args:
        found: from `predictions`.
        problem_ids: of the store's problems, in its order.
    """
    return PredictedDifficulty(
        predicted_difficulty(found, problem_ids), quality(found), confusion(found)
    )


def predictions(frames: StoreFrames, probe_size: int = PROBE_SIZE) -> list[Prediction]:
    """Predict difficulty for each (policy, PRM) that has enough probed problems."""
    return [
        Prediction(
            found,
            probe_size,
            fit_rates(found.features, found.rates),
            cross_fitted(found.features, found.rates),
        )
        for found in probes(frames, probe_size)
        if len(found.rates) >= MIN_PROBLEMS
    ]


def quality(found: Iterable[Prediction]) -> pl.DataFrame:
    """Return how well difficulty is predicted, one row per (policy, PRM); `QUALITY_SCHEMA`.

    `rank_correlation` is Spearman's; `bin_agreement` the share of problems whose predicted
    bin is the measured one, to be held against `largest_bin_share`, what calling all
    problems alike would get; `auc_easy` and `auc_hard` how often a problem of that bin is
    ranked on its side of another. All against pass@1 outside the probe, which is noisy
    itself: the true figures are higher. Null where a bin has fewer than two problems.
    """
    return pl.DataFrame([_quality(one) for one in found], schema=QUALITY_SCHEMA)


def confusion(found: Iterable[Prediction]) -> pl.DataFrame:
    """Return how many problems of each bin were predicted to be in which; `CONFUSION_SCHEMA`."""
    return pl.DataFrame([row for one in found for row in _confused(one)], schema=CONFUSION_SCHEMA)


def predicted_difficulty(found: Iterable[Prediction], problem_ids: Sequence[str]) -> pl.DataFrame:
    """Return each problem's predicted and measured difficulty; `PREDICTED_SCHEMA`."""
    rows = [row for one in found for row in _problem_rows(one, problem_ids)]
    return pl.DataFrame(rows, schema=PREDICTED_SCHEMA)


def _quality(one: Prediction) -> Row:
    rates = one.probes.rates
    measured, predicted = absolute_bins(rates), absolute_bins(one.predicted)
    agree = (measured == predicted).astype(float)
    interval = mean_intervals(agree)
    shares = [float((measured == name).mean()) for name in PREDICTED_BINS]
    statistics = {
        "rank_correlation": rank_correlation(one.predicted, rates),
        "bin_agreement": Measured(float(agree.mean()), float(interval.low), float(interval.high)),
        "auc_easy": area_under_curve(one.predicted, rates >= EASY_FROM),
        "auc_hard": area_under_curve(-one.predicted, rates < MEDIUM_FROM),
    }
    columns = [_columns(name, value) for name, value in statistics.items()]
    return {
        **_who(one),
        "num_problems": len(rates),
        **{key: value for column in columns for key, value in column.items()},
        "largest_bin_share": max(shares),
    }


def _columns(name: str, measured: Measured | None) -> Row:
    if measured is None:
        return {name: None, f"{name}_low": None, f"{name}_high": None}
    return {name: measured.value, f"{name}_low": measured.low, f"{name}_high": measured.high}


def _confused(one: Prediction) -> Iterator[Row]:
    measured, predicted = absolute_bins(one.probes.rates), absolute_bins(one.predicted)
    for guess in PREDICTED_BINS:
        for truth in PREDICTED_BINS:
            both = (predicted == guess) & (measured == truth)
            yield {
                **_who(one),
                "predicted_bin": guess.value,
                "bin": truth.value,
                "num_problems": int(both.sum()),
            }


def _problem_rows(one: Prediction, ids: Sequence[str]) -> Iterator[Row]:
    rates, predicted = one.probes.rates, one.predicted
    bins, guesses = absolute_bins(rates), absolute_bins(predicted)
    for i, problem in enumerate(one.probes.problems):
        yield {
            **_who(one),
            "problem_id": ids[problem],
            "predicted_pass_rate": float(predicted[i]),
            "predicted_bin": str(guesses[i]),
            "pass_rate": float(rates[i]),
            "bin": str(bins[i]),
        }


def _who(one: Prediction) -> Row:
    found = one.probes
    return {
        "benchmark": found.benchmark,
        "policy": found.policy,
        "prm": found.prm,
        "probe_size": one.probe_size,
    }
