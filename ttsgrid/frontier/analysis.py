"""From a store to its frontier in one call: load, estimate, choose, compare."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from rich.console import Console

from ttsgrid.frontier.cells import Cells, make_cells
from ttsgrid.frontier.comparisons import compare
from ttsgrid.frontier.export import write_tables
from ttsgrid.frontier.figures import draw, save
from ttsgrid.frontier.load import Equivalence, load
from ttsgrid.frontier.outcomes import pool_outcomes
from ttsgrid.frontier.selection import best_strategies, compute_optimal
from ttsgrid.frontier.sentences import headline
from ttsgrid.frontier.tables import accuracy_table, best_table, footnote
from ttsgrid.problems import grader_for
from ttsgrid.store import StorePath


@dataclass(frozen=True)
class Frontier:
    """What a store says.

    Attributes:
        cells: every cell with its interval and cost, overall and by difficulty.
        best: the best strategy of each (policy, PRM, N, bin), chosen in-sample.
        curve: the compute-optimal accuracy of each (policy, PRM, N), cross-fitted.
        comparisons: smaller policies with TTS against larger ones' CoT.
    """

    cells: Cells
    best: pl.DataFrame
    curve: pl.DataFrame
    comparisons: pl.DataFrame

    @property
    def benchmarks(self) -> list[str]:
        """Names of the benchmarks in the store."""
        return self.cells.frame["benchmark"].unique().sort().to_list()

    def headline(self, benchmark: str) -> str:
        """Say whether small beats large on a benchmark, and how sure that is."""
        return headline(self.comparisons.filter(benchmark=benchmark))

    def print(self, console: Console) -> None:
        """Print the tables and the headline of each benchmark."""
        for benchmark in self.benchmarks:
            console.print(accuracy_table(self.cells, benchmark))
            console.print(best_table(self.cells, self.best, self.curve, benchmark))
            console.print(f"[bold]{benchmark}:[/bold] {self.headline(benchmark)}", highlight=False)
        console.print(footnote(self.cells), style="dim", highlight=False)

    def write(self, folder: Path) -> list[Path]:
        """Write the tables (Parquet and CSV), the headline and the picture; return the paths."""
        folder.mkdir(parents=True, exist_ok=True)
        tables = {
            "cells": self.cells.frame.drop("outcome"),
            "best_strategies": self.best.drop("outcome"),
            "compute_optimal": self.curve,
            "comparisons": self.comparisons,
        }
        said = folder / "headline.txt"
        lines = [f"{benchmark}: {self.headline(benchmark)}\n" for benchmark in self.benchmarks]
        said.write_text("".join(lines), encoding="utf-8")
        return [*write_tables(tables, folder), said, *save(draw(self.cells), folder)]


def benchmark_equivalence(benchmark: str) -> Equivalence:
    """Return the equivalence of answers that a benchmark's own grader defines."""
    return grader_for(benchmark).group


def analyse(
    store: StorePath,
    equivalence_for: Callable[[str], Equivalence] = benchmark_equivalence,
    budgets: Sequence[int] | None = None,
) -> Frontier:
    """Compute the frontier of a store.

    Args:
        store: folder or URI.
        equivalence_for: a benchmark's name to its equivalence of answers.
        budgets: N of the cells; None for the powers of 4 up to each pool's size, and
            that size.

    Raises:
        StoreError: the store holds no solutions yet.
    """
    frames = load(store, equivalence_for)
    cells = make_cells(frames, pool_outcomes(frames, budgets))
    return Frontier(cells, best_strategies(cells), compute_optimal(cells), compare(cells))
