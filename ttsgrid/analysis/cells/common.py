"""Which problems cells can be compared on: those that all of them ran on.

A mean over the hundred problems of a pool and one over the forty that a search was
given are means of different things. So cells are compared on the problems that they
share, and every comparison says how many those are. A cell that ran on so few that it
would shrink the others' common ground to less than a quarter of the widest cell's is
left out instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from ttsgrid.analysis.cells.cells import Cells, on_problems, rows_on, with_outcomes
from ttsgrid.core.voting import Bools, Floats, Ints

LEAST_SHARE = 0.25


@dataclass(frozen=True)
class CommonGround:
    """What may be compared.

    Attributes:
        cells: positions of the cells that take part, ascending.
        problems: what they all ran on, shape (P,).
    """

    cells: Ints
    problems: Bools


def common_ground(accuracies: Floats) -> CommonGround:
    """Find the problems that cells share.

    Args:
        accuracies: one row per cell, NaN where it did not run; shape (C, P).
    """
    ran = ~np.isnan(accuracies)
    sizes = ran.sum(axis=1)
    least = max(1.0, LEAST_SHARE * sizes.max(initial=0))
    problems, kept = np.ones(ran.shape[1], bool), []
    # Widest first: a cell on few problems can then only lose its own place.
    for cell in np.argsort(-sizes, kind="stable"):
        shared = problems & ran[cell]
        if shared.sum() >= least:
            problems = shared
            kept.append(int(cell))
    return CommonGround(np.array(sorted(kept), np.int64), problems & bool(kept))


def on_common_ground(cells: Cells) -> Cells:
    """Return the cells of each benchmark on the problems that they share.

    Positions in `outcomes` stay; cells that are left out have no rows. Where all ran on
    the same problems, these are the cells themselves.
    """
    benchmarks = np.array([outcome.key.benchmark for outcome in cells.outcomes], object)
    kept, alike = list(cells.outcomes), True
    for benchmark in dict.fromkeys(benchmarks.tolist()):
        rows = np.flatnonzero(benchmarks == benchmark)
        values = cells.accuracies(rows)
        ground = common_ground(values)
        alike &= bool((~np.isnan(values) == ground.problems).all())
        inside = set(rows[ground.cells].tolist())
        for row in rows.tolist():
            kept[row] = on_problems(kept[row], ground.problems & (row in inside))
    return cells if alike else with_outcomes(cells, kept)


def group_on_common_ground(cells: Cells, rows: Ints) -> pl.DataFrame:
    """Return the rows, overall and by bin, of cells that compete, on problems they share.

    Args:
        cells: all cells.
        rows: positions in `cells.outcomes`, of one benchmark.
    """
    values = cells.accuracies(rows)
    ground = common_ground(values)
    if (~np.isnan(values) == ground.problems).all():  # usual, and intervals take time
        return cells.frame.filter(pl.col("outcome").is_in(rows))
    return rows_on(cells, rows[ground.cells].tolist(), ground.problems)
