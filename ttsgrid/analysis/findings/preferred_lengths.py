"""How long what a PRM prefers is, in tokens: Table 1 of arXiv 2502.06703, seen from results.

The study finds one of RLHFlow's PRMs makes searches write nearly twice as much as the other,
and explains it by their training data: the responses and steps in the one's are longer (its
Table 1). Training data can't be read off a store; what a PRM prefers can: the highest-scored
sample of each problem's pool, against all its samples.

A PRM that knows right from wrong prefers right solutions, which differ in length from wrong
ones. So the same is also measured among the right samples of a problem alone: a preference
there is one for length.

Samples without a score are in neither and are counted. Every problem has the same weight;
tokens per step are tokens over steps, both averaged over problems. Equal scores share.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import polars as pl

from ttsgrid.analysis.cells.outcomes import aggregations_of
from ttsgrid.analysis.frames.load import StoreFrames
from ttsgrid.analysis.statistics.libraries import normal_quantile, student_quantile
from ttsgrid.core.voting import Floats

PREFERRED_LENGTHS_SCHEMA: dict[str, type[pl.DataType]] = {
    "benchmark": pl.String,
    "policy": pl.String,
    "prm": pl.String,
    "aggregation": pl.String,
    "num_problems": pl.Int64,
    "num_unscored": pl.Int64,
    "response_tokens": pl.Float64,
    "preferred_response_tokens": pl.Float64,
    "response_difference": pl.Float64,
    "response_difference_low": pl.Float64,
    "response_difference_high": pl.Float64,
    "step_tokens": pl.Float64,
    "preferred_step_tokens": pl.Float64,
    "step_difference": pl.Float64,
    "step_difference_low": pl.Float64,
    "step_difference_high": pl.Float64,
    "num_problems_right": pl.Int64,
    "right_difference": pl.Float64,
    "right_difference_low": pl.Float64,
    "right_difference_high": pl.Float64,
}
_MEANS = ("tokens", "steps", "best_tokens", "best_steps")


class _Mean(NamedTuple):
    value: float
    low: float | None
    high: float | None


def preferred_lengths(frames: StoreFrames) -> pl.DataFrame:
    """Measure every PRM on every policy's pools.

    Returns:
        One row per (policy, PRM, aggregation), columns `PREFERRED_LENGTHS_SCHEMA`. Differences
        are preferred less all, in tokens, with 95 % intervals over problems;
        `right_difference` is that of responses among the right samples of the
        `num_problems_right` problems that have at least two of them.
    """
    rows: list[dict[str, Any]] = []
    pools = frames.series.filter(~pl.col("greedy"))
    for prm in frames.scored_blocks["prm"].unique().cast(pl.String).sort():
        for pool in pools.iter_rows(named=True):
            names = {"benchmark": pool["benchmark"], "policy": pool["policy"], "prm": prm}
            samples = _samples(frames, pool["series"], prm)
            given = _num_given(frames, pool["series"], prm)
            for how in aggregations_of(frames, prm):
                rows += [names | measured for measured in _measured(samples, how, given)]
    frame = pl.DataFrame(rows, schema=PREFERRED_LENGTHS_SCHEMA)
    return frame.sort("benchmark", "policy", "prm", maintain_order=True)


def _samples(frames: StoreFrames, series: int, prm: str) -> pl.DataFrame:
    """The samples that a PRM was given: problem, correct, tokens, steps and the aggregations."""
    key, lengths = ["problem", "sample"], ["correct", "generated_tokens", "num_steps"]
    written = frames.solutions.filter(series=series).select(*key, *lengths)
    scores = frames.scores.filter(pl.col("series") == series, pl.col("prm") == prm)
    if scores.select(key).equals(written.select(key)):  # usual, and a join takes seconds
        return scores.hstack(written.select(lengths))
    return scores.join(written, on=key)


def _num_given(frames: StoreFrames, series: int, prm: str) -> int:
    """How many samples a PRM was given; those without a row of scores are among them."""
    blocks = frames.scored_blocks.filter(series=series, prm=prm)
    return int((blocks["stop"] - blocks["start"]).sum())


def _measured(samples: pl.DataFrame, how: str, num_given: int) -> Iterator[dict[str, Any]]:
    """One row; none where nothing has a score, or a recorded run says nothing of lengths."""
    scored = samples.filter(pl.col(how).is_finite())
    if not scored["generated_tokens"].sum() or not scored["num_steps"].sum():
        return
    every = _by_problem(scored, how)
    tokens, steps, best_tokens, best_steps = (every[name].to_numpy() for name in _MEANS)
    right = _by_problem(scored.filter("correct"), how).filter(pl.col("count") > 1)
    yield {
        "aggregation": how,
        "num_problems": len(every),
        "num_unscored": num_given - len(scored),
        "response_tokens": float(tokens.mean()),
        "preferred_response_tokens": float(best_tokens.mean()),
        **_columns("response_difference", _mean(best_tokens - tokens)),
        "step_tokens": float(tokens.sum() / steps.sum()),
        "preferred_step_tokens": float(best_tokens.sum() / best_steps.sum()),
        **_columns("step_difference", _ratio_difference(tokens, steps, best_tokens, best_steps)),
        "num_problems_right": len(right),
        **_columns("right_difference", _mean((right["best_tokens"] - right["tokens"]).to_numpy())),
    }


def _by_problem(scored: pl.DataFrame, how: str) -> pl.DataFrame:
    """Mean tokens and steps of each problem's samples, and of its highest-scored ones."""
    best = pl.col(how) == pl.col(how).max()
    tokens, steps = pl.col("generated_tokens"), pl.col("num_steps")
    return (
        scored.group_by("problem")
        .agg(
            count=pl.len(),
            tokens=tokens.mean(),
            steps=steps.mean(),
            best_tokens=tokens.filter(best).mean(),
            best_steps=steps.filter(best).mean(),
        )
        .sort("problem")
    )


def _mean(differences: Floats) -> _Mean | None:
    """The mean over problems with Student's interval; no interval for one problem."""
    count = len(differences)
    if not count:
        return None
    value = float(differences.mean())
    if count == 1:
        return _Mean(value, None, None)
    reach = student_quantile(normal_quantile(0.975), freedom=count - 1)
    half = reach * float(differences.std(ddof=1)) / count**0.5
    return _Mean(value, value - half, value + half)


def _ratio_difference(
    tokens: Floats, steps: Floats, best_tokens: Floats, best_steps: Floats
) -> _Mean | None:
    """The difference of two ratios of means; its variance by the delta method."""
    ratios = tokens.sum() / steps.sum(), best_tokens.sum() / best_steps.sum()
    # What each problem adds to either ratio, around the ratio itself: their mean is 0.
    plain = (tokens - ratios[0] * steps) / steps.mean()
    best = (best_tokens - ratios[1] * best_steps) / best_steps.mean()
    return _mean(best - plain + (ratios[1] - ratios[0]))


def _columns(name: str, mean: _Mean | None) -> dict[str, float | None]:
    value, low, high = mean or (None, None, None)
    return {name: value, f"{name}_low": low, f"{name}_high": high}
