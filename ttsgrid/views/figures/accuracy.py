"""Accuracy against N: for each strategy, PRM and vote; and by difficulty.

As the figures of arXiv 2502.06703, sections 4.2 to 4.4. Points are on the problems that all
cells of the benchmark share. Where a line stands for several cells (aggregations; PRMs
and votes too, by difficulty) each point is the best of them on these very problems,
which flatters lines that stand for many.
"""

from __future__ import annotations

from typing import Any

import polars as pl
from matplotlib.figure import Figure

from ttsgrid.analysis.cells.difficulty import Bin
from ttsgrid.analysis.frames.competing import competes
from ttsgrid.analysis.study.summary import Study
from ttsgrid.core.strategies import rank_of, strategy_of
from ttsgrid.core.voting import MAJORITY_VOTE, VOTES, Vote
from ttsgrid.views.figures.panels import (
    legend,
    line,
    make_grid,
    mark_cot,
    over_budgets,
)
from ttsgrid.views.palette import DOTTED, GREY, colour_of

CORNER: dict[str, Any] = {"ha": "left", "va": "bottom", "fontsize": 8, "color": GREY}
_BINS = (Bin.EASY.value, Bin.MEDIUM.value, Bin.HARD.value)


def draw_accuracy(study: Study, benchmark: str) -> Figure:
    """One panel per (PRM, policy): colour is the strategy, line style the vote."""
    frame = _rows(study, benchmark).filter(bin=Bin.ALL.value)
    prms = frame["prm"].drop_nulls().unique().sort().to_list() or [None]
    rows = {f"PRM {prm}" if prm else "accuracy": prm for prm in prms}
    num_problems = max(frame["num_problems"])
    grid = make_grid(
        list(rows), _policies(study, frame), f"{benchmark}: accuracy on {num_problems} problems"
    )
    strategies = _strategies(frame)
    for (row, policy), panel in grid.axes.items():
        in_panel = frame.filter(
            pl.col("prm").is_null() | (pl.col("prm") == rows[row]), policy=policy
        )
        for strategy in strategies:
            for vote, points in _by_vote(in_panel.filter(strategy=strategy)):
                style = DOTTED if strategy_of(strategy).is_bound else _vote_line(vote)
                line(panel, points, colour_of(strategy, strategies), style, band=False)
        mark_cot(panel, in_panel)
    over_budgets(grid, _budgets(frame))
    legend(grid, strategies, {f"vote: {vote.display}": vote.line for vote in VOTES})
    return grid.figure


def draw_difficulty(study: Study, benchmark: str) -> Figure:
    """One panel per (bin, policy): each strategy with its best PRM, aggregation and vote."""
    frame = _rows(study, benchmark).filter(competes())
    bins = [name for name in _BINS if name in set(frame["bin"])] or [Bin.ALL.value]
    grid = make_grid(bins, _policies(study, frame), f"{benchmark}: accuracy by difficulty")
    strategies = _strategies(frame)
    for (bin_name, policy), panel in grid.axes.items():
        in_panel = frame.filter(bin=bin_name, policy=policy)
        for strategy in strategies:
            line(panel, _best(in_panel.filter(strategy=strategy)), colour_of(strategy, strategies))
        mark_cot(panel, in_panel)
        for num_problems in in_panel["num_problems"].head(1):
            panel.text(0.0, 1.01, f"{num_problems} problems", **CORNER, transform=panel.transAxes)
    over_budgets(grid, _budgets(frame))
    legend(grid, strategies, {})
    return grid.figure


def _rows(study: Study, benchmark: str) -> pl.DataFrame:
    return study.cells.frame.filter(benchmark=benchmark)


def _policies(study: Study, frame: pl.DataFrame) -> list[str]:
    sizes = study.cells.sizes
    return sorted(frame["policy"].unique(), key=lambda policy: (sizes.get(policy) or 0, policy))


def _strategies(frame: pl.DataFrame) -> list[str]:
    """Those with a line, the ones without a PRM first."""
    # A greedy strategy is one point at N = 1: it is drawn as a horizontal line for comparison.
    with_line = {name for name in frame["strategy"] if not strategy_of(name).is_greedy}
    return sorted(with_line, key=lambda name: (strategy_of(name).needs_prm, rank_of(name)))


def _budgets(frame: pl.DataFrame) -> list[int]:
    budgets: list[int] = frame["n"].unique().sort().to_list()
    return budgets


def _by_vote(rows: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    """The best aggregation of each vote; a strategy without a vote is a majority."""
    voted = rows.with_columns(pl.col("vote").fill_null(MAJORITY_VOTE.name))
    return [(v, _best(voted.filter(vote=v))) for v in voted["vote"].unique().sort()]


def _vote_line(name: str) -> str:
    vote = VOTES.get(name)
    return Vote(name).line if vote is None else vote.line


def _best(rows: pl.DataFrame) -> pl.DataFrame:
    """The best row of each N."""
    ordered = rows.sort("accuracy", descending=True)
    return ordered.unique("n", keep="first", maintain_order=True)
